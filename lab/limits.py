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
# longer ones have come.
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

    def _fits(self, price: float | None, cap_usd: float | None) -> bool:
        if cap_usd is None or price == 0:
            return True
        return self.spent + sum(self._reserved) + (price or 0.0) <= cap_usd


class Limits:
    """The window of a variant's model, in tokens, and what its calls cost; None: not known."""

    def __init__(self, variant: Variant, *, window: int | None, prices: str) -> None:
        self._variant = variant
        self._window = window
        self._prices = prices
        self._counter = tokens.Counter(variant.model, variant.provider)
        self._longest = USUAL_ANSWER_TOKENS

    def price(self, messages: Sequence[Message]) -> float | None:
        """Return what a call may cost, in US dollars; None where no price is known."""
        if not self._a_token:
            return self._a_token
        sent, _ = self._count(messages)
        most = answer_room(self._variant) or self._longest
        return cost(self._prices, self._variant.model, Usage(sent, most))

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
