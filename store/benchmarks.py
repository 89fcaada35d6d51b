"""A session's benchmark: cases in their order, each with its revisions."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from store.errors import Conflict, NotFound
from store.records import (
    Assertion,
    Case,
    CaseDraft,
    Evidence,
    Expectation,
    Split,
    content_hash,
)

_CASE = (
    "SELECT c.id, c.session_id, c.key, c.position, r.id, r.number, r.prompt, r.messages,"
    " r.expectation, r.evidence, r.tags, r.split, r.metadata"
    " FROM cases AS c JOIN case_revisions AS r ON r.id = "
)
_CURRENT = _CASE + "c.revision_id"


def add(connection: sqlite3.Connection, session_id: int, drafts: Iterable[CaseDraft]) -> list[int]:
    """Append cases to the benchmark and return their ids.

    A draft without a key gets the next free number. Raises Conflict when a key is taken;
    the transaction around it then keeps nothing.
    """
    position, count = connection.execute(
        "SELECT coalesce(max(position), -1), count(*) FROM cases WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    taken = {
        key
        for (key,) in connection.execute(
            "SELECT key FROM cases WHERE session_id = ?", (session_id,)
        )
    }
    now = time.time()
    ids: list[int] = []
    for draft in drafts:
        position += 1
        key = draft.key
        if not key:
            count += 1
            while str(count) in taken:
                count += 1
            key = str(count)
        if key in taken:
            raise Conflict(
                f"The session has a case “{key}” already; give the new one another id, "
                "or import into a new session."
            )
        taken.add(key)
        cursor = connection.execute(
            "INSERT INTO cases (session_id, key, position) VALUES (?, ?, ?)",
            (session_id, key, position),
        )
        case_id = cursor.lastrowid
        assert case_id is not None
        _insert_revision(connection, case_id, 1, draft, now)
        ids.append(case_id)
    return ids


def revise(connection: sqlite3.Connection, case_id: int, draft: CaseDraft) -> Case:
    """Give a case a new revision and return it; an unchanged draft makes none."""
    case = get(connection, case_id)
    if case.draft.content() != draft.content():
        number: int = connection.execute(
            "SELECT max(number) FROM case_revisions WHERE case_id = ?", (case_id,)
        ).fetchone()[0]
        _insert_revision(connection, case_id, number + 1, draft, time.time())
    return get(connection, case_id)


def remove(connection: sqlite3.Connection, case_id: int) -> None:
    """Take a case out of the benchmark; its revisions, answers and labels are kept."""
    connection.execute("UPDATE cases SET removed_at = ? WHERE id = ?", (time.time(), case_id))


def restore(connection: sqlite3.Connection, case_id: int) -> None:
    """Put a removed case back in its place."""
    connection.execute("UPDATE cases SET removed_at = NULL WHERE id = ?", (case_id,))


def get(connection: sqlite3.Connection, case_id: int) -> Case:
    """Return a case at its current revision. Raises NotFound."""
    row = connection.execute(f"{_CURRENT} WHERE c.id = ?", (case_id,)).fetchone()
    if row is None:
        raise NotFound("That case is no longer there.")
    return _case(row)


def at_revision(connection: sqlite3.Connection, revision_id: int) -> Case:
    """Return a case as it stood at one of its revisions. Raises NotFound."""
    row = connection.execute(f"{_CASE} ? AND r.case_id = c.id", (revision_id,)).fetchone()
    if row is None:
        raise NotFound("That revision is no longer there.")
    return _case(row)


def by_key(connection: sqlite3.Connection, session_id: int, key: str) -> Case | None:
    """Return the case that the benchmark's author called `key`, or None."""
    row = connection.execute(
        f"{_CURRENT} WHERE c.session_id = ? AND c.key = ? AND c.removed_at IS NULL",
        (session_id, key),
    ).fetchone()
    return _case(row) if row else None


def count(connection: sqlite3.Connection, session_id: int, split: Split | None = None) -> int:
    """Return how many cases the benchmark has (of one split)."""
    if split is None:
        query = "SELECT count(*) FROM cases WHERE session_id = ? AND removed_at IS NULL"
        return int(connection.execute(query, (session_id,)).fetchone()[0])
    query = (
        "SELECT count(*) FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND r.split = ?"
    )
    return int(connection.execute(query, (session_id, split)).fetchone()[0])


def cases(
    connection: sqlite3.Connection,
    session_id: int,
    *,
    split: Split | None = None,
    limit: int = -1,
    offset: int = 0,
) -> list[Case]:
    """Return a window of the benchmark's cases in their order."""
    rows = connection.execute(
        f"{_CURRENT} WHERE c.session_id = ? AND c.removed_at IS NULL"
        " AND (? IS NULL OR r.split = ?) ORDER BY c.position LIMIT ? OFFSET ?",
        (session_id, split, split, limit, offset),
    )
    return [_case(row) for row in rows]


def index_of(connection: sqlite3.Connection, session_id: int, case_id: int) -> int:
    """Return a case's place among those that are shown, counted from 0; 0 if it is gone."""
    row = connection.execute(
        "SELECT count(*) FROM cases WHERE session_id = ? AND removed_at IS NULL AND position <"
        " (SELECT position FROM cases WHERE id = ? AND removed_at IS NULL)",
        (session_id, case_id),
    ).fetchone()
    return int(row[0])


def revision_hash(connection: sqlite3.Connection, session_id: int) -> str:
    """Return the name of the benchmark as it stands: a hash over its case revisions."""
    rows = connection.execute(
        "SELECT c.key, r.hash FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " WHERE c.session_id = ? AND c.removed_at IS NULL ORDER BY c.position",
        (session_id,),
    )
    return content_hash([list(row) for row in rows])[:16]


def _insert_revision(
    connection: sqlite3.Connection, case_id: int, number: int, draft: CaseDraft, now: float
) -> None:
    content = draft.content()
    cursor = connection.execute(
        "INSERT INTO case_revisions (case_id, number, prompt, messages, expectation, evidence,"
        " tags, split, metadata, hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            case_id,
            number,
            draft.prompt,
            json.dumps(draft.messages),
            json.dumps(draft.expectation.content()),
            json.dumps([asdict(item) for item in draft.evidence]),
            json.dumps(draft.tags),
            draft.split,
            json.dumps(draft.metadata),
            content_hash(content),
            now,
        ),
    )
    connection.execute("UPDATE cases SET revision_id = ? WHERE id = ?", (cursor.lastrowid, case_id))


def _case(row: Sequence[Any]) -> Case:
    identity, session_id, key, position, revision_id, number = row[:6]
    prompt, messages, expectation, evidence, tags, split, metadata = row[6:]
    wanted = json.loads(expectation)
    draft = CaseDraft(
        prompt=prompt,
        key=key,
        expectation=Expectation(
            wanted["text"],
            tuple(Assertion(**item) for item in wanted["assertions"]),
            wanted.get("threshold"),
        ),
        messages=tuple(json.loads(messages)),
        evidence=tuple(Evidence(**item) for item in json.loads(evidence)),
        tags=tuple(json.loads(tags)),
        split=split,
        metadata=json.loads(metadata),
    )
    return Case(identity, session_id, key, position, revision_id, number, draft)
