"""What an answer costs: genai-prices' tables, as they were installed. Nothing is fetched."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from store.records import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice
    from genai_prices.types import Provider as PricedProvider

    from lab.providers import Provider as Preset

# Ollama passes such a model on to its makers' machines, which are not free.
_REMOTE = ("-cloud", ":cloud")


def cost(provider: str, model: str, usage: Usage) -> float | None:
    """Return what an answer cost in US dollars; None when that is not known.

    `provider` is a preset's name, a provider id of genai-prices, or a base URL. What runs
    on this machine costs 0. Cached prompt tokens are counted at their own price.
    """
    if _is_local(provider):
        return None if model.endswith(_REMOTE) else 0.0
    if usage.prompt is None or usage.completion is None:
        return None
    priced = _model(_priced_as(provider), model)
    if priced is None:
        return None
    seller, info = priced
    import genai_prices

    try:
        counted = genai_prices.Usage(
            input_tokens=usage.prompt,
            output_tokens=usage.completion,
            cache_read_tokens=min(usage.cached or 0, usage.prompt),
        )
        price = info.calc_price(counted, seller)
    except ValueError:
        return None  # a server that counts below zero
    if not model.endswith(":free") and not _covers(price.model_price, usage):
        return None
    return float(price.total_price)


def window(provider: str, model: str) -> int | None:
    """Return how many tokens a model can take, None when that is not known.

    `provider` is what `cost` takes.
    """
    if _is_local(provider):
        return None
    priced = _model(_priced_as(provider), model)
    return priced[1].context_window if priced else None


def format_cost(cost: float | None) -> str:
    """Return a cost in US dollars as people read it: unknown, free, <$0.0001, $0.0021, $1.20."""
    if cost is None:
        return "unknown"
    if cost == 0:
        return "free"
    if cost < 0.0001:
        return "<$0.0001"
    return f"${cost:.4f}" if cost < 1 else f"${cost:,.2f}"


def _is_local(provider: str) -> bool:
    preset = _preset(provider)
    return preset is not None and preset.local


def _preset(provider: str) -> Preset | None:
    # Here, since the screens format costs before any provider is looked at.
    from lab import providers

    return providers.load().get(provider)


def _priced_as(provider: str) -> str:
    preset = _preset(provider)
    return preset.prices if preset else provider


@lru_cache(maxsize=1024)
def _model(provider: str, model: str) -> tuple[PricedProvider, ModelInfo] | None:
    """Return a model's entry in the tables, None when there is none."""
    from genai_prices import data_snapshot

    by_url = "://" in provider
    try:
        return data_snapshot.get_snapshot().find_provider_model(
            model, None, None if by_url else provider, provider if by_url else None
        )
    except LookupError:
        return None


def _covers(price: ModelPrice, usage: Usage) -> bool:
    """Return whether a price list has prices for text that goes in and comes out.

    An entry without any, or with those of sound only, adds up to 0 and says nothing.
    """
    return bool(usage.prompt == 0 or price.input_mtok) and bool(
        usage.completion == 0 or price.output_mtok
    )
