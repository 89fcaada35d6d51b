"""What a call may cost and whether it fits, known before it is made."""

from __future__ import annotations

from collections.abc import Sequence

from lab import tokens
from lab.failures import AskError
from lab.prices import cost
from lab.prompt import Message
from store.records import Usage, Variant

# The answer's length that is reckoned with where the variant does not bound it.
USUAL_ANSWER_TOKENS = 500
# A prompt whose tokens are only estimated is refused when it is too long beyond doubt.
SURE = 0.8


class Limits:
    """The window of a variant's model, in tokens, and a cap in US dollars; None is no limit."""

    def __init__(
        self, variant: Variant, *, window: int | None, cap_usd: float | None, prices: str
    ) -> None:
        self.cap_usd = cap_usd
        self._variant = variant
        self._window = window
        self._prices = prices
        self._counts: dict[str, tokens.TokenCount] = {}

    def price(self, messages: Sequence[Message]) -> float:
        """Return what a call may cost, in US dollars; 0 when there is no cap or no price."""
        if self.cap_usd is None:
            return 0.0
        sent, _ = self._count(messages)
        limit = self._variant.parameters.get("max_tokens") or USUAL_ANSWER_TOKENS
        usage = Usage(sent, int(limit))
        return cost(self._prices, self._variant.model, usage) or 0.0

    def refuse_too_long(self, messages: Sequence[Message]) -> None:
        """Raise AskError when the messages cannot fit the window."""
        if self._window is None:
            return
        if sum(len(message["content"]) for message in messages) < self._window:
            return  # a token is at least one character
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
