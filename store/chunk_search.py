"""Keyword search among the chunks of a collection, and what a search may look at."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store import chunk_words, chunks
from store.library_records import Collection, Indexing
from store.search_words import fts_query, unspaced_spans

_DOCUMENTS = (
    "SELECT d.sha256, d.name, d.tags, d.replaced_by IS NULL"
    " FROM documents AS d JOIN promotions AS p ON p.sha256 = d.sha256 AND p.collection_id = ?"
    " WHERE d.session_id = ? AND p.finished_at IS NOT NULL ORDER BY d.id"
)
_MATCHES = (
    "SELECT rowid, -rank FROM {table} WHERE {table} MATCH ?{among} ORDER BY rank, rowid LIMIT ?"
)
# The ids come from the index of (collection, document, place) alone; a join would fetch every
# chunk that has a word, with its text and its embedding.
_AMONG = (
    " AND +rowid IN (SELECT id FROM chunks WHERE collection_id = ?"
    " AND sha256 IN (SELECT value FROM json_each(?)))"
)
_OPEN, _CLOSE = "\x02", "\x03"
# What would be taken for a mark, or end the text for SQLite.
_PLAIN = str.maketrans({"\0": " ", _OPEN: " ", _CLOSE: " "})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search looks at: a collection, and the documents that are wholly in it.

    `names` are the documents' names by their sha256. `whole` says that nothing else is in
    the collection, so that an index need not be told which documents are meant.
    """

    collection: Collection
    names: Mapping[str, str]
    whole: bool


def scope(
    connection: sqlite3.Connection,
    session_id: int,
    indexing: Indexing,
    *,
    documents: Several[str] | None = None,
    tags: Several[str] = (),
) -> Scope | None:
    """Return what can be searched in a session's collection; None where there is none.

    Only these `documents` (their sha256), where they are given; else the session's, each in
    its newest version. With `tags`, only those that have one of them, in any case.
    """
    collection = chunks.collection(connection, session_id, indexing)
    if collection is None:
        return None
    wanted = {tag.casefold() for tag in tags}
    names = {
        sha256: name
        for sha256, name, kept, newest in connection.execute(
            _DOCUMENTS, (collection.id, session_id)
        )
        if (newest if documents is None else sha256 in documents)
        and (not wanted or wanted & {tag.casefold() for tag in json.loads(kept)})
    }
    there = connection.execute(
        "SELECT count(*) FROM promotions WHERE collection_id = ?", (collection.id,)
    ).fetchone()[0]
    return Scope(collection, names, there == len(names))


def keyword(
    connection: sqlite3.Connection, scope: Scope, query: str, limit: int
) -> list[tuple[int, float]]:
    """Return chunks that have any of a question's words as (id, score), best first.

    The score is the negated BM25 of SQLite's FTS5, more being better, with the collection as
    the statistics' base; words are compared by their Porter stems, without case and accents.
    Any text is a query.

    Sources: Robertson & Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and
    Beyond"; Porter (1980), "An algorithm for suffix stripping".
    """
    matched = fts_query(query)
    if not matched:
        return []
    among: tuple[object, ...] = ()
    if not scope.whole:
        among = (scope.collection.id, json.dumps(list(scope.names)))
    sql = _MATCHES.format(
        table=chunk_words.table(scope.collection.id), among=_AMONG if among else ""
    )
    return connection.execute(sql, (matched, *among, limit)).fetchall()


def tokens_of(connection: sqlite3.Connection, collection_id: int, sha256: str) -> int:
    """Return how many tokens the chunks of a document have; what two share counts twice."""
    return connection.execute(
        "SELECT coalesce(sum(tokens), 0) FROM chunks WHERE collection_id = ? AND sha256 = ?",
        (collection_id, sha256),
    ).fetchone()[0]


def word_spans(query: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of a text, in characters, where the words of a question stand.

    They are those by which `keyword` finds it; spans are in order and do not overlap.
    """
    matched = fts_query(query)
    if not matched:
        return []
    connection = sqlite3.connect(":memory:")
    try:
        # What the index stems alike is marked.
        connection.execute(
            f"CREATE VIRTUAL TABLE one USING fts5(text, tokenize='{chunk_words.TOKENIZER}')"
        )
        plain = text.encode("utf-8", "replace").decode().translate(_PLAIN)
        connection.execute("INSERT INTO one VALUES (?)", (plain,))
        row = connection.execute(
            "SELECT highlight(one, 0, ?, ?) FROM one WHERE one MATCH ?", (_OPEN, _CLOSE, matched)
        ).fetchone()
    finally:
        connection.close()
    return _joined([*_marked(row[0] if row else plain), *unspaced_spans(query, text)])


def _marked(text: str) -> list[tuple[int, int]]:
    """Return what stands between the marks, by its place in the text without them."""
    spans: list[tuple[int, int]] = []
    at = begun = 0
    for part in re.split(f"([{_OPEN}{_CLOSE}])", text):
        if part == _OPEN:
            begun = at
        elif part == _CLOSE:
            spans.append((begun, at))
        else:
            at += len(part)
    return spans


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
