"""From the elements of a page, as they open and close, to Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from store.readers.source import Refused, Writer

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INLINE = {
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn"),
    *("em", "font", "i", "ins", "kbd", "label", "mark", "q", "ruby", "rt", "s", "samp", "small"),
    *("span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "input", "meta"),
    *("nobr", "button", "output", "meter", "progress", "link", "picture", "source"),
}
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_LAYOUT = "table, ul, ol, h1, h2, h3, h4, h5, h6, pre, blockquote, p + p"
_DEEPEST_LIST = 12


class HtmlWriter:
    """Takes a page's elements and words in order. Raises Refused beyond `max_chars`."""

    def __init__(self, max_chars: int) -> None:
        self._out = Writer(max_chars)
        self._line: list[str] = []
        self._left = max_chars
        self._heading = 0
        self._lists: list[int | None] = []
        self._mark = ""
        self._verbatim = 0
        # Of each open table: its cells in the present row, or None where it is for layout.
        self._tables: list[list[str] | None] = []
        self._first_row = False

    def text(self) -> str:
        """Return what was written."""
        self._flush()
        return str(self._out)

    def heading(self, level: int, text: str) -> None:
        """Write a heading that is no element of the page's body."""
        self._out.heading(level, text)

    def words(self, text: str) -> None:
        """Take words as they stand in the page."""
        if not self._verbatim:
            text = _BLANKS.sub(" ", text)
        self._left -= len(text)
        if self._left < 0:
            raise Refused("long")
        self._line.append(text)

    def open(self, node: LexborNode) -> None:
        """Take the start of an element."""
        tag = node.tag or ""
        if tag == "br":
            self._line.append("\n")
        elif tag == "img":
            self.words(" ".join((node.attributes.get("alt") or "").split()))
        elif tag == "q":
            self._line.append("“")
        elif tag not in _INLINE:
            self._open_block(tag, node)

    def close(self, tag: str) -> None:
        """Take the end of an element."""
        if tag == "q":
            self._line.append("”")
        elif tag not in _INLINE and tag not in ("br", "img"):
            self._close_block(tag)

    def _open_block(self, tag: str, node: LexborNode) -> None:
        if self._cells is not None and tag not in ("tr", "td", "th"):
            self._line.append(" ")  # within a cell of a table of values
            return
        self._flush()
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol", "menu"):
            self._lists.append(_start(node) if tag == "ol" else None)
        elif tag == "li":
            self._mark = self._next_mark()
        elif tag == "pre":
            self._verbatim += 1
        elif tag == "table":
            # Of the children, since an element may be found among what is within it.
            is_layout = any(child.css_first(_LAYOUT) for child in node.iter())
            self._tables.append(None if is_layout else [])
            self._first_row = True
        elif tag == "hr":
            self._out.block("---")

    def _close_block(self, tag: str) -> None:
        cells = self._cells
        if cells is not None and tag != "table":
            if tag in ("td", "th"):
                cells.append(self._taken())
            elif tag == "tr":
                self._end_row(cells)
            elif tag == "caption":
                self._out.block(self._taken())
            else:
                self._line.append(" ")
            return
        self._flush()
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in ("ul", "ol", "menu") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._mark = ""
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)
        elif tag == "table" and self._tables:
            self._tables.pop()

    @property
    def _cells(self) -> list[str] | None:
        return self._tables[-1] if self._tables else None

    def _end_row(self, cells: list[str]) -> None:
        if stray := self._taken():
            cells.append(stray)
        if any(cells):
            self._out.row(cells, first=self._first_row)
            self._first_row = False
        cells.clear()

    def _taken(self) -> str:
        """Return the words since the last block, without the blanks around their lines."""
        text = "".join(self._line)
        self._line.clear()
        if self._verbatim:
            return text.strip("\n").rstrip()
        lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
        return "\n".join(lines).strip()

    def _flush(self) -> None:
        text = self._taken()
        if not text:
            return
        if self._heading:
            self._out.heading(self._heading, text)
        elif self._verbatim:
            fence = "~~~~" if "```" in text else "```"
            self._out.block(f"{fence}\n{text}\n{fence}")
        elif self._mark or self._lists:
            margin = "  " * min(max(0, len(self._lists) - 1), _DEEPEST_LIST)
            mark, self._mark = self._mark or "  ", ""
            lines = text.replace("\n", f"\n{margin}{' ' * len(mark)}")
            self._out.block(f"{margin}{mark}{lines}", tight="list")
        else:
            self._out.block(text)

    def _next_mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "


def _start(node: LexborNode) -> int:
    start = (node.attributes.get("start") or "").strip()
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1
