"""A bounded field of cells to draw a plot in, with its axis of rates at the left."""

from __future__ import annotations

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

    def with_axis(self) -> list[Content]:
        """Return all rows, each after the axis of rates."""
        marks = {self.row_of(share / 100): f"{share}" for share in (0, 50, 100)}
        if self.height >= 9:
            marks |= {self.row_of(share / 100): f"{share}" for share in (25, 75)}
        top = min(marks)
        return [
            Content.assemble(
                Content.styled(
                    f"{marks.get(row, '') + ('%' if row == top else ''):>{AXIS - 1}}"
                    + ("┤" if row in marks else "│"),
                    glyphs.MUTED,
                ),
                self.line(row),
            )
            for row in range(self.height)
        ]
