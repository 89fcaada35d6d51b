"""The revisions of a case, and the answers that stand on those before the present one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store import benchmarks
from store.records import Case


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a case. `created_at` is in seconds since 1970.

    `answers` are the whole answers that were given to it, one for each variant and epoch.
    """

    id: int
    number: int
    created_at: float
    answers: int


# What a variant answered to an older revision in an epoch in which it has no answer to the
# present one. Few cases are ever edited, so that this costs little in a session of many.
_BEHIND = (
    "SELECT count(*) FROM (SELECT DISTINCT a.variant_id, a.case_id, a.epoch FROM cases AS c"
    " JOIN case_revisions AS r ON r.id = c.revision_id AND r.number > 1"
    " JOIN answers AS a ON a.case_id = c.id AND a.revision_id <> c.revision_id"
    "  AND a.status = 'done'"
    " WHERE c.removed_at IS NULL AND {} AND NOT EXISTS (SELECT 1 FROM answers AS b"
    "  WHERE b.variant_id = a.variant_id AND b.revision_id = c.revision_id"
    "  AND b.epoch = a.epoch AND b.status = 'done'))"
)


def listed(connection: sqlite3.Connection, case_id: int) -> list[Revision]:
    """Return a case's revisions, the newest first."""
    rows = connection.execute(
        "SELECT r.id, r.number, r.created_at,"
        " (SELECT count(DISTINCT a.variant_id || ' ' || a.epoch) FROM answers AS a"
        "  WHERE a.revision_id = r.id AND a.status = 'done')"
        " FROM case_revisions AS r WHERE r.case_id = ? ORDER BY r.number DESC",
        (case_id,),
    )
    return [Revision(*row) for row in rows]


def behind(connection: sqlite3.Connection, case_id: int) -> int:
    """Return how many answers to a case stand only on an older revision."""
    return int(connection.execute(_BEHIND.format("c.id = ?"), (case_id,)).fetchone()[0])


def behind_in(connection: sqlite3.Connection, session_id: int) -> int:
    """Return how many answers of a session stand only on an older revision of their case."""
    query = _BEHIND.format("c.session_id = ?")
    return int(connection.execute(query, (session_id,)).fetchone()[0])


def removed(connection: sqlite3.Connection, session_id: int, key: str) -> Case | None:
    """Return the case of that id which was taken out of the benchmark, or None."""
    row = connection.execute(
        "SELECT id FROM cases WHERE session_id = ? AND key = ? AND removed_at IS NOT NULL",
        (session_id, key),
    ).fetchone()
    return benchmarks.get(connection, row[0]) if row else None


def twin(
    connection: sqlite3.Connection,
    revision_id: int,
    *,
    expecting: bool = False,
    documents: bool = False,
) -> int | None:
    """Return the newest earlier revision of the same case that asks the same, or None.

    With `expecting` it expects the same too, and with `documents` it has the same of them.
    """
    same = " AND old.expectation = new.expectation" if expecting else ""
    same += " AND old.documents = new.documents" if documents else ""
    row = connection.execute(
        "SELECT old.id FROM case_revisions AS new JOIN case_revisions AS old"
        " ON old.case_id = new.case_id AND old.number < new.number"
        f" AND old.prompt = new.prompt AND old.messages = new.messages{same}"
        " WHERE new.id = ? ORDER BY old.number DESC LIMIT 1",
        (revision_id,),
    ).fetchone()
    return int(row[0]) if row else None


def labels_on(connection: sqlite3.Connection, revision_id: int) -> int:
    """Return how many answers to a revision have a label that stands."""
    query = "SELECT count(*) FROM standing_labels WHERE revision_id = ?"
    return int(connection.execute(query, (revision_id,)).fetchone()[0])
