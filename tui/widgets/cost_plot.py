"""Cost against quality: each rung by what an answer costs and how often it is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from textual.content import Content
from textual.widget import Widget

from tui import glyphs
from tui.widgets.plot_area import AXIS, Field

ON_FRONT, BEHIND = "◆", "◇"
_FREE = 6
"""Cells at the left edge for what is free, where a logarithm has no place for it."""
_SPREAD = 10


@dataclass(frozen=True, slots=True)
class Point:
    """A rung in the plot: `cost` of an answer in US dollars, and a rate with its interval.

    `on_front`: no other rung is both at least as cheap and better.
    """

    name: str
    cost: float
    rate: float
    low: float
    high: float
    on_front: bool


class CostPlot(Widget):
    """Draws points in the cells that there are, those of the Pareto front joined."""

    DEFAULT_CSS = "CostPlot { width: 1fr; height: 1fr; }"

    def __init__(self, points: Sequence[Point], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._points = sorted(points, key=lambda point: (point.cost, -point.rate))

    def render(self) -> Content:
        return Content("\n").join(drawn(self._points, self.size.width, self.size.height))


def drawn(points: Sequence[Point], width: int, height: int) -> list[Content]:
    """Return a plot of points, given in the order of their cost, in so many cells."""
    field = Field(width - AXIS, height - 2)
    scale = _Scale([point.cost for point in points], field.width)
    places = [(scale.column(point.cost), field.row_of(point.rate)) for point in points]
    _join(field, [place for point, place in zip(points, places, strict=True) if point.on_front])
    for point, (column, _) in zip(points, places, strict=True):
        _whisker(field, point, column)
    for point, (column, row) in zip(points, places, strict=True):
        style = "bold $text-success" if point.on_front else "bold"
        field.put(column, row, ON_FRONT if point.on_front else BEHIND, style)
    for point, place in zip(points, places, strict=True):
        _name(field, point.name, *place)
    return field.framed(scale.numbers())


class _Scale:
    """Where a cost stands: on a line, or on a logarithm where the costs are far apart."""

    def __init__(self, costs: Sequence[float], width: int) -> None:
        paid = [cost for cost in costs if cost > 0]
        self.low, self.high = min(paid, default=0.0), max(paid, default=0.0)
        self.is_log = bool(paid) and self.high > _SPREAD * self.low
        self._width = width
        self._has_free = len(paid) < len(costs)
        if self.is_log:
            margin = (self.high / self.low) ** 0.08
            self.low, self.high = self.low / margin, self.high * margin

    def column(self, cost: float) -> int:
        """Return the column of a cost, from 0."""
        if cost <= 0:
            return 1
        if not self.is_log:
            return round(1 + (self._width - 8) * cost / self.high)
        share = math.log(cost / self.low) / math.log(self.high / self.low)
        left = _FREE if self._has_free else 1
        return round(left + (self._width - 1 - left) * share)

    def numbers(self) -> str:
        """Return the numbers under the axis, none of them over another."""
        row = [" "] * self._width
        for cost in self._ticks():
            text = "free" if cost == 0 and self._has_free else f"${cost:.6g}"
            start = min(max(0, self.column(cost) - len(text) // 2), self._width - len(text))
            near = row[max(0, start - 1) : start + len(text) + 1]
            if start >= 0 and not "".join(near).strip():
                row[start : start + len(text)] = text
        return "".join(row)

    def _ticks(self) -> list[float]:
        if not self.high:
            return [0.0]
        if not self.is_log:
            return [0.0, self.high] if self.high else [0.0]
        decades = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
        return [*([0.0] if self._has_free else []), *(10.0**power for power in decades)]


def _join(field: Field, front: Sequence[tuple[int, int]]) -> None:
    """Draw the front as stairs: along at a rate, and up at the cost of the next rung."""
    for (left, low), (right, high) in pairwise(front):
        for column in range(left + 1, right + 1):
            field.put(column, low, "·", "$text-success")
        for row in range(high + 1, low):
            field.put(right, row, "·", "$text-success")


def _whisker(field: Field, point: Point, column: int) -> None:
    top, bottom = field.row_of(point.high), field.row_of(point.low)
    for row in range(top, bottom + 1):
        mark = "│" if top < row < bottom else "┬" if row == top else "┴"
        field.put(column, row, mark, glyphs.MUTED)


def _name(field: Field, name: str, column: int, row: int) -> None:
    """Write a name beside its point, where there is room for it."""
    size = len(name)
    for start, at in (
        (column + 2, row),
        (column - size - 1, row),
        (column + 2, row - 1),
        (column + 2, row + 1),
        (column - size - 1, row - 1),
        (column - size - 1, row + 1),
    ):
        if field.is_free(start, at, size):
            field.put(start, at, name)
            return
