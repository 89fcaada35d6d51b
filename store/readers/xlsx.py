"""Workbooks (.xlsx): a page for each sheet, its values as Excel last reckoned them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from store.readers import table
from store.readers.packed import Package
from store.readers.source import Refused, Source, Writer
from store.readers.xml_stream import elements

_MAX_SHEETS = 1_000
_MAX_COLUMNS = 16_384
_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def pages(source: Source) -> list[str]:
    """Return the text of each visible sheet, in the workbook's order."""
    package = Package(source.data, "workbook")
    workbook = _Workbook(package, source.max_chars)
    return workbook.sheets()


class _Workbook:
    """A workbook on its way into text."""

    def __init__(self, package: Package, max_chars: int) -> None:
        self._package = package
        self._left = max_chars
        self._main = package.main()
        self._relations = package.relations(self._main)
        self._texts = self._shared(max_chars)
        self._dates = self._date_styles()
        self._from_1904 = False

    def sheets(self) -> list[str]:
        """Return the text of each sheet."""
        found: list[str] = []
        for each in elements(self._package.chunks(self._main), {"sheet", "workbookPr"}):
            if each.tag == "workbookPr":
                self._from_1904 = each.get("date1904") in ("1", "true")
            elif each.get("state", "visible") == "visible":
                if len(found) >= _MAX_SHEETS:
                    raise Refused("long")
                found.append(self._sheet(each))
        if not found:
            raise Refused("damaged", "workbook")
        return found

    def _sheet(self, sheet: Element) -> str:
        _, target = self._relations.get(sheet.get("id", ""), ("", ""))
        out = Writer(self._left)
        table.write(out, self._rows(target))
        if not out:
            return ""
        text = f"# {' '.join(sheet.get('name', '').split())}\n\n{out}"
        self._left -= len(text)
        return text

    def _rows(self, target: str) -> Iterator[list[str]]:
        for row in elements(self._package.chunks(target), {"row"}):
            cells: dict[int, str] = {}
            for place, cell in enumerate(row.iter("c")):
                column = _column(cell.get("r", ""), place)
                text = self._value(cell).strip()
                if text and column < _MAX_COLUMNS:
                    cells[column] = text
            if cells:
                yield [cells.get(column, "") for column in range(max(cells) + 1)]

    def _value(self, cell: Element) -> str:
        kind, found = cell.get("t", "n"), cell.find("v")
        if kind == "inlineStr":
            return _plain(cell.find("is"))
        text = "" if found is None else found.text or ""
        if kind == "s":
            known = text.isdecimal() and len(text) < 9 and int(text) < len(self._texts)
            return self._texts[int(text)] if known else ""
        if kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if kind == "n" and cell.get("s", "") in self._dates:
            return self._date(text)
        return text

    def _date(self, text: str) -> str:
        """Return a number of days since the workbook's beginning as a date, a time or both."""
        start = datetime(1904, 1, 1) if self._from_1904 else datetime(1899, 12, 30)
        try:
            days = float(text)
            when = start + timedelta(seconds=round(days * 86_400))
        except (ValueError, OverflowError):
            return text
        if 0 <= days < 1:
            return f"{when:%H:%M:%S}"
        return f"{when:%Y-%m-%d}" if days == int(days) else f"{when:%Y-%m-%d %H:%M:%S}"

    def _part(self, kind: str) -> str:
        return next((target for found, target in self._relations.values() if found == kind), "")

    def _shared(self, max_chars: int) -> list[str]:
        texts: list[str] = []
        left = max_chars * 2
        for each in elements(self._package.chunks(self._part("sharedStrings")), {"si"}):
            texts.append(_plain(each))
            left -= len(texts[-1])
            if left < 0:
                raise Refused("long")
        return texts

    def _date_styles(self) -> set[str]:
        """Return the numbers of the styles that show a number as a date or a time."""
        formats: dict[str, str] = {}
        dates: set[str] = set()
        chunks = self._package.chunks(self._part("styles"))
        for each in elements(chunks, {"numFmt", "cellXfs"}):
            if each.tag == "numFmt":
                formats[each.get("numFmtId", "")] = each.get("formatCode", "")[:500]
                continue
            for number, style in enumerate(each.iter("xf")):
                identity = style.get("numFmtId", "0")
                code = _QUOTED.sub("", formats.get(identity, "")).lower()
                built_in = identity.isdecimal() and int(identity) in _BUILT_IN_DATES
                if built_in or re.search(r"[ymdhs]", code):
                    dates.add(str(number))
        return dates


def _plain(element: Element | None) -> str:
    """Return a text without its phonetic readings."""
    if element is None:
        return ""
    own = [each for each in element if each.tag != "rPh"]
    return "".join(text.text or "" for each in own for text in each.iter("t"))


def _column(reference: str, place: int) -> int:
    """Return a cell's column from its name, such as 1 of B7; without one, its place."""
    letters = reference.rstrip("0123456789")
    if not letters or len(letters) > 3 or not letters.isascii() or not letters.isalpha():
        return place
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return column - 1
