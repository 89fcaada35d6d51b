"""What a server's JSON says. What is not as expected says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from store.decoding import storable
from store.records import Usage


def json_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object; what is none says nothing."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def json_list(value: object) -> list[object] | None:
    """Return a JSON array, None for what is none."""
    return cast("list[object]", value) if isinstance(value, list) else None


def json_text(value: object) -> str:
    """Return a string that can be stored, empty for what is none."""
    return storable(value) if isinstance(value, str) else ""


def usage_of(value: object) -> Usage | None:
    """Return the tokens that an answer's `usage` tells, None where it tells nothing."""
    given = json_object(value)
    if not given:
        return None
    completion = json_object(given.get("completion_tokens_details"))
    prompt = json_object(given.get("prompt_tokens_details"))
    return Usage(
        prompt=_count(given.get("prompt_tokens")),
        completion=_count(given.get("completion_tokens")),
        reasoning=_count(completion.get("reasoning_tokens")),
        cached=_count(prompt.get("cached_tokens")),
    )


def window_of(model: Mapping[str, Any]) -> int | None:
    """Find a listed model's window where llama.cpp, vLLM, OpenRouter and Together put it."""
    places = [json_object(model.get("meta")).get("n_ctx")]
    places += [model.get("max_model_len"), model.get("context_length")]
    return next((window for place in places if (window := _count(place))), None)


def _count(value: object) -> int | None:
    """Return a number of tokens, None for what can be none."""
    return value if type(value) is int and 0 <= value < 1 << 53 else None
