"""Tables of values: CSV and its kin, and the sheets of workbooks.

Each row becomes a block of `column: value` lines, so that a chunk of a long table still says
what its values are. A table without a row of column names is one line for each row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice

from store.readers.source import Writer

_SEPARATORS = "\t;,|"
_SAMPLE = 50
_LONGEST_NAME = 100
_NUMBER = re.compile(r"[-+(]?[$€£]?\s*\d[\d.,\s:/-]*[%)]?")


def rows(text: str, *, named: bool) -> list[list[str]] | Iterator[list[str]] | None:
    """Return the rows of a text that is a table, or None when it is none.

    Of a file that is `named` as a table only the same number of columns is asked, in most
    rows; of others that every row of the sample has it, and that none reads like prose.
    """
    lines = text[:200_000].splitlines()
    separator = _separator(lines, named)
    if separator is None:
        return None
    parsed = list(_parsed(text, separator))
    if any(cell.count("\n") > 100 for row in parsed for cell in row):
        # A quote that nothing closes has swallowed the rest of the file.
        return _parsed(text, separator, quoted=False)
    return parsed


def records(rows: Iterable[Sequence[str]], max_chars: int) -> str:
    """Return rows as readable text; the first may be the names of the columns."""
    out = Writer(max_chars)
    write(out, rows)
    return str(out)


def write(out: Writer, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as readable text. Rows without a value are left out."""
    filled = (row for row in rows if any(cell.strip() for cell in row))
    first = next(filled, None)
    if first is None:
        return
    second = next(filled, None)
    names = [name.strip() for name in first]
    if not _are_names(names, second):
        for row in chain([first], [second] if second else [], filled):
            out.block(" | ".join(cell.strip() for cell in row if cell.strip()), tight="values")
        return
    if second is None:
        out.block("Columns: " + ", ".join(names))
        return
    for row in chain([second], filled):
        out.block("\n".join(_fields(names, row)))


def _fields(names: list[str], row: Sequence[str]) -> Iterator[str]:
    for place, cell in enumerate(row):
        if value := cell.strip():
            name = names[place] if place < len(names) else ""
            yield f"{name or f'column {place + 1}'}: {value}"


def _are_names(cells: list[str], below: Sequence[str] | None) -> bool:
    """Tell whether a first row names the columns: short, each once, and no numbers."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    given = [cell for cell in cells if cell]
    if len(given) != len(set(given)) or len(given) * 2 < len(cells):
        return False
    if below is None:
        return len(given) > 1
    return all(
        len(cell) <= _LONGEST_NAME and "\n" not in cell and not _NUMBER.fullmatch(cell)
        for cell in given
    )


def _separator(lines: list[str], named: bool) -> str | None:
    """Return what separates the columns, or None where nothing does."""
    sample = [line for line in islice(lines, _SAMPLE) if line.strip()]
    best: tuple[float, str] | None = None
    for separator in _SEPARATORS:
        parsed = [row for row in _parsed("\n".join(sample), separator) if row]
        widths = [len(row) for row in parsed]
        usual = max(set(widths), key=widths.count, default=1)
        share = widths.count(usual) / max(1, len(widths))
        several = sum(width > 1 for width in widths)
        if several * 2 < len(widths) if named else not _surely(parsed, separator, usual, share):
            continue
        if several and (best is None or share > best[0]):
            best = (share, separator)
    if best:
        return best[1]
    return "," if named and sample else None


def _surely(parsed: list[list[str]], separator: str, usual: int, share: float) -> bool:
    """Tell a table without the help of its name: prose has a blank after each comma."""
    if share < 1 or len(parsed) < 3 or (separator != "\t" and usual < 3):
        return False
    if not _are_names([cell.strip() for cell in parsed[0]], parsed[1]):
        return False
    return not any(cell.startswith(" ") for row in parsed for cell in row[1:])


def _parsed(text: str, separator: str, quoted: bool = True) -> Iterator[list[str]]:
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    csv.field_size_limit(2**31 - 1)
    return csv.reader(StringIO(text, newline=""), delimiter=separator, quoting=quoting)
