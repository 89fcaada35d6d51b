"""Documents on their way into a collection: cut, embedded, indexed, each step kept as it is done.

One that was stopped or killed goes on where it stood. Chunks that are `indexed` are
acknowledged: their vector is here, and the index took them.
"""

from __future__ import annotations

import json
import sqlite3
import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from store.chunks import all_collections, text_hash
from store.library_records import Indexing, Piece

_PROMOTION = (
    "SELECT p.sha256, p.chunks, p.finished_at IS NOT NULL,"
    " (SELECT count(*) FROM chunks AS c WHERE c.collection_id = p.collection_id"
    "  AND c.sha256 = p.sha256 AND (c.vector IS NULL OR NOT c.indexed))"
    " FROM promotions AS p"
)


@dataclass(frozen=True, slots=True)
class Promotion:
    """How far a document is on its way into a collection.

    `chunks` is None until it is wholly cut, `indexed` how many are acknowledged.
    """

    sha256: str
    chunks: int | None
    indexed: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A chunk that is not acknowledged yet; `vector` is None until it is embedded."""

    id: int
    sha256: str
    place: int
    text: str
    vector: bytes | None


def promotions(connection: sqlite3.Connection, collection_id: int) -> dict[str, Promotion]:
    """Return the documents that are in a collection or on their way, by their sha256."""
    rows = connection.execute(f"{_PROMOTION} WHERE p.collection_id = ?", (collection_id,))
    return {row[0]: _promotion(row) for row in rows}


def promotion(connection: sqlite3.Connection, collection_id: int, sha256: str) -> Promotion | None:
    """Return how far a document is on its way into a collection, None where it is not."""
    row = connection.execute(
        f"{_PROMOTION} WHERE p.collection_id = ? AND p.sha256 = ?", (collection_id, sha256)
    ).fetchone()
    return _promotion(row) if row else None


def unfinished(connection: sqlite3.Connection, session_id: int) -> dict[str, Promotion]:
    """Return the documents that are in no more than a part in a collection, by their sha256.

    Of those that are so in several collections it is the newest one's.
    """
    rows = connection.execute(
        f"{_PROMOTION} WHERE p.finished_at IS NULL AND p.collection_id IN"
        " (SELECT id FROM collections WHERE session_id = ?) ORDER BY p.started_at",
        (session_id,),
    )
    return {row[0]: _promotion(row) for row in rows}


def begin(connection: sqlite3.Connection, collection_id: int, sha256: str) -> Promotion:
    """Begin to promote a document, or go on; what was cut of it only in part is cut anew."""
    connection.execute(
        "INSERT OR IGNORE INTO promotions (collection_id, sha256, started_at) VALUES (?, ?, ?)",
        (collection_id, sha256, time.time()),
    )
    # Only what is wholly cut goes on to be embedded, so nothing acknowledged is lost here.
    connection.execute(
        "DELETE FROM chunks WHERE collection_id = :collection AND sha256 = :sha256 AND EXISTS"
        " (SELECT 1 FROM promotions WHERE collection_id = :collection AND sha256 = :sha256"
        "  AND chunks IS NULL)",
        {"collection": collection_id, "sha256": sha256},
    )
    found = promotion(connection, collection_id, sha256)
    assert found is not None
    return found


def keep_pieces(
    connection: sqlite3.Connection,
    collection_id: int,
    sha256: str,
    pieces: Sequence[Piece],
    *,
    text: str,
    pages: Sequence[int],
    first: int = 0,
) -> None:
    """Keep some of a document's chunks, the first of which has the place `first`.

    `text` is the document's and `pages` the offsets in it at which pages begin.
    """
    rows: list[tuple[Any, ...]] = []
    for place, piece in enumerate(pieces, start=first):
        part = text[piece.start : piece.end]
        page = max(1, bisect_right(pages, piece.start))
        span = (piece.start, piece.end, piece.tokens)
        rows.append((collection_id, sha256, place, page, *span, text_hash(part), part))
    connection.executemany(
        "INSERT INTO chunks (collection_id, sha256, place, page, begins, ends, tokens, hash, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def keep_cut(connection: sqlite3.Connection, collection_id: int, sha256: str, count: int) -> None:
    """Note that a document is wholly cut, into `count` chunks."""
    connection.execute(
        "UPDATE promotions SET chunks = ? WHERE collection_id = ? AND sha256 = ?",
        (count, collection_id, sha256),
    )


def pending(
    connection: sqlite3.Connection,
    collection_id: int,
    sha256: str,
    *,
    after: int = -1,
    limit: int = 256,
) -> list[Pending]:
    """Return chunks of a document that are not acknowledged, those after a place, in order."""
    rows = connection.execute(
        "SELECT id, sha256, place, text, vector FROM chunks WHERE collection_id = ?"
        " AND sha256 = ? AND place > ? AND (vector IS NULL OR NOT indexed)"
        " ORDER BY place LIMIT ?",
        (collection_id, sha256, after, limit),
    )
    return [Pending(*row) for row in rows]


def known_vectors(
    connection: sqlite3.Connection, indexing: Indexing, texts: Iterable[str]
) -> dict[str, bytes]:
    """Return the embeddings that any session has of these texts, by the same model."""
    wanted = _embedding(indexing)
    same = [each.id for each in all_collections(connection) if _embedding(each.indexing) == wanted]
    found: dict[str, bytes] = {}
    for text in set(texts):
        row = connection.execute(
            "SELECT vector FROM chunks WHERE hash = ? AND vector IS NOT NULL AND text = ?"
            " AND collection_id IN (SELECT value FROM json_each(?)) LIMIT 1",
            (text_hash(text), text, json.dumps(same)),
        ).fetchone()
        if row is not None:
            found[text] = row[0]
    return found


def keep_vectors(connection: sqlite3.Connection, vectors: Iterable[tuple[int, bytes]]) -> None:
    """Keep the embeddings of chunks, given as (chunk id, vector)."""
    connection.executemany(
        "UPDATE chunks SET vector = ? WHERE id = ?", ((vector, key) for key, vector in vectors)
    )


def finish(connection: sqlite3.Connection, collection_id: int, sha256: str) -> bool:
    """Note that a document is wholly in a collection; return whether it is."""
    updated = connection.execute(
        "UPDATE promotions SET finished_at = coalesce(finished_at, ?)"
        " WHERE collection_id = ? AND sha256 = ? AND chunks IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM chunks AS c WHERE c.collection_id = promotions.collection_id"
        "  AND c.sha256 = promotions.sha256 AND (c.vector IS NULL OR NOT c.indexed))",
        (time.time(), collection_id, sha256),
    )
    return updated.rowcount > 0


def withdraw(connection: sqlite3.Connection, collection_id: int, sha256: str) -> list[int]:
    """Take back that a document is in a collection, and return the ids of its chunks.

    From here it is one that is on its way: promoting it once more, or removing what the index
    has and then `forget`, are both safe, however far a killed process came.
    """
    where = (collection_id, sha256)
    connection.execute(
        "UPDATE promotions SET finished_at = NULL WHERE collection_id = ? AND sha256 = ?", where
    )
    connection.execute(
        "UPDATE chunks SET indexed = 0 WHERE collection_id = ? AND sha256 = ?", where
    )
    rows = connection.execute("SELECT id FROM chunks WHERE collection_id = ? AND sha256 = ?", where)
    return [row[0] for row in rows]


def forget(connection: sqlite3.Connection, collection_id: int, sha256: str) -> None:
    """Take a document and its chunks out of a collection."""
    connection.execute(
        "DELETE FROM promotions WHERE collection_id = ? AND sha256 = ?", (collection_id, sha256)
    )


def replaced(connection: sqlite3.Connection, document_id: int) -> list[str]:
    """Return the sha256 of every older version of a document."""
    rows = connection.execute(
        "WITH RECURSIVE older(id, sha256) AS ("
        " SELECT id, sha256 FROM documents WHERE replaced_by = ?"
        " UNION SELECT d.id, d.sha256 FROM documents AS d JOIN older ON d.replaced_by = older.id)"
        " SELECT sha256 FROM older",
        (document_id,),
    )
    return [row[0] for row in rows]


def _promotion(row: tuple[Any, ...]) -> Promotion:
    sha256, chunks, finished, left = row
    return Promotion(sha256, chunks, 0 if chunks is None else chunks - left, bool(finished))


def _embedding(indexing: Indexing) -> tuple[str, str, str]:
    """Return what the embedding of a text depends on."""
    return indexing.embedder, indexing.model, indexing.base_url
