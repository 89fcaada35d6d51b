"""Text files with one record a line: JSONL, CSV, TSV. What can be wrong with the file itself.

Every problem names the line, counted from 1 as an editor counts it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NoReturn, cast

from store.decoding import decode as decode_any
from store.errors import PlainError

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_DELIMITERS = (",", "\t", ";", "|")
_HEAD = 4096
_LONGEST_REASON = 300
_LONGEST_HEADER = 65_536
_LARGEST_CELL = 2**31 - 1
_OPEN = re.compile(r"\s*\[\s*")
_SPACE = re.compile(r"\s*")
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
    """Return a file's text; see `read_guessing`."""
    return read_guessing(path)[0]


def read_guessing(path: Path) -> tuple[str, bool]:
    """Return a file's text, and whether its encoding had to be guessed.

    Line ends are left as they are. Raises ImportProblem when the file cannot be read, is
    empty or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise ImportProblem(f"{path} cannot be read: {reason}.") from None
    text, guessed = decode(data, path.name)
    if not text.strip():
        raise ImportProblem(f"{path.name} is empty.")
    return text, guessed


def decode(data: bytes, name: str) -> tuple[str, bool]:
    """Return the text that the bytes of the file `name` stand for, and whether that is a guess.

    A mark decides, then UTF-8, then UTF-16 by where its zero bytes stand, then the likeliest
    of the older encodings. Raises ImportProblem where the bytes do not fit.
    """
    data, encoding = _encoding(data)
    text, guessed = "", False
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        is_cut = problem.reason == "unexpected end of data" and not before.isascii()
        found = decode_any(data) if encoding == "utf-8" and not is_cut else None
        if found is None or "\ufffd" in found:
            line = _lines(before.decode(encoding, "ignore"))
            at(line, name, f"not {encoding.upper()} text; save the file as UTF-8")
        text, guessed = found, True
    if "\0" in text.split("\n", 1)[0]:
        raise ImportProblem(f"{name} is not a text file.")
    return text, guessed


def _encoding(data: bytes) -> tuple[bytes, str]:
    """Return the bytes after a mark, and the encoding that is the first to be tried."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :], encoding
    head = data[: _HEAD - _HEAD % 2]
    low, high = head[0::2], head[1::2]
    for encoding, letters, zeros in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        # Half of the characters are ASCII even where a text is not English: its marks are.
        if zeros.count(0) * 2 > len(zeros) > 1 and not letters.count(0):
            return data, encoding
    return data, "utf-8"


def at(place: int | str, name: str, reason: str) -> NoReturn:
    """Raise the ImportProblem that names a place in a file and the reason.

    The place is a line, or a path such as `data[0].paragraphs[2]`.
    """
    short = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
    where = f"Line {place}" if isinstance(place, int) else place
    raise ImportProblem(f"{where} of {name}: {short}.")


def is_jsonl(text: str, name: str) -> bool:
    """Tell JSONL from a table: by the first character, else by the file's name."""
    return text.lstrip()[:1] in ("{", "[") or name.lower().endswith(JSON_SUFFIXES)


def objects(text: str, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the JSON objects of a file, each with the line on which it begins.

    They stand one on a line, with empty lines between them passed over, or all in one JSON
    list. Raises ImportProblem.
    """
    listed = text.lstrip()[:1] == "["
    for number, value, escaped in (_listed if listed else _lined)(same_ends(text), name):
        if not isinstance(value, dict):
            where = "each record" if listed else "each line"
            at(number, name, f"not a JSON object; {where} must be one, as {{…}}")
        fields = cast("dict[str, object]", value)
        if escaped and not is_writable(fields):
            at(number, name, "half a character (a lone \\ud800 to \\udfff)")
        yield number, fields


def _lined(text: str, name: str) -> Iterator[tuple[int, object, bool]]:
    """Yield each line's number and value, and whether it holds escaped characters."""
    loads = json.loads
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.isspace():
            continue
        try:
            value: object = loads(line)
        except (ValueError, RecursionError) as problem:
            _not_json(problem, number, name)
        yield number, value, "\\u" in line


def _listed(text: str, name: str) -> Iterator[tuple[int, object, bool]]:
    """Yield the values of a JSON list as `_lined` does."""
    read = json.JSONDecoder().raw_decode
    place = _end(_OPEN, text, 0)
    number, follows = text.count("\n", 0, place) + 1, ","
    if text.startswith("]", place):
        return
    while follows == ",":
        try:
            value, end = cast("tuple[object, int]", read(text, place))
        except (ValueError, RecursionError) as problem:
            _not_json(problem, number, name)
        yield number, value, "\\u" in text[place:end]
        begins = _end(_SPACE, text, end)
        follows, after = text[begins : begins + 1], _end(_SPACE, text, begins + 1)
        number, place = number + text.count("\n", place, after), after
    if follows != "]":
        at(number, name, "the JSON list breaks off here, or lacks a comma between two records")
    if place < len(text):
        at(number, name, "something stands after the end of the JSON list")


def _not_json(problem: Exception, line: int, name: str) -> NoReturn:
    if isinstance(problem, json.JSONDecodeError):
        line = max(line, problem.lineno)  # a line by itself is line 1 to its decoder
        at(line, name, f"not whole JSON ({problem.msg.lower()} at column {problem.colno})")
    if isinstance(problem, RecursionError):
        at(line, name, "JSON nested too deeply")
    at(line, name, "a number with too many digits")


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place


def table(
    text: str, name: str, wanted: Collection[str]
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the header of a CSV, TSV or semicolon file, and its rows with their first lines.

    The delimiter is guessed, see `delimiter_of`. Rows of empty cells are passed over; a row
    may leave out its last cells.
    """
    rows = cells_of(text, name, delimiter_of(text, wanted))
    first = next(rows, None)
    if first is None:
        raise ImportProblem(f"{name} is empty.")
    header = first[1]
    return [cell.strip() for cell in header], same_width(rows, len(header), name)


def delimiter_of(text: str, wanted: Collection[str]) -> str:
    """Return what parts a table's cells: comma, tab, semicolon or bar.

    It is the one under which the first row holds the most `wanted` names, and then the one
    that parts the first rows into equally many cells.
    """
    return max(_DELIMITERS, key=lambda each: _fit(text, each, wanted))


def cells_of(text: str, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
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


def same_width(
    rows: Iterator[tuple[int, list[str]]], width: int, name: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, and refuse one that has more cells than the header."""
    for line, cells in rows:
        if len(cells) > width and any(cells[width:]):
            at(
                line,
                name,
                f"{len(cells)} cells, but the header has {width}; quote a cell with commas",
            )
        yield line, cells


def _fit(text: str, delimiter: str, wanted: Collection[str]) -> tuple[int, int]:
    """Return how many wanted names a delimiter finds, and how wide the first rows then are."""
    head = text[:_LONGEST_HEADER]
    rows: list[list[str]] = []
    with suppress(ImportProblem):
        rows += (cells for _, cells in islice(cells_of(head, "", delimiter), 10))
    if not rows:
        return 0, 0
    known = {cell.strip().casefold() for cell in rows[0]} & set(wanted)
    whole = rows[:-1] if len(head) < len(text) and len(rows) > 1 else rows
    width = len(rows[0]) if len({len(row) for row in whole}) == 1 else 0
    return len(known), width if width > 1 else 0


def is_writable(value: object) -> bool:
    """Tell whether a JSON value can be written as UTF-8: it holds no half of a character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def same_ends(text: str) -> str:
    """Return text in which every line ends in a newline alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _lines(before: str) -> int:
    """Return the number of the line that follows `before`."""
    return same_ends(before).count("\n") + 1
