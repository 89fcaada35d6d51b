"""What a Word document's paragraphs are: headings, items of lists, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from store.readers.xml_stream import elements

_HEADING = re.compile(r"heading (\d)", re.I)
_MAX_BASED_ON = 20
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"))
_MAX_DEPTH = 9

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Style:
    """A style of paragraphs. `level` is a heading's, 0 for what is none.

    `numbering` is the list that its paragraphs are in, and how deep.
    """

    level: int = 0
    numbering: Place | None = None


class Styles:
    """A document's styles of paragraphs."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._found = {
            each.get("styleId", ""): each
            for each in elements(chunks, {"style"})
            if each.get("type", "paragraph") == "paragraph"
        }
        self._known: dict[str, Style] = {}

    def of(self, settings: Element | None) -> Style:
        """Return the style of a paragraph with these settings."""
        if settings is None:
            return Style()
        named = settings.find("pStyle")
        style = self._style(value(named)) if named is not None else Style()
        level = _outline(settings)
        return Style(level, style.numbering) if level else style

    def numbering(self, settings: Element | None, style: Style) -> Place | None:
        """Return the list that a paragraph is in: its own word wins over its style's."""
        own = _numbering(settings, style.numbering)
        return own if own is not None else style.numbering

    def _style(self, name: str) -> Style:
        if name not in self._known:
            self._known[name] = self._resolved(name)
        return self._known[name]

    def _resolved(self, name: str) -> Style:
        level, numbering = 0, None
        for _ in range(_MAX_BASED_ON):
            element = self._found.get(name)
            if element is None:
                break
            settings = element.find("pPr")
            level = level or _heading(element) or _outline(settings)
            numbering = numbering or _numbering(settings, None)
            based = element.find("basedOn")
            name = value(based) if based is not None else ""
        return Style(level, numbering)


class Numbers:
    """A document's lists, and how far each has counted."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        for each in elements(chunks, {"abstractNum", "num"}):
            if each.tag == "num":
                of = each.find("abstractNumId")
                self._lists[each.get("numId", "")] = value(of) if of is not None else ""
            else:
                levels = {_whole(level.get("ilvl")): _level(level) for level in each.iter("lvl")}
                self._levels[each.get("abstractNumId", "")] = levels

    def mark(self, place: Place | None) -> tuple[str, int]:
        """Return what stands before the next paragraph of a list, and how deep it is."""
        if place is None or place[0] == "0":
            return "", 0
        name, depth = self._lists.get(place[0], place[0]), min(place[1], _MAX_DEPTH - 1)
        levels = self._levels.get(name, {})
        form, text, start = levels.get(depth, ("bullet", "", 1))
        counts = self._counts.setdefault(name, {})
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]
        if form in ("bullet", "none", "picture"):
            return "-", depth

        def count(found: re.Match[str]) -> str:
            level = int(found[1]) - 1
            level_form, _, first = levels.get(level, ("decimal", "", 1))
            return _written(counts.get(level, first), level_form)

        return re.sub(r"%([1-9])", count, text) or "-", depth


def value(element: Element | None, default: str = "") -> str:
    """Return what an element is set to."""
    return default if element is None else element.get("val", default)


def _heading(style: Element) -> int:
    name = value(style.find("name")).lower()
    found = _HEADING.fullmatch(name)
    return int(found[1]) if found else int(name == "title")


def _outline(settings: Element | None) -> int:
    outline = None if settings is None else settings.find("outlineLvl")
    level = _whole(value(outline), 9) + 1 if outline is not None else 0
    return level if level <= 9 else 0


def _numbering(settings: Element | None, inherited: Place | None) -> Place | None:
    found = None if settings is None else settings.find("numPr")
    if found is None:
        return None
    name, depth = found.find("numId"), found.find("ilvl")
    if name is None and inherited is None:
        return None
    usual = ("", 0) if inherited is None else inherited
    return value(name, usual[0]), _whole(value(depth), usual[1])


def _level(level: Element) -> tuple[str, str, int]:
    form, text, start = level.find("numFmt"), level.find("lvlText"), level.find("start")
    return value(form, "decimal"), value(text)[:40], _whole(value(start), 1)


def _whole(text: str | None, default: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else default


def _written(number: int, form: str) -> str:
    if form.endswith("Letter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * min(5, (number - 1) // 26 + 1)
        return letter.upper() if form.startswith("upper") else letter
    if form.endswith("Roman") and 0 < number < 400:
        roman = ""
        for size, sign in (*_ROMAN, (1, "i")):
            roman += sign * (number // size)
            number %= size
        return roman.upper() if form.startswith("upper") else roman
    return str(number)
