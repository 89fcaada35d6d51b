"""Labels: a person's verdicts, append-only. Undo is a row of its own.

A label belongs to a case revision and to the hash of the normalised answer, so the same
answer in a later run is labelled already.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from store.records import Verdict

_NOT_UNDONE = (
    "label.undoes IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM labels AS other WHERE other.undoes = label.id)"
)


@dataclass(frozen=True, slots=True)
class Label:
    """A verdict that stands. `reason` is `m`, `f`, `r` or empty; `source` who gave it."""

    id: int
    revision_id: int
    answer_hash: str
    verdict: Verdict
    reason: str
    note: str
    source: str


def add(
    connection: sqlite3.Connection,
    session_id: int,
    revision_id: int,
    answer_hash: str,
    verdict: Verdict,
    *,
    reason: str = "",
    note: str = "",
    source: str = "person",
) -> int:
    """Append a verdict and return the label's id. It stands until undone or given anew.

    A person who may know the judge's verdict does not judge blind, and the label says so.
    """
    from store import judgements  # not before the first paint

    blind = source != "person" or not judgements.in_sight(
        connection, session_id, revision_id, answer_hash
    )
    cursor = connection.execute(
        "INSERT INTO labels (session_id, revision_id, answer_hash, verdict, reason, note,"
        " source, blind, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (session_id, revision_id, answer_hash, verdict, reason, note, source, blind, time.time()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def carry_over(connection: sqlite3.Connection, old_revision: int, new_revision: int) -> None:
    """Let a case's labels stand for its new revision too, which asks and expects the same.

    A copy remembers its original, and is undone with it.
    """
    connection.execute(
        "INSERT INTO labels (session_id, revision_id, answer_hash, verdict, reason, note,"
        " source, carried_from, blind, created_at) SELECT session_id, ?, answer_hash, verdict,"
        " reason, note, 'carried', coalesce(carried_from, id), blind, created_at"
        " FROM labels AS label"
        f" WHERE revision_id = ? AND {_NOT_UNDONE} ORDER BY id",
        (new_revision, old_revision),
    )


def undo(connection: sqlite3.Connection, session_id: int) -> Label | None:
    """Undo the session's last verdict that is not undone, and return it; None if none is.

    What stood before it stands again.
    """
    row = connection.execute(
        "SELECT id, revision_id, answer_hash, verdict, reason, note, source FROM labels AS label"
        f" WHERE session_id = ? AND source = 'person' AND {_NOT_UNDONE}"
        " ORDER BY id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    if row is None:
        return None
    label = Label(*row)
    connection.execute(
        "INSERT INTO labels (session_id, revision_id, answer_hash, source, undoes, created_at)"
        " SELECT session_id, revision_id, answer_hash, 'person', id, ? FROM labels"
        " WHERE id = ? OR carried_from = ?",
        (time.time(), label.id, label.id),
    )
    return label


def give_reason(connection: sqlite3.Connection, label_id: int, reason: str) -> int:
    """Say why an answer is not right; return the id of the label that stands instead.

    The label is undone and given anew with its reason, so that one undo takes both back.
    """
    now = time.time()
    cursor = connection.execute(
        "INSERT INTO labels (session_id, revision_id, answer_hash, verdict, reason, note,"
        " source, blind, created_at) SELECT session_id, revision_id, answer_hash, verdict, ?,"
        " note, source, blind, ? FROM labels WHERE id = ?",
        (reason, now, label_id),
    )
    assert cursor.lastrowid is not None
    connection.execute(
        "INSERT INTO labels (session_id, revision_id, answer_hash, source, undoes, created_at)"
        " SELECT session_id, revision_id, answer_hash, source, id, ? FROM labels WHERE id = ?",
        (now, label_id),
    )
    return cursor.lastrowid


def standing(connection: sqlite3.Connection, revision_id: int, answer_hash: str) -> Label | None:
    """Return the verdict that stands for an answer to a case revision, or None."""
    row = connection.execute(
        "SELECT id, revision_id, answer_hash, verdict, reason, note, source FROM standing_labels"
        " WHERE revision_id = ? AND answer_hash = ?",
        (revision_id, answer_hash),
    ).fetchone()
    return Label(*row) if row else None


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """A label together with the answer that it judges, as it is exported."""

    case: str
    rung: str
    model: str
    answer: str
    label: Verdict
    reason: str
    note: str


def labelled_answers(connection: sqlite3.Connection, session_id: int) -> list[LabelledAnswer]:
    """Return every standing label of a session with its answer, in the benchmark's order."""
    rows = connection.execute(
        "SELECT c.key, v.rung, v.model, a.text, l.verdict, l.reason, l.note"
        " FROM standing_labels AS l"
        " JOIN case_revisions AS r ON r.id = l.revision_id JOIN cases AS c ON c.id = r.case_id"
        " JOIN answers AS a ON a.id = (SELECT max(id) FROM answers AS x"
        "   WHERE x.revision_id = l.revision_id AND x.answer_hash = l.answer_hash)"
        " JOIN variants AS v ON v.id = a.variant_id"
        " WHERE l.session_id = ? ORDER BY c.position, a.id",
        (session_id,),
    )
    return [LabelledAnswer(*row) for row in rows]
