"""One text on its way to the screen: as it came, and as lines at the width it has now."""

from __future__ import annotations

from time import perf_counter

from tui.widgets.wrapping import Wrapper

PIECE = 8192
"""Characters that are wrapped between two looks at the clock (at most about 4 ms)."""


class Flow:
    """A text that grows at its end and is wrapped a little at a time.

    `work` wraps what is new. After `resize` the lines of the old width stay until the
    text has been wrapped once more, so that a change of width never blocks and never
    shows half of a text.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._done = 0
        self._width = 0
        self._coming: Wrapper | None = None
        self.lines = Wrapper(0)

    @property
    def text(self) -> str:
        """The whole text as it came. Takes time in proportion to its length."""
        return "".join(self._parts)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def append(self, text: str) -> None:
        """Add text at the end."""
        if len(text) <= PIECE:
            if text:
                self._parts.append(text)
        else:
            self._parts += _pieces(text)

    def resize(self, width: int) -> None:
        """Ask for lines of at most `width` cells."""
        if width == self._width:
            return
        self._width = width
        self._parts = _pieces(self.text)
        self._done = 0
        if len(self.lines):
            self._coming = Wrapper(width)
        else:
            self.lines, self._coming = Wrapper(width), None

    def work(self, until: float) -> bool:
        """Wrap until all is done or `perf_counter` has passed `until`.

        Returns whether all is done.
        """
        lines = self.lines if self._coming is None else self._coming
        while self._done < len(self._parts):
            lines.feed(self._parts[self._done])
            self._done += 1
            if perf_counter() > until:
                break
        if self._done < len(self._parts):
            return False
        self.lines, self._coming = lines, None
        return True


def letters_before(lines: Wrapper, row: int) -> int:
    """Return how many characters but blanks stand above a row; no width changes that."""
    above = (lines.line(index) for index in range(min(row, len(lines))))
    return sum(len(line) - line.count(" ") for line in above)


def row_of(lines: Wrapper, letters: int) -> int:
    """Return the row that holds the character with so many characters before it."""
    for row in range(len(lines)):
        line = lines.line(row)
        letters -= len(line) - line.count(" ")
        if letters < 0:
            return row
    return max(0, len(lines) - 1)


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
