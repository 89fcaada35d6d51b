"""Curves over a training's steps, drawn in dots: eight to a cell, so that a slope is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from textual.content import Content
from textual.widget import Widget

from tui.widgets.plot_area import AXIS, Field

ACROSS, DOWN = 2, 4
"""Dots that a cell has beside and above each other."""
_BRAILLE = 0x2800
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_TICK = 12
"""Cells that a number under the axis takes at least."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points (step, value), the first step first; with a `mark` each of them is shown by it."""

    points: Sequence[tuple[int, float]]
    style: str = ""
    mark: str = ""


class CurvePlot(Widget):
    """Draws series below a title, from step 0 to the last one that is to come."""

    DEFAULT_CSS = "CurvePlot { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = Content("")
        self._series: Sequence[Series] = ()
        self._steps, self._rates, self._axis = 0, True, True

    def show(
        self,
        title: Content,
        series: Sequence[Series],
        steps: int,
        *,
        rates: bool = True,
        axis: bool = True,
    ) -> None:
        """Show series over so many steps; their values are `rates`, or begin at 0.

        Without an `axis` of steps it shares that of what stands below it.
        """
        self._title, self._series = title, series
        self._steps, self._rates, self._axis = steps, rates, axis
        self.refresh()

    def render(self) -> Content:
        width, height = self.size
        title = self._title.truncate(max(1, width), ellipsis=True)
        room = height - 1 if self._axis else height + 1
        lines = drawn(self._series, self._steps, width, room, rates=self._rates)
        return Content("\n").join([title, *lines][:height])


def drawn(
    series: Sequence[Series], steps: int, width: int, height: int, *, rates: bool = True
) -> list[Content]:
    """Return series in so many cells, with their axes."""
    field = Field(width - AXIS, height - 2)
    last = max([steps, 1, *(each.points[-1][0] for each in series if each.points)])
    values = [value for each in series for _, value in each.points]
    top = 1.0 if rates else max(values, default=0.0) or 1.0
    marks: list[tuple[int, int, Series]] = []
    for each in series:
        places = [
            (
                step / last * (field.width * ACROSS - 1),
                (1 - min(1.0, max(0.0, value / top))) * (field.height * DOWN - 1),
            )
            for step, value in each.points
        ]
        _draw(field, [(round(x), round(y)) for x, y in places], each.style)
        if each.mark:
            marks += [(round(x) // ACROSS, round(y) // DOWN, each) for x, y in places]
    for column, row, each in marks:
        field.put(column, row, each.mark, each.style)
    return field.framed(_numbers(last, field.width), None if rates else _values(top, field.height))


def _draw(field: Field, places: Sequence[tuple[int, int]], style: str) -> None:
    """Draw a line through places, which are dots."""
    cells: dict[tuple[int, int], int] = {}

    def dot(x: int, y: int) -> None:
        cell = (x // ACROSS, y // DOWN)
        cells[cell] = cells.get(cell, 0) | _BITS[x % ACROSS][y % DOWN]

    for (x, y), (to_x, to_y) in pairwise(places):
        far = max(abs(to_x - x), abs(to_y - y), 1)
        for part in range(far + 1):
            dot(x + round((to_x - x) * part / far), y + round((to_y - y) * part / far))
    if len(places) == 1:
        dot(*places[0])
    for (column, row), bits in cells.items():
        field.put(column, row, chr(_BRAILLE | bits), style)


def _values(top: float, height: int) -> Mapping[float, str]:
    """Return the numbers at the left of an axis that begins at 0."""
    found = {1.0: _short(top), 0.0: "0"}
    return found | {0.5: _short(top / 2)} if height >= 5 else found


def _short(value: float) -> str:
    """Return a number in at most four letters."""
    for text in (f"{value:.3g}", f"{value:.2g}", f"{value:.0e}".replace("e-0", "e-")):
        if len(text) < AXIS:
            return text
    return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")[: AXIS - 1]


def _numbers(last: int, width: int) -> str:
    """Return the steps under the axis: round ones, each under its place, none over another."""
    row = [" "] * width
    every = _every(last, max(1, width // _TICK))
    for step in range(0, last + 1, every):
        text = f"{step:,}" if step else "0"
        place = round(step / last * (width - 1))
        start = min(max(0, place - len(text) // 2), width - len(text))
        if start >= 0 and not "".join(row[max(0, start - 1) : start + len(text) + 1]).strip():
            row[start : start + len(text)] = text
    name = " step"
    end = len("".join(row).rstrip())
    if end + len(name) <= width:
        row[end : end + len(name)] = name
    return "".join(row)


def _every(last: int, most: int) -> int:
    """Return a round number of steps of which at most so many go into the last one."""
    size = 1
    while True:
        for round_one in (1, 2, 5):
            if last / (size * round_one) <= most:
                return size * round_one
        size *= 10
