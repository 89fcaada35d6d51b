"""Retrieval: chunks by keyword, vector and both, in what scope, and the passages of them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from fixtures.server import FixtureServer
from lab.demo import fixtures
from lab.desk import Desk
from lab.interop import formats
from lab.rag.embeddings import embeddings_of
from lab.rag.promotion import promote
from lab.rag.retrieve import (
    FUSION_K,
    KEYWORD_WEIGHT,
    VECTOR_WEIGHT,
    NotPromoted,
    SearchFailed,
    match_spans,
    passages,
    search,
    search_many,
    search_modes,
)
from lab.rag.stores import filled, searched
from store import chunks, documents, promotions
from store.database import Connection
from store.library_records import MODES, Collection, Found, Indexing, Piece, Retrieval
from store.reading import ReadDocument
from store.records import Document
from store.vector_index import VectorIndex

KEYWORD = Retrieval(mode="keyword", k=5)
LAW = "The first rule is rest.\n\nThe second rule is silence.\n\nThe third rule is soup."
Put = Callable[..., Awaitable[Document]]


async def add(desk: Desk, name: str, text: str) -> Document:
    sha256 = hashlib.sha256(f"{name}{text}".encode()).hexdigest()
    read = ReadDocument(name, f"/{name}", sha256, "text/plain", len(text), text, (0,))
    return await desk.add_document(read, attach=False)


def keep(
    connection: Connection, place: Collection, sha256: str, text: str, pieces: list[Piece]
) -> None:
    promotions.begin(connection, place.id, sha256)
    promotions.keep_pieces(connection, place.id, sha256, pieces, text=text, pages=(0,))


def finish(connection: Connection, place: Collection, sha256: str) -> None:
    kept = chunks.chunks_of(connection, place.id, sha256)
    promotions.keep_cut(connection, place.id, sha256, len(kept))
    promotions.keep_vectors(connection, ((each.id, b"\0" * 4) for each in kept))
    chunks.mark_indexed(connection, [each.id for each in kept])
    assert promotions.finish(connection, place.id, sha256)


@pytest.fixture
def put(desk: Desk) -> Put:
    """Put a document into the store with a chunk for each paragraph, and into no index."""

    async def stored(
        name: str,
        text: str,
        *,
        indexing: Indexing = KEYWORD.indexing,
        overlap: int = 0,
        **how: bool,
    ) -> Document:
        document = await add(desk, name, text)
        place = await desk.database.write(chunks.keep_collection, desk.session.id, indexing)
        spans = [found.span() for found in re.finditer(r"\S.*?(?=\n\n|\Z)", text, re.DOTALL)]
        pieces = [Piece(max(0, start - overlap), end, 10) for start, end in spans]
        await desk.database.write(keep, place, document.sha256, text, pieces)
        if how.get("whole", True):
            await desk.database.write(finish, place, document.sha256)
        await desk.refresh_documents()
        return document

    return stored


def texts(found: list[Found]) -> list[str]:
    return [each.chunk.text for each in found]


# -- By keyword ------------------------------------------------------------------------


async def test_keyword_search_needs_neither_index_nor_embedder(desk: Desk, put: Put) -> None:
    await put("law.md", LAW)
    found = await search(desk, "What is the second rule about silence?", KEYWORD)
    assert texts(found)[0] == "The second rule is silence."
    assert [each.rank for each in found] == [1, 2, 3]
    assert found[0].document == "law.md"
    assert (found[0].vector_rank, found[0].keyword_rank) == (None, 1)
    assert found[0].score > found[1].score > 0
    assert not (desk.database.home / "chroma").exists()
    assert len(await search(desk, "rule", KEYWORD, n=1)) == 1
    assert await search(desk, " \n", KEYWORD) == []


async def test_the_fixtures_evidence_is_found_by_the_words_of_its_question(
    desk: Desk, put: Put
) -> None:
    folder = fixtures()
    for name in ("notes.md", "ticket-office.txt"):
        await put(name, (folder / "documents" / name).read_text(encoding="utf-8"))
    benchmark = await asyncio.to_thread(formats.read, folder / "benchmark.jsonl", "jsonl")
    cases = [
        case
        for case in benchmark.cases
        if case.evidence and case.evidence[0].document != "handbook.pdf"
    ]
    assert len(cases) > 10
    found = await search_many(desk, [case.prompt for case in cases], KEYWORD)
    missed = [
        case.prompt
        for case, chunks_found in zip(cases, found, strict=True)
        if not any(
            each.document == case.evidence[0].document and case.evidence[0].quote in each.chunk.text
            for each in chunks_found[:3]
        )
    ]
    assert missed == []


async def test_only_documents_that_are_meant_are_searched(desk: Desk, put: Put) -> None:
    law, other = await put("law.md", LAW), await put("other.md", "No rule here.")
    await desk.database.write(documents.tag, other.id, add=["odd"])
    in_law = await search(desk, "rule", KEYWORD, documents=[law.sha256])
    assert {each.document for each in in_law} == {"law.md"}
    assert texts(await search(desk, "rule", KEYWORD, tags=["ODD"])) == ["No rule here."]
    await desk.remove_document(other.id)
    assert {each.document for each in await search(desk, "rule", KEYWORD)} == {"law.md"}


async def test_where_there_is_nothing_to_search_it_is_said(desk: Desk, put: Put) -> None:
    with pytest.raises(NotPromoted, match=r"No document is in the RAG store .*docs promote"):
        await search(desk, "rule", Retrieval())
    with pytest.raises(NotPromoted, match="docs promote"):
        await filled(desk)
    law = await put("law.md", LAW, whole=False)
    with pytest.raises(NotPromoted, match="docs promote"):
        await search(desk, "rule", KEYWORD)
    await put("other.md", "No rule here.")
    with pytest.raises(NotPromoted, match="None of these documents"):
        await search(desk, "rule", KEYWORD, documents=[law.sha256])
    with pytest.raises(NotPromoted, match="the tag “odd”"):
        await search(desk, "rule", KEYWORD, tags=["odd"])


async def test_the_store_that_is_searched_is_the_sessions_choice_or_the_newest(
    desk: Desk, put: Put
) -> None:
    short, long = Indexing(chunk_tokens=20), Indexing(chunk_tokens=400)
    await put("law.md", LAW, indexing=short)
    await put("law.md", LAW, indexing=long)
    assert await filled(desk) == [short, long]
    assert await searched(desk) == long
    assert await searched(desk, 20) == short
    assert desk.setup
    desk.setup = replace(desk.setup, retrieval=Retrieval(short))
    assert await searched(desk) == short
    with pytest.raises(NotPromoted, match=r"no chunks of 99 tokens .* only of 20, 400"):
        await searched(desk, 99)


# -- Passages --------------------------------------------------------------------------


async def test_chunks_that_adjoin_are_one_passage_in_the_documents_order(
    desk: Desk, put: Put
) -> None:
    await put("law.md", f"{LAW}\n\nNothing of the kind.\n\nThe fourth rule is silence, silence.")
    await put("other.md", "A rule of silence.")
    given = await passages(desk, "rule silence", KEYWORD)
    assert [each.number for each in given] == [1, 2, 3]
    assert sorted(each.text for each in given) == [
        "A rule of silence.",
        LAW,
        "The fourth rule is silence, silence.",
    ]
    joined = next(each for each in given if each.text == LAW)
    assert (joined.document, joined.page, joined.start, joined.end) == ("law.md", 1, 0, len(LAW))
    assert texts(list(joined.found))[0] == "The second rule is silence.", "best first"
    best = [min(found.rank for found in each.found) for each in given]
    assert best == sorted(best) and best[0] == 1


async def test_what_chunks_share_is_sent_once(desk: Desk, put: Put) -> None:
    await put("law.md", LAW, overlap=12)
    given = await passages(desk, "second third rule", replace(KEYWORD, k=2))
    assert [each.text for each in given] == [LAW[LAW.index("The second") - 12 :]]


async def test_a_small_document_is_sent_whole(desk: Desk, put: Put) -> None:
    await put("law.md", LAW)
    part = await passages(desk, "soup", replace(KEYWORD, whole_tokens=29))
    assert [each.text for each in part] == ["The third rule is soup."]
    whole = await passages(desk, "soup", replace(KEYWORD, whole_tokens=30))
    assert [(each.text, len(each.found)) for each in whole] == [(LAW, 1)]


def test_the_words_of_a_question_are_marked() -> None:
    spans = match_spans("What are the rules of silence?", LAW)
    assert [LAW[start:end] for start, end in spans] == ["rule", "rule", "silence", "rule"]


# -- By vector, and both ---------------------------------------------------------------


@pytest.fixture
async def promoted(desk: Desk, server: FixtureServer) -> Retrieval:
    """Two documents in the store and the index, embedded by the fixture server."""
    indexing = Indexing(chunk_tokens=8, embedder="custom", model="embed", base_url=server.base_url)
    await add(desk, "law.md", LAW)
    await add(desk, "other.md", "No rule here.")
    async for _ in promote(desk, desk.documents, indexing):
        pass
    return Retrieval(indexing, k=2)


async def test_vectors_find_and_both_ways_are_one_ranking(
    desk: Desk, promoted: Retrieval, monkeypatch: pytest.MonkeyPatch
) -> None:
    law, other = desk.documents
    # The fixture server's vectors are alike for the same text only.
    query = "The third rule is soup."
    found = await search_modes(desk, [query, " ", "silence"], promoted, MODES)
    near, blank, _ = found["vector"]
    assert (near[0].chunk.text, near[0].rank, near[0].vector_rank) == (query, 1, 1)
    assert near[0].score == pytest.approx(1, abs=1e-4)
    assert blank == []
    both = found["hybrid"][0]
    assert (both[0].chunk.text, both[0].vector_rank, both[0].keyword_rank) == (query, 1, 1)
    assert both[0].score == pytest.approx((KEYWORD_WEIGHT + VECTOR_WEIGHT) / (FUSION_K + 1))
    assert len(both) == promoted.k
    assert texts(found["keyword"][2]) == ["The second rule is silence."]
    # Only in one of the two lists, and yet there.
    assert "The second rule is silence." in texts(found["hybrid"][2])

    vector = replace(promoted, mode="vector")
    assert texts(await search(desk, query, vector, documents=[other.sha256])) == ["No rule here."]

    # The index may have what SQLite has no more, and what was taken out of the session.
    index = await desk.engine.library.index()
    embeddings = await embeddings_of(desk.engine.library, promoted.indexing)
    collection = await desk.database.read(chunks.collection, desk.session.id, promoted.indexing)
    assert collection
    stray = await embeddings.embed([query])
    await asyncio.to_thread(index.upsert, collection.name, [999], stray, [law.sha256])
    left = await search(desk, query, vector, n=9)
    assert texts(left)[0] == query
    assert len(left) == 4 and 999 not in [each.chunk.id for each in left]
    await desk.remove_document(law.id)
    assert texts(await search(desk, query, vector, n=9)) == ["No rule here."]

    # A store whose embedder cannot be used is still searched by keyword.
    place = await desk.database.write(chunks.keep_collection, desk.session.id, Indexing())
    text = "No rule here."
    await desk.database.write(keep, place, other.sha256, text, [Piece(0, len(text), 4)])
    await desk.database.write(finish, place, other.sha256)
    monkeypatch.setenv("LITMUS_MINILM", "/nowhere/model.onnx")
    with pytest.raises(SearchFailed, match=r"/nowhere.*searching by keyword works without it\.$"):
        await search(desk, "rule", Retrieval())
    assert texts(await search(desk, "rule", KEYWORD)) == [text]


async def test_who_holds_the_index_is_said_and_keywords_are_searched(desk: Desk, put: Put) -> None:
    await put("law.md", LAW)
    other = VectorIndex(desk.database.home)
    await asyncio.to_thread(other.open)
    try:
        with pytest.raises(SearchFailed, match=r"holds the index.*by keyword works without it\.$"):
            await search(desk, "soup", Retrieval())
        assert texts(await search(desk, "soup", KEYWORD)) == ["The third rule is soup."]
    finally:
        await asyncio.to_thread(other.close)
