"""Word documents (.docx): what a reader of the printed page sees, as Markdown.

Headings, paragraphs, lists with their numbers, tables row by row, footnotes, text boxes,
and each header and footer once. Deleted and hidden text, comments and field codes are left
out. Where pages end is not in the file but in the program that shows it: it is one page.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from store.readers.docx_styles import Numbers, Styles, value
from store.readers.packed import Package
from store.readers.source import Source, Writer
from store.readers.xml_stream import elements

# Deleted or moved away, codes of fields, and settings, which are not text.
_LEFT_OUT = {
    *("del", "moveFrom", "delText", "instrText", "delInstrText", "rPr", "pPr", "sdtPr"),
    *("tblPr", "tcPr", "trPr", "tblGrid", "rt", "annotation", "docPr", "posOffset", "pctWidth"),
    *("align", "pctHeight", "comment"),
}
_AS_TEXT = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NOTES = {"footnoteReference": "", "endnoteReference": "e"}


def pages(source: Source) -> list[str]:
    """Return the text as one page."""
    package = Package(source.data, "Word document")
    document = _Document(package, package.main(), source.max_chars)
    return [document.text()]


class _Document:
    """One document on its way into text."""

    def __init__(self, package: Package, main: str, max_chars: int) -> None:
        self._package = package
        self._main = main
        self._out = Writer(max_chars)
        self._relations = package.relations(main)
        self._styles = Styles(package.chunks(self._part("styles")))
        self._numbers = Numbers(package.chunks(self._part("numbering")))
        self._boxes: list[Element] = []

    def text(self) -> str:
        """Return the whole text."""
        self._margins("header")
        self._blocks(self._main)
        for kind, mark in (("footnotes", ""), ("endnotes", "e")):
            self._notes(self._part(kind), mark)
        self._margins("footer")
        return str(self._out)

    def _part(self, kind: str) -> str:
        return next((target for found, target in self._relations.values() if found == kind), "")

    def _margins(self, kind: str) -> None:
        """Write each header or footer once, without the numbers of pages."""
        seen: set[str] = set()
        parts = {target for found, target in self._relations.values() if found == kind}
        for part in sorted(parts):
            blocks = elements(self._package.chunks(part), {"p", "tbl"})
            text = "\n".join(line for each in blocks for line in self._lines(each))
            if text and not text.isdecimal() and text not in seen:
                seen.add(text)
                self._out.block(text)

    def _notes(self, part: str, mark: str) -> None:
        for note in elements(self._package.chunks(part), {"footnote", "endnote"}):
            if note.get("type", "normal") != "normal":
                continue
            if text := "\n".join(self._lines(note)):
                self._out.block(f"[^{mark}{note.get('id')}]: {text}", tight="note")

    def _blocks(self, part: str) -> None:
        for element in elements(self._package.chunks(part), {"p", "tbl"}):
            self._block(element)

    def _block(self, element: Element) -> None:
        if element.tag == "tbl":
            self._table(element)
        else:
            self._paragraph(element)
        while self._boxes:
            for inner in self._boxes.pop(0):
                if inner.tag in ("p", "tbl"):
                    self._block(inner)

    def _paragraph(self, element: Element) -> None:
        settings = element.find("pPr")
        style = self._styles.of(settings)
        text = self._inline(element).strip("\n").rstrip()
        if not text.strip():
            return
        number, depth = self._numbers.mark(self._styles.numbering(settings, style))
        if style.level:
            self._out.heading(style.level, f"{number} {text}" if number not in ("", "-") else text)
        elif number:
            margin = "  " * depth
            lines = text.strip().replace("\n", f"\n{margin}  ")
            self._out.block(f"{margin}{number} {lines}", tight="list")
        else:
            self._out.block(text)

    def _table(self, table: Element) -> None:
        first = True
        for row in _own(table, "tr"):
            settings = row.find("trPr")
            if settings is not None and settings.find("del") is not None:
                continue
            cells = [" ".join(self._lines(cell)) for cell in _own(row, "tc")]
            self._out.row(cells, first=first)
            first = first and not any(cells)

    def _lines(self, element: Element) -> list[str]:
        """Return the paragraphs of an element as lines, those of its text boxes too."""
        if element.tag != "p":
            inside = (child for child in element if child.tag not in _LEFT_OUT)
            return [line for child in inside for line in self._lines(child)]
        text = self._inline(element).strip()
        lines = [text] if text else []
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            lines += self._lines(box)
        return lines

    def _inline(self, element: Element) -> str:
        parts: list[str] = []
        self._gather(element, parts)
        return "".join(parts)

    def _gather(self, element: Element, parts: list[str]) -> None:
        for child in element:
            tag = child.tag
            if tag in _LEFT_OUT or (tag == "r" and _is_hidden(child)):
                continue
            if tag == "t":
                parts.append(child.text or "")
            elif tag in _AS_TEXT:
                parts.append(_AS_TEXT[tag])
            elif tag in _NOTES:
                parts.append(f"[^{_NOTES[tag]}{child.get('id')}]")
            elif tag == "txbxContent":
                self._boxes.append(child)
            elif tag == "AlternateContent":
                # The same thing twice, for new programs and for old ones.
                self._gather(child[0] if len(child) else child, parts)
            else:
                self._gather(child, parts)


def _own(element: Element, tag: str) -> list[Element]:
    """Return a table's own rows or a row's own cells, also those within a content control."""
    found: list[Element] = []
    for child in element:
        if child.tag == tag:
            found.append(child)
        elif child.tag in ("sdt", "sdtContent", "customXml", "ins"):
            found += _own(child, tag)
    return found


def _is_hidden(run: Element) -> bool:
    settings = run.find("rPr")
    hidden = None if settings is None else settings.find("vanish")
    return hidden is not None and value(hidden, "1") not in ("0", "false", "off")
