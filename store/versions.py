"""Versions of documents: a file that was read before and has changed since.

A document's place is its path and its name, since one file can bring several documents. Of
the documents with one place the newest is the current one; each other has `replaced_by` set,
is listed no longer, and stays because answers rest on it.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

_ROW = "SELECT id, session_id, path, name, attached, chosen, tags, replaced_by FROM documents"


def succeed(connection: sqlite3.Connection, document_id: int, path: str, name: str) -> int | None:
    """Make a document the current one of a place; return the one that it replaces, if any.

    It takes over the other's place in the context and its tags, and the chosen pages where
    both have as many. An older version that comes back keeps its number.
    """
    row = _row(connection, document_id)
    before = connection.execute(
        f"{_ROW} WHERE session_id = ? AND path = ? AND name = ?"
        " AND replaced_by IS NULL AND id <> ?",
        (row["session_id"], path, name, document_id),
    ).fetchone()
    returned, moved = row["replaced_by"] is not None, (row["path"], row["name"]) != (path, name)
    if returned:
        connection.execute(
            "UPDATE documents SET replaced_by = NULL, attached = NULL, path = ?, name = ?"
            " WHERE id = ?",
            (path, name, document_id),
        )
    if before is None:
        if returned and moved:
            connection.execute("UPDATE documents SET version = 1 WHERE id = ?", (document_id,))
        return None
    old = _named(before)
    if returned == moved:  # neither what stands elsewhere too, nor what was here before
        _number(connection, document_id, path, name)
    _inherit(connection, old, document_id, own_tags=moved and not returned)
    connection.execute(
        "UPDATE documents SET replaced_by = ?, attached = NULL WHERE id = ?",
        (document_id, old["id"]),
    )
    return old["id"]


def older(connection: sqlite3.Connection, document_id: int) -> list[int]:
    """Return the ids of a document's older versions."""
    rows = connection.execute(
        "WITH RECURSIVE older(id) AS ("
        " SELECT id FROM documents WHERE replaced_by = ?"
        " UNION SELECT d.id FROM documents AS d JOIN older ON d.replaced_by = older.id)"
        " SELECT id FROM older WHERE id <> ?",
        (document_id, document_id),
    )
    return [row[0] for row in rows]


def give_back(connection: sqlite3.Connection, document_id: int) -> None:
    """Let the version that a document replaced be the current one again, in its place."""
    rows = connection.execute(
        f"{_ROW} WHERE replaced_by = ? ORDER BY version DESC, id DESC", (document_id,)
    ).fetchall()
    if not rows:
        return
    new, old = _row(connection, document_id), _named(rows[0])
    connection.execute(
        "UPDATE documents SET replaced_by = NULL, attached = ? WHERE id = ?",
        (new["attached"], old["id"]),
    )
    connection.execute(
        "UPDATE documents SET replaced_by = ? WHERE replaced_by = ?", (old["id"], document_id)
    )


def _inherit(
    connection: sqlite3.Connection, old: dict[str, Any], document_id: int, *, own_tags: bool
) -> None:
    new = _row(connection, document_id)
    tags: list[str] = json.loads(old["tags"])
    if own_tags:
        tags = list(dict.fromkeys([*json.loads(new["tags"]), *tags]))
    attached, chosen = new["attached"], new["chosen"]
    if attached is None:
        attached = old["attached"]
        same = _pages(connection, document_id) == _pages(connection, old["id"])
        chosen = old["chosen"] if same else ""
    connection.execute(
        "UPDATE documents SET attached = ?, chosen = ?, tags = ? WHERE id = ?",
        (attached, chosen, json.dumps(tags), document_id),
    )


def _number(connection: sqlite3.Connection, document_id: int, path: str, name: str) -> None:
    """Give a document the number after the highest of its place."""
    connection.execute(
        "UPDATE documents SET version = 1 + (SELECT max(version) FROM documents AS other"
        "  WHERE other.session_id = documents.session_id AND other.path = ? AND other.name = ?"
        "  AND other.id <> documents.id)"
        " WHERE id = ?",
        (path, name, document_id),
    )


def _pages(connection: sqlite3.Connection, document_id: int) -> int:
    query = (
        "SELECT json_array_length(c.pages) FROM documents AS d"
        " JOIN contents AS c ON c.sha256 = d.sha256 WHERE d.id = ?"
    )
    return int(connection.execute(query, (document_id,)).fetchone()[0])


def _row(connection: sqlite3.Connection, document_id: int) -> dict[str, Any]:
    return _named(connection.execute(f"{_ROW} WHERE id = ?", (document_id,)).fetchone())


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("id", "session_id", "path", "name", "attached", "chosen", "tags", "replaced_by")
    return dict(zip(names, row, strict=True))
