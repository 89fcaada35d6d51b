"""Presentations (.pptx): a page for each slide, with its tables and the speaker's notes."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from store.readers.packed import Package
from store.readers.source import Refused, Source, Writer
from store.readers.xml_stream import elements

_MAX_SLIDES = 10_000
_TITLES = ("title", "ctrTitle")


def pages(source: Source) -> list[str]:
    """Return the text of each slide, in the order in which they are shown."""
    package = Package(source.data, "presentation")
    main = package.main()
    relations = package.relations(main)
    left = source.max_chars
    found: list[str] = []
    for slide in elements(package.chunks(main), {"sldId"}):
        _, target = relations.get(slide.get("id", ""), ("", ""))
        out = Writer(left)
        _slide(package, target, out)
        found.append(str(out))
        left -= len(found[-1]) + 1
        if len(found) > _MAX_SLIDES:
            raise Refused("long")
    if not found:
        raise Refused("damaged", "presentation")
    return found


def _slide(package: Package, name: str, out: Writer) -> None:
    for shape in elements(package.chunks(name), {"sp", "tbl"}):
        if shape.tag == "tbl":
            for number, row in enumerate(shape.iter("tr")):
                out.row([" ".join(_lines(cell)) for cell in row.iter("tc")], first=number == 0)
        else:
            _shape(shape, out)
    for kind, target in package.relations(name).values():
        if kind == "notesSlide":
            notes = [
                line
                for shape in elements(package.chunks(target), {"sp"})
                if _placeholder(shape) == "body"
                for line in _lines(shape)
            ]
            if notes:
                out.block("Notes: " + "\n".join(notes))


def _shape(shape: Element, out: Writer) -> None:
    kind, lines = _placeholder(shape), _lines(shape)
    if kind in ("sldNum", "dt", "ftr") or not lines:
        return
    if kind in _TITLES:
        out.heading(1, " ".join(lines))
    else:
        out.block("\n".join(lines))


def _placeholder(shape: Element) -> str:
    found = next(shape.iter("ph"), None)
    return "" if found is None else found.get("type", "body")


def _lines(shape: Element) -> list[str]:
    lines: list[str] = []
    for paragraph in shape.iter("p"):
        parts = [_run(each) for each in paragraph.iter() if each.tag in ("t", "br", "tab")]
        if text := "".join(parts).strip():
            depth = paragraph.find("pPr")
            level = "" if depth is None else depth.get("lvl", "")
            lines.append("  " * (int(level) if level in tuple("12345678") else 0) + text)
    return lines


def _run(element: Element) -> str:
    if element.tag == "t":
        return element.text or ""
    return "\n" if element.tag == "br" else "\t"
