"""XML from strangers, element by element, without what makes XML dangerous.

A document type declaration is refused, and with it every entity that a file could define;
the formats that are read here have none. Nesting is bounded, and an element that nobody
asked for is never kept, so that memory follows the largest element and not the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from store.readers.source import Refused

MAX_DEPTH = 200


def elements(chunks: Iterable[bytes], names: set[str]) -> Iterator[Element]:
    """Yield each outermost element that has one of the names, with all that is in it.

    Names come without their namespaces. Raises Refused when it is no sound XML.
    """
    from xml.parsers import expat

    keeper = _Keeper(names)
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = keeper.start
    parser.EndElementHandler = keeper.end
    parser.CharacterDataHandler = keeper.text
    parser.StartDoctypeDeclHandler = _refuse
    begun = False
    try:
        for chunk in chunks:
            begun = True
            parser.Parse(chunk, False)
            yield from keeper.taken()
        if begun:
            parser.Parse(b"", True)
            yield from keeper.taken()
    except expat.ExpatError as error:
        raise Refused("damaged", "document") from error


def _refuse(*_declared: object) -> None:
    raise Refused("entities")


class _Keeper:
    """Builds the elements that are wanted."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._depth = 0
        self._open: list[Element] = []
        self._text: list[str] = []
        self._done: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Refused("nested")
        local = _local(name)
        if not self._open and local not in self._names:
            return
        self._flush()
        element = Element(local, _own(attributes))
        if self._open:
            self._open[-1].append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        self._flush()
        element = self._open.pop()
        if not self._open:
            self._done.append(element)

    def text(self, text: str) -> None:
        if self._open:
            self._text.append(text)

    def taken(self) -> list[Element]:
        """Return the elements that are whole, once."""
        done, self._done = self._done, []
        return done

    def _flush(self) -> None:
        """Put the text that has come where ElementTree has it."""
        if not self._text:
            return
        text = "".join(self._text)
        self._text.clear()
        inside = self._open[-1]
        if len(inside):
            inside[-1].tail = (inside[-1].tail or "") + text
        else:
            inside.text = (inside.text or "") + text


def _own(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes by their local names; one with a namespace wins, as `r:id` does."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        space, _, local = name.rpartition("\n")
        if space or local not in found:
            found[local] = value
    return found


def _local(name: str) -> str:
    return name.rpartition("\n")[2]
