"""Markdown in a finished answer, told by ink alone: every character stays as it came.

A person who judges an answer must see its very text, marks and all. What a mark means is
shown by weight and colour, line by line and only for the lines that are painted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from tui.widgets.wrapping import Wrapper

Kind = Literal["heading", "strong", "emphasis", "code", "mark", "quote"]
Span = tuple[int, int, Kind]

LONGEST = 4000
"""Characters of a paragraph that are looked through; one longer is hardly prose."""

_FENCE = r" {0,3}(```|~~~)"
_HEADING = r" {0,3}#{1,6}(?: |$)"
_RULE = r" {0,3}([-*_])(?: *\1){2,} *$"
_QUOTE = r" {0,3}>"
_ITEM = r"\s*(?:[-*+]|\d{1,4}[.)]) "
_INLINE = (
    r"(?P<code>(?<!`)(`+)(?!`)[^`].*?(?<!`)\2(?!`))"
    r"|(?P<strong>(?<![*\w])\*\*(?=\S)[^*]+?(?<=\S)\*\*|(?<![_\w])__(?=\S)[^_]+?(?<=\S)__(?!\w))"
    r"|(?P<emphasis>(?<![*\w])\*(?=[^\s*])[^*]*?(?<=[^\s*])\*(?!\w)"
    r"|(?<![_\w])_(?=[^\s_])[^_]*?(?<=[^\s_])_(?!\w))"
)


class Marks:
    """The spans of each displayed row of a text that will not grow any more."""

    def __init__(self, lines: Wrapper) -> None:
        self.lines = lines
        self._starts = [0]
        self._fenced: list[bool] = []
        self._rows: dict[int, list[Span]] = {}
        self._find_paragraphs()

    def row(self, index: int) -> list[Span]:
        """Return the spans of a row as (start, end, kind), in characters, in their order."""
        if index not in self._rows:
            self._mark(bisect_right(self._starts, index) - 1)
        return self._rows.get(index, [])

    def _find_paragraphs(self) -> None:
        fence = ""
        for row in range(len(self.lines)):
            if row == self._starts[-1]:
                found = re.match(_FENCE, self.lines.line(row))
                sign = found[1] if found else ""
                self._fenced.append(bool(fence or sign))
                if not fence:
                    fence = sign
                elif sign == fence:
                    fence = ""
            if self.lines.join(row) == "\n":
                self._starts.append(row + 1)

    def _mark(self, paragraph: int) -> None:
        """Find the spans of one paragraph, and cut them at the ends of its rows."""
        first = self._starts[paragraph]
        last = (*self._starts, len(self.lines))[paragraph + 1]
        rows = [(self.lines.line(row), self.lines.join(row)) for row in range(first, last)]
        text = "".join(line + join for line, join in rows).removesuffix("\n")
        fenced = paragraph < len(self._fenced) and self._fenced[paragraph]
        spans: list[Span] = [(0, len(text), "code")] if fenced else list(spans_of(text))
        begins = 0
        for row, (line, join) in enumerate(rows, start=first):
            ends = begins + len(line)
            self._rows[row] = [
                (max(start, begins) - begins, min(end, ends) - begins, kind)
                for start, end, kind in spans
                if start < ends and end > begins
            ]
            begins = ends + len(join)


def spans_of(text: str) -> Iterator[Span]:
    """Yield the spans of one paragraph outside a fence, none over another."""
    if len(text) > LONGEST:
        return
    if re.match(_HEADING, text):
        yield 0, len(text), "heading"
        return
    if re.match(_RULE, text):
        yield 0, len(text), "mark"
        return
    if re.match(_QUOTE, text):
        yield 0, len(text), "quote"
        return
    start = 0
    if item := re.match(_ITEM, text):
        start = item.end()
        yield 0, start, "mark"
    for found in re.compile(_INLINE).finditer(text, start):
        kind: Kind = "code" if found["code"] else "strong" if found["strong"] else "emphasis"
        yield found.start(), found.end(), kind
