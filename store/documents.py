"""The documents of a session: their text, and which of them stand in the context."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from store.errors import NotFound
from store.reading import ReadDocument
from store.records import Document

_DOCUMENT = (
    "SELECT d.id, d.session_id, d.name, d.path, d.sha256, c.media_type, c.bytes, c.chars,"
    " c.pages, d.attached, d.chosen, d.version, d.tags,"
    " (SELECT json_group_array(l.key) FROM collections AS l JOIN promotions AS p"
    "  ON p.collection_id = l.id AND p.sha256 = d.sha256 AND p.finished_at IS NOT NULL"
    "  WHERE l.session_id = d.session_id)"
    " FROM documents AS d JOIN contents AS c ON c.sha256 = d.sha256 "
)


def add(
    connection: sqlite3.Connection, session_id: int, read: ReadDocument, *, attach: bool = False
) -> Document:
    """Keep a document and return it; the same file twice is one document.

    With `attach` it joins the context, after those that are in it.
    """
    connection.execute(
        "INSERT OR IGNORE INTO contents (sha256, media_type, bytes, chars, pages, text)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            read.sha256,
            read.media_type,
            read.bytes,
            len(read.text),
            json.dumps(read.pages),
            read.text,
        ),
    )
    connection.execute(
        "INSERT OR IGNORE INTO documents (session_id, sha256, name, path, added_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (session_id, read.sha256, read.name, read.path, time.time()),
    )
    row = connection.execute(
        f"{_DOCUMENT} WHERE d.session_id = ? AND d.sha256 = ?", (session_id, read.sha256)
    ).fetchone()
    document = _document(row)
    if attach and document.attached is None:
        return set_attached(connection, document.id, True)
    return document


def listed(connection: sqlite3.Connection, session_id: int) -> list[Document]:
    """Return the session's documents: those in the context in their order, then the rest."""
    rows = connection.execute(
        f"{_DOCUMENT} WHERE d.session_id = ?"
        " ORDER BY d.attached IS NULL, d.attached, d.added_at, d.id",
        (session_id,),
    )
    return [_document(row) for row in rows]


def get(connection: sqlite3.Connection, document_id: int) -> Document:
    """Return a document by its id. Raises NotFound."""
    row = connection.execute(f"{_DOCUMENT} WHERE d.id = ?", (document_id,)).fetchone()
    if row is None:
        raise NotFound("That document is no longer there.")
    return _document(row)


def set_attached(connection: sqlite3.Connection, document_id: int, attached: bool) -> Document:
    """Put a document at the end of the context, or take it out."""
    document = get(connection, document_id)
    place: int | None = None
    if attached:
        place = connection.execute(
            "SELECT coalesce(max(attached), -1) + 1 FROM documents WHERE session_id = ?",
            (document.session_id,),
        ).fetchone()[0]
    connection.execute("UPDATE documents SET attached = ? WHERE id = ?", (place, document_id))
    return get(connection, document_id)


def move(connection: sqlite3.Connection, document_id: int, step: int) -> None:
    """Move a document in the context by `step` places, -1 up and 1 down."""
    document = get(connection, document_id)
    order = [d.id for d in listed(connection, document.session_id) if d.attached is not None]
    if document_id not in order:
        return
    here = order.index(document_id)
    order.insert(max(0, min(len(order) - 1, here + step)), order.pop(here))
    connection.executemany(
        "UPDATE documents SET attached = ? WHERE id = ?",
        [(place, identity) for place, identity in enumerate(order)],
    )


def remove(connection: sqlite3.Connection, document_id: int) -> None:
    """Take a document out of the session. Its text stays, since answers may rest on it."""
    connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))


def text(connection: sqlite3.Connection, sha256: str) -> str:
    """Return a document's text by the hash of its file. Raises NotFound."""
    row = connection.execute("SELECT text FROM contents WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise NotFound("The text of that document is no longer there.")
    return str(row[0])


def _document(row: tuple[Any, ...]) -> Document:
    *values, pages, attached, chosen, version, tags, promoted = row
    return Document(
        *values,
        pages=tuple(json.loads(pages)),
        attached=attached,
        chosen=chosen,
        version=version,
        tags=tuple(json.loads(tags)),
        promoted=tuple(json.loads(promoted)),
    )
