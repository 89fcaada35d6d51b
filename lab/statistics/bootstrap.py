"""How sure the sign of a mean is, by drawing the cases anew."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import NormalDist

MANY = 2_000
"""From so many values on, the bootstrap's normal limit stands in for it."""
_TIE = 1e-12


def chance_positive(values: Sequence[float], resamples: int = 1000, seed: int = 1) -> float | None:
    """Return in which share of bootstrap resamples the values' mean is above 0; None without any.

    `values` are the cases' values, one each, in any unit; a resample draws as many cases with
    replacement, and a mean of 0 counts half. The share is between 0 and 1 and the same for the
    same arguments. It tells how stable the sign is over such cases; it is no p-value. Above
    `MANY` values nothing is drawn: the share is then Φ(mean/standard error), which the
    bootstrap distribution of a mean tends to. Raises ValueError for a value that is not finite
    or for no resamples.

    Sources: Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of
    Statistics 7; Bickel & Freedman (1981), "Some asymptotic theory for the bootstrap", Annals
    of Statistics 9 (the normal limit).
    """
    if resamples < 1:
        raise ValueError(f"There must be resamples, not {resamples}.")
    if not all(map(math.isfinite, values)):
        raise ValueError("A value must be finite.")
    if not values:
        return None
    size = max(map(abs, values))
    if not size:
        return 0.5
    if len(values) > MANY or min(values) == max(values):
        return _limit(values)
    draw = random.Random(seed).choices
    n = len(values)
    tie = _TIE * size * n  # What sums of thirds leave is no sign.
    positive = 0.0
    for _ in range(resamples):
        total = math.fsum(draw(values, k=n))
        positive += 0.5 if abs(total) <= tie else total > 0
    return positive / resamples


def _limit(values: Sequence[float]) -> float:
    """Return the share that ever more resamples of ever more values would tend to."""
    n = len(values)
    mean = math.fsum(values) / n
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values)) / n
    if error <= _TIE * abs(mean):
        return float(mean > 0)
    return NormalDist().cdf(mean / error)
