"""Benchmarks as CSV, TSV and tables parted by `;` or `|`: a row is a case.

The columns are `prompt`, `expected`, `id`, `tags`, `split`, `context`, `metadata.NAME` (see
`lab.interop.columns` for the names that are read as the same) and `litmus`, JSON of what a
table has no column for.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from statistics import fmean
from typing import NoReturn

from lab.grading.assertions import format_lines
from lab.interop.columns import KNOWN, METADATA, choose
from lab.interop.fields import LITMUS, extras, read_case
from lab.interop.files import (
    ImportProblem,
    at,
    cells_of,
    delimiter_of,
    is_jsonl,
    same_ends,
    same_width,
)
from lab.interop.formulas import guarded, unguarded
from lab.interop.own import read_own
from lab.interop.reading import Reading
from lab.interop.source import ImportResult, Source, Wishes
from store.records import CaseDraft, Expectation

NAME = "csv"
TITLE = "CSV or TSV"

FIELDS = ("prompt", "id", "expected", "tags", "split", "context", LITMUS)
_WRITTEN = ("id", "prompt", "expected", "tags", "split")
_OTHER_SUFFIXES = (".yaml", ".yml", ".json", ".jsonl", ".ndjson")
_SAMPLE = 20
_MOST_COLUMNS = 100
_NAME = re.compile(r"[^\W\d][\w .#/-]{0,30}")

Rows = Iterable[tuple[int, list[str]]]


def matches(source: Source) -> bool:
    """Take any text that is neither JSON nor YAML."""
    name = source.name.lower()
    return not is_jsonl(source.text, name) and not name.endswith(_OTHER_SUFFIXES)


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a benchmark from a table. Raises ImportProblem, naming the line, or Stopped."""
    text, name = same_ends(source.text), source.name
    reading = Reading(source.name, wishes, {}, about=text.count("\n") + 1)
    rows = cells_of(text, name, delimiter_of(text, KNOWN | _folded(wishes.columns.values())))
    first = next(rows, None)
    if first is None:
        raise ImportProblem(f"{name} is empty.")
    header = [cell.strip() for cell in first[1]]
    names, mapped = header, wishes.columns
    if _is_numbered(header, mapped):
        names = [f"column {number}" for number in range(1, len(header) + 1)]
        if _is_header(header, mapped):
            reading.notes.add(f"the first row ({', '.join(header)[:60]}) is taken for a header")
        else:
            rows = chain((first,), rows)
    columns = choose(names, FIELDS, _mapped(mapped, names, name))
    if "prompt" not in dict(columns.places):
        _refuse_without_prompt(header, rows, name)
    reading.unknown.update({names[place]: None for place in columns.unused})
    body = same_width(rows, len(names), name)
    fields = ((line, columns.fields(_unguarded(cells))) for line, cells in body)
    return replace(read_own(reading, fields, NAME), columns=columns.used(names))


def write(cases: Iterable[CaseDraft]) -> str:
    """Return cases as CSV that `read` reads back as the same cases.

    Lines end in CR LF; write it without translation.
    """
    kept = list(cases)
    names = _metadata_names(kept)
    header = [*_WRITTEN, *(METADATA + name for name in names)]
    columns = choose(header, FIELDS, {})
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*header, LITMUS])
    for case in kept:
        cells = [guarded(cell) for cell in _cells(case, names)]
        read_back = read_case(columns.fields(_unguarded([same_ends(each) for each in cells])), {})
        beyond = extras(case, read_back)
        writer.writerow([*cells, json.dumps(beyond, ensure_ascii=False) if beyond else ""])
    return out.getvalue()


def _cells(case: CaseDraft, names: Sequence[str]) -> list[str]:
    values = (case.metadata.get(name) for name in names)
    return [
        case.key,
        case.prompt,
        format_lines(Expectation(case.expectation.text, case.expectation.assertions)),
        "; ".join(case.tags),
        case.split,
        *(value if isinstance(value, str) else "" for value in values),
    ]


def _metadata_names(cases: Iterable[CaseDraft]) -> list[str]:
    """Return the metadata that get a column each: those whose values are texts."""
    names = {
        name: None
        for case in cases
        for name, value in case.metadata.items()
        if isinstance(value, str) and name == " ".join(name.split())
    }
    return list(names)[:_MOST_COLUMNS]


def _unguarded(cells: Sequence[str]) -> list[str]:
    return [cell if cell[:1] != "'" else unguarded(cell) for cell in cells]


# --- the header ----------------------------------------------------------------------


def _is_numbered(header: Sequence[str], mapped: Mapping[str, str]) -> bool:
    """Tell whether a person names the columns by their numbers, since they have no names."""
    columns = mapped.values()
    named = all(map(_is_number, header)) and set(columns) <= set(header)
    return bool(columns) and all(map(_is_number, columns)) and not named


def _is_header(cells: Sequence[str], mapped: Mapping[str, str]) -> bool:
    """Tell whether the first row names the columns that a person numbered."""
    places = [int(column) - 1 for column in mapped.values()]
    return _folded(cells[place] for place in places if 0 <= place < len(cells)) <= KNOWN


def _mapped(mapped: Mapping[str, str], names: Sequence[str], file: str) -> dict[str, str]:
    """Return the mapping with every column by its name. Raises ImportProblem for one amiss."""
    found: dict[str, str] = {}
    there = _folded(names)
    for field, column in mapped.items():
        if column.strip().casefold() in there:
            found[field] = column
        elif _is_number(column) and 1 <= int(column) <= len(names):
            found[field] = names[int(column) - 1]
        else:
            raise ImportProblem(
                f"{file} has no column “{column}” to take {field} from; its first row is "
                f"{_shown(names)}."
            )
    return found


def _refuse_without_prompt(header: Sequence[str], rows: Rows, file: str) -> NoReturn:
    """Raise the ImportProblem that shows the first row and what to type."""
    sample = [cells for _, cells in islice(rows, _SAMPLE)]
    width = len(header)
    full = [cells for cells in ([list(header), *sample]) if len(cells) == width]
    lengths = [fmean(len(cells[place]) for cells in full) for place in range(width)]
    longest = max(range(width), key=lengths.__getitem__)
    known = {place for place, cell in enumerate(header) if cell.casefold() in KNOWN}
    others = [place for place in range(width) if place not in {longest, *known}]
    variety = {place: len({cells[place] for cells in full}) for place in others}
    fewest = min(others, key=lambda place: (variety[place], lengths[place]), default=None)
    named = _looks_named(header, sample)
    columns = {"prompt": longest} if fewest is None else {"expected": fewest, "prompt": longest}
    wanted = ",".join(
        f"{header[place] if named else place + 1}={field}" for field, place in columns.items()
    )
    quoted = f"'{wanted}'" if re.search(r"[^\w=,.-]", wanted) else wanted
    at(
        1,
        file,
        "no column is named prompt (or input, question, text); the first row is "
        f"{_shown(header)}: tell which is which, such as with --map {quoted}",
    )


def _looks_named(header: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row can be a header: short words that no other row has."""
    rows = [cells for cells in sample if len(cells) == len(header)]
    return all(
        _NAME.fullmatch(name) and all(cells[place] != name for cells in rows)
        for place, name in enumerate(header)
    )


def _shown(cells: Sequence[str]) -> str:
    shown = [cell if len(cell) <= 24 else f"{cell[:23]}…" for cell in cells[:4]]
    return ", ".join(f"“{cell}”" for cell in shown) + (", …" if len(cells) > 4 else "")


def _is_number(column: str) -> bool:
    return column.isascii() and column.isdecimal() and len(column) < 5


def _folded(names: Iterable[str]) -> set[str]:
    return {name.strip().casefold() for name in names}
