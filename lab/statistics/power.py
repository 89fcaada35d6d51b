"""How many cases it takes to see a difference, or to rule one out."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from lab.statistics.evidence import BAR, e_value_of_counts
from lab.statistics.rates import normal_quantile

LOST = 0.05
"""The share of cases that a better rung gets wrong and the other one right."""
POWER, ALPHA = 0.8, 0.05
MOST = 5_000
"""No more cases than these are asked for."""
_TINY = 1e-9
"""Chances whose sum is below this are left out."""


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


def chance(
    gained: int,
    lost: int,
    same: int,
    more: int,
    *,
    p_gained: float,
    p_lost: float,
    bar: float = BAR,
    margin: float = 0.0,
) -> float:
    """Return the probability that `more` further cases bring the e-value to `bar`.

    `gained`, `lost` and `same` are the cases so far; each further one is gained with
    probability `p_gained`, lost with `p_lost` and else the same, whatever the others are. The
    e-value is that of `evidence.e_value` against `margin`, looked at once all are there, so
    that looking earlier can only bring more. Exact but for what is rarer than one in a billion.
    Raises ValueError for a count below 0, for probabilities that are none, or for a margin
    outside (-1, 1).
    """
    _check(p_gained, p_lost, gained, lost, same, more)

    def passes(up: int, down: int) -> bool:
        left = same + more - up - down
        return e_value_of_counts(gained + up, lost + down, left, margin) >= bar

    ups = p_gained / (1 - p_lost) if p_lost < 1 else 0.0
    total, least = 0.0, 0
    for down, weight in _likely(more, p_lost):
        least = _least(passes, down, least, more - down)
        if least > more - down:
            # One more lost never lets fewer gained be enough.
            break
        total += weight * _at_least(least, more - down, min(ups, 1.0))
    return min(total, 1.0)


def needed_more(
    gained: int,
    lost: int,
    same: int,
    *,
    p_gained: float,
    p_lost: float,
    bar: float = BAR,
    margin: float = 0.0,
    power: float = POWER,
    most: int = MOST,
) -> int | None:
    """Return how many more cases bring the e-value to `bar` with this power; None above `most`.

    At least 1. None, too, where the mean difference would come to no more than `margin`. The
    arguments are those of `chance`, whose value at the result comes as near to `power` as at
    the number just below or above; it is not quite steady in the number of cases, so that a
    slightly smaller one may do, too. Raises ValueError as `chance` does, or for a power that
    is not between 0 and 1.
    """
    _check(p_gained, p_lost, gained, lost, same)
    if not 0 < power < 1:
        raise ValueError(f"A power must be between 0 and 1, not {power}.")
    if p_gained - p_lost <= margin or most < 1:
        return None
    known: dict[int, float] = {}

    def reached(more: int) -> float:
        if more not in known:
            known[more] = chance(
                gained, lost, same, more, p_gained=p_gained, p_lost=p_lost, bar=bar, margin=margin
            )
        return known[more]

    low, high = 0, 1
    while reached(high) < power:
        if high == most:
            return None
        low, high = high, min(4 * high, most)
    while high - low > 1:
        middle = _between(low, high, reached, power)
        low, high = (middle, high) if reached(middle) < power else (low, middle)
    return low if low and power - reached(low) < reached(high) - power else high


def needed_to_rule_out(
    delta: float,
    spread: float,
    n: int,
    *,
    margin: float,
    confidence: float = 0.95,
    power: float = POWER,
    most: int = MOST,
) -> int | None:
    """Return how many more cases bring the interval's upper end below `margin` with this power.

    `delta` is the true mean difference, which the `n` cases so far have shown, too; a case's
    difference has standard deviation `spread`. At least 1; None above `most`, or where delta
    is not below `margin`. Normal approximation. Raises ValueError for a spread or n below 0,
    or for a confidence or power that is not between 0 and 1.

    Sources: Lan & Wittes (1988), "The B-value: a tool for monitoring data", Biometrics 44
    (power given the cases so far, the trend going on); with n = 0 it is the usual size for
    an interval's end, ((z of the confidence + z of the power) · spread/(margin − delta))².
    """
    if spread < 0 or n < 0 or not 0 < power < 1:
        raise ValueError(f"No spread {spread} over {n} cases with a power of {power}.")
    wide, narrow = normal_quantile(confidence), NormalDist().inv_cdf(power)
    if delta >= margin:
        return None

    def enough(more: int) -> bool:
        size = n + more
        short = (margin - delta) * size - wide * spread * math.sqrt(size)
        return short > 0 and short >= narrow * spread * math.sqrt(more)

    if not enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _check(p_gained: float, p_lost: float, *counts: int) -> None:
    """Raise ValueError for probabilities that are none or counts below 0."""
    if not (p_gained >= 0 and p_lost >= 0 and p_gained + p_lost <= 1 + 1e-9):
        raise ValueError(f"{p_gained} gained and {p_lost} lost are no shares of the same cases.")
    if min(counts) < 0:
        raise ValueError(f"A count cannot be below zero: {counts}.")


def _between(low: int, high: int, reached: Callable[[int], float], power: float) -> int:
    """Return a number between the two, about where the power should be reached.

    In normal quantiles the power is nearly a line over the square root of the cases.
    """
    quantile = NormalDist().inv_cdf
    ends = [quantile(min(max(reached(k), 1e-6), 1 - 1e-6)) if k else -5.0 for k in (low, high)]
    goal = quantile(power)
    if ends[1] <= ends[0]:
        return (low + high) // 2
    share = (goal - ends[0]) / (ends[1] - ends[0])
    root = math.sqrt(low) + share * (math.sqrt(high) - math.sqrt(low))
    guess = round(root * root)
    gap = max(1, (high - low) // 64)
    # A little past the guess, on the longer side: so the bracket closes from both sides.
    guess += gap if guess - low < high - guess else -gap
    return min(max(guess, low + 1), high - 1)


def _least(passes: Callable[[int, int], bool], down: int, start: int, most: int) -> int:
    """Return the least number gained, from `start`, that passes; more than `most` if none does."""
    low, high, step = start - 1, start, 1
    while high <= most and not passes(high, down):
        low, high, step = high, high + step, 2 * step
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle, down) else (middle, high)
    return high


def _likely(n: int, p: float) -> list[tuple[int, float]]:
    """Return the likely successes of n trials, ascending, with their probabilities."""
    mode = min(n, math.floor((n + 1) * p))
    found = [(mode, _binomial(mode, n, p))]
    if p <= 0 or p >= 1:
        return found
    for way in (-1, 1):
        k, weight = found[0] if way < 0 else found[-1]
        part: list[tuple[int, float]] = []
        while 0 <= k + way <= n and weight > _TINY / 100:
            weight *= _step(k, n, p) if way > 0 else 1 / _step(k - 1, n, p)
            k += way
            part.append((k, weight))
        found = part[::-1] + found if way < 0 else found + part
    return found


def _at_least(k: int, n: int, p: float) -> float:
    """Return the probability of k successes or more in n trials."""
    if k <= 0:
        return 1.0
    if p <= 0 or k > n:
        return 0.0
    if p >= 1:
        return 1.0
    upper = k > n * p
    term = total = _binomial(k if upper else k - 1, n, p)
    for at in range(k, n) if upper else range(k - 1, 0, -1):
        term *= _step(at, n, p) if upper else 1 / _step(at - 1, n, p)
        total += term
        if term < _TINY / 100:
            break
    return total if upper else 1 - total


def _step(k: int, n: int, p: float) -> float:
    """Return the ratio of the probabilities of k + 1 and of k successes in n trials."""
    return (n - k) / (k + 1) * (p / (1 - p))


def _binomial(k: int, n: int, p: float) -> float:
    """Return the probability of k successes in n trials."""
    if p <= 0 or p >= 1:
        return float(k == (n if p >= 1 else 0))
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
