"""What the RAG store has to say to a question: chunks, and the passages that are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.rag.fusion import fuse
from lab.rag.passages import passages_of
from store import chunk_search, chunks
from store.chunk_search import Scope
from store.database import Connection
from store.errors import PlainError
from store.library_records import Chunk, Found, Indexing, Mode, Passage, Retrieval

if TYPE_CHECKING:
    from lab.desk import Desk

# Measured in docs/retrieval.md. With the method's usual constant of 60 and equal weights, what
# is middling in both lists displaces the best of either, and the result is worse than the better
# list. That is mostly the keywords', whose ranks therefore count half as much again.
FUSION_K = 3.0
KEYWORD_WEIGHT = 1.5
VECTOR_WEIGHT = 1.0
# How many chunks either way gives.
DEPTH = 50

# Embedding models take a few hundred tokens of a query, or refuse what is longer.
_EMBEDDED_CHARS = 2000

Ranked = list[tuple[int, float]]


class NotPromoted(PlainError):
    """There is nothing in the store that could be searched."""


class SearchFailed(PlainError):
    """The index or the embeddings cannot be used now; keyword search needs neither."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """What both ways found for one question, as (chunk id, score), with the chunks themselves."""

    vector: Ranked
    keyword: Ranked
    chunks: dict[int, Chunk]


async def search(
    desk: Desk,
    query: str,
    retrieval: Retrieval,
    *,
    n: int | None = None,
    documents: Sequence[str] | None = None,
    tags: Sequence[str] = (),
) -> list[Found]:
    """Return the chunks that answer a question best: `n` of them, by default `retrieval.k`.

    Only `documents` (sha256) are searched where they are given, and with `tags` only those
    that have one of them; else all of the session's that are wholly in the store. A blank
    query finds nothing. Raises NotPromoted where there is nothing to search, and in the modes
    `vector` and `hybrid` SearchFailed where the index or the embeddings cannot be used.
    """
    found = await search_many(desk, [query], retrieval, n=n, documents=documents, tags=tags)
    return found[0]


async def search_many(
    desk: Desk,
    queries: Sequence[str],
    retrieval: Retrieval,
    *,
    n: int | None = None,
    documents: Sequence[str] | None = None,
    tags: Sequence[str] = (),
) -> list[list[Found]]:
    """Search for several questions, whose embeddings are made together; as `search` otherwise."""
    found = await search_modes(
        desk, queries, retrieval, [retrieval.mode], n=n, documents=documents, tags=tags
    )
    return found[retrieval.mode]


async def search_modes(
    desk: Desk,
    queries: Sequence[str],
    retrieval: Retrieval,
    modes: Sequence[Mode],
    *,
    n: int | None = None,
    documents: Sequence[str] | None = None,
    tags: Sequence[str] = (),
) -> dict[Mode, list[list[Found]]]:
    """Search for several questions in several modes, whatever `retrieval.mode` is.

    Each question is embedded once. Returns by mode what `search` returns for each question.
    """
    number = n or retrieval.k
    depth = max(DEPTH, number)
    scope = await _scope(desk, retrieval.indexing, documents, tags)
    vector: list[Ranked] = [[] for _ in queries]
    if any(mode != "keyword" for mode in modes):
        vector = await _by_vector(desk, queries, scope, depth)
    candidates = [
        await desk.database.read(
            _candidates, scope, query, near, depth, keyword=any(mode != "vector" for mode in modes)
        )
        for query, near in zip(queries, vector, strict=True)
    ]
    return {
        mode: [_best(each, mode, number, scope) for each in candidates]
        for mode in dict.fromkeys(modes)
    }


async def passages(
    desk: Desk,
    query: str,
    retrieval: Retrieval,
    *,
    documents: Sequence[str] | None = None,
) -> list[Passage]:
    """Return what a question of the rung `rag` is given: `retrieval.k` chunks, as passages.

    Chunks that adjoin are one passage, and a document of at most `retrieval.whole_tokens` is
    given whole; passages are numbered from the best. Raises as `search` does.
    """
    found = await search(desk, query, retrieval, documents=documents)
    return await desk.database.read(_passages, desk.session.id, retrieval, found)


def match_spans(query: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of a chunk's text, in characters, where the words of a question stand.

    Words are compared as keyword search does: by their stems, without case and accents, and
    without those that only make a sentence a question.
    """
    return chunk_search.word_spans(query, text)


def _passages(
    connection: Connection, session_id: int, retrieval: Retrieval, found: Sequence[Found]
) -> list[Passage]:
    collection = chunks.collection(connection, session_id, retrieval.indexing)
    if collection is None:
        raise NotPromoted("The documents were taken out of the RAG store meanwhile.")
    return passages_of(connection, collection, found, retrieval.whole_tokens)


async def _scope(
    desk: Desk, indexing: Indexing, documents: Sequence[str] | None, tags: Sequence[str]
) -> Scope:
    scope = await desk.database.read(
        chunk_search.scope, desk.session.id, indexing, documents=documents, tags=tags
    )
    if scope is not None and scope.names:
        return scope
    if scope is not None and tags:
        names = ", ".join(f"“{tag}”" for tag in tags)
        raise NotPromoted(f"No document in the RAG store has the tag {names}.")
    which = "None of these documents" if documents else "No document"
    raise NotPromoted(
        f"{which} is in the RAG store with chunks of {indexing.chunk_tokens} tokens yet; put "
        "the documents there with `litmus docs promote`."
    )


async def _by_vector(desk: Desk, queries: Sequence[str], scope: Scope, depth: int) -> list[Ranked]:
    """Return for each question the nearest chunks of the index. Raises SearchFailed."""
    from lab.rag.embeddings import embeddings_of

    library = desk.engine.library
    asked = [query.strip()[:_EMBEDDED_CHARS] for query in queries if query.strip()]
    among = None if scope.whole else list(scope.names)
    near: list[Ranked] = []
    try:
        # First the index: it says at once when another Litmus holds it.
        index = await library.index()
        embeddings = await embeddings_of(library, scope.collection.indexing)
        for start in range(0, len(asked), embeddings.batch):
            vectors = await embeddings.embed(asked[start : start + embeddings.batch])
            near += await asyncio.to_thread(
                index.query, scope.collection.name, vectors, depth, among
            )
    except PlainError as error:
        raise SearchFailed(
            f"{str(error).removesuffix('.')}; searching by keyword works without it."
        ) from error
    found = iter(near)
    return [next(found) if query.strip() else [] for query in queries]


def _candidates(
    connection: Connection,
    scope: Scope,
    query: str,
    near: Ranked,
    depth: int,
    *,
    keyword: bool,
) -> _Candidates:
    matched = chunk_search.keyword(connection, scope, query, depth) if keyword else []
    there = chunks.by_ids(connection, {item for item, _ in (*near, *matched)})
    # The index may still have what was taken out meanwhile.
    kept = {item: chunk for item, chunk in there.items() if chunk.sha256 in scope.names}
    return _Candidates(
        [pair for pair in near if pair[0] in kept],
        [pair for pair in matched if pair[0] in kept],
        kept,
    )


def _best(candidates: _Candidates, mode: Mode, number: int, scope: Scope) -> list[Found]:
    near = [item for item, _ in candidates.vector] if mode != "keyword" else []
    matched = [item for item, _ in candidates.keyword] if mode != "vector" else []
    if mode == "hybrid":
        ranked = fuse([matched, near], k=FUSION_K, weights=(KEYWORD_WEIGHT, VECTOR_WEIGHT))
    else:
        ranked = candidates.vector if mode == "vector" else candidates.keyword
    near_ranks, matched_ranks = _ranks(near), _ranks(matched)
    found: list[Found] = []
    for rank, (item, score) in enumerate(ranked[:number], start=1):
        chunk = candidates.chunks[item]
        name = scope.names[chunk.sha256]
        found.append(Found(rank, name, chunk, score, near_ranks.get(item), matched_ranks.get(item)))
    return found


def _ranks(items: Iterable[int]) -> dict[int, int]:
    return {item: rank for rank, item in enumerate(items, start=1)}
