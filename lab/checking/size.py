"""Whether there are enough test cases to see the difference that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from lab.checking.findings import Finding, count
from store.records import Case

GAIN = 0.2
"""The gain in the rate that a benchmark should be able to show."""
LOST = 0.05
"""The share of cases that a better rung gets wrong and the other one right."""
POWER, ALPHA = 0.8, 0.05
_HUGE = 0.5


def needed(gain: float, *, lost: float = LOST, power: float = POWER, alpha: float = ALPHA) -> int:
    """Return the cases that show a gain in the rate with this power, two-sided, both asked all.

    `gain` is the difference of the two rates and `lost` the share of cases that go from
    right to wrong, so that `gain + 2 * lost` of the cases change. Raises ValueError unless
    gain and lost are shares of the same cases.

    Source: Connor (1987), "Sample size for testing differences in proportions for the
    paired-sample design", Biometrics 43 (McNemar's test, normal approximation).
    """
    changed = gain + 2 * lost
    if gain <= 0 or lost < 0 or changed > 1:
        raise ValueError(f"A gain of {gain} with {lost} lost is no share of the cases.")
    normal = NormalDist()
    wide, narrow = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    spread = wide * math.sqrt(changed) + narrow * math.sqrt(changed - gain * gain)
    return math.ceil((spread / gain) ** 2)


def detectable(cases: int, *, lost: float = LOST) -> float | None:
    """Return the smallest gain, in whole points, that so many cases show; None where none.

    The result is a share between 0 and 1; see `needed`.
    """
    most = math.floor((1 - 2 * lost) * 100)
    return next(
        (points / 100 for points in range(1, most + 1) if needed(points / 100) <= cases), None
    )


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
