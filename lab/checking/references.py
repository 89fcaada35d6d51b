"""Checks measured against the answer that the case itself gives: the expected text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lab.checking.findings import Finding, count
from lab.grading.assertions import (
    LONGEST_SHORT_TEXT,
    Check,
    ExpectationError,
    grade,
    validate,
    value_text,
)
from store.records import Assertion, Case, Expectation

# Those that look at an answer's words; a judge, a price or JSON's shape say nothing about a
# text that was written for people.
_OF_TEXT = {
    *("equals", "contains", "icontains", "contains-any", "icontains-any", "contains-all"),
    *("icontains-all", "starts-with", "regex", "numeric", "levenshtein", "similar"),
}


def check_references(cases: Sequence[Case]) -> Iterator[Finding]:
    """Tell which checks cannot be used, refuse the expected text, or refuse nothing."""
    empty: list[Case] = []
    for case in cases:
        if not case.expectation:
            empty.append(case)
        else:
            yield from _of_case(case)
    if empty:
        have = "has" if len(empty) == 1 else "have"
        yield Finding(
            "no_expectation",
            "info",
            f"{count(len(empty), 'case')} {have} no expectation: only a person can judge them.",
            tuple(empty),
            ("edit", "label"),
        )


def _of_case(case: Case) -> Iterator[Finding]:
    wanted = case.expectation
    for assertion in wanted.assertions:
        if problem := _unusable(assertion):
            yield Finding("broken_check", "must", f"“{case.key}”: {problem}", (case,), ("edit",))
            return
    deciders = deciding(wanted)
    if not deciders:
        return
    if wanted.text and (checks := failed(deciders, wanted.text)):
        kind, value = checks[0].type, _cut(checks[0].value)
        yield Finding(
            "reference_fails",
            "must" if looks_like_an_answer(wanted.text) else "should",
            f"“{case.key}”: its own expected text does not pass {kind} “{value}”.",
            (case,),
            ("edit",),
        )
    elif len(deciders) == len(wanted.assertions) and not failed(deciders, ""):
        yield Finding(
            "cannot_fail",
            "should",
            f"“{case.key}”: an empty answer passes its checks; name what must be said.",
            (case,),
            ("edit",),
        )


def deciding(expectation: Expectation) -> tuple[Assertion, ...]:
    """Return the assertions on an answer's words that must all hold for it to pass."""
    if expectation.threshold is not None:
        return ()
    return tuple(filter(of_text, expectation.assertions))


def of_text(assertion: Assertion) -> bool:
    """Tell whether an assertion decides something, and by an answer's words alone."""
    return assertion.type.removeprefix("not-") in _OF_TEXT and assertion.weight > 0


def failed(assertions: Iterable[Assertion], text: str) -> list[Check]:
    """Return the checks that a text does not pass; none where one cannot be used."""
    try:
        graded = grade(Expectation(assertions=tuple(assertions)), text)
    except ExpectationError:
        return []
    return [check for check in graded.checks if not check.passed] if graded else []


def looks_like_an_answer(text: str) -> bool:
    """Tell a text that could be given as the answer from one that describes it."""
    return 0 < len(text.strip()) <= LONGEST_SHORT_TEXT and "\n" not in text.strip()


def shown(assertion: Assertion) -> str:
    """Return an assertion as it stands in a sentence."""
    return f"{assertion.type} “{_cut(value_text(assertion))}”"


def _unusable(assertion: Assertion) -> str:
    try:
        validate(assertion)
    except ExpectationError as error:
        return str(error)
    return ""


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
