"""How much more often one variant is right than another, over the cases both answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.statistics.rates import effective_size, normal_quantile, wilson

Scores = Sequence[float]
"""One case's scores of one variant, each in [0, 1], one per epoch."""

CARRIERS = 6
"""So many cases must carry the spread of the differences for a t interval."""
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
    differences, with its p. That one is too short where few cases make all the spread, and a
    point where all differ alike; so where fewer than `CARRIERS` do (the cases over the
    differences' kurtosis), the limits of the two rates are squared and added, as Newcombe
    does, with the clusters' effective size in Wilson's interval, and p is the mid-p of the
    cases gained and lost. That is Newcombe's interval where all epochs agree.
    `docs/statistics.md` has the coverage. Raises ValueError for a score outside [0, 1], or
    unless 0 < confidence < 1.

    Sources: Miller (2024), "Adding Error Bars to Evals", arXiv:2411.00640 (paired differences,
    clusters); Newcombe (1998), see `newcombe`; Zou & Donner (2008), "Construction of
    confidence limits about effect measures: a general approach", Statistics in Medicine 27
    (limits of any two estimates, squared and added).
    """
    normal_quantile(confidence)  # Refuses what is no confidence.
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
    if _carriers(differences) >= CARRIERS:
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
    first, second = both + lost, both + gained
    phi = _phi(
        (both * neither - gained * lost) / n**2,
        math.sqrt(first * (n - first) * second * (n - second)) / n**2,
        1 / (2 * n),
    )
    return _added(
        (first / n, second / n),
        wilson(first, n, confidence),
        wilson(second, n, confidence),
        phi,
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


def _carriers(differences: Sequence[float]) -> float:
    """Return how many cases carry the spread: all if equally far off, 1 if one is; 0 without."""
    mean = _mean(differences)
    squares = [(each - mean) ** 2 for each in differences if abs(each - mean) > _ALIKE]
    return math.fsum(squares) ** 2 / math.fsum(s * s for s in squares) if squares else 0.0


def _student(differences: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Return the t interval of the mean difference and its two-sided p-value."""
    # Not before it is needed: importing it takes as long as the whole program's start.
    import scipy.special as special  # pyright: ignore[reportMissingTypeStubs]

    degrees = len(differences) - 1
    delta, error = _mean(differences), standard_error(differences)
    half = float(special.stdtrit(degrees, (1 + confidence) / 2)) * error
    p = 2 * float(special.stdtr(degrees, -abs(delta) / error))
    return max(-1.0, delta - half), min(1.0, delta + half), p


def _square_and_add(
    firsts: Sequence[float], seconds: Sequence[float], answers: Sequence[int], confidence: float
) -> tuple[float, float]:
    """Return the interval from the two rates' own, of cases with several or partial scores.

    `answers` says how many there are on each side. The correction for continuity shrinks as
    the epochs tell more than one.
    """
    means = _mean(firsts), _mean(seconds)
    sizes = effective_size(firsts, answers[0]), effective_size(seconds, answers[1])
    below, above = (
        wilson(min(mean * size, size), size, confidence)
        for mean, size in zip(means, sizes, strict=True)
    )
    spreads = [
        math.sqrt(_mean([(each - mean) ** 2 for each in side]))
        for side, mean in zip((firsts, seconds), means, strict=True)
    ]
    together = _mean(
        [(a - means[0]) * (b - means[1]) for a, b in zip(firsts, seconds, strict=True)]
    )
    phi = _phi(together, spreads[0] * spreads[1], 1 / (2 * math.sqrt(sizes[0] * sizes[1])))
    return _added(means, below, above, phi)


def _phi(covariance: float, spread: float, correction: float) -> float:
    """Return the correlation, its covariance brought towards 0 where it is above."""
    if covariance > 0:
        covariance = max(0.0, covariance - correction)
    # Where one side does not vary at all nothing is known of how they go together.
    return max(-1.0, min(1.0, covariance / spread)) if spread > 0 else 0.0


def _added(
    rates: tuple[float, float],
    first: tuple[float, float],
    second: tuple[float, float],
    phi: float,
) -> tuple[float, float]:
    """Return the interval of the second rate minus the first, from their limits."""
    delta = rates[1] - rates[0]
    down = _aside(rates[1] - second[0], first[1] - rates[0], phi)
    up = _aside(second[1] - rates[1], rates[0] - first[0], phi)
    return max(-1.0, delta - down), min(1.0, delta + up)


def _aside(one: float, other: float, phi: float) -> float:
    """Return how far the difference may lie off, where its parts may lie off so far."""
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
