"""How much more often one variant is right than another, over the cases both answered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.statistics.rates import effective_size, wilson

Scores = Sequence[float]
"""One case's scores of one variant, each in [0, 1], one per epoch."""

CHANGED = 8
"""So many cases' differences must stand apart from the commonest one for a t interval."""
_ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """How the second of two variants compares with the first over `n` shared cases.

    `gained` and `lost` count the cases whose mean score rose and fell. `delta` is the mean of
    the cases' differences, second minus first, and `low` and `high` its interval, all between
    -1 and 1. `p` is the two-sided p-value against no difference.
    """

    n: int
    gained: int
    lost: int
    delta: float
    low: float
    high: float
    p: float


def compare(pairs: Sequence[tuple[Scores, Scores]], confidence: float = 0.95) -> Difference | None:
    """Return how the second variant's scores compare with the first's; None without pairs.

    Each pair is a case that both answered: the first's scores and the second's, 1 for a pass,
    0 for a fail, anything between for a partial, any number of epochs. A case that lacks the
    scores of one is left out.

    One pass-or-fail score on each side: Newcombe's interval and McNemar's mid-p.
    Otherwise cases are the clusters and the interval is Student's t on the cases' mean
    differences, with its p. That one is too short where few cases tell anything, and a point
    where all differ alike; so where fewer than `CHANGED` cases stand apart from the commonest
    difference, the limits of the two rates are squared and added, as Newcombe does, with the
    clusters' effective size in Wilson's interval, and p is the mid-p of the cases gained and
    lost. Where all epochs agree that is Newcombe's interval. `docs/statistics.md` has the
    coverage of each. Raises ValueError for a score outside [0, 1], or unless
    0 < confidence < 1.

    Sources: Miller (2024), "Adding Error Bars to Evals", arXiv:2411.00640 (paired differences,
    clusters); Newcombe (1998), see `newcombe`; Zou & Donner (2008), "Construction of
    confidence limits about effect measures: a general approach", Statistics in Medicine 27
    (limits of any two estimates, squared and added).
    """
    pairs = [(first, second) for first, second in pairs if first and second]
    for pair in pairs:
        for scores in pair:
            if not all(0 <= score <= 1 for score in scores):
                raise ValueError(f"A score must be between 0 and 1: {list(scores)}.")
    if not pairs:
        return None
    n = len(pairs)
    firsts, seconds = ([_mean(pair[side]) for pair in pairs] for side in (0, 1))
    differences = [second - first for first, second in zip(firsts, seconds, strict=True)]
    gained = sum(difference > _ALIKE for difference in differences)
    lost = sum(difference < -_ALIKE for difference in differences)
    if all(len(first) == len(second) == 1 for first, second in pairs) and (
        {*firsts, *seconds} <= {0, 1}
    ):
        both = sum(first and second for first, second in zip(firsts, seconds, strict=True))
        counts = int(both), gained, lost, n - int(both) - gained - lost
        low, high = newcombe(*counts, confidence)
        p = mcnemar_mid_p(gained, lost)
        return Difference(n, gained, lost, (gained - lost) / n, low, high, p)
    delta = _mean(differences)
    commonest = max(Counter(round(each, 9) for each in differences).values())
    if n - commonest >= CHANGED:
        low, high, p = _student(differences, confidence)
    else:
        sizes = [sum(len(pair[side]) for pair in pairs) for side in (0, 1)]
        low, high = _square_and_add(firsts, seconds, sizes, confidence)
        p = mcnemar_mid_p(gained, lost)
    return Difference(n, gained, lost, delta, min(low, delta), max(high, delta), p)


def newcombe(
    both: int, gained: int, lost: int, neither: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a paired difference of rates, (low, high) within [-1, 1].

    Of the cases, `both` variants pass so many and `neither` so many; `gained` are those that
    only the second passes and `lost` those that only the first does. The difference is the
    second's rate minus the first's: (gained - lost)/n. Raises ValueError for a count below 0,
    for no cases, or unless 0 < confidence < 1.

    Source: Newcombe (1998), "Improved confidence intervals for the difference between
    binomial proportions based on paired data", Statistics in Medicine 17, method 10: Wilson's
    limits squared and added, with φ corrected for continuity where it is positive.
    """
    n = both + gained + lost + neither
    if min(both, gained, lost, neither) < 0 or not n:
        raise ValueError(f"No table of pairs: {both}, {gained}, {lost}, {neither}.")
    surplus = both * neither - gained * lost
    return _added(
        (both + lost) / n,
        wilson(both + lost, n, confidence),
        (both + gained) / n,
        wilson(both + gained, n, confidence),
        surplus / n**2,
        1 / (2 * n),
    )


def mcnemar_mid_p(gained: int, lost: int) -> float:
    """Return the two-sided p-value that cases are as likely to be gained as to be lost.

    Between 0 and 1; 1 where nothing changed. Raises ValueError for a count below 0.

    Source: Fagerland, Lydersen & Laake (2013), "The McNemar test for binary matched-pairs
    data: mid-p and asymptotic are better than exact conditional", BMC Medical Research
    Methodology 13:91.
    """
    fewer, more = sorted((gained, lost))
    if fewer < 0:
        raise ValueError(f"A count cannot be below zero: {gained}, {lost}.")
    n = fewer + more
    if not n:
        return 1.0
    ways = math.lgamma(n + 1) - math.lgamma(fewer + 1) - math.lgamma(more + 1)
    point = math.exp(ways - n * math.log(2))
    if fewer == more:
        # Twice the tail would count the middle twice.
        return 1 - point / 2
    term = tail = 1.0
    for k in range(fewer, 0, -1):
        term *= k / (n - k + 1)
        tail += term
        if term < 1e-17 * tail:
            break
    return min(1.0, point * (2 * tail - 1))


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean of independent values, at least two.

    Of the cases' mean differences it is the paired, case-clustered error. Raises ValueError
    for fewer than two values.

    Source: Miller (2024), arXiv:2411.00640, the error from the central limit theorem, and of
    paired differences.
    """
    n = len(values)
    if n < 2:
        raise ValueError("One value has no standard error.")
    mean = _mean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n * (n - 1)))


def _student(differences: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Return the t interval of the mean difference and its two-sided p-value."""
    from scipy.special import stdtr, stdtrit

    degrees = len(differences) - 1
    delta, error = _mean(differences), standard_error(differences)
    half = float(stdtrit(degrees, (1 + confidence) / 2)) * error
    p = 2 * float(stdtr(degrees, -abs(delta) / error))
    return max(-1.0, delta - half), min(1.0, delta + half), p


def _square_and_add(
    firsts: Sequence[float], seconds: Sequence[float], answers: Sequence[int], confidence: float
) -> tuple[float, float]:
    """Return the interval from the two rates' own, for cases with several or partial scores."""
    n = len(firsts)
    rates = _mean(firsts), _mean(seconds)
    sizes = effective_size(firsts, answers[0]), effective_size(seconds, answers[1])
    limits = [
        wilson(min(rate * size, size), size, confidence)
        for rate, size in zip(rates, sizes, strict=True)
    ]
    both = math.fsum(a * b for a, b in zip(firsts, seconds, strict=True)) / n
    spread = 
