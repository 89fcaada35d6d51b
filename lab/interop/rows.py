"""The rows of a file, whichever of JSONL, a JSON list or a table it is, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import cast

from lab.interop.files import (
    ImportProblem,
    at,
    is_jsonl,
    is_writable,
    objects,
    same_ends,
    table,
)
from lab.interop.source import Source

Row = dict[str, object]

_FIRST = 5
_HEAD = 100_000
_BETWEEN = re.compile(r"[ \t\r\n]*[,\[]?[ \t\r\n]*")


def is_table(source: Source) -> bool:
    """Tell whether `rows` reads the file as a table."""
    return not is_jsonl(source.text, source.name)


def rows(source: Source, wanted: Collection[str] = ()) -> Iterator[tuple[int, Row]]:
    """Yield each row with the line on which it begins.

    A table's cells are texts; its delimiter is the one under which its header holds the
    most `wanted` names. Raises ImportProblem, naming the line, where the file is broken.
    """
    if not is_table(source):
        yield from objects(source.text, source.name)
        return
    header, lines = table(same_ends(source.text), source.name, wanted)
    for line, cells in lines:
        yield line, dict(zip(header, cells, strict=False))


def first_rows(source: Source) -> list[Row]:
    """Return up to five rows from the file's beginning, to tell its format; never raises.

    Of a table it is one row: its header, with empty texts.
    """
    text = source.text
    if is_table(source):
        try:
            header, _ = table(same_ends(text[:_HEAD]), source.name, ())
        except ImportProblem:
            return []
        return [dict.fromkeys(header, "")]
    read = json.JSONDecoder().raw_decode
    found: list[Row] = []
    place = _next(text, 0)
    while place < len(text) and len(found) < _FIRST:
        try:
            value, place = cast(tuple[object, int], read(text, place))
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            found.append(cast(Row, value))
        place = _next(text, place)
    return found


def whole(source: Source) -> object:
    """Return the one JSON value that a file is. Raises ImportProblem, naming the line."""
    try:
        value: object = json.loads(source.text)
    except json.JSONDecodeError as problem:
        reason = f"not whole JSON ({problem.msg.lower()} at column {problem.colno})"
        at(problem.lineno, source.name, reason)
    except RecursionError:
        raise ImportProblem(f"{source.name} holds JSON nested too deeply.") from None
    except ValueError:
        raise ImportProblem(f"{source.name} holds a number with too many digits.") from None
    if "\\u" in source.text and not is_writable(value):
        raise ImportProblem(f"{source.name} holds half a character (a lone \\ud800 to \\udfff).")
    return value


def _next(text: str, place: int) -> int:
    """Return where the next value begins, after white space and a comma or a bracket."""
    match = _BETWEEN.match(text, place)
    return match.end() if match else place
