"""What was retrieved for an answer, kept with it."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from store.library_records import Chunk, Found, Passage


def keep(connection: sqlite3.Connection, answer_id: int, passages: Iterable[Passage]) -> None:
    """Keep the chunks of the passages that are sent for an answer."""
    connection.executemany(
        "INSERT INTO answer_chunks (answer_id, rank, passage, sha256, document, page, begins,"
        " ends, passage_begins, passage_ends, score, vector_rank, keyword_rank)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                answer_id,
                found.rank,
                passage.number,
                passage.sha256,
                passage.document,
                found.chunk.page,
                found.chunk.start,
                found.chunk.end,
                passage.start,
                passage.end,
                found.score,
                found.vector_rank,
                found.keyword_rank,
            )
            for passage in passages
            for found in passage.found
        ],
    )


def copy(connection: sqlite3.Connection, revision_id: int) -> None:
    """Give the answers that were carried over to a revision what their originals have."""
    columns = (
        "rank, passage, sha256, document, page, begins, ends, passage_begins, passage_ends,"
        " score, vector_rank, keyword_rank"
    )
    connection.execute(
        f"INSERT OR IGNORE INTO answer_chunks (answer_id, {columns}) SELECT a.id, {columns}"
        " FROM answers AS a JOIN answer_chunks AS c ON c.answer_id = a.carried_from"
        " WHERE a.revision_id = ?",
        (revision_id,),
    )


def of(connection: sqlite3.Connection, answer_id: int) -> list[Passage]:
    """Return the passages that were sent for an answer, in their order.

    A chunk has the id 0 here: those in the store may have been cut anew since.
    """
    rows = connection.execute(
        "SELECT passage, passage_begins, passage_ends, document, sha256, rank, page, begins,"
        " ends, score, vector_rank, keyword_rank FROM answer_chunks"
        " WHERE answer_id = ? ORDER BY passage, rank",
        (answer_id,),
    )
    contents: dict[str, tuple[str, list[int]]] = {}
    passages: list[Passage] = []
    for number, same in groupby(rows, key=lambda row: row[0]):
        chunks = list(same)
        _, start, end, document, sha256 = chunks[0][:5]
        if sha256 not in contents:
            text, pages = connection.execute(
                "SELECT text, pages FROM contents WHERE sha256 = ?", (sha256,)
            ).fetchone()
            contents[sha256] = (text, json.loads(pages))
        text, pages = contents[sha256]
        found = tuple(_found(chunk, text) for chunk in chunks)
        page = max(1, bisect_right(pages, start))
        passages.append(Passage(number, document, sha256, page, start, end, text[start:end], found))
    return passages


def _found(row: tuple[Any, ...], text: str) -> Found:
    _, _, _, document, sha256, rank, page, start, end, score, vector_rank, keyword_rank = row
    chunk = Chunk(0, sha256, 0, page, start, end, 0, text[start:end])
    return Found(rank, document, chunk, score, vector_rank, keyword_rank)
