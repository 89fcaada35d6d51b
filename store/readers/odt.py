"""OpenDocument texts (.odt) as Markdown: headings, paragraphs, lists, tables, notes.

Text that is tracked as deleted and comments are left out; it is one page, as with Word.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from store.readers.packed import Package
from store.readers.source import Refused, Source, Writer
from store.readers.xml_stream import elements

_LEFT_OUT = {"annotation", "annotation-end", "tracked-changes", "ruby-text", "desc", "title"}
_MAX_BLANKS = 1_000
_DEEPEST = 10


def pages(source: Source) -> list[str]:
    """Return the text as one page."""
    package = Package(source.data, "OpenDocument text")
    if b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise Refused("locked")
    if "content.xml" not in package.names:
        raise Refused("damaged", "OpenDocument text")
    text = _Text(source.max_chars)
    wanted = {"h", "p", "list", "table", "tracked-changes"}
    for element in elements(package.chunks("content.xml"), wanted):
        text.block(element)
    return [text.ended()]


class _Text:
    """A text on its way into Markdown."""

    def __init__(self, max_chars: int) -> None:
        self._out = Writer(max_chars)
        self._notes: list[str] = []

    def block(self, element: Element) -> None:
        """Write a block of the text."""
        if element.tag == "h":
            level = element.get("outline-level", "1")
            self._out.heading(int(level) if level in tuple("123456") else 6, self._line(element))
        elif element.tag == "p":
            self._out.block(self._line(element))
        elif element.tag == "list":
            self._list(element, 0)
        elif element.tag == "table":
            for number, row in enumerate(element.iter("table-row")):
                cells = [each for each in row if each.tag == "table-cell"]
                self._out.row([self._lines(cell) for cell in cells], first=number == 0)

    def ended(self) -> str:
        """Return the text, with its notes at the end."""
        for number, note in enumerate(self._notes, start=1):
            self._out.block(f"[^{number}]: {note}", tight="note")
        return str(self._out)

    def _list(self, element: Element, depth: int) -> None:
        for item in element:
            mark = "- "
            for inner in item:
                if inner.tag == "list":
                    self._list(inner, min(depth + 1, _DEEPEST))
                elif inner.tag in ("p", "h") and (line := self._line(inner)):
                    self._out.block("  " * depth + mark + line, tight="list")
                    mark = "  "

    def _lines(self, element: Element) -> str:
        lines = (self._line(each) for each in element.iter() if each.tag in ("p", "h"))
        return " ".join(line for line in lines if line)

    def _line(self, element: Element) -> str:
        parts: list[str] = []
        self._gather(element, parts)
        return "".join(parts).strip()

    def _gather(self, element: Element, parts: list[str]) -> None:
        # Line breaks and runs of blanks in the file mean one blank; more are elements.
        parts.append(_blanks(element.text))
        for child in element:
            if child.tag == "s":
                count = child.get("c", "1")
                parts.append(" " * min(int(count) if count.isdecimal() else 1, _MAX_BLANKS))
            elif child.tag == "tab":
                parts.append("\t")
            elif child.tag == "line-break":
                parts.append("\n")
            elif child.tag == "note":
                self._note(child, parts)
            elif child.tag not in _LEFT_OUT:
                self._gather(child, parts)
            parts.append(_blanks(child.tail))

    def _note(self, note: Element, parts: list[str]) -> None:
        body = note.find("note-body")
        if body is not None:
            self._notes.append(self._lines(body))
            parts.append(f"[^{len(self._notes)}]")


def _blanks(text: str | None) -> str:
    if not text:
        return ""
    return re.sub(r"[ \t\r\n]+", " ", text)
