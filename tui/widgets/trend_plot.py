"""Rates over the revisions of the benchmark: an interval for each rung on each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.content import Content
from textual.widget import Widget

from tui import glyphs
from tui.widgets.plot_area import AXIS, Field

LEAST_COLUMN = 9
"""Cells that a revision takes at least."""


@dataclass(frozen=True, slots=True)
class Column:
    """One revision: what it is called, and (low, rate, high) of each mark, which is a glyph."""

    name: str
    rates: Mapping[str, tuple[float, float, float]] = field(
        default_factory=dict[str, tuple[float, float, float]]
    )


class TrendPlot(Widget):
    """Draws as many of the newest revisions as there is room for, the newest at the right."""

    DEFAULT_CSS = "TrendPlot { width: 1fr; height: 1fr; }"

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns

    def render(self) -> Content:
        return Content("\n").join(drawn(self._columns, self.size.width, self.size.height))


def drawn(columns: Sequence[Column], width: int, height: int) -> list[Content]:
    """Return a plot of the newest revisions, the newest last, in so many cells."""
    area = Field(width - AXIS, height - 2)
    shown = columns[-max(1, area.width // LEAST_COLUMN) :]
    room = min(16, area.width // max(1, len(shown)))
    marks = sorted({mark for column in shown for mark in column.rates})
    names = [" "] * area.width
    for place, column in enumerate(shown):
        start = place * room
        text = column.name[: room - 1]
        names[start + 1 : start + 1 + len(text)] = text
        for at, mark in enumerate(marks):
            if (found := column.rates.get(mark)) is not None:
                _draw(area, start + 1 + at * 2, mark, found)
    return area.framed("".join(names))


def _draw(area: Field, column: int, mark: str, rate: tuple[float, float, float]) -> None:
    low, middle, high = (area.row_of(share) for share in rate)
    for row in range(high, low + 1):
        end = "┬" if row == high else "┴" if row == low else "│"
        area.put(column, row, end, glyphs.MUTED)
    area.put(column, middle, mark, "bold")
