"""Labels as CSV or JSONL files: a verdict on an answer's text, by case.

CSV cells are guarded against spreadsheets, see `lab.interop.formulas`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from lab.interop.files import ImportProblem, Refused, at, is_jsonl, objects, read_text, table
from lab.interop.formulas import guarded, unguarded
from store.labels import LabelledAnswer
from store.records import RUNGS, Verdict

# What is exported is what is imported: the store's record serves both.
LabelRow = LabelledAnswer

COLUMNS = ("case", "answer", "label", "reason", "note", "model", "rung")
_NEEDED = COLUMNS[:3]
REASONS = ("", "m", "f", "r")
_VERDICTS: dict[str, Verdict] = {
    **dict.fromkeys(("pass", "y", "1", "true"), "pass"),
    **dict.fromkeys(("partial", "p"), "partial"),
    **dict.fromkeys(("fail", "n", "0", "false"), "fail"),
}


def read_labels(path: Path) -> list[LabelRow]:
    """Read labels from a CSV or JSONL file, told apart by its content and name.

    `case`, `answer` and `label` must be there; `label` is pass, partial or fail, or
    y/1/true, p, n/0/false. Other columns than ours are passed over. Raises ImportProblem,
    naming the line, for anything that cannot be used; nothing is imported in part.
    """
    return parse_labels(read_text(path), path.name)


def parse_labels(text: str, name: str) -> list[LabelRow]:
    """Read labels from the text of the file `name`; see `read_labels`."""
    rows = objects(text, name) if is_jsonl(text, name) else _from_table(text, name)
    labels: list[LabelRow] = []
    for line, fields in rows:
        try:
            labels.append(_label(fields))
        except Refused as problem:
            at(line, name, str(problem))
    if not labels:
        raise ImportProblem(f"{name} holds no labels, only a header.")
    return labels


def verdict_of(typed: str) -> Verdict | None:
    """Return the verdict that a word stands for, whatever its case; None for another word."""
    return _VERDICTS.get(typed.strip().lower())


def write_labels(rows: Iterable[LabelRow], format: Literal["csv", "jsonl"]) -> str:
    """Return labels as a file's text. CSV lines end in CR LF; write it without translation."""
    if format == "jsonl":
        return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        values = asdict(row)
        writer.writerow([guarded(values[name]) for name in COLUMNS])
    return out.getvalue()


def _from_table(text: str, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    header, rows = table(text, name, COLUMNS)
    places = {column.casefold(): place for place, column in enumerate(header)}
    for column in _NEEDED:
        if column not in places:
            at(1, name, f"no column is named {column}")
    for line, cells in rows:
        yield (
            line,
            {
                column: unguarded(cells[place])
                for column, place in places.items()
                if place < len(cells)
            },
        )


def _label(fields: Mapping[str, object]) -> LabelRow:
    for name in _NEEDED:
        if fields.get(name) is None:
            raise Refused(f"there is no {name}")
    case = _text(fields, "case").strip()
    if not case:
        raise Refused("the case is empty")
    typed = _text(fields, "label").strip().lower()
    if typed not in _VERDICTS:
        raise Refused(f"label is “{typed}”, and must be pass, partial or fail (or y, p, n)")
    reason = _text(fields, "reason").strip().lower()
    if reason not in REASONS:
        raise Refused(f"reason is “{reason}”, and must be m, f or r, or empty")
    rung = _text(fields, "rung").strip().lower()
    if rung and rung not in RUNGS:
        raise Refused(f"rung is “{rung}”, and must be one of {', '.join(RUNGS)}")
    return LabelRow(
        case=case,
        rung=rung,
        model=_text(fields, "model"),
        answer=_text(fields, "answer"),
        label=_VERDICTS[typed],
        reason=reason,
        note=_text(fields, "note"),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, list | dict):
        raise Refused(f"{name} must be text, not a list or an object")
    return str(value)
