"""JSON and JSON lines, laid out to be read: order, numbers and repeated names are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from store.readers.source import Refused, Writer

_SHORT = 88
_MOST_SWELLING = 5
_QUOTE = json.JSONEncoder(ensure_ascii=False).encode


class _Number(str):
    """A number or constant as it was written."""


class _Pairs(list[tuple[str, Any]]):
    """An object with its names in order, also those that come twice."""


def readable(text: str, max_chars: int) -> tuple[str, str] | None:
    """Return "json" or "jsonl" and the text laid out, or None when it is neither.

    What is nested too deep to be laid out counts as plain text.
    """
    body = text.strip(" \t\r\n")
    if not body or body[0] not in "{[" or body[-1] not in "}]":
        return None
    decode = json.JSONDecoder(
        parse_float=_Number,
        parse_int=_Number,
        parse_constant=_Number,
        strict=False,
        object_pairs_hook=_Pairs,
    ).decode
    try:
        return "json", _laid_out([decode(body)], text, max_chars)
    except (ValueError, RecursionError):
        pass
    lines = [line.strip() for line in body.split("\n") if line.strip()]
    if len(lines) < 2 or any(line[0] not in "{[" for line in lines):
        return None
    try:
        return "jsonl", _laid_out((decode(line) for line in lines), text, max_chars)
    except (ValueError, RecursionError):
        return None


def _laid_out(values: Iterable[Any], text: str, max_chars: int) -> str:
    """Return values laid out; the text as it is where the layout would swell it."""
    from store.decoding import storable

    out = Writer(min(max_chars, len(text) * _MOST_SWELLING + 1_000))
    try:
        for value in values:
            out.cut()
            for line in _lines(value, ""):
                out.block(storable(line), tight="value")
    except Refused:
        return text
    return str(out)


def _lines(value: Any, indent: str, name: str = "", comma: str = "") -> Iterator[str]:
    """Yield the lines of a value, two spaces deeper for each level; short ones are one line."""
    flat = _flat(value, _SHORT - len(name))
    if flat is not None or not isinstance(value, list):
        yield f"{indent}{name}{_scalar(value) if flat is None else flat}{comma}"
        return
    items = cast("list[Any]", value)
    start, end = "{}" if isinstance(items, _Pairs) else "[]"
    yield f"{indent}{name}{start}"
    for number, item in enumerate(items, start=1):
        inner = "," if number < len(items) else ""
        if isinstance(items, _Pairs):
            yield from _lines(item[1], f"{indent}  ", f"{_QUOTE(item[0])}: ", inner)
        else:
            yield from _lines(item, f"{indent}  ", "", inner)
    yield f"{indent}{end}{comma}"


def _flat(value: Any, room: int) -> str | None:
    """Return a value on one line, or None when it has more than `room` characters."""
    if not isinstance(value, list):
        text = _scalar(value)
        return text if len(text) <= room else None
    if room < 2:
        return None
    items = cast("list[Any]", value)
    parts: list[str] = []
    for item in items:
        pair = isinstance(items, _Pairs)
        name = f"{_QUOTE(item[0])}: " if pair else ""
        part = _flat(item[1] if pair else item, room - len(name) - 2)
        if part is None:
            return None
        parts.append(name + part)
        room -= len(parts[-1]) + 2
    if room < 0:
        return None
    inside = ", ".join(parts)
    return f"{{{inside}}}" if isinstance(items, _Pairs) else f"[{inside}]"


def _scalar(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return _QUOTE(value)
    return "null" if value is None else str(value).lower()
