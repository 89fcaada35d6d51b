"""The documents of a session: their text, and which of them stand in the context."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store import versions
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that was kept, and the version that it replaced, as that was before."""

    document: Document
    replaced: Document | None = None


def add(
    connection: sqlite3.Connection, session_id: int, read: ReadDocument, *, attach: bool = False
) -> Document:
    """Keep a document and return it; see `keep`."""
    return keep(connection, session_id, read, attach=attach).document


def keep(
    connection: sqlite3.Connection, session_id: int, read: ReadDocument, *, attach: bool = False
) -> Kept:
    """Keep a document. The same file twice is one document, a changed file a new version.

    A new version takes the place of the old one in the context, and its tags. With `attach`
    a document that is not in the context joins it, after those that are.
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
    [document_id] = connection.execute(
        "SELECT id FROM documents WHERE session_id = ? AND sha256 = ?", (session_id, read.sha256)
    ).fetchone()
    replaced_id = versions.succeed(connection, document_id, read.path, read.name)
    document = get(connection, document_id)
    if attach and document.attached is None:
        document = set_attached(connection, document_id, True)
    return Kept(document, get(connection, replaced_id) if replaced_id else None)


def listed(connection: sqlite3.Connection, session_id: int) -> list[Document]:
    """Return the session's documents: those in the context in their order, then the rest.

    Of a file that has changed only the current version is listed.
    """
    rows = connection.execute(
        f"{_DOCUMENT} WHERE d.session_id = ? AND d.replaced_by IS NULL"
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
    _number(connection, order)


def order(connection: sqlite3.Connection, session_id: int, first: Sequence[int]) -> None:
    """Put documents of the context first, in the order of their ids; the others follow."""
    there = [d.id for d in listed(connection, session_id) if d.attached is not None]
    wanted = [identity for identity in dict.fromkeys(first) if identity in there]
    _number(connection, [*wanted, *(each for each in there if each not in wanted)])


def _number(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    connection.executemany(
        "UPDATE documents SET attached = ? WHERE id = ?",
        [(place, document_id) for place, document_id in enumerate(ids)],
    )


def choose_pages(connection: sqlite3.Connection, document_id: int, chosen: str) -> None:
    """Set which pages are in the context, as `lab.pages.choose` writes them; empty for all."""
    connection.execute("UPDATE documents SET chosen = ? WHERE id = ?", (chosen, document_id))


def tag(
    connection: sqlite3.Connection,
    document_id: int,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> Document:
    """Take tags off a document and give it others; those alike but for case are one tag.

    Returns the document. Raises NotFound.
    """
    off = {each.strip().casefold() for each in remove}
    tags = [each for each in get(connection, document_id).tags if each.casefold() not in off]
    for each in map(str.strip, add):
        if each and each.casefold() not in {there.casefold() for there in tags}:
            tags.append(each)
    connection.execute(
        "UPDATE documents SET tags = ? WHERE id = ?", (json.dumps(tags), document_id)
    )
    return get(connection, document_id)


def remove(connection: sqlite3.Connection, document_id: int) -> None:
    """Take a document and its older versions out of the session.

    Their texts stay, since answers may rest on them.
    """
    ids = [document_id, *versions.older(connection, document_id)]
    connection.executemany("DELETE FROM documents WHERE id = ?", [(each,) for each in ids])


def take_back(connection: sqlite3.Connection, document_id: int) -> None:
    """Undo `add`: take a document out; what it replaced is in its place again."""
    versions.give_back(connection, document_id)
    remove(connection, document_id)


def text(connection: sqlite3.Connection, sha256: str) -> str:
    """Return a document's text by the hash of its file. Raises NotFound."""
    return content(connection, sha256)[0]


def content(connection: sqlite3.Connection, sha256: str) -> tuple[str, tuple[int, ...]]:
    """Return a document's text and the offsets at which its pages begin. Raises NotFound."""
    row = connection.execute(
        "SELECT text, pages FROM contents WHERE sha256 = ?", (sha256,)
    ).fetchone()
    if row is None:
        raise NotFound("The text of that document is no longer there.")
    return str(row[0]), tuple(json.loads(row[1]))


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
