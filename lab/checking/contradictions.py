"""Expectations that no answer can meet: within a case, or in two cases that ask the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from lab.checking.findings import Finding
from lab.checking.references import deciding, failed, looks_like_an_answer, of_text, shown
from lab.checking.wording import asked
from lab.grading.assertions import effective
from store.records import Assertion, Case, Expectation

# An answer that holds one text holds every piece of it; so what finds pieces can be told to
# find one in the text alone.
_PIECES = ("contains", "icontains", "contains-any", "icontains-any")
_EXACT = ("equals", "contains", "starts-with", "contains-all")


def check_contradictions(cases: Sequence[Case]) -> Iterator[Finding]:
    """Tell which expectations contradict themselves or those of another case."""
    groups: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        pair = clash(deciding(case.expectation))
        if pair is not None:
            one, other = pair
            yield Finding(
                "contradiction",
                "must",
                f"“{case.key}” expects {shown(one)} and {shown(other)}, which no answer meets.",
                (case,),
                ("edit",),
            )
        groups[asked(case)].append(case)
    for group in groups.values():
        yield from _between(group)


def conflict(one: Expectation, other: Expectation) -> bool:
    """Tell whether no answer can meet two expectations of the same question."""
    if clash((*deciding(one), *deciding(other))) is not None:
        return True
    return _refuses(one, other) or _refuses(other, one)


def clash(assertions: Iterable[Assertion]) -> tuple[Assertion, Assertion] | None:
    """Return two assertions that exclude each other, or None where none are known to."""
    for pair in combinations(dict.fromkeys(assertions), 2):
        if _excludes(*pair) or _excludes(*reversed(pair)):
            return pair
    return None


def _excludes(one: Assertion, other: Assertion) -> bool:
    """Tell whether an answer that meets the first cannot meet the second."""
    if f"not-{one.type}" == other.type and replace(one, type=other.type) == other:
        return True
    if one.type == "equals":
        return bool(failed((other,), one.value))
    if not other.type.startswith("not-") or other.type.removeprefix("not-") not in _PIECES:
        return False
    # What is found whatever the case tells nothing about a piece in one case only.
    exact = one.type in _EXACT
    caseless = one.type in ("icontains", "icontains-all") and "icontains" in other.type
    return (exact or caseless) and bool(failed((other,), one.value))


def _refuses(one: Expectation, other: Expectation) -> bool:
    """Tell whether the second refuses what the first gives as its answer."""
    wanted = tuple(filter(of_text, effective(other)))
    return looks_like_an_answer(one.text) and bool(failed(wanted, one.text))


def _between(group: list[Case]) -> Iterator[Finding]:
    """Yield for each expectation the first before it with which it is in conflict."""
    wanted: dict[Expectation, list[Case]] = defaultdict(list)
    for case in group:
        if case.expectation:
            wanted[case.expectation].append(case)
    different = list(wanted.items())
    for place, (expected, cases) in enumerate(different):
        for other, before in different[:place]:
            if conflict(other, expected):
                one, two = before[0].key, cases[0].key
                yield Finding(
                    "contradiction",
                    "must",
                    f"“{one}” and “{two}” ask the same and expect different answers.",
                    (*before, *cases),
                    ("edit", "remove"),
                )
                break
