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
        self._counts: dict[str, tokens.TokenCount] = {}
        self._longest = USUAL_ANSWER_TOKENS

    def price(self, messages: Sequence[Message]) -> float | None:
        """Return what a call may cost, in US dollars; None where no price is known."""
        if not self._a_token:
            return self._a_token
        sent, _ = self._count(messages)
        parameters = self._variant.parameters
        bound = parameters.get("max_tokens") or parameters.get("max_completion_tokens")
        return cost(self._prices, self._variant.model, Usage(sent, int(bound or self._longest)))

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

    def refuse_too_long(self, messages: Sequence[Message]) -> None:
        """Raise AskError when the messages cannot fit the window."""
        if self._window is None:
            return
        characters = sum(len(message["content"]) for message in messages)
        if characters * MOST_TOKENS_A_CHARACTER <= self._window:
            return
        sent, exact = self._count(messages)
        if sent * (1.0 if exact else SURE) > self._window:
            raise AskError(
                f"The prompt has {'' if exact else 'about '}{sent:,} tokens and the window of "
                f"{self._variant.model} holds {self._window:,}; take documents out of the "
                "context, or choose a model with a larger window.",
                "window",
            )

    def _count(self, messages: Sequence[Message]) -> tuple[int, bool]:
        counted = [self._part(message["content"]) for message in messages]
        return sum(part.tokens for part in counted), all(part.exact for part in counted)

    def _part(self, text: str) -> tokens.TokenCount:
        """Count a text once: the system message with its documents recurs in every call."""
        found = self._counts.get(text)
        if found is None:
            found = tokens.count(text, self._variant.model, self._variant.provider)
            self._counts[text] = found
        return found
