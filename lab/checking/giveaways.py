"""Prompts in which the expected answer stands already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from lab.checking.findings import Finding, count
from lab.checking.references import failed, of_text
from lab.checking.wording import Words, is_choice, runs_in, words
from lab.grading.assertions import effective
from store.records import Case

PASSAGE = 60
"""The words from which on a prompt may hold a passage in which to look for the answer."""
_TRIVIAL = {"true", "false", "none", "null", "maybe", "unknown", "either", "neither", "both"}
_FEW = 5
_VALUES = ("equals", "contains", "icontains", "starts-with", "numeric")


def check_giveaways(cases: Sequence[Case]) -> Iterator[Finding]:
    """Tell which prompts hold their own answer, so that to repeat them is to be right.

    Choices that a prompt offers are none: the answers of other cases stand there too, or
    it stands beside an “or”, or in a list of options. Where it is so in most cases, or in a
    long prompt, the task may be to find it; that is said once.
    """
    values = {case.id: _telling(case) for case in cases}
    known: dict[str, set[Words]] = defaultdict(set)
    for found in values.values():
        for value in found:
            known[value[0]].add(value)
    checkable = sum(bool(found) for found in values.values())
    given = [case for case in cases if values[case.id] and _gives(case, values[case.id], known)]
    short = [case for case in given if len(words(case.prompt)) <= PASSAGE]
    if len(short) >= _FEW and 2 * len(short) > checkable:
        short = []
    for case in short:
        value = " ".join(values[case.id][0])
        yield Finding(
            "answer_in_prompt",
            "should",
            f"“{case.key}”: what is expected (“{value}”) stands in the prompt itself.",
            (case,),
            ("edit", "remove"),
        )
    told = {case.id for case in short}
    rest = tuple(case for case in given if case.id not in told)
    if rest:
        yield Finding(
            "answer_in_prompt",
            "info",
            f"In {count(len(rest), 'case')} the prompt holds what is expected; right where a "
            "passage is to be read, a leak elsewhere.",
            rest,
            ("edit",),
        )


def _gives(case: Case, values: list[Words], known: dict[str, set[Words]]) -> bool:
    asked = words(case.prompt)
    there = runs_in(asked, known)
    if not there.issuperset(values) or there.difference(values):
        return False
    if any(is_choice(value, case.prompt) for value in values):
        return False
    return not failed(filter(of_text, effective(case.expectation)), case.prompt)


def _telling(case: Case) -> list[Words]:
    """Return the words that a right answer must hold, but for such as stand anywhere."""
    found: list[Words] = []
    for assertion in effective(case.expectation):
        if not of_text(assertion) or assertion.type not in _VALUES:
            continue
        value = words(assertion.value)
        text = "".join(value)
        if len(text) >= 4 and text not in _TRIVIAL:
            found.append(value)
    return found
