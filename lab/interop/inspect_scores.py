"""Ratings as Inspect's scorer `precomputed_scores` reads them: `id`, `value` and some more.

A record with an `answer` is one, with the rating as its label. Without it the rating labels
the answers that are there already: of its `epoch`, or of all where it names none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from lab.interop.answers import AnswerFile, AnswerRow, refuse
from lab.interop.files import objects
from lab.interop.source import Note, Source
from lab.interop.values import kind, missing, text
from store.records import Verdict

RATINGS = "precomputed_scores"
_VERDICTS: dict[str, Verdict] = {
    **dict.fromkeys(("c", "true", "yes"), "pass"),
    **dict.fromkeys(("i", "n", "false", "no"), "fail"),
    "p": "partial",
}
_NUMBERS: dict[float, Verdict] = {1.0: "pass", 0.5: "partial", 0.0: "fail"}


def verdict_of(value: object) -> Verdict | None:
    """Return what a score says: C, P, I or N, yes or no, 1, ½ or 0; None for any other."""
    typed = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if typed in _VERDICTS:
        return _VERDICTS[typed]
    try:
        number = float(typed)
    except ValueError:
        return None
    return _NUMBERS.get(number) if math.isfinite(number) else None


def read_scores(source: Source) -> AnswerFile:
    """Read a file of ratings, JSONL or one JSON list. Raises ImportProblem, with the line."""
    rows: list[AnswerRow] = []
    unread = 0
    for line, record in objects(source.text, source.name):
        row = _row(f"line {line}", record, source.name)
        unread += row.label is None
        if row.label is not None or row.answer is not None:
            rows.append(row)
    notes = (Note("scores that are no verdict label nothing", None, unread),) if unread else ()
    return AnswerFile(source.name, "inspect-scores", tuple(rows), notes=notes)


def is_scores(record: Mapping[str, object]) -> bool:
    """Tell a record of such a file from one of answers."""
    return (
        {"id", "value"}
        <= record.keys()
        <= {*("id", "value", "epoch", "answer", "explanation", "metadata")}
    )


def _row(where: str, record: Mapping[str, object], name: str) -> AnswerRow:
    for needed in ("id", "value"):
        if missing(record.get(needed)):
            refuse(where, name, f"there is no {needed}")
    key, epoch, answer = record["id"], record.get("epoch"), record.get("answer")
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        refuse(where, name, f"id is {kind(key)}, and must be text or a number")
    if epoch is not None and (isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 1):
        refuse(where, name, "epoch must be a whole number from 1 on")
    if not isinstance(answer, str | None):
        answer = json.dumps(answer, ensure_ascii=False)
    explanation = record.get("explanation")
    return AnswerRow(
        where=where,
        answer=answer,
        rating=True,
        key=text(key, "id").strip(),
        epoch=epoch,
        label=verdict_of(record["value"]),
        note=explanation if isinstance(explanation, str) else "",
    )
