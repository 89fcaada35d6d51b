"""Text files with one record a line: JSONL, CSV, TSV. What can be wrong with the file itself.

Every problem names the line, counted from 1 as an editor counts it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NoReturn, cast

from store.errors import PlainError

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_DELIMITERS = (",", "\t", ";")
_LONGEST_REASON = 300
_LARGEST_CELL = 2**31 - 1
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class ImportProblem(PlainError):
    """A file cannot be imported; the message is one sentence that says where and why."""


class Refused(ValueError):
    """One record cannot be used; the message is the reason, without the line."""


def read_text(path: Path) -> str:
    """Return a file's text: UTF-8, or UTF-8, UTF-16 or UTF-32 with a byte order mark.

    Line ends are left as they are. Raises ImportProblem when the file cannot be read, is
    empty or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise ImportProblem(f"{path} cannot be read: {reason}.") from None
    text = decode(data, path.name)
    if not text.strip():
        raise ImportProblem(f"{path.name} is empty.")
    return text


def decode(data: bytes, name: str) -> str:
    """Return the text that the bytes of the file `name` stand for, without its mark."""
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", "utf-8"))
    data = data[len(mark) :]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        before = data[: problem.start].decode(encoding, "ignore")
        at(_lines(before), name, f"not {encoding.upper()} text; save the file as UTF-8")
    if "\0" in text.split("\n", 1)[0]:
        raise ImportProblem(f"{name} is not a text file.")
    return text


def at(line: int, name: str, reason: str) -> NoReturn:
    """Raise the ImportProblem that names a line of a file and the reason."""
    short = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
    raise ImportProblem(f"Line {line} of {name}: {short}.")


def is_jsonl(text: str, name: str) -> bool:
    """Tell JSONL from a table: by the first character, else by the file's name."""
    return text.lstrip()[:1] in ("{", "[") or name.lower().endswith(JSON_SUFFIXES)


def objects(text: str, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield each line's number and JSON object; empty lines are passed over."""
    loads = json.loads
    if text.lstrip()[:1] == "[":
        at(_lines(text[: text.index("[")]), name, "a JSON list; write each object on its own line")
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if not line or line.isspace():
            continue
        try:
            value: object = loads(line)
            whole = "\\u" not in line or _writable(value)
        except json.JSONDecodeError as problem:
            at(number, name, f"not whole JSON ({problem.msg.lower()} at column {problem.colno})")
        except RecursionError:
            at(number, name, "JSON nested too deeply")
        except ValueError:
            at(number, name, "a number with too many digits")
        if not isinstance(value, dict):
            at(number, name, "not a JSON object; each line must be one, as {…}")
        if not whole:
            at(number, name, "half a character (a lone \\ud800 to \\udfff)")
        yield number, cast("dict[str, object]", value)


def table(
    text: str, name: str, wanted: Collection[str]
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the header of a CSV, TSV or semicolon file, and its rows with their first lines.

    The delimiter is the one under which the header holds the most `wanted` names. Rows of
    empty cells are passed over; a row may leave out its last cells.
    """
    delimiter = max(_DELIMITERS, key=lambda each: _known(text, each, wanted))
    rows = _rows(text, name, delimiter)
    first = next(rows, None)
    if first is None:
        raise ImportProblem(f"{name} is empty.")
    header = first[1]
    return [cell.strip() for cell in header], _same_width(rows, len(header), name)


def _rows(text: str, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the line on which it begins."""
    csv.field_size_limit(_LARGEST_CELL)  # the module's own limit would refuse long documents
    begins = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as problem:
        if "end of data" in str(problem):
            at(begins, name, "a quote opens here and is never closed")
        at(begins, name, 'a quote in the wrong place; inside quotes write it twice, as ""')


def _same_width(
    rows: Iterator[tuple[int, list[str]]], width: int, name: str
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        if len(cells) > width and any(cells[width:]):
            at(
                line,
                name,
                f"{len(cells)} cells, but the header has {width}; quote a cell with commas",
            )
        yield line, cells


def _known(text: str, delimiter: str, wanted: Collection[str]) -> int:
    try:
        first = next(_rows(text, "", delimiter), None)
    except ImportProblem:
        return -1
    return len({cell.strip().casefold() for cell in first[1]} & set(wanted)) if first else 0


def _writable(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines(before: str) -> int:
    """Return the number of the line that follows `before`."""
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
