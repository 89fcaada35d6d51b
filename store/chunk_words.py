"""The full-text index of each collection's chunks.

A collection has one of its own, since BM25 weighs a word by how many chunks have it: what one
session finds must not depend on what others keep.
"""

from __future__ import annotations

import sqlite3

TOKENIZER = "porter unicode61 remove_diacritics 2"

# What a chunk's words are says the view `chunk_words`. The index keeps no text, so that it must
# be told once more what a chunk had when it is taken out.
_MAKE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS {table}"
    f" USING fts5(text, content='', tokenize='{TOKENIZER}')",
    "CREATE TRIGGER IF NOT EXISTS {table}_insert AFTER INSERT ON chunks"
    " WHEN new.collection_id = {collection} BEGIN"
    " INSERT INTO {table}(rowid, text) SELECT id, text FROM chunk_words WHERE id = new.id; END",
    "CREATE TRIGGER IF NOT EXISTS {table}_delete BEFORE DELETE ON chunks"
    " WHEN old.collection_id = {collection} BEGIN"
    " INSERT INTO {table}({table}, rowid, text)"
    " SELECT 'delete', id, text FROM chunk_words WHERE id = old.id; END",
)


def table(collection_id: int) -> str:
    """Return the name of a collection's full-text index."""
    return f"chunks_fts_{collection_id}"


def make(connection: sqlite3.Connection, collection_id: int) -> None:
    """Make a collection's full-text index, where it has none; it then follows its chunks."""
    for statement in _MAKE:
        connection.execute(statement.format(table=table(collection_id), collection=collection_id))
