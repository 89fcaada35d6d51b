"""The label queue: which answers wait for a person, and second looks at what has a label."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from store import benchmarks, labels, runs
from store.benchmarks import SOUND
from store.records import Answer, Case, Variant, Verdict

_STANDS = "l.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM labels AS undo WHERE undo.undoes = l.id)"
_NO_LABEL = (
    "NOT EXISTS (SELECT 1 FROM labels AS l WHERE l.revision_id = a.revision_id"
    f" AND l.answer_hash = a.answer_hash AND {_STANDS})"
)
_CURRENT = (
    "FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
    " JOIN answers AS a ON a.revision_id = c.revision_id AND a.status = 'done'"
    f" WHERE c.removed_at IS NULL AND {SOUND}"
)
_ITEM = (
    "(SELECT min(x.id) FROM answers AS x WHERE x.revision_id = l.revision_id"
    " AND x.answer_hash = l.answer_hash AND x.status = 'done')"
)


@dataclass(frozen=True, slots=True)
class Item:
    """An answer to judge. `alike` counts the whole answers to the case that are the same."""

    answer: Answer
    case: Case
    variant: Variant
    alike: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The verdict that was taken back: a label, or a second `look` at that label."""

    label_id: int
    revision_id: int
    answer_hash: str
    note: str
    look: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A person's two verdicts on one answer. `settled` where a later label decides."""

    revision_id: int
    answer_hash: str
    first: Verdict
    second: Verdict
    settled: bool

    @property
    def differs(self) -> bool:
        """Whether the two verdicts differ, and none was given since."""
        return self.first != self.second and not self.settled


def waiting(
    connection: sqlite3.Connection,
    session_id: int,
    *,
    graded: bool,
    case_id: int | None = None,
) -> list[int]:
    """Return the ids of the whole answers without a label, of one case or of all.

    Only answers to current revisions of sound cases; of identical answers to a case the
    first stands for all. Those that the checks have graded are left out unless `graded`.
    """
    rows = connection.execute(
        f"SELECT min(a.id) {_CURRENT} AND c.session_id = :session"
        " AND (:case IS NULL OR c.id = :case)"
        f" AND {_NO_LABEL}"
        " AND (:graded OR NOT EXISTS (SELECT 1 FROM grades AS g WHERE g.answer_id = a.id"
        "   AND g.grader = 'assertions'))"
        " GROUP BY a.revision_id, a.answer_hash",
        {"session": session_id, "case": case_id, "graded": graded},
    )
    return [answer_id for (answer_id,) in rows]


def still_waiting(
    connection: sqlite3.Connection, answer_ids: Sequence[int], case_id: int | None = None
) -> list[int]:
    """Return those of some answers that wait for a label, as `waiting` does, in their order.

    An answer whose case has been revised since stands for the one that went along with it.
    """
    rows = connection.execute(
        "SELECT min(a.id) FROM json_each(:wanted) AS w JOIN answers AS o ON o.id = w.value"
        " JOIN cases AS c ON c.id = o.case_id JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.status = 'done'"
        "  AND a.answer_hash = o.answer_hash"
        f" WHERE c.removed_at IS NULL AND {SOUND} AND (:case IS NULL OR c.id = :case)"
        f" AND {_NO_LABEL} GROUP BY a.revision_id, a.answer_hash ORDER BY min(w.key)",
        {"wanted": json.dumps(list(answer_ids)), "case": case_id},
    )
    return [answer_id for (answer_id,) in rows]


def any_answer(connection: sqlite3.Connection, session_id: int) -> bool:
    """Return whether the session has a whole answer that a label would count for."""
    query = f"SELECT EXISTS (SELECT 1 {_CURRENT} AND c.session_id = ?)"
    return bool(connection.execute(query, (session_id,)).fetchone()[0])


def item(connection: sqlite3.Connection, answer_id: int) -> Item | None:
    """Return an answer with its case, or None where it does not belong in the queue any more."""
    row = connection.execute(
        f"SELECT a.revision_id, a.variant_id, a.answer_hash {_CURRENT} AND a.id = ?", (answer_id,)
    ).fetchone()
    if row is None:
        return None
    revision_id, variant_id, hashed = row
    alike: int = connection.execute(
        "SELECT count(*) FROM answers WHERE revision_id = ? AND answer_hash = ?"
        " AND status = 'done'",
        (revision_id, hashed),
    ).fetchone()[0]
    return Item(
        runs.get(connection, answer_id),
        benchmarks.at_revision(connection, revision_id),
        runs.get_variant(connection, variant_id),
        alike,
    )


def item_of(connection: sqlite3.Connection, revision_id: int, answer_hash: str) -> Item | None:
    """Return the item of an answer's text as the case stands now, or None where it has none."""
    row = connection.execute(
        f"SELECT min(a.id) {_CURRENT} AND a.answer_hash = ?"
        " AND c.id = (SELECT case_id FROM case_revisions WHERE id = ?)",
        (answer_hash, revision_id),
    ).fetchone()
    return item(connection, row[0]) if row[0] is not None else None


def labels_and_looks(connection: sqlite3.Connection, session_id: int) -> tuple[int, int]:
    """Return how many labels of the person stand, and how many of them were looked at again."""
    row = connection.execute(
        "SELECT count(*), count(s.id) FROM labels AS l"
        " LEFT JOIN second_looks AS s ON s.label_id = l.id"
        f" WHERE l.session_id = ? AND l.source = 'person' AND {_STANDS}",
        (session_id,),
    ).fetchone()
    return int(row[0]), int(row[1])


def for_second_look(
    connection: sqlite3.Connection, session_id: int, *, skip: int, limit: int
) -> list[tuple[int, int]]:
    """Return (label id, answer id) of labels of the person that could be looked at again.

    They are among the newest `limit` that stand, the newest `skip` left out.
    """
    return connection.execute(
        f"SELECT l.id, {_ITEM} FROM (SELECT * FROM labels AS l WHERE l.session_id = ?"
        f"  AND l.source = 'person' AND {_STANDS} ORDER BY l.id DESC LIMIT ? OFFSET ?) AS l"
        " JOIN case_revisions AS r ON r.id = l.revision_id"
        " JOIN cases AS c ON c.revision_id = r.id AND c.id = r.case_id"
        f" WHERE c.removed_at IS NULL AND {SOUND} AND {_ITEM} IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM second_looks AS s WHERE s.label_id = l.id)"
        " AND l.id = (SELECT n.id FROM standing_labels AS n"
        "  WHERE n.revision_id = l.revision_id AND n.answer_hash = l.answer_hash)",
        (session_id, limit, skip),
    ).fetchall()


def look_again(
    connection: sqlite3.Connection,
    session_id: int,
    label_id: int,
    verdict: Verdict,
    note: str = "",
) -> None:
    """Keep a second verdict on an answer; the label stands as it is."""
    connection.execute(
        "INSERT INTO second_looks (session_id, label_id, verdict, note, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (session_id, label_id, verdict, note, time.time()),
    )


def give_reason(connection: sqlite3.Connection, label_id: int, reason: str) -> None:
    """Keep why an answer looked at again was not right, beside its second verdict."""
    connection.execute("UPDATE second_looks SET reason = ? WHERE label_id = ?", (reason, label_id))


def looks(connection: sqlite3.Connection, session_id: int) -> list[Look]:
    """Return the session's answers that have two verdicts of the person, oldest first."""
    rows = connection.execute(
        "SELECT l.revision_id, l.answer_hash, l.verdict, s.verdict,"
        " EXISTS (SELECT 1 FROM case_revisions AS r JOIN case_revisions AS o USING (case_id)"
        "  JOIN standing_labels AS n ON n.revision_id = o.id AND n.answer_hash = l.answer_hash"
        "  WHERE r.id = l.revision_id AND n.id > l.id AND n.source <> 'carried')"
        " FROM second_looks AS s JOIN labels AS l ON l.id = s.label_id"
        f" WHERE s.session_id = ? AND {_STANDS} ORDER BY s.id",
        (session_id,),
    )
    return [Look(*row[:4], settled=bool(row[4])) for row in rows]


def undo(connection: sqlite3.Connection, session_id: int) -> Undone | None:
    """Take back the person's last verdict, a label or a second look; None if there is none."""
    look = connection.execute(
        "SELECT s.id, s.created_at, l.id, l.revision_id, l.answer_hash, s.note"
        " FROM second_looks AS s JOIN labels AS l ON l.id = s.label_id"
        f" WHERE s.session_id = ? AND {_STANDS} ORDER BY s.id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    label = connection.execute(
        "SELECT l.created_at FROM labels AS l WHERE l.session_id = ? AND l.source = 'person'"
        f" AND {_STANDS} ORDER BY l.id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    if look is not None and (label is None or look[1] >= label[0]):
        connection.execute("DELETE FROM second_looks WHERE id = ?", (look[0],))
        return Undone(*look[2:], look=True)
    undone = labels.undo(connection, session_id)
    if undone is None:
        return None
    return Undone(undone.id, undone.revision_id, undone.answer_hash, undone.note, look=False)
