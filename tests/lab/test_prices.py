"""What answers cost, from the tables that are installed."""

from __future__ import annotations

import socket

import pytest

from lab.prices import cost, format_cost, window
from store.records import Usage

SOME = Usage(prompt=1000, completion=100)


def test_prices_are_per_token() -> None:
    # US dollars for a million tokens: of the prompt, of the answer.
    assert cost("openai", "gpt-4o-mini", SOME) == pytest.approx((1000 * 0.15 + 100 * 0.6) / 1e6)
    assert cost("openai", "gpt-4o", SOME) == pytest.approx((1000 * 2.5 + 100 * 10) / 1e6)


def test_cached_tokens_have_their_own_price() -> None:
    cached = Usage(prompt=1000, completion=100, cached=400)
    assert cost("openai", "gpt-4o", cached) == pytest.approx(
        (600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6
    )
    # A server that reports more cached tokens than tokens is taken to mean all of them.
    too_many = Usage(prompt=1000, completion=100, cached=5000)
    assert cost("openai", "gpt-4o", too_many) == pytest.approx((1000 * 1.25 + 100 * 10) / 1e6)


def test_a_dated_model_has_its_models_price() -> None:
    assert cost("openai", "gpt-4o-mini-2024-07-18", SOME) == cost("openai", "gpt-4o-mini", SOME)


@pytest.mark.parametrize("provider", ["embedded", "ollama", "lmstudio", "llamacpp", "vllm"])
def test_local_is_free(provider: str) -> None:
    assert cost(provider, "any-model", Usage()) == 0.0
    assert format_cost(cost(provider, "any-model", SOME)) == "free"


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "no-such-model", SOME),
        ("nobody", "gpt-4o", SOME),
        ("custom", "gpt-4o", SOME),
        ("http://127.0.0.1:9/v1", "gpt-4o", SOME),
        ("openai", "gpt-4o", Usage()),
        ("openai", "gpt-4o", Usage(prompt=1000)),
        ("openai", "gpt-4o", Usage(prompt=-1, completion=100)),
        ("openai", "whisper-1", SOME),  # it has a price, but not for text
        ("openai", "moderation", SOME),
        ("ollama", "gpt-oss:120b-cloud", SOME),
    ],
)
def test_what_is_not_known_is_never_zero(provider: str, model: str, usage: Usage) -> None:
    assert cost(provider, model, usage) is None
    assert format_cost(None) == "unknown"


def test_windows() -> None:
    assert window("openai", "gpt-4o") == 128_000
    assert window("databricks", "databricks-meta-llama-3-3-70b-instruct") == 128_000
    assert window("openai", "no-such-model") is None
    assert window("embedded", "SmolLM2-135M-Instruct") is None


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"a connection to {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cost("groq", "llama-3.3-70b-versatile", SOME)
    assert cost("groq", "unheard-of", SOME) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0.0, "free"),
        (0.00002, "<$0.0001"),
        (0.0021, "$0.0021"),
        (0.5, "$0.5000"),
        (1.234, "$1.23"),
        (1234.5, "$1,234.50"),
    ],
)
def test_costs_as_people_read_them(value: float | None, text: str) -> None:
    assert format_cost(value) == text
