"""Assertions: what the machine checks in an answer, under promptfoo's names.

`equals` compares the whole answer but for outer white space, as JSON where the value is a
JSON object or list; `contains` looks for a piece of it, any white space counting as one
space, and `icontains` does so whatever the case; `contains-any`, `contains-all` and their
`i` forms look for the pieces of a list, and `starts-with` at its beginning; all of these
compare in Unicode's form NFC. `regex` looks for a match anywhere, `numeric` for any number in
the answer that is within `tolerance`. `is-json` reads the whole answer and `contains-json`
looks for an object in it, both against a JSON schema where the value is one; `json-schema` is
`is-json` that must have one. `levenshtein` counts edits and `similar` likeness of characters;
`latency` and `cost` hold what the answer took against their threshold. Each may have `not-`
in front. `llm-rubric` is for a judge: it is known here, and decided elsewhere.

Scores and weights are promptfoo's. An answer passes when every assertion does, or, where the
expectation has a threshold, when the weighted mean score reaches it; an assertion of weight
0 is shown and decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.grading.findings import ExpectationError, Given, UnknownAssertion
from lab.grading.kinds import (
    FINDERS,
    RUBRIC,
    is_quick,
    kind_of,
    takes_threshold,
    validate,
    value_text,
    written,
)
from lab.grading.lines import format_lines, parse_lines
from lab.grading.numbers import parse_number
from store.records import Assertion, Expectation

__all__ = [
    "Check",
    "ExpectationError",
    "Grade",
    "RubricResult",
    "UnknownAssertion",
    "effective",
    "format_lines",
    "grade",
    "graded_with",
    "is_slow",
    "kind_of",
    "parse_lines",
    "rubrics",
    "takes_threshold",
    "validate",
    "value_text",
]

LONGEST_SHORT_TEXT = 80
# The row under the checks that tells the score; a type that no assertion can have.
THRESHOLD = "threshold"
_CLOSE = 1e-9  # a mean of thirds must reach a threshold of two thirds


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one assertion, with its score from 0 to 1.

    `got` says what came instead, or why a judge said so; else it is empty.
    """

    type: str
    value: str
    passed: bool
    got: str
    score: float


@dataclass(frozen=True, slots=True)
class RubricResult:
    """What a judge says of one `llm-rubric`: a score from 0 to 1, a verdict, and why."""

    score: float
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """The machine's verdict on an answer and the checks that it rests on.

    `score` is the weighted mean of the checks' scores, from 0 to 1. Where they settle a fail
    before a judge is asked, `open` is true and it is the best that could still be reached.
    """

    verdict: Literal["pass", "fail"]
    checks: tuple[Check, ...]
    score: float
    threshold: float | None = None
    open: bool = False

    def rows(self) -> tuple[tuple[str, str, bool, str], ...]:
        """Return the checks as they are stored: (type, value, passed, got).

        With a threshold a last row of type `threshold` tells the score that was reached.
        """
        rows = tuple((c.type, c.value, c.passed, c.got) for c in self.checks)
        if self.threshold is None:
            return rows
        # Cut, not rounded, or else 0.699 would be shown as the 0.70 that it missed.
        score = math.floor(self.score * 100 + _CLOSE) / 100
        told = f"score {'at most ' if self.open else ''}{score:.2f}"
        return (*rows, (THRESHOLD, written(self.threshold), self.verdict == "pass", told))


def grade(
    expectation: Expectation,
    text: str,
    *,
    latency_s: float | None = None,
    cost_usd: float | None = None,
) -> Grade | None:
    """Check an answer's text, and what it took where that is known.

    Returns None when there is nothing that the machine can decide: no assertion with a
    weight, or a rubric that the other checks leave open. A person or a judge decides then.
    Raises ExpectationError for an assertion that `validate` would refuse.
    """
    assertions = effective(expectation)
    if not any(assertion.weight for assertion in assertions):
        return None
    given = Given(text, latency_s, cost_usd)
    open_weight = sum(each.weight for each in assertions if _is_rubric(each))
    checks = [(each, _check(each, given)) for each in assertions if not _is_rubric(each)]
    graded = _graded(expectation, checks, open_weight)
    return None if open_weight and graded.verdict == "pass" else graded


def graded_with(
    expectation: Expectation,
    text: str,
    results: Sequence[RubricResult],
    *,
    latency_s: float | None = None,
    cost_usd: float | None = None,
) -> Grade:
    """Check an answer as `grade` does, with a judge's results for its rubrics.

    `results` are in the order of `rubrics(expectation)`. A rubric passes when the judge says
    so and its score reaches the assertion's threshold. Raises ValueError when there are
    other than one for each, or no rubric.
    """
    asked = rubrics(expectation)
    if not asked or len(results) != len(asked):
        raise ValueError(f"{len(results)} results for {len(asked)} rubrics.")
    given, left = Given(text, latency_s, cost_usd), iter(results)
    checks: list[tuple[Assertion, Check]] = []
    for assertion in expectation.assertions:
        if not _is_rubric(assertion):
            checks.append((assertion, _check(assertion, given)))
        elif assertion.weight:
            checks.append((assertion, _judged(assertion, next(left))))
    return _graded(expectation, checks, 0.0)


def rubrics(expectation: Expectation) -> tuple[Assertion, ...]:
    """Return the assertions that a judge must decide, in their order.

    One of weight 0 is not among them, since asking would cost money and decide nothing.
    """
    return tuple(each for each in expectation.assertions if _is_rubric(each) and each.weight)


def is_slow(expectation: Expectation) -> bool:
    """Return whether `grade` may take long, so that it does not belong on the event loop."""
    return not all(is_quick(assertion) for assertion in expectation.assertions)


def effective(expectation: Expectation) -> tuple[Assertion, ...]:
    """Return the assertions that an answer is held against.

    They are the expectation's own where it has any; its text is then for people. A text
    alone on one line of up to 80 characters is looked for in the answer: as a `numeric`
    when it is a plain number, else as an `icontains`. A longer one is for a person to judge.
    """
    text = expectation.text.strip()
    if expectation.assertions or not text:
        return expectation.assertions
    if len(text) > LONGEST_SHORT_TEXT or len(text.splitlines()) > 1:
        return ()
    return (Assertion("icontains" if parse_number(text) is None else "numeric", text),)


def _is_rubric(assertion: Assertion) -> bool:
    return assertion.type.removeprefix("not-") == RUBRIC


def _check(assertion: Assertion, given: Given) -> Check:
    kind = kind_of(assertion.type)
    finding = FINDERS[kind](assertion, given)
    negated = kind != assertion.type
    passed = finding.found is not None and finding.found is not negated
    score = float(passed)
    if finding.score is not None:
        score = 1 - finding.score if negated else finding.score
    got = "" if passed else finding.there
    return Check(assertion.type, value_text(assertion), passed, got, score)


def _judged(assertion: Assertion, result: RubricResult) -> Check:
    score = min(1.0, max(0.0, result.score))
    passed = result.passed and (assertion.threshold is None or score >= assertion.threshold)
    if assertion.type != RUBRIC:
        passed, score = not passed, 1 - score
    got = result.reason or f"score {score:.2f}"
    return Check(assertion.type, value_text(assertion), passed, got, score)


def _graded(
    expectation: Expectation, checks: Sequence[tuple[Assertion, Check]], open_weight: float
) -> Grade:
    """Weigh checks up; what is still open, of `open_weight` in all, counts as met."""
    weight = open_weight + sum(assertion.weight for assertion, _ in checks)
    met = open_weight + sum(assertion.weight * check.score for assertion, check in checks)
    score = met / weight
    if expectation.threshold is None:
        passed = all(check.passed for assertion, check in checks if assertion.weight)
    else:
        passed = score >= expectation.threshold - _CLOSE
    return Grade(
        "pass" if passed else "fail",
        tuple(check for _, check in checks),
        score,
        expectation.threshold,
        open=open_weight > 0,
    )
