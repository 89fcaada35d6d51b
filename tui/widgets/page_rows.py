"""The rows of a long text, page by page: where each begins, and nothing else of it."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from rich.cells import cell_len

from tui.widgets.shown_text import ShownText
from tui.widgets.wrapping import TAB, row_starts

_JOINER = "\u200d"
_BLANK = "\n\t "
_FEED = "␌"  # as the form feed between two pages is shown


class PageRows:
    """A text cut into rows of at most `width` cells; a row that heads a page before each.

    Offsets are those of `text.shown`. Making it takes time in proportion to the text's
    length (about 60 ms for a megabyte of English): for a long one, use a thread.
    """

    def __init__(self, text: ShownText, pages: Sequence[int], width: int) -> None:
        """Cut a text whose pages begin at these offsets of the text itself."""
        self.text = text
        self.width = max(TAB, width)
        self.pages = [text.to_shown(page) for page in pages] or [0]
        self.heads: dict[int, int] = {}
        """The rows that head a page, with the page's number."""
        self._starts = array("q")
        ends = [*self.pages[1:], len(text.shown)]
        for number, (start, end) in enumerate(zip(self.pages, ends, strict=True), start=1):
            if len(self.pages) > 1:
                self.heads[len(self._starts)] = number
                self._starts.append(start)
            self._cut(start, end)

    def _cut(self, start: int, end: int) -> None:
        shown = self.text.shown[start:end]
        if end < len(self.text.shown):
            shown = shown.removesuffix(_FEED)
        at = start
        for paragraph in shown.rstrip(_BLANK).split("\n"):
            self._starts.extend(at + first for first in row_starts(paragraph, self.width))
            at += len(paragraph) + 1

    def __len__(self) -> int:
        return len(self._starts)

    def span(self, row: int) -> tuple[int, int]:
        """Return where a row begins and ends; a row that heads a page is empty."""
        start = self._starts[row]
        if row in self.heads:
            return start, start
        return start, self._starts[row + 1] if row + 1 < len(self) else len(self.text.shown)

    def row_at(self, offset: int) -> int:
        """Return the row of text that an offset is in."""
        return max(0, bisect_right(self._starts, offset) - 1)

    def page_at(self, offset: int) -> int:
        """Return the number of the page that an offset is on, from 1."""
        return max(1, bisect_right(self.pages, offset))

    def drawn(self, row: int) -> tuple[str, list[int] | None]:
        """Return a row as it is drawn, and where in that each of its characters stands.

        The latter is None where each stands in its own place.
        """
        start, end = self.span(row)
        line = self.text.shown[start:end]
        if row + 1 in self.heads:
            line = line.removesuffix(_FEED)
        line = line.rstrip(_BLANK)
        if "\t" not in line and _JOINER not in line:
            return line, None
        parts: list[str] = []
        places: list[int] = []
        at = cells = 0
        for character, after in pairwise(line + "\n"):
            places.append(at)
            if character == "\t":
                character = " " * (TAB - cells % TAB)
            elif character == _JOINER and after in "\t \n":
                character = ""  # it joins nothing
            parts.append(character)
            at += len(character)
            cells += cell_len(character)
        return "".join(parts), places
