"""What a call may cost and whether it fits, known before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property

from lab import tokens
from lab.failures import AskError
from lab.prices import cost
from lab.prompt import Message
from store.records import Usage, Variant

# The answer's length that is reckoned with where the variant does not bound it, until
# longer ones have come. What an answer takes beyond it is set aside as it comes: `lab.metering`.
USUAL_ANSWER_TOKENS = 500
# A prompt whose tokens are only estimated is refused when it is too long beyond doubt.
SURE = 0.8
# No vocabulary needs more tokens for a character than UTF-8 needs bytes.
MOST_TOKENS_A_CHARACTER = 4
# What is longer takes the tokenizer some milliseconds.
LONG_CHARACTERS = 20_000


class Purse:
    """What a session has spent and what is on its way, in US dollars; its runs share it."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._runs = 0
        self._reserved: list[float] = []
        self._settled = asyncio.Event()

    def open(self, spent: float) -> None:
        """Begin a run; `spent` is what the store knows, which a run under way is ahead of."""
        if not self._runs:
            self.spent = spent
        self._runs += 1

    def close(self) -> None:
        """End a run."""
        self._runs -= 1

    async def reserve(self, price: float | None, cap_usd: float | None) -> bool:
        """Set aside what a call may cost, None where no price is known.

        While calls under way could still leave room it waits for them. Returns False when
        the call could pass the cap; what costs nothing never does.
        """
        while not self._fits(price, cap_usd):
            if not self._reserved:
                return False
            self._settled.clear()
            await self._settled.wait()
        self._reserved.append(price or 0.0)
        return True

    def settle(self, price: float | None) -> None:
        """Give back what was set aside for a call that is over."""
        self._reserved.remove(price or 0.0)
        self._settled.set()

    async def hold(self, price: float | None, cap_usd: float | None) -> Hold | None:
        """Set aside what a call may cost as `reserve` does; None when it could pass the cap."""
        return Hold(self, price, cap_usd) if await self.reserve(price, cap_usd) else None

    def room(self, cap_usd: float) -> float:
        """Return what is neither spent nor set aside, at least 0."""
        return max(0.0, cap_usd - self.spent - sum(self._reserved))

    def change(self, old: float, new: float) -> None:
        """Set aside another amount for a call under way."""
        self._reserved[self._reserved.index(old)] = new

    def _fits(self, price: float | None, cap_usd: float | None) -> bool:
        if cap_usd is None or price == 0:
            return True
        return self.spent + sum(self._reserved) + (price or 0.0) <= cap_usd


class Hold:
    """What a purse has set aside for one call, in US dollars. `release` it once."""

    def __init__(self, purse: Purse, price: float | None, cap_usd: float | None) -> None:
        self.amount = price or 0.0
        self._purse = purse
        self._cap_usd = cap_usd

    def grow(self, amount: float) -> bool:
        """Set aside so much instead; returns False, and changes nothing, without room for it."""
        more = amount - self.amount
        if self._cap_usd is not None and more > self._purse.room(self._cap_usd):
            return False
        self._set(amount)
        return True

    def take_all(self) -> None:
        """Set aside all that the cap leaves; other calls wait until this one is over."""
        if self._cap_usd is not None:
            self._set(self.amount + self._purse.room(self._cap_usd))

    def release(self) -> None:
        """Give it back, the call being over."""
        self._purse.settle(self.amount)

    def _set(self, amount: float) -> None:
        self._purse.change(self.amount, amount)
        self.amount = amount


class Limits:
    """The window of a variant's model, in tokens, and what its calls cost; None: not known."""

    def __init__(self, variant: Variant, *, window: int | None, prices: str) -> None:
        self._variant = variant
        self._window = window
        self._prices = prices
        self._counter = tokens.Counter(variant.model, variant.provider)
        self._longest = USUAL_ANSWER_TOKENS
        self._learnt = False

    @property
    def most(self) -> int:
        """The answer's length that is reckoned with, in tokens: its bound, else the longest."""
        return answer_room(self._variant) or self._longest

    @property
    def bounded(self) -> bool:
        """Whether the variant says how long an answer may be."""
        return answer_room(self._variant) is not None

    @property
    def in_the_dark(self) -> bool:
        """Whether a call costs something and nothing is known of how long its answer may be."""
        return not self._learnt and bool(self._a_token) and not self.bounded

    def price(self, messages: Sequence[Message], answer: int | None = None) -> float | None:
        """Return what a call may cost, in US dollars; None where no price is known.

        `answer` is the answer's length in tokens, by default what is reckoned with.
        """
        if not self._a_token:
            return self._a_token
        sent, _ = self._count(messages)
        most = self.most if answer is None else answer
        return cost(self._prices, self._variant.model, Usage(sent, most))

    def price_between(
        self, messages: Sequence[Message], passages: int = 0
    ) -> tuple[float, float] | None:
        """Return the least and the most that a call may cost; None where no price is known.

        The least is the prompt with next to no answer, the most has the answer that is
        reckoned with, and up to so many tokens of `passages` that are not known yet. Where
        tokens are only estimated both allow for it.
        """
        if not self._a_token:
            return None if self._a_token is None else (0.0, 0.0)
        sent, exact = self._count(messages)
        sure = 1.0 if exact else SURE
        model = self._variant.model
        low = cost(self._prices, model, Usage(round(sent * sure), 1))
        high = cost(self._prices, model, Usage(round(sent / sure) + passages, self.most))
        return None if low is None or high is None else (low, high)

    def count_answer(self, text: str) -> int:
        """Return the tokens of a piece of an answer, as nearly as they can be told."""
        return tokens.count(text, self._variant.model, self._variant.provider).tokens

    @cached_property
    def _a_token(self) -> float | None:
        """What one token of each kind costs: nothing, or an unknown price, needs no counting."""
        return cost(self._prices, self._variant.model, Usage(1, 1))

    def cost(self, model: str, usage: Usage) -> float | None:
        """Return what an answer cost, in US dollars; None where no price is known.

        `model` is what the server calls the model that answered. Where no price list knows
        that build of it, the price is that of the name that was asked for.
        """
        for name in (model, self._variant.model):
            if (price := cost(self._prices, name, usage)) is not None:
                return price
        return None

    def learn(self, usage: Usage) -> None:
        """Reckon with answers as long as this one from now on."""
        self._longest = max(self._longest, usage.completion or 0)
        self._learnt = True

    async def count_ahead(self, messages: Sequence[Message]) -> None:
        """Count what is long in a thread, so that nothing waits for it later."""
        if self._window is None and not self._a_token:
            return
        for message in messages:
            text = message["content"]
            if len(text) > LONG_CHARACTERS and not self._counter.knows(text):
                await asyncio.to_thread(self._counter, text)

    def refuse_too_long(
        self,
        messages: Sequence[Message],
        documents: Sequence[tuple[str, str]] = (),
        *,
        told: str = "The prompt",
    ) -> None:
        """Raise AskError when the messages cannot fit the window.

        `documents` are the (name, text) pairs in them, of which the longest is named;
        `told` is what the sentence calls the messages.
        """
        if self._window is None:
            return
        characters = sum(len(message["content"]) for message in messages)
        if characters * MOST_TOKENS_A_CHARACTER <= self._window:
            return
        sent, exact = self._count(messages)
        if is_too_long(sent, self._window, exact=exact):
            raise AskError(
                f"{told} has {'' if exact else 'about '}{sent:,} tokens and the window of "
                f"{self._variant.model} holds {self._window:,}{self._remedy(documents)}",
                "window",
            )

    def _remedy(self, documents: Sequence[tuple[str, str]]) -> str:
        """Return the end of the sentence: what is largest, and what can be done."""
        other = "choose a model with a larger window."
        if self._variant.rung == "rag":
            return f"; give fewer or smaller chunks with a question, or {other}"
        if not documents:
            return f"; shorten the case or the system prompt, or {other}"
        name, text = max(documents, key=lambda document: len(document[1]))
        size = self._counter(text)
        return (
            f", and {name} alone is {'' if size.exact else 'about '}{size.tokens:,}; take "
            f"documents out of the context, choose fewer of their pages, or {other}"
        )

    def _count(self, messages: Sequence[Message]) -> tuple[int, bool]:
        counted = [self._counter(message["content"]) for message in messages]
        return sum(part.tokens for part in counted), all(part.exact for part in counted)


def answer_room(variant: Variant) -> int | None:
    """Return the most tokens that an answer may have, None where the variant does not say."""
    parameters = variant.parameters
    bound = parameters.get("max_tokens") or parameters.get("max_completion_tokens")
    return int(bound) if bound else None


def is_too_long(sent: int, window: int, *, exact: bool) -> bool:
    """Tell whether a prompt of `sent` tokens cannot fit the window; an estimate may err."""
    return sent * (1.0 if exact else SURE) > window
