"""Cases that a person marked as bad while labelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.checking.findings import Finding, count
from store.benchmarks import REPAIR
from store.records import Case


def check_marked(cases: Sequence[Case]) -> Iterator[Finding]:
    """Tell which cases wait for repair; until then their answers count for nothing."""
    bad = tuple(case for case in cases if REPAIR in case.draft.tags)
    if bad:
        waits = "is marked as bad and counts" if len(bad) == 1 else "are marked as bad and count"
        yield Finding(
            "marked_bad",
            "should",
            f"{count(len(bad), 'case')} {waits} for nothing until mended.",
            bad,
            ("edit", "remove"),
        )
