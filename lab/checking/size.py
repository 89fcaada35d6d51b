"""Whether there are enough test cases to see the difference that matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.checking.findings import Finding, count
from lab.statistics.power import LOST as LOST
from lab.statistics.power import detectable as detectable
from lab.statistics.power import needed as needed
from store.records import Case

GAIN = 0.2
"""The gain in the rate that a benchmark should be able to show."""
_HUGE = 0.5


def check_size(cases: Sequence[Case], gain: float = GAIN) -> Iterator[Finding]:
    """Tell where the test cases are too few to show a gain of this size."""
    tests = sum(case.draft.split == "test" for case in cases)
    if not tests:
        there = f"all {count(len(cases), 'case')} are for training" if cases else "it has no cases"
        yield Finding(
            "too_small", "must", f"Nothing can be measured: {there}.", repairs=("add", "edit")
        )
        return
    if tests >= needed(gain):
        return
    shown = detectable(tests)
    able = "show no gain" if shown is None else f"show a gain of {shown * 100:.0f} points or more"
    yield Finding(
        "too_small",
        "must" if tests < needed(_HUGE) else "should",
        f"{count(tests, 'test case')} can {able} (80% power, paired, 1 case in 20 lost); "
        f"{gain * 100:.0f} points need {needed(gain)}.",
        repairs=("add",),
    )
