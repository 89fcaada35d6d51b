"""The report's drawings: the ladder, a step's difference, cost against quality, the trend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from lab.ladder import words
from lab.ladder.rungs import RungFacts
from lab.ladder.telling import when
from lab.ladder.trend import Revision
from lab.report.svg import drawing, element, interval, label, line, marker
from lab.statistics.paired import Difference
from lab.statistics.rates import Rate

_QUARTERS = (0, 25, 50, 75, 100)


def ladder_plot(rungs: Sequence[RungFacts], target: float | None) -> str:
    """Draw each rung's rate with its interval, from 0 to 100%."""
    row, top = 48, 22 if target is not None else 4
    height = top + row * len(rungs) + 20
    bottom = height - 18
    parts = [line(x, top, x, bottom, "grid") for x in _QUARTERS]
    parts += [label(x, height - 4, f"{x}%", "tick", _anchor(x)) for x in _QUARTERS]
    if target is not None:
        x = target * 100
        parts.append(line(x, top - 6, x, bottom, "target"))
        parts.append(label(x, 11, f"target {words.percent(target)}", "tick", _anchor(x)))
    for place, facts in enumerate(rungs):
        parts.append(_ladder_row(facts, top + place * row))
    told = "; ".join(f"{facts.rung} {rate_text(facts.standing.rate)}" for facts in rungs)
    return drawing(f"The ladder, rate of right answers with 95% interval: {told}", height, *parts)


def _ladder_row(facts: RungFacts, y: float) -> str:
    rate = facts.standing.rate
    parts = [label(0, y + 15, facts.rung, "name"), label(100, y + 15, rate_text(rate), "", "end")]
    if rate is not None:
        low, high = rate.low * 100, rate.high * 100
        parts += [interval(low, high, y + 32), marker(rate.rate * 100, y + 32, facts.rung)]
    return "".join(parts)


def rate_text(rate: Rate | None) -> str:
    """Return a rate with its interval: "83% (78% to 87%), n 300"."""
    if rate is None:
        return "no verdict yet"
    return (
        f"{words.percent(rate.rate)} ({words.percent(rate.low)} to {words.percent(rate.high)}), "
        f"n {rate.n:,}"
    )


def difference_plot(found: Difference, margin: float) -> str:
    """Draw a step's difference with its interval, beside none and what it must exceed."""
    least, most = min(0.0, found.low, margin), max(0.0, found.high, margin)
    room = max(0.02, (most - least) * 0.12)
    low, high = max(-1.0, least - room), min(1.0, most + room)

    def x(share: float) -> float:
        return (share - low) / (high - low) * 100

    told = (
        f"{words.points(found.delta, signed=True)} points "
        f"({words.points(found.low, signed=True)} to {words.points(found.high, signed=True)})"
    )
    parts = [line(0, 34, 100, 34, "grid"), line(x(0), 24, x(0), 44, "axis")]
    parts.append(label(x(0), 60, "no difference", "tick", _anchor(x(0), 25)))
    if abs(x(margin) - x(0)) > 2:
        parts.append(line(x(margin), 24, x(margin), 44, "target"))
    if abs(x(margin) - x(0)) > 35:
        parts.append(label(x(margin), 60, "must exceed", "tick", _anchor(x(margin), 25)))
    parts += [interval(x(found.low), x(found.high), 34), marker(x(found.delta), 34, "tuned")]
    parts.append(label(x(found.delta), 15, told, "name", _anchor(x(found.delta), 35)))
    return drawing(f"Difference: {told}; it must exceed {words.points(margin)}", 66, *parts)


def cost_plot(rungs: Sequence[RungFacts]) -> str:
    """Draw what an answer costs against how often it is right; empty with fewer than two.

    A rung of unknown price has no place on it.
    """
    placed = [
        (facts, facts.per_answer, facts.standing.rate)
        for facts in rungs
        if facts.per_answer is not None and facts.standing.rate is not None
    ]
    if len(placed) < 2:
        return ""
    left, right, top, bottom = 11.0, 96.0, 12.0, 232.0
    ticks, scale = _cost_axis([cost for _, cost, _ in placed])

    def x(cost: float) -> float:
        return left + (right - left) * scale(cost)

    def y(share: float) -> float:
        return bottom - (bottom - top) * share

    parts: list[str] = []
    for quarter in _QUARTERS:
        parts.append(line(left, y(quarter / 100), right, y(quarter / 100), "grid"))
        parts.append(label(left - 1.5, y(quarter / 100) + 4, f"{quarter}%", "tick", "end"))
    for tick in ticks:
        parts.append(line(x(tick), bottom, x(tick), bottom + 5, "axis"))
        shown = words.cost(tick) if scale.logarithmic else words.money(tick)
        parts.append(label(x(tick), bottom + 19, shown, "tick", "middle"))
    parts.append(label(right, bottom + 38, "cost of an answer →", "tick", "end"))
    front = sorted((cost, rate.rate) for facts, cost, rate in placed if facts.on_front)
    for (cost, rate), (cost2, rate2) in pairwise(front):
        parts.append(line(x(cost), y(rate), x(cost2), y(rate2), "front"))
    taken: list[tuple[float, float]] = []
    for facts, cost, rate in placed:
        parts.append(line(x(cost), y(rate.low), x(cost), y(rate.high), "interval thin"))
        parts.append(marker(x(cost), y(rate.rate), facts.rung, "" if facts.on_front else "hollow"))
        parts.append(_beside(x(cost), y(rate.rate), facts.rung, taken))
    told = "; ".join(
        f"{facts.rung} {words.cost(cost)} an answer, {words.percent(rate.rate)} right"
        for facts, cost, rate in placed
    )
    return drawing(f"Cost against quality: {told}", bottom + 46, *parts)


def _beside(x: float, y: float, text: str, taken: list[tuple[float, float]]) -> str:
    """Write a name beside its mark, lower where another name is there already."""
    at = y - 9
    while any(abs(other - x) < 18 and abs(above - at) < 14 for other, above in taken):
        at += 26
    taken.append((x, at))
    on_the_left = x > 70
    inner = element(
        "text",
        text=text,
        x=-9 if on_the_left else 9,
        text_anchor="end" if on_the_left else "start",
        class_="name",
    )
    return element("svg", inner, x=f"{x:.2f}%", y=at, width=1, height=1, overflow="visible")


class _Scale:
    """Places a cost between 0 and 1; where the spread is large by its logarithm.

    What is free then stands at 0, apart from what is not.
    """

    def __init__(self, costs: Sequence[float]) -> None:
        paid = [cost for cost in costs if cost > 0]
        self.logarithmic = bool(paid) and max(paid) > 8 * min(paid)
        self.has_free = len(paid) < len(costs)
        if self.logarithmic:
            self.low = math.log10(min(paid)) - 0.15
            self.high = math.log10(max(paid)) + 0.15
        else:
            self.low, self.high = 0.0, max(paid, default=1.0) * 1.12

    def __call__(self, cost: float) -> float:
        if not self.logarithmic:
            return cost / self.high
        room = 0.15 if self.has_free else 0.0
        if cost <= 0:
            return 0.02
        share = (math.log10(cost) - self.low) / (self.high - self.low)
        return room + (1 - room) * share


def _cost_axis(costs: Sequence[float]) -> tuple[list[float], _Scale]:
    """Return where an axis of costs has its ticks, and how costs are placed on it."""
    scale = _Scale(costs)
    if not scale.logarithmic:
        step = _round_step(scale.high / 4)
        return [step * k for k in range(int(scale.high / step) + 1)], scale
    powers = range(math.floor(scale.low) - 1, math.ceil(scale.high) + 1)
    steps = (1, 2, 5) if scale.high - scale.low < 1.6 else (1,)
    ticks = [factor * 10.0**power for power in powers for factor in steps]
    shown = [tick for tick in ticks if scale.low <= math.log10(tick) <= scale.high]
    return ([0.0] if scale.has_free else []) + shown, scale


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def trend_plot(trend: Sequence[Revision]) -> str:
    """Draw each rung's rate over the benchmark's revisions; empty with fewer than two."""
    if len(trend) < 2:
        return ""
    left, right, top, bottom = 11.0, 82.0, 10.0, 190.0

    def x(place: int) -> float:
        return left + (right - left) * place / (len(trend) - 1)

    def y(share: float) -> float:
        return bottom - (bottom - top) * share

    parts: list[str] = []
    for quarter in _QUARTERS:
        parts.append(line(left, y(quarter / 100), right, y(quarter / 100), "grid"))
        parts.append(label(left - 1.5, y(quarter / 100) + 4, f"{quarter}%", "tick", "end"))
    days = [when(revision.began) for revision in (trend[0], trend[-1])]
    if days[0][:10] != days[1][:10]:
        days = [day[:10] for day in days]
    for place, day, anchor in ((left, days[0], "start"), (right, days[1], "end")):
        parts.append(label(place, bottom + 18, day, "tick", anchor))
    taken: list[tuple[float, float]] = []
    rungs = list(dict.fromkeys(rung for revision in trend for rung in revision.rates))
    for rung in rungs:
        found = [
            (place, revision.rates[rung])
            for place, revision in enumerate(trend)
            if rung in revision.rates
        ]
        for (here, rate), (then, after) in pairwise(found):
            parts.append(line(x(here), y(rate.rate), x(then), y(after.rate), "trend"))
        for place, rate in found:
            parts.append(line(x(place), y(rate.low), x(place), y(rate.high), "interval thin"))
            parts.append(marker(x(place), y(rate.rate), rung))
        last, rate = found[-1]
        parts.append(_after(x(last), y(rate.rate), rung, taken))
    told = "; ".join(
        f"{rung} {words.percent(trend[-1].rates[rung].rate)}"
        for rung in rungs
        if rung in trend[-1].rates
    )
    title = f"Rates over {len(trend)} revisions of the benchmark, the newest: {told or 'none'}"
    return drawing(title, bottom + 26, *parts)


def _after(x: float, y: float, text: str, taken: list[tuple[float, float]]) -> str:
    """Write a name after the last mark of its line."""
    at = y + 4
    while any(abs(above - at) < 14 for _, above in taken):
        at += 14
    taken.append((x, at))
    inner = element("text", text=text, x=10, class_="name")
    return element("svg", inner, x=f"{x:.2f}%", y=at, width=1, height=1, overflow="visible")


def _anchor(x: float, edge: float = 12) -> str:
    """Return how a text at x is aligned, so that it stays within the drawing."""
    return "start" if x < edge else "end" if x > 100 - edge else "middle"
