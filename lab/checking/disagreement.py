"""Answers on which the person and the checks disagree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from lab.checking.findings import Finding, count
from store.checks import Seen
from store.records import Case


def check_disagreement(cases: Sequence[Case], seen: Sequence[Seen]) -> Iterator[Finding]:
    """Tell where a label and the checks contradict each other, and which check it is."""
    found: dict[int, list[Seen]] = defaultdict(list)
    for item in seen:
        if {item.label, item.grade} == {"pass", "fail"}:
            found[item.case_id].append(item)
    for case in cases:
        if case.id in found:
            yield Finding(
                "disagreement",
                "should",
                _sentence(case, found[case.id]),
                (case,),
                ("edit", "label"),
            )


def _sentence(case: Case, seen: list[Seen]) -> str:
    strict = [item for item in seen if item.label == "pass"]
    if not strict:
        return (
            f"“{case.key}”: you failed {count(len(seen), 'answer')} that its checks pass; "
            "they ask too little."
        )
    blamed = Counter(
        f"{kind} “{value[:60]}”"
        for item in strict
        for kind, value, passed, _ in item.checks
        if not passed
    )
    name = blamed.most_common(1)[0][0] if blamed else "its checks"
    return f"“{case.key}”: you passed {count(len(strict), 'answer')} that {name} fails."
