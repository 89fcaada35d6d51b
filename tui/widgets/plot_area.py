"""A bounded field of cells to draw a plot in, with its axes."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from tui import glyphs

AXIS = 5
"""Cells that the numbers of the axis take, with the axis itself."""


class Field:
    """Cells by column and row; row 0 is at the top. What lies outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(1, width), max(1, height)
        self._letters = [[" "] * self.width for _ in range(self.height)]
        self._styles = [[""] * self.width for _ in range(self.height)]

    def put(self, column: int, row: int, text: str, style: str = "") -> None:
        """Write text whose characters take one cell each."""
        for place, letter in enumerate(text, column):
            if 0 <= place < self.width and 0 <= row < self.height:
                self._letters[row][place] = letter
                self._styles[row][place] = style

    def is_free(self, column: int, row: int, cells: int) -> bool:
        """Return whether so many cells are there, with nothing in them but dots."""
        inside = 0 <= row < self.height and column >= 0 and column + cells <= self.width
        return inside and not "".join(self._letters[row][column : column + cells]).strip(" ·")

    def row_of(self, share: float) -> int:
        """Return the row of a share of 1: 1 is at the top, 0 at the bottom."""
        return round((1 - min(1.0, max(0.0, share))) * (self.height - 1))

    def line(self, row: int) -> Content:
        """Return a row as it is drawn."""
        parts: list[tuple[str, str]] = []
        for letter, style in zip(self._letters[row], self._styles[row], strict=True):
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + letter, style)
            else:
                parts.append((letter, style))
        return Content.assemble(*(Content.styled(text, style) for text, style in parts))

    def framed(self, below: str, numbers: Mapping[float, str] | None = None) -> list[Content]:
        """Return all rows after an axis, and below them another one with what stands there.

        `numbers` stand at the left, by their share of the height; without any they are rates.
        """
        marks = _rates(self) if numbers is None else {}
        for share, number in (numbers or {}).items():
            marks.setdefault(self.row_of(share), number)
        rows = [
            Content.assemble(
                Content.styled(
                    f"{marks.get(row, ''):>{AXIS - 1}}" + ("┤" if row in marks else "│"),
                    glyphs.MUTED,
                ),
                self.line(row),
            )
            for row in range(self.height)
        ]
        line = " " * (AXIS - 1) + "└" + "─" * self.width
        return [
            *rows,
            Content.styled(line, glyphs.MUTED),
            Content.styled(" " * AXIS + below[: self.width], glyphs.MUTED),
        ]


def _rates(field: Field) -> dict[int, str]:
    """Return the numbers of an axis of rates, by their rows; the uppermost has the sign."""
    marks = {field.row_of(share / 100): f"{share}" for share in (0, 50, 100)}
    if field.height >= 9:
        marks |= {field.row_of(share / 100): f"{share}" for share in (25, 75)}
    marks[min(marks)] += "%"
    return marks
