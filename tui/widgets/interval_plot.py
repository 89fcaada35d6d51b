"""A rate with its interval, drawn in one row of cells: ├──●───┤ between 0 and 100%."""

from __future__ import annotations

from textual.content import Content

from tui import glyphs

LOW, HIGH, RATE, SPAN, TARGET = "├", "┤", "●", "─", "┊"
_MARKS = (0, 25, 50, 75, 100)
_LEAST = 26
"""Cells from which all of the scale's numbers have room."""


def interval(
    low: float, rate: float, high: float, cells: int, target: float | None = None
) -> Content:
    """Return an interval on a scale of so many cells; the three are shares of 1.

    A `target` is marked where the interval does not cover it.
    """
    row = _blank(cells, target)
    first, at, last = (_cell(share, cells) for share in (low, rate, high))
    row[first : last + 1] = SPAN * (last + 1 - first)
    row[first], row[last] = LOW, HIGH
    row[at] = RATE
    text = "".join(row)
    return Content.assemble(
        Content.styled(text[:first], glyphs.MUTED),
        text[first:at],
        Content.styled(RATE, "bold"),
        text[at + 1 : last + 1],
        Content.styled(text[last + 1 :], glyphs.MUTED),
    )


def no_interval(cells: int, target: float | None = None) -> Content:
    """Return the row of a rung without a rate."""
    return Content.styled("".join(_blank(cells, target)), glyphs.MUTED)


def scale(cells: int) -> str:
    """Return the numbers above such rows; the last one ends with the percent sign."""
    marks = _MARKS if cells >= _LEAST else (0, 50, 100)
    row = [" "] * (cells + 2)
    for mark in marks:
        text = f"{mark}%" if mark == 100 else str(mark)
        # Each number ends above its place, but for the first.
        start = max(0, _cell(mark / 100, cells) - len(str(mark)) + 1)
        row[start : start + len(text)] = text
    return "".join(row)[: cells + 1].rstrip()


def _blank(cells: int, target: float | None) -> list[str]:
    row = [" "] * cells
    if target is not None:
        row[_cell(target, cells)] = TARGET
    return row


def _cell(share: float, cells: int) -> int:
    return round(min(1.0, max(0.0, share)) * (cells - 1))
