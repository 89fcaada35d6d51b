"""Counting tokens, and estimating them where the vocabulary is not known."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import tokens
from lab.tokens import TokenCount, count, estimate

HERE = Path(tokens.__file__)
ENGLISH = (
    "The lighthouse keeper writes every evening what the weather was like, how many ships "
    "went by, and whether the lamp needed oil. On the first Monday of the month the book goes "
    "to the harbour office, where a clerk copies the numbers into a long table. Nobody has "
    "read the table since the harbour was widened, but the keeper's successor will be asked "
    "for it, so the custom is kept. "
)


@pytest.mark.parametrize(
    ("model", "provider", "text", "expected"),
    [
        # Counts that OpenAI's own tokenizer gives for these texts.
        ("gpt-4o", "openai", "Hello, world!", TokenCount(4, True)),
        ("gpt-4", "openai", "tiktoken is great!", TokenCount(6, True)),
        ("gpt-4o", "openai", "お誕生日おめでとう", TokenCount(8, True)),
        ("gpt-4", "openai", "お誕生日おめでとう", TokenCount(9, True)),
        ("gpt-4o", "openai", "", TokenCount(0, True)),
    ],
)
def test_known_counts(model: str, provider: str, text: str, expected: TokenCount) -> None:
    assert count(text, model, provider) == expected


@pytest.mark.parametrize(
    ("model", "provider", "exact"),
    [
        ("gpt-5-mini", "openai", True),
        ("gpt-4.1-nano", "azure", True),
        ("gpt-35-turbo", "azure", True),
        ("o3-mini", "openai", True),
        ("ft:gpt-4o-mini-2024-07-18:me::x", "openai", True),
        ("openai/gpt-4o", "openrouter", True),
        ("openai/gpt-oss-120b", "groq", True),
        ("gpt-oss:20b", "ollama", True),
        ("gpt-6-astra", "openai", False),
        ("gpt-5.5", "openai", False),
        ("gpt-4o", "ollama", False),
        ("mistral-large-4", "mistral", False),
        ("databricks-meta-llama-3-3-70b-instruct", "databricks", False),
        ("SmolLM2-135M-Instruct", "embedded", False),
    ],
)
def test_what_is_exact_is_said(model: str, provider: str, exact: bool) -> None:
    assert count(ENGLISH, model, provider).exact is exact


def test_a_newer_gpt_is_counted_like_its_forerunner() -> None:
    text = "お誕生日おめでとう"
    assert count(text, "gpt-6-astra", "openai").tokens == count(text, "gpt-4o", "openai").tokens


def test_special_tokens_in_a_text_are_text() -> None:
    assert count("<|endoftext|>", "gpt-4o", "openai").tokens > 1


def test_half_a_character_does_not_stop_the_count() -> None:
    assert count("a\ud800b", "gpt-4o", "openai").tokens > 0
    assert count("a\ud800b", "mistral-large-4", "mistral").tokens > 0


@pytest.mark.parametrize("text", [ENGLISH, HERE.read_text(encoding="utf-8")])
def test_an_estimate_is_near_the_count(text: str) -> None:
    exact = count(text, "gpt-4o", "openai").tokens
    assert 0.9 * exact <= estimate(text) <= 1.25 * exact


@pytest.mark.parametrize(
    "text",
    ["人人生而自由,在尊严和权利上一律平等。", "Все люди рождаются свободными и равными."],
)
def test_an_estimate_does_not_undercount_other_scripts(text: str) -> None:
    exact = count(text, "gpt-4o", "openai").tokens
    assert exact <= estimate(text) <= 2 * exact


@given(st.text(), st.text())
def test_an_estimate_grows_with_the_text(first: str, second: str) -> None:
    whole = estimate(first + second)
    assert max(estimate(first), estimate(second)) <= whole
    assert whole <= estimate(first) + estimate(second) + 1
    assert whole <= 2 * len((first + second).encode("utf-8", "surrogatepass")) + 1


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"a connection to {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    tokens._tokenizer.cache_clear()
    assert count("Hello", "gpt-4", "openai").tokens == 1
    assert count("Hello", "gpt-4o", "openai").tokens == 1
