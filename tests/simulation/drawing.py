"""Draw answers as they might fall, and count how often the statistics keep their word.

Everything is drawn with seeds made of the arguments, so that the same call returns the same.
"""

from __future__ import annotations

import math
import random
from functools import cache
from typing import NamedTuple

from lab.statistics.evidence import BAR, e_value, e_value_of_counts
from lab.statistics.paired import compare, newcombe
from lab.statistics.power import chance, needed_more
from lab.statistics.rates import rate_of, wilson

Scores = list[list[float]]
LOOKS = 300
"""So many cases a step is watched for, with a look after each."""


class Pairs(NamedTuple):
    """The rates of two variants, and the correlation of their passes."""

    first: float
    second: float
    correlation: float


class World(NamedTuple):
    """Cases whose chance to be passed is drawn from beta distributions, anew for each case.

    With probability `alike` the variants share a chance drawn from `shared`; else each has its
    own, from `first` and `second`. An answer that is no pass is half right with probability
    `partial`.
    """

    name: str
    shared: tuple[float, float]
    first: tuple[float, float]
    second: tuple[float, float]
    alike: float
    epochs: int
    partial: float = 0.0

    def truths(self) -> tuple[float, float]:
        """Return the mean scores of the two variants."""
        same, one, other = (a / (a + b) for a, b in (self.shared, self.first, self.second))
        first, second = (
            p + (1 - p) * self.partial / 2
            for p in (self.alike * same + (1 - self.alike) * own for own in (one, other))
        )
        return first, second

    def draw(self, draw: random.Random, n: int) -> tuple[Scores, Scores]:
        """Return the scores of n cases, of either variant."""
        sides: tuple[Scores, Scores] = ([], [])
        for _ in range(n):
            if draw.random() < self.alike:
                one = other = draw.betavariate(*self.shared)
            else:
                one, other = draw.betavariate(*self.first), draw.betavariate(*self.second)
            for side, odds in zip(sides, (one, other), strict=True):
                side.append([self._score(draw, odds) for _ in range(self.epochs)])
        return sides

    def _score(self, draw: random.Random, odds: float) -> float:
        if draw.random() < odds:
            return 1.0
        return 0.5 if self.partial and draw.random() < self.partial else 0.0


def wilson_coverage(n: int, rate: float) -> float:
    """Return how often Wilson's interval of n answers holds the rate, exactly."""
    total = 0.0
    for passed in range(n + 1):
        low, high = wilson(passed, n)
        if low <= rate <= high:
            total += math.comb(n, passed) * rate**passed * (1 - rate) ** (n - passed)
    return total


def pairs_coverage(pairs: Pairs, n: int, times: int) -> float:
    """Return how often Newcombe's interval of n pairs holds the difference."""
    first, second, correlation = pairs
    spread = math.sqrt(first * (1 - first) * second * (1 - second))
    both = first * second + correlation * spread
    cells = (both, second - both, first - both, 1 - first - second + both)
    assert min(cells) >= 0
    draw = random.Random(f"{pairs} {n}")
    interval = cache(newcombe)
    held = 0
    for _ in range(times):
        drawn = draw.choices("bgln", cells, k=n)
        counts = [drawn.count(each) for each in "bgl"]
        low, high = interval(*counts, n - sum(counts))
        held += low <= second - first <= high
    return held / times


def epochs_coverage(world: World, n: int, times: int) -> tuple[float, float, float]:
    """Return how often the rate's and the difference's interval hold, and the latter's width."""
    draw = random.Random(f"{world} {n}")
    first, second = world.truths()
    rates = differences = 0
    width = 0.0
    for _ in range(times):
        one, other = world.draw(draw, n)
        rate = rate_of(one)
        difference = compare(list(zip(one, other, strict=True)))
        assert rate is not None
        assert difference is not None
        rates += rate.low <= first <= rate.high
        differences += difference.low <= second - first <= difference.high
        width += difference.high - difference.low
    return rates / times, differences / times, width / times


@cache
def _passes(gained: int, lost: int, same: int, margin: float, bar: float) -> bool:
    return e_value_of_counts(gained, lost, same, margin) >= bar


def looks_climb(gained: float, lost: float, margin: float, times: int) -> float:
    """Return how often the e-value reaches the bar at any of LOOKS looks, one after each case."""
    draw = random.Random(f"{gained} {lost} {margin}")
    weights = (gained, lost, 1 - gained - lost)
    climbed = 0
    for _ in range(times):
        up = down = 0
        for seen, way in enumerate(draw.choices((1, -1, 0), weights, k=LOOKS), 1):
            up += way > 0
            down += way < 0
            # Only a gained case, or one the same with a margin below 0, raises it.
            if (way > 0 or margin < 0) and _passes(
                up, down, seen - up - down if margin else 0, margin, BAR
            ):
                climbed += 1
                break
    return climbed / times


def best_of_three_climbs(alpha: float, beta: float, times: int) -> tuple[float, float]:
    """Return how often the best of three variants no better passes 20, and 3·20, at any look."""
    draw = random.Random(f"three {alpha} {beta}")
    climbed = [0, 0]
    for _ in range(times):
        counts = [[0, 0] for _ in range(3)]
        passed = [False, False]
        for _ in range(LOOKS):
            odds = draw.betavariate(alpha, beta)
            base = draw.random() < odds
            for count in counts:
                if (draw.random() < odds) != base:
                    count[base] += 1
                    if not base and not passed[1]:
                        for k, bar in enumerate((BAR, 3 * BAR)):
                            passed[k] = passed[k] or _passes(*count, 0, 0.0, bar)
            if passed[1]:
                break
        climbed = [before + now for before, now in zip(climbed, passed, strict=True)]
    return climbed[0] / times, climbed[1] / times


def epochs_climb(world: World, times: int) -> float:
    """Return how often the e-value of a world without a gain reaches the bar, in 20 looks."""
    draw = random.Random(f"climb {world}")
    climbed = 0
    for _ in range(times):
        one, other = world.draw(draw, 100)
        differences = [
            math.fsum(b) / len(b) - math.fsum(a) / len(a) for a, b in zip(one, other, strict=True)
        ]
        climbed += any(e_value(differences[:seen]) >= BAR for seen in range(5, 101, 5))
    return climbed / times


def power_found(
    gained: float, lost: float, margin: float, times: int
) -> tuple[int, float, float, float]:
    """Return the cases needed, their power as reckoned, as found, and with a look after each."""
    more = needed_more(0, 0, 0, p_gained=gained, p_lost=lost, margin=margin)
    assert more is not None
    reckoned = chance(0, 0, 0, more, p_gained=gained, p_lost=lost, margin=margin)
    draw = random.Random(f"power {gained} {lost} {margin}")
    last = ever = 0
    weights = (gained, lost, max(0.0, 1 - gained - lost))
    for _ in range(times):
        up = down = 0
        shown = once = False
        for seen, way in enumerate(draw.choices((1, -1, 0), weights, k=more), 1):
            up += way > 0
            down += way < 0
            shown = _passes(up, down, seen - up - down if margin else 0, margin, BAR)
            once = once or shown
        last += shown
        ever += once
    return more, reckoned, last / times, ever / times
