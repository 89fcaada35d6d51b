"""A session's benchmark: cases in their order, each with its revisions."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from store.errors import Conflict, NotFound
from store.records import (
    Assertion,
    Case,
    CaseDocument,
    CaseDraft,
    Evidence,
    Expectation,
    Split,
    content_hash,
)

REPAIR = "repair"
"""The tag of a bad case: its answers count for nothing until it is mended."""

# A tag stands in the JSON list between quotes, and a quote within a tag is escaped.
SOUND = f"instr(r.tags, '\"{REPAIR}\"') = 0"
"""SQL: whether a case revision `r` does not wait for repair."""

_CASE = (
    "SELECT c.id, c.session_id, c.key, c.position, r.id, r.number, r.prompt, r.messages,"
    " r.expectation, r.evidence, r.tags, r.split, r.metadata, r.documents"
    " FROM cases AS c JOIN case_revisions AS r ON r.id = "
)
_CURRENT = _CASE + "c.revision_id"
_INSERT_REVISION = (
    "INSERT INTO case_revisions (id, case_id, number, prompt, messages, expectation, evidence,"
    " tags, split, metadata, documents, hash, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_BATCH = 2000
_ENCODE = json.JSONEncoder().encode


def add(
    connection: sqlite3.Connection,
    session_id: int,
    drafts: Iterable[CaseDraft],
    *,
    progress: Callable[[int], None] | None = None,
) -> list[int]:
    """Append cases to the benchmark and return their ids.

    A draft without a key gets the next free number. `progress` is called now and then with
    how many cases are kept, and may raise. Raises Conflict when a key is taken; the
    transaction around it then keeps nothing.
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
    drafts = list(drafts)
    asked_for = {draft.key for draft in drafts}
    # The writer is alone in its transaction, so ids can be given out ahead: three statements
    # for many cases, not three for each. A case names its revision last, when that is there;
    # deferred foreign keys would look through all cases for every revision.
    case_id, revision_id = connection.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM cases),"
        " (SELECT coalesce(max(id), 0) FROM case_revisions)"
    ).fetchone()
    now = time.time()
    ids: list[int] = []
    for begins in range(0, len(drafts), _BATCH):
        first, apart = case_id + 1, revision_id - case_id
        cases: list[tuple[Any, ...]] = []
        revisions: list[tuple[Any, ...]] = []
        for draft in drafts[begins : begins + _BATCH]:
            key = draft.key
            if not key:
                count += 1
                while str(count) in taken or str(count) in asked_for:
                    count += 1
                key = str(count)
            if key in taken:
                raise Conflict(
                    f"The session has a case “{key}” already; give the new one another id, "
                    "or import into a new session."
                )
            taken.add(key)
            case_id, revision_id, position = case_id + 1, revision_id + 1, position + 1
            cases.append((case_id, session_id, key, position))
            revisions.append((revision_id, case_id, 1, *_values(draft), now))
            ids.append(case_id)
        connection.executemany(
            "INSERT INTO cases (id, session_id, key, position) VALUES (?, ?, ?, ?)", cases
        )
        connection.executemany(_INSERT_REVISION, revisions)
        connection.execute("UPDATE cases SET revision_id = id + ? WHERE id >= ?", (apart, first))
        if progress is not None:
            progress(len(ids))
    return ids


def revise(connection: sqlite3.Connection, case_id: int, draft: CaseDraft) -> Case:
    """Give a case a new revision and return it; an unchanged draft makes none."""
    case = get(connection, case_id)
    if content_hash(case.draft.content()) != content_hash(draft.content()):
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


@dataclass(frozen=True, slots=True)
class Held:
    """What a benchmark has under a key: the case, whether it is in it, its content's hash.

    `documents` tells whether the case changes what is in the context.
    """

    case_id: int
    there: bool
    hash: str
    sound: bool
    documents: bool


def held(connection: sqlite3.Connection, session_id: int) -> dict[str, Held]:
    """Return, by its key, every case that was ever in the benchmark."""
    rows = connection.execute(
        f"SELECT c.key, c.id, c.removed_at IS NULL, r.hash, {SOUND}, r.documents <> '[]'"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id WHERE c.session_id = ?",
        (session_id,),
    )
    return {
        key: Held(case_id, bool(there), hash, bool(sound), bool(documents))
        for key, case_id, there, hash, sound, documents in rows
    }


def naming(connection: sqlite3.Connection, session_id: int, sha256: str) -> list[int]:
    """Return the ids of cases that have a document in their context or leave it out."""
    rows = connection.execute(
        "SELECT c.id FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " WHERE c.session_id = ? AND r.documents <> '[]' AND instr(r.documents, ?) > 0",
        (session_id, sha256),
    )
    return [row[0] for row in rows]


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
    cursor = connection.execute(_INSERT_REVISION, (None, case_id, number, *_values(draft), now))
    connection.execute("UPDATE cases SET revision_id = ? WHERE id = ?", (cursor.lastrowid, case_id))


def _values(draft: CaseDraft) -> tuple[str, ...]:
    """Return what a revision keeps of a draft, in the order of `_INSERT_REVISION`."""
    content = draft.content()
    return (
        draft.prompt,
        _json(content["messages"]),
        _json(content["expectation"]),
        _json(content["evidence"]),
        _json(content["tags"]),
        draft.split,
        _json(draft.metadata),
        _json(content.get("documents", [])),
        content_hash(content),
    )


def _json(value: Any) -> str:
    # An empty list or object has one spelling, which most cases have four times.
    return _ENCODE(value) if value else "{}" if isinstance(value, dict) else "[]"


def _case(row: Sequence[Any]) -> Case:
    identity, session_id, key, position, revision_id, number = row[:6]
    prompt, messages, expectation, evidence, tags, split, metadata, documents = row[6:]
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
        documents=tuple(CaseDocument(**item) for item in json.loads(documents)),
    )
    return Case(identity, session_id, key, position, revision_id, number, draft)
