"""Books (.epub): a page for each chapter, in reading order."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from store.readers.html import decoded, markdown
from store.readers.packed import Package, joined
from store.readers.source import Refused, Source
from store.readers.xml_stream import elements

_MAX_CHAPTERS = 10_000


def pages(source: Source) -> list[str]:
    """Return the text of each chapter that has any."""
    package = Package(source.data, "EPUB")
    if "META-INF/rights.xml" in package.names:
        raise Refused("locked")
    main = next(
        (
            each.get("full-path", "")
            for each in elements(package.chunks("META-INF/container.xml"), {"rootfile"})
        ),
        "",
    )
    chapters = _chapters(package, main)
    if not chapters:
        raise Refused("damaged", "EPUB")
    found: list[str] = []
    left = source.max_chars
    for chapter in chapters:
        if data := package.read(chapter):
            text = markdown(decoded(data), left)
            left -= len(text) + 1
            if text:
                found.append(text)
    return found or [""]


def _chapters(package: Package, main: str) -> list[str]:
    """Return the book's entries in reading order, each once."""
    items: dict[str, str] = {}
    order: dict[str, None] = {}
    folder = posixpath.dirname(main)
    for each in elements(package.chunks(main), {"item", "itemref"}):
        if each.tag == "item":
            items[each.get("id", "")] = joined(folder, unquote(each.get("href", "")))
        elif (entry := items.get(each.get("idref", ""))) in package.names:
            order[entry] = None
    if len(order) > _MAX_CHAPTERS:
        raise Refused("long")
    return list(order)
