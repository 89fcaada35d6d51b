"""The types of assertion: how each is checked, what it needs, and how it is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from lab.grading.alike import LEAST_LIKENESS, MOST_EDITS, levenshtein, similar
from lab.grading.findings import (
    ExpectationError,
    Finding,
    Given,
    UnknownAssertion,
    beginning,
)
from lab.grading.measured import cost, latency
from lab.grading.texts import (
    contains,
    contains_all,
    contains_any,
    equals,
    icontains,
    icontains_all,
    icontains_any,
    number,
    numeric,
    pattern,
    regex,
    starts_with,
    wanted_items,
)
from store.records import Assertion

Finder = Callable[[Assertion, Given], Finding]


def _is_json(assertion: Assertion, given: Given) -> Finding:
    # Here, since most benchmarks have no such check.
    from lab.grading.structured import is_json

    return is_json(assertion, given)


def _contains_json(assertion: Assertion, given: Given) -> Finding:
    from lab.grading.structured import contains_json

    return contains_json(assertion, given)


FINDERS: dict[str, Finder] = {
    "equals": equals,
    "contains": contains,
    "icontains": icontains,
    "contains-any": contains_any,
    "contains-all": contains_all,
    "icontains-any": icontains_any,
    "icontains-all": icontains_all,
    "starts-with": starts_with,
    "regex": regex,
    "numeric": numeric,
    "is-json": _is_json,
    "contains-json": _contains_json,
    "json-schema": _is_json,
    "levenshtein": levenshtein,
    "similar": similar,
    "latency": latency,
    "cost": cost,
}
RUBRIC = "llm-rubric"
LARGEST_WEIGHT = 1_000_000
KINDS = (*FINDERS, RUBRIC)

LISTS = ("contains-any", "contains-all", "icontains-any", "icontains-all")
SCHEMAS = ("is-json", "contains-json", "json-schema")
MEASURED = ("latency", "cost")
# What needs no value: the first because it is optional, the others because it is the threshold.
BARE = ("is-json", "contains-json", *MEASURED)
# What is over in microseconds; the rest belongs off the event loop.
_QUICK = {"equals", "starts-with", "contains", "icontains", *LISTS, "numeric", *MEASURED}


@dataclass(frozen=True, slots=True)
class _Bar:
    """A threshold: its largest value (least is 0) and how a person is told of it."""

    most: float
    told: Callable[[float], str]
    usual: float | None = None


_BARS: dict[str, _Bar] = {
    "levenshtein": _Bar(
        math.inf, lambda bar: f"at most {written(bar)} edit{'' if bar == 1 else 's'}", MOST_EDITS
    ),
    "similar": _Bar(1.0, lambda bar: f"characters {bar * 100:g}% alike", LEAST_LIKENESS),
    "latency": _Bar(math.inf, lambda bar: f"at most {written(bar)} ms"),
    "cost": _Bar(math.inf, lambda bar: f"at most ${written(bar)}"),
    RUBRIC: _Bar(1.0, lambda bar: f"score at least {written(bar)}"),
}


def kind_of(type: str) -> str:
    """Return an assertion's type without its `not-`; raises UnknownAssertion."""
    kind = type.removeprefix("not-")
    if kind not in KINDS:
        raise UnknownAssertion(
            f"Litmus cannot check “{type}”; it can check {', '.join(KINDS)}, "
            "each also with not- in front."
        )
    return kind


def takes_threshold(type: str) -> bool:
    """Return whether a type has a threshold of its own. Raises UnknownAssertion."""
    return kind_of(type) in _BARS


def is_quick(assertion: Assertion) -> bool:
    """Return whether a check takes microseconds, so that it may run on the event loop."""
    return assertion.type.removeprefix("not-") in _QUICK


def validate(assertion: Assertion) -> None:
    """Raise ExpectationError, or UnknownAssertion, for one that can never be checked."""
    kind, value = kind_of(assertion.type), assertion.value
    if not value.isascii() and re.search("[\ud800-\udfff]", value):
        raise ExpectationError(f"The text after {assertion.type} holds half a character.")
    _validate_value(kind, assertion)
    if kind != "numeric" and assertion.tolerance:
        raise ExpectationError(f"A tolerance belongs to numeric, not to {assertion.type}.")
    if not (math.isfinite(assertion.tolerance) and assertion.tolerance >= 0):
        raise ExpectationError("A tolerance must be zero or more.")
    if not 0 <= assertion.weight <= LARGEST_WEIGHT:
        raise ExpectationError(f"The weight of {assertion.type} must be 0 to {LARGEST_WEIGHT:,}.")
    _validate_threshold(kind, assertion)


def written(number: float) -> str:
    """Return a number as a person writes it: 5, not 5.0."""
    return repr(number).removesuffix(".0")


def value_text(assertion: Assertion) -> str:
    """Return what an assertion looks for as a person reads it, with tolerance and threshold.

    A JSON schema is cut to its beginning.
    """
    kind = assertion.type.removeprefix("not-")
    if assertion.tolerance:
        return f"{assertion.value} ± {written(assertion.tolerance)}"
    if kind in SCHEMAS and assertion.value:
        return beginning(assertion.value)
    bar = _BARS.get(kind)
    if bar is None:
        return assertion.value
    threshold = bar.usual if assertion.threshold is None else assertion.threshold
    if threshold is None:
        return assertion.value
    told = bar.told(threshold)
    return f"{assertion.value} ({told})" if assertion.value else told


def _validate_value(kind: str, assertion: Assertion) -> None:
    value = assertion.value
    if kind in MEASURED:
        if value:
            raise ExpectationError(f"{assertion.type} takes a number and no text.")
        return
    if not value.strip():
        if kind in BARE or kind == "equals":
            return
        raise ExpectationError(f"{assertion.type} needs something to look for after its colon.")
    if kind == "regex":
        pattern(value)
    elif kind == "numeric":
        number(value)
    elif kind in LISTS:
        wanted_items(value)
    elif kind in SCHEMAS:
        from lab.grading.structured import wanted_schema

        wanted_schema(value)


def _validate_threshold(kind: str, assertion: Assertion) -> None:
    bar, threshold = _BARS.get(kind), assertion.threshold
    if threshold is None:
        if kind in MEASURED:
            example = "latency: 2000 (milliseconds)" if kind == "latency" else "cost: 0.002 (US $)"
            raise ExpectationError(f"{assertion.type} needs its bound, such as {example}.")
        return
    if bar is None:
        raise ExpectationError(f"{assertion.type} has no threshold; leave it out.")
    if not (math.isfinite(threshold) and 0 <= threshold <= bar.most):
        most = " to 1" if bar.most == 1 else " or more"
        raise ExpectationError(f"The threshold of {assertion.type} must be 0{most}.")
