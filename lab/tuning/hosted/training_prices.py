"""What a hosted training costs: as a range before it starts, by its tokens when it is done."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from lab.tuning.examples.dataset import Example

_DATE = re.compile(r"-\d{4}(-\d{2}-\d{2})?$")
# OpenAI's own rule for "auto", from its cookbook: three times over the examples, more where
# there are few of them and less where there are many.
_USUAL, _LEAST_SEEN, _MOST_SEEN, _MOST_EPOCHS = 3, 100, 25_000, 25
_FRAME = 4  # tokens about a message that no text shows
_ROUGH = 0.3


@dataclass(frozen=True, slots=True)
class TrainingPrice:
    """What a training is expected to cost in US dollars, None where no price is known.

    `low_tokens` and `high_tokens` are those that are trained on, all epochs together.
    """

    low_tokens: int
    high_tokens: int
    low_usd: float | None
    high_usd: float | None


def per_token(prices: str, model: str) -> float | None:
    """Return US dollars for a token trained on; 0 on this machine, None where not known.

    `prices` is a preset's name, or the address of what is no preset.
    """
    from lab import providers

    preset = providers.load().get(prices)
    if preset is not None and preset.local:
        return 0.0
    known = _table().get(prices, {})
    price = known.get(model, known.get(_DATE.sub("", model)))
    return None if price is None else price / 1e6


def ahead(
    prices: str, model: str, examples: Sequence[Example], epochs: int | None
) -> TrainingPrice:
    """Price a training before it starts; `epochs` None leaves it to the provider."""
    low = sum(each.tokens * (1.0 if each.exact else 1 - _ROUGH) for each in examples)
    high = sum(
        each.tokens * (1.0 if each.exact else 1 + _ROUGH)
        + _FRAME * (len(each.messages) + 2)
        # A preference is trained on with both its answers.
        + (each.tokens if each.rejected else 0)
        for each in examples
    )
    least, most = (epochs, epochs) if epochs else _auto_epochs(len(examples))
    price = per_token(prices, model)
    return TrainingPrice(
        round(low * least),
        round(high * most),
        None if price is None else low * least * price,
        None if price is None else high * most * price,
    )


def _auto_epochs(examples: int) -> tuple[int, int]:
    usual = _USUAL
    if examples * usual < _LEAST_SEEN:
        usual = min(_MOST_EPOCHS, max(1, _LEAST_SEEN // max(1, examples)))
    elif examples * usual > _MOST_SEEN:
        usual = max(1, _MOST_SEEN // examples)
    return min(usual, _USUAL), max(usual, _USUAL)


@cache
def _table() -> dict[str, dict[str, float]]:
    text = resources.files("lab.tuning.hosted").joinpath("training_prices.toml").read_text("utf-8")
    return tomllib.loads(text)
