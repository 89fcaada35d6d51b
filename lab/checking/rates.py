"""Variants that pass or fail everything, and cases that nobody ever passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lab.checking.findings import Finding, count
from lab.statistics.rates import wilson
from store.checks import Seen
from store.records import Case, Variant

FEWEST = 5
"""The judged cases below which a rate of 0% or 100% tells nothing."""
_VARIANTS = 3


def check_rates(
    cases: Sequence[Case], seen: Sequence[Seen], variants: Mapping[int, Variant]
) -> Iterator[Finding]:
    """Tell which variants no better or no worse one could be told from.

    That one variant fails everything is no fault where another passes some of it.
    """
    tests = {case.id: case for case in cases if case.draft.split == "test"}
    judged: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item in seen:
        if item.verdict is not None and item.case_id in tests:
            judged[item.variant_id][item.case_id].add(item.verdict)
    told = {
        variant_id: {verdict for found in verdicts.values() for verdict in found}
        for variant_id, verdicts in judged.items()
    }
    hopeless = all(verdicts == {"fail"} for verdicts in told.values())
    for variant_id, verdicts in judged.items():
        alike = told[variant_id] == {"pass"} or (hopeless and told[variant_id] == {"fail"})
        if len(verdicts) >= FEWEST and alike:
            yield _all_alike(
                variants[variant_id],
                [tests[case_id] for case_id in verdicts],
                told[variant_id] == {"pass"},
            )
    yield from _never_passed(tests, judged)


def _all_alike(variant: Variant, cases: list[Case], passed: bool) -> Finding:
    low, high = wilson(len(cases) if passed else 0, len(cases))
    does, says = (
        ("passes", "too easy to show a gain over it")
        if passed
        else ("fails", "too hard, or its checks are wrong")
    )
    return Finding(
        "all_pass" if passed else "all_fail",
        "should",
        f"{variant.model} · {variant.rung} {does} all {count(len(cases), 'judged case')} "
        f"({low:.0%} to {high:.0%}): the benchmark is {says}.",
        () if passed else tuple(cases),
        ("add",) if passed else ("edit",),
    )


def _never_passed(
    tests: Mapping[int, Case], judged: Mapping[int, Mapping[int, set[str]]]
) -> Iterator[Finding]:
    """Yield the cases that every one of several variants fails, while they pass others."""
    by_case: dict[int, list[set[str]]] = defaultdict(list)
    for verdicts in judged.values():
        if any("pass" in found for found in verdicts.values()):
            for case_id, found in verdicts.items():
                by_case[case_id].append(found)
    never = tuple(
        tests[case_id]
        for case_id, found in by_case.items()
        if len(found) >= _VARIANTS and all(each == {"fail"} for each in found)
    )
    if never:
        who = "it" if len(never) == 1 else "them"
        yield Finding(
            "never_passed",
            "info",
            f"{count(len(never), 'case')}: every variant that was asked fails {who}; "
            "look whether the expectation is right.",
            never,
            ("edit", "remove"),
        )
