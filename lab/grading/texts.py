"""Checks that look for a text, a pattern or a number in an answer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from lab.grading.findings import (
    ExpectationError,
    Finding,
    Given,
    beginning,
    caseless,
    folded,
    nfc,
)
from lab.grading.lists import split_list
from lab.grading.numbers import numbers_in, parse_number
from lab.grading.patterns import Pattern, compiled
from lab.grading.strict_json import same_json
from store.records import Assertion

SECONDS_FOR_A_PATTERN = 0.25


def equals(assertion: Assertion, given: Given) -> Finding:
    """Compare the whole answer: as JSON where the value is an object or a list, else as text."""
    if assertion.value.lstrip()[:1] in ("{", "["):
        same = same_json(assertion.value, given.text)
        if same is not None:
            return Finding(same, beginning(given.text))
    return Finding(nfc(given.text).strip() == nfc(assertion.value).strip(), beginning(given.text))


def starts_with(assertion: Assertion, given: Given) -> Finding:
    """Compare how the answer begins; outer white space does not count."""
    return Finding(folded(given.text).startswith(folded(assertion.value)), beginning(given.text))


def contains(assertion: Assertion, given: Given) -> Finding:
    """Look for a piece of the answer."""
    return _find(folded(assertion.value), folded(given.text), given.text)


def icontains(assertion: Assertion, given: Given) -> Finding:
    """Look for a piece of the answer, whatever its case."""
    return _find(caseless(assertion.value), caseless(given.text), given.text)


def contains_any(assertion: Assertion, given: Given) -> Finding:
    """Look for one of several pieces."""
    return _any(assertion, given, folded)


def icontains_any(assertion: Assertion, given: Given) -> Finding:
    """Look for one of several pieces, whatever their case."""
    return _any(assertion, given, caseless)


def contains_all(assertion: Assertion, given: Given) -> Finding:
    """Look for each of several pieces; what is missing is named."""
    return _all(assertion, given, folded)


def icontains_all(assertion: Assertion, given: Given) -> Finding:
    """Look for each of several pieces, whatever their case."""
    return _all(assertion, given, caseless)


def regex(assertion: Assertion, given: Given) -> Finding:
    """Look for a match of a pattern; one that takes too long cannot be told."""
    try:
        match = pattern(assertion.value).search(
            given.text, timeout=SECONDS_FOR_A_PATTERN, concurrent=True
        )
    except TimeoutError:
        return Finding(None, f"no result within {SECONDS_FOR_A_PATTERN} s: simplify the pattern")
    return Finding(match is not None, beginning(match[0] if match else given.text))


def numeric(assertion: Assertion, given: Given) -> Finding:
    """Look for any number within the tolerance."""
    value, tolerance = number(assertion.value), Decimal(repr(assertion.tolerance))
    nearest = min(numbers_in(given.text), key=lambda found: abs(found[0] - value), default=None)
    if nearest is None:
        return Finding(False, "no number")
    if abs(nearest[0] - value) <= tolerance:
        return Finding(True, nearest[1])
    return Finding(False, f"nearest number {nearest[1]}")


def number(text: str) -> Decimal:
    """Return the number that `numeric` looks for. Raises ExpectationError."""
    value = parse_number(text)
    if value is None:
        raise ExpectationError(f"“{text.strip()}” is not a number that numeric can look for.")
    return value


def pattern(text: str) -> Pattern:
    """Return the pattern that `regex` looks for. Raises ExpectationError."""
    try:
        return compiled(text)
    except ValueError as problem:
        raise ExpectationError(str(problem)) from None


def wanted_items(text: str) -> tuple[str, ...]:
    """Return the pieces of a list. Raises ExpectationError for none, or an empty one."""
    items = split_list(text)
    if not items or not all(item.strip() for item in items):
        raise ExpectationError("A list needs at least one item, and no item may be empty.")
    return items


def _find(part: str, whole: str, answer: str) -> Finding:
    at = whole.find(part)
    if at < 0:
        return Finding(False, beginning(answer))
    return Finding(True, beginning(whole[max(0, at - 10) :]))


def _any(assertion: Assertion, given: Given, fold: Callable[[str], str]) -> Finding:
    whole = fold(given.text)
    found = next((each for each in wanted_items(assertion.value) if fold(each) in whole), None)
    if found is None:
        return Finding(False, beginning(given.text))
    return _find(fold(found), whole, given.text)


def _all(assertion: Assertion, given: Given, fold: Callable[[str], str]) -> Finding:
    whole = fold(given.text)
    items = wanted_items(assertion.value)
    missing = [each for each in items if fold(each) not in whole]
    if missing:
        return Finding(False, f"missing {beginning(', '.join(missing))}")
    return Finding(True, beginning(whole))
