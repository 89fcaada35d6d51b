"""When a judge may decide, and the sentence that says why not."""

from __future__ import annotations

import pytest

from lab.judge.trust import LEAST_SHARED, weigh
from store.records import Verdict

Shared = dict[tuple[Verdict, Verdict], int]


def shared(pp: int = 0, pf: int = 0, fp: int = 0, ff: int = 0) -> Shared:
    """Count (label, judge's verdict) as pass and fail."""
    return {
        ("pass", "pass"): pp,
        ("pass", "fail"): pf,
        ("fail", "pass"): fp,
        ("fail", "fail"): ff,
    }


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (shared(), "20 more shared labels needed"),
        (shared(pp=4, ff=4), "12 more shared labels needed"),
        (shared(pp=10, ff=9), "1 more shared label needed"),
        (shared(pp=15, fp=15), "says “pass” to every answer"),
        (shared(pf=3, ff=27), "says “fail” to every answer"),
        (shared(pp=30), "said the same thing of all 30"),
        (shared(pp=12, pf=4, fp=4, ff=10), "agrees too little with your 30 labels (κ 0.46"),
        # Rare fails: κ is over the bar, and could be anything.
        (shared(pp=18, pf=1, ff=1), "is too uncertain"),
    ],
)
def test_why_a_judge_does_not_decide(counts: Shared, says: str) -> None:
    found = weigh(counts)
    assert not found.trusted
    assert says in found.why
    assert found.why.endswith(".") and "\n" not in found.why and ". " not in found.why


def test_a_judge_that_agrees_decides() -> None:
    found = weigh(shared(pp=14, pf=1, fp=1, ff=14))
    assert found.trusted
    assert found.why == "It decides where you have not labelled: κ 0.87 (0.69–1.00) over 30 labels."
    assert weigh(shared(pp=10, ff=LEAST_SHARED - 10)).trusted
