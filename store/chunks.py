"""Collections and their chunks; `store.promotions` is how documents come into them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from store import chunk_words
from store.library_records import Chunk, Collection, Indexing

_COLLECTION = "SELECT id, session_id, name, indexing FROM collections "
_CHUNK = "SELECT id, sha256, place, page, begins, ends, tokens, text FROM chunks "


def collection(
    connection: sqlite3.Connection, session_id: int, indexing: Indexing
) -> Collection | None:
    """Return a session's collection of one way to cut and embed, None where it has none."""
    row = connection.execute(
        f"{_COLLECTION} WHERE session_id = ? AND key = ?", (session_id, indexing.key)
    ).fetchone()
    return _collection(row) if row else None


def keep_collection(
    connection: sqlite3.Connection, session_id: int, indexing: Indexing
) -> Collection:
    """Return a session's collection of one way to cut and embed, made where there is none."""
    name = f"{session_id}-{indexing.key}"
    connection.execute(
        "INSERT OR IGNORE INTO collections (session_id, key, name, indexing, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (session_id, indexing.key, name, json.dumps(asdict(indexing)), time.time()),
    )
    found = collection(connection, session_id, indexing)
    assert found is not None
    chunk_words.make(connection, found.id)
    return found


def collections(connection: sqlite3.Connection, session_id: int) -> list[Collection]:
    """Return a session's collections, the oldest first."""
    rows = connection.execute(f"{_COLLECTION} WHERE session_id = ? ORDER BY id", (session_id,))
    return [_collection(row) for row in rows]


def all_collections(connection: sqlite3.Connection) -> list[Collection]:
    """Return every session's collections, the oldest first."""
    return [_collection(row) for row in connection.execute(f"{_COLLECTION} ORDER BY id")]


def spend(
    connection: sqlite3.Connection, session_id: int, indexing: Indexing, cost_usd: float | None
) -> None:
    """Count what embedding for a collection has cost, in US dollars.

    None is a call without a known price.
    """
    connection.execute(
        "UPDATE collections SET cost_usd = cost_usd + ?, unpriced = unpriced + ?"
        " WHERE session_id = ? AND key = ?",
        (cost_usd or 0.0, cost_usd is None, session_id, indexing.key),
    )


def chunks_of(connection: sqlite3.Connection, collection_id: int, sha256: str) -> list[Chunk]:
    """Return a document's chunks in a collection, in their order."""
    rows = connection.execute(
        f"{_CHUNK} WHERE collection_id = ? AND sha256 = ? ORDER BY place", (collection_id, sha256)
    )
    return [Chunk(*row) for row in rows]


def by_ids(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Chunk]:
    """Return chunks by their ids; those that are no longer there are left out."""
    rows = connection.execute(
        f"{_CHUNK} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {row[0]: Chunk(*row) for row in rows}


def between(
    connection: sqlite3.Connection, collection_id: int, sha256: str, first: int, last: int
) -> list[Chunk]:
    """Return the chunks of a document from one place to another, both included, in order."""
    rows = connection.execute(
        f"{_CHUNK} WHERE collection_id = ? AND sha256 = ? AND place BETWEEN ? AND ? ORDER BY place",
        (collection_id, sha256, first, last),
    )
    return [Chunk(*row) for row in rows]


def indexed_ids(connection: sqlite3.Connection, collection_id: int) -> set[int]:
    """Return the ids of the chunks that the index must have."""
    rows = connection.execute(
        "SELECT id FROM chunks WHERE collection_id = ? AND indexed", (collection_id,)
    )
    return {row[0] for row in rows}


def indexed_count(connection: sqlite3.Connection) -> int:
    """Return how many chunks the index must have, in all collections."""
    return connection.execute("SELECT count(*) FROM chunks WHERE indexed").fetchone()[0]


def vectors(
    connection: sqlite3.Connection, collection_id: int, *, after: int = 0, limit: int = 1000
) -> list[tuple[int, str, bytes]]:
    """Return acknowledged chunks as (id, sha256, vector), those after an id, in order."""
    return connection.execute(
        "SELECT id, sha256, vector FROM chunks WHERE collection_id = ? AND id > ? AND indexed"
        " ORDER BY id LIMIT ?",
        (collection_id, after, limit),
    ).fetchall()


def mark_indexed(
    connection: sqlite3.Connection, ids: Iterable[int], *, indexed: bool = True
) -> None:
    """Note that the index has these chunks, or, with `indexed` False, that it has them not."""
    connection.executemany(
        "UPDATE chunks SET indexed = ? WHERE id = ?", ((indexed, key) for key in ids)
    )


def text_hash(text: str) -> int:
    """Return the first 8 bytes of a text's SHA-256, as SQLite keeps them."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _collection(row: tuple[Any, ...]) -> Collection:
    identity, session_id, name, indexing = row
    return Collection(identity, session_id, name, Indexing(**json.loads(indexing)))
