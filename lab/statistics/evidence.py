"""The evidence that a step up gains, valid however often one looks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import mul

BAR = 20.0
"""The e-value that counts as evidence enough: false alarms stay under 1/BAR, 5%."""
_MOST = 1_000
_NODES = 16
_ALIKE = 1e-9
_DEEP = 24.0
"""Where an integrand has fallen by so much (in logs) it adds nothing that could be told."""


def e_value(differences: Iterable[float], margin: float = 0.0) -> float:
    """Return the evidence that the mean difference is above `margin`, at least 0.

    `differences` are those of the cases' mean scores, second minus first, each in [-1, 1] and
    in any order; `margin` lies between -1 and 1. The result is 1 without any and grows with
    the evidence; `math.inf` where it is too large for a float. It is what a gambler's stake
    of 1 has become who bets on every case at odds that are fair or worse if the mean is
    `margin` or less: the mean, over the stakes λ between 0 and 1/(1 + margin), of the product
    of 1 + λ(difference − margin). Were the mean no more than `margin`, the chance that this
    *ever* reaches x, looking after every case, would be at most 1/x (Ville's inequality).
    With margin 0 and whole differences the cases that stay the same do not count, and this is
    the beta-binomial mixture with a uniform prior on (1/2, 1] against 1/2.
    Raises ValueError for a difference outside [-1, 1] or a margin outside (-1, 1).

    Sources: Ville (1939), "Étude critique de la notion de collectif"; Waudby-Smith & Ramdas
    (2024), "Estimating means of bounded random variables by betting", Journal of the Royal
    Statistical Society B 86; Robbins (1970), "Statistical methods related to the law of the
    iterated logarithm", Annals of Mathematical Statistics 41 (mixtures); Grünwald, de Heide &
    Koolen (2024), "Safe testing", Journal of the Royal Statistical Society B 86 (e-values).
    """
    return _exp(_log_e(_counted(differences), margin))


def e_value_of_counts(gained: int, lost: int, same: int = 0, margin: float = 0.0) -> float:
    """Return `e_value` of so many cases gained (1), lost (-1) and left the same (0).

    Raises ValueError for a count below 0 or a margin outside (-1, 1).
    """
    if min(gained, lost, same) < 0:
        raise ValueError(f"A count cannot be below zero: {gained}, {lost}, {same}.")
    return _exp(_log_e({1.0: gained, -1.0: lost, 0.0: same}, margin))


def soonest(differences: Iterable[float], bar: float = BAR, margin: float = 0.0) -> int | None:
    """Return how many gained cases in a row would bring the e-value to `bar`.

    0 where it is there already, None where more than 1000 would be needed. The errors are
    those of `e_value`.
    """
    counts = _counted(differences)
    goal = math.log(bar)

    def there(more: int) -> bool:
        return _log_e({**counts, 1.0: counts.get(1.0, 0) + more}, margin) >= goal

    if there(0):
        return 0
    if not there(_MOST):
        return None
    low, high = 0, 1
    while high < _MOST and not there(high):
        low, high = high, min(2 * high, _MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if there(middle) else (middle, high)
    return high


def _counted(differences: Iterable[float]) -> dict[float, int]:
    """Return how often each difference occurs, having looked at their range."""
    counts = Counter(differences)
    for difference in counts:
        if not -1 <= difference <= 1:
            raise ValueError(f"A difference must be between -1 and 1, not {difference}.")
    return counts


def _log_e(counts: Mapping[float, int], margin: float) -> float:
    """Return the logarithm of the e-value of differences that occur so often."""
    if not -1 < margin < 1:
        raise ValueError(f"A margin must be between -1 and 1, not {margin}.")
    if margin == 0 and counts.keys() <= {-1.0, 0.0, 1.0}:
        return _log_binary(counts.get(1.0, 0), counts.get(-1.0, 0))
    terms = [(d - margin, count) for d, count in counts.items() if count and d != margin]
    return _log_mixture(terms, 1 / (1 + margin)) if terms else 0.0


def _log_binary(gained: int, lost: int) -> float:
    """Return the logarithm of the beta-binomial mixture over (1/2, 1] against 1/2.

    With m = gained + lost it is the sum of the binomial coefficients C(m + 1, k) for k up to
    `gained`, over (m + 1)·C(m, gained): the incomplete beta function at 1/2, written out.
    """
    changed = gained + lost
    if gained <= lost:
        return math.log(_tail(gained, lost))
    # Both tails together are all of 2^(m + 1); the smaller one is the one to add up.
    whole = (
        (changed + 1) * math.log(2)
        + math.lgamma(gained + 1)
        + math.lgamma(lost + 1)
        - math.lgamma(changed + 2)
    )
    return whole + math.log1p(-_tail(lost, gained) * math.exp(-whole))


def _tail(fewer: int, more: int) -> float:
    """Return the mixture for fewer gained than lost, by adding up from its largest term."""
    term = total = 1.0
    above = fewer + more + 2
    for k in range(fewer, 0, -1):
        term *= k / (above - k)
        total += term
        if term < 1e-17 * total:
            break
    return total / (more + 1)


def _log_mixture(terms: list[tuple[float, int]], end: float) -> float:
    """Return the log of the mean over λ in (0, end) of the product of (1 + λ·slope)^count.

    No slope is below -1/end. The product's logarithm is concave, so it has one top; on either
    side of it the part that matters is integrated by Gauss's rule.
    """
    slopes = [slope for slope, _ in terms]
    counts = [count for _, count in terms]

    def height(at: float) -> float:
        return sum(map(mul, counts, [math.log1p(at * slope) for slope in slopes]))

    top = _top(terms, end)
    peak = height(top)
    curve = math.fsum(count * (slope / (1 + top * slope)) ** 2 for slope, count in terms)
    reach = 5 / math.sqrt(curve)
    total = 0.0
    for side, room in ((-1, top), (1, end - top)):
        if room <= 0:
            continue
        width = min(reach, room)
        # At the very edge nothing may be left, so it is reached without a look.
        while width < room and peak - height(top + side * width) < _DEEP:
            width = min(1.5 * width, room)
        while peak - height(top + side * width * 0.75) >= _DEEP:
            width *= 0.75
        total += width * math.fsum(
            weight * math.exp(height(top + side * width * x) - peak) for x, weight in _gauss()
        )
    return peak + math.log(total / end)


def _top(terms: list[tuple[float, int]], end: float) -> float:
    """Return about where in [0, end] the product is largest, by Newton's method in a bracket."""

    def rise(at: float) -> float:
        return math.fsum(count * slope / (1 + at * slope) for slope, count in terms)

    if rise(0) <= 0:
        return 0.0
    if 1 + end * min(terms)[0] > _ALIKE and rise(end) >= 0:
        return end
    low, high = 0.0, end
    at = end / 2
    for _ in range(60):
        up = rise(at)
        low, high = (at, high) if up > 0 else (low, at)
        step = up / math.fsum(count * (slope / (1 + at * slope)) ** 2 for slope, count in terms)
        if abs(step) <= 1e-4 * min(at, end - at):
            break
        at = at + step if low < at + step < high else (low + high) / 2
    return at


@lru_cache(maxsize=1)
def _gauss() -> tuple[tuple[float, float], ...]:
    """Return the places and weights of Gauss's rule on (0, 1)."""
    found: list[tuple[float, float]] = []
    for k in range(_NODES):
        x = math.cos(math.pi * (k + 0.75) / (_NODES + 0.5))
        slope = 1.0
        for _ in range(8):
            before, here = 1.0, x
            for n in range(2, _NODES + 1):
                before, here = here, ((2 * n - 1) * x * here - (n - 1) * before) / n
            slope = _NODES * (x * here - before) / (x * x - 1)
            x -= here / slope
        found.append(((1 + x) / 2, 1 / ((1 - x * x) * slope * slope)))
    return tuple(found)


def _exp(logarithm: float) -> float:
    """Return e to this power, infinity where a float cannot hold it."""
    return math.exp(logarithm) if logarithm < 709 else math.inf
