"""Promotion: cut, embedded, kept and indexed; stopped, resumed, refused and taken back."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from fixtures.server import EMBEDDINGS, FixtureServer, running
from fixtures.server_faults import Fault
from lab.desk import Desk
from lab.engine import Engine
from lab.rag import promotion, promotion_events
from lab.rag.demotion import StoreBusy, demote
from lab.rag.promotion import promote
from lab.weights import fetch_weights
from store import chunks, documents, promotions, sessions
from store.embedder import EmbedderError
from store.library_records import Chunk, Indexing
from store.promotions import Promotion
from store.reading import ReadDocument
from store.records import Document
from store.vector_index import IndexHeld, VectorIndex

Event = promotion_events.PromotionEvent


def text(about: str, lines: int = 40) -> str:
    return "\n\n".join(f"Line {n} of {about} says {about} number {n * 7}." for n in range(lines))


# One engine and one server for all, since starting the index takes a second.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def serving() -> Iterator[FixtureServer]:
    with running() as started:
        yield started


@pytest.fixture
def server(serving: FixtureServer) -> Iterator[FixtureServer]:
    """The server as new: nothing was asked of it."""
    serving.requests.clear()
    yield serving
    serving.api_key = ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITMUS_API_KEY", "hunter2-0123456789")  # so that no keyring is asked
        made = Engine(tmp_path_factory.mktemp("home"))
        yield made
        await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(engine: Engine, request: pytest.FixtureRequest) -> Desk:
    """A session of the test's own."""
    session = await engine.database.write(sessions.create, request.node.name)
    return await Desk.open(engine, session)


@pytest.fixture
def indexing(server: FixtureServer, request: pytest.FixtureRequest) -> Indexing:
    """Short chunks, embedded by the server with a model that no other test uses."""
    return Indexing(24, embedder="custom", model=request.node.name, base_url=server.base_url)


@pytest.fixture
def put(desk: Desk) -> Callable[..., Any]:
    """Add a document with this text to the session."""

    async def added(name: str, content: str, **fields: Any) -> Document:
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        values = {"media_type": "text/plain", "bytes": len(content), "pages": (0,), **fields}
        read = ReadDocument(name=name, path=f"/{name}", sha256=sha256, text=content, **values)
        return await desk.add_document(read, attach=False)

    return added


@pytest.fixture
def promoted(desk: Desk, indexing: Indexing) -> Callable[..., Any]:
    """Promote all of the session's documents, and return every event."""

    async def done(way: Indexing | None = None, **options: Any) -> list[Event]:
        way = way or indexing
        return [event async for event in promote(desk, desk.documents, way, **options)]

    return done


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def embedded(server: FixtureServer) -> list[str]:
    """Return every text that the server was given to embed."""
    asked = [request.body for request in server.requests if request.path == EMBEDDINGS]
    return [each for body in asked for each in body["input"]]


async def stored(desk: Desk, indexing: Indexing) -> tuple[list[Chunk], dict[str, Promotion]]:
    """Return the chunks that are acknowledged, and how far each document is.

    Holds that each of them is found by its own vector, and that the index has no others.
    """
    database = desk.database
    collection = await database.read(chunks.collection, desk.session.id, indexing)
    assert collection
    kept = await database.read(chunks.vectors, collection.id, limit=10_000)
    index = await desk.engine.library.index()
    assert index.ids(collection.name) == {row[0] for row in kept}
    found = index.query(collection.name, [row[2] for row in kept], 1)
    assert [row[0][0] for row in found] == [row[0] for row in kept]
    acknowledged = await database.read(chunks.by_ids, [row[0] for row in kept])
    ways = await database.read(promotions.promotions, collection.id)
    return list(acknowledged.values()), ways


async def test_documents_are_promoted_and_found(desk, put, promoted, indexing):
    one = await put("one.txt", text("ferries"))
    two = await put("two.md", "# Rules\n\n" + text("bridges", 9), media_type="text/markdown")
    events = await promoted()
    finished = events[-1]
    assert of(promotion_events.PromotionStarted, events)[0].todo == 2
    for document in (one, two):
        mine = [event for event in events if getattr(event, "document_id", 0) == document.id]
        assert isinstance(mine[0], promotion_events.DocumentStarted)
        [cut] = of(promotion_events.DocumentCut, mine)
        [done] = of(promotion_events.DocumentPromoted, mine)
        assert mine[-1] is done and done.chunks == cut.chunks > 2 and cut.indexed == 0
        assert of(promotion_events.DocumentEmbedded, mine)[-1].done == cut.chunks
        assert of(promotion_events.DocumentIndexed, mine)[-1].done == cut.chunks
    last = of(promotion_events.Progress, events)[-1]
    assert last.done == last.chunks == finished.chunks and last.seconds_left == 0
    assert (finished.outcome, finished.promoted, finished.failed, finished.left) == (
        *("finished", 2, 0, 0),
    )
    assert all(indexing.key in document.promoted for document in desk.documents)
    acknowledged, ways = await stored(desk, indexing)
    assert sum(way.chunks or 0 for way in ways.values()) == len(acknowledged)
    for document in (one, two):
        whole = await desk.document_text(document)
        own = [chunk for chunk in acknowledged if chunk.sha256 == document.sha256]
        assert all(whole[chunk.start : chunk.end] == chunk.text for chunk in own)
        for n in range(9):
            assert any(f"number {n * 7}." in chunk.text for chunk in own)


async def test_what_is_in_costs_nothing(desk, put, promoted, server, engine, indexing):
    await put("one.txt", text("ferries"))
    await promoted()
    asked = len(server.requests)
    other = Engine(engine.database.home)  # which needs no index for it, nor to wait for ours
    elsewhere = await Desk.open(other, desk.session)
    again = [event async for event in promote(elsewhere, elsewhere.documents, indexing)]
    await other.close()
    assert len(server.requests) == asked
    assert (again[-1].already, again[-1].promoted, again[-1].chunks) == (1, 0, 0)
    await put("two.txt", text("bridges"))
    assert (await promoted())[-1].promoted == 1


async def test_what_was_stopped_goes_on_where_it_stood(
    desk, put, promoted, server, indexing, monkeypatch
):
    monkeypatch.setattr(promotion, "PART", 4)
    monkeypatch.setattr(promotion.Paid, "batch", 4)
    await put("one.txt", text("ferries", 60))
    async with aclosing(promote(desk, desk.documents, indexing)) as events:
        async for event in events:
            if isinstance(event, promotion_events.DocumentIndexed):
                break
    before, ways = await stored(desk, indexing)
    [way] = ways.values()
    assert 4 <= len(before) < (way.chunks or 0) and not way.finished
    assert desk.documents[0].promoted == ()
    [partly] = (await desk.database.read(promotions.unfinished, desk.session.id)).values()
    assert partly == way
    known = await embedded_chunks(desk)
    asked = len(embedded(server))
    events = await promoted()
    assert of(promotion_events.DocumentCut, events)[0].indexed == len(before)
    assert len(embedded(server)) - asked == (way.chunks or 0) - known
    after, ways = await stored(desk, indexing)
    assert {chunk.id for chunk in before} < {chunk.id for chunk in after}
    assert len(after) == way.chunks and all(each.finished for each in ways.values())


async def embedded_chunks(desk: Desk) -> int:
    """Return how many of the session's chunks have an embedding."""
    query = (
        "SELECT count(vector) FROM chunks JOIN collections AS c ON c.id = collection_id"
        " WHERE session_id = ?"
    )
    given = (desk.session.id,)
    return await desk.database.read(lambda database: database.execute(query, given).fetchone()[0])


async def test_the_next_batch_is_embedded_while_the_last_is_indexed(
    put, promoted, server, monkeypatch
):
    monkeypatch.setattr(promotion.Paid, "batch", 4)
    seen = threading.Event()
    upsert = VectorIndex.upsert

    def held(index: VectorIndex, *given: Any) -> None:
        # The first batch is taken only once the second has been sent to be embedded.
        if not seen.is_set():
            deadline = 10.0
            while len(embedded(server)) <= 4 and deadline > 0:
                seen.wait(0.01)
                deadline -= 0.01
            assert len(embedded(server)) > 4, "the stages do not overlap"
            seen.set()
        upsert(index, *given)

    monkeypatch.setattr(VectorIndex, "upsert", held)
    await put("one.txt", text("ferries"))
    assert (await promoted())[-1].promoted == 1


async def test_the_same_text_is_embedded_once(desk, put, promoted, server, indexing, engine):
    shared = text("ferries", 12)
    await put("one.txt", shared)
    await promoted()
    asked = len(embedded(server))
    assert asked == len(set(embedded(server)))
    other = await engine.database.write(sessions.create, "other")
    elsewhere = await Desk.open(engine, other)
    [document] = desk.documents
    read = ReadDocument(
        *("copy.txt", "/copy.txt", document.sha256, "text/plain", document.bytes, shared, (0,))
    )
    await elsewhere.add_document(read, attach=False)
    events = [event async for event in promote(elsewhere, elsewhere.documents, indexing)]
    assert len(embedded(server)) == asked
    assert events[-1].chunks == asked and events[-1].embedded == 0
    await stored(elsewhere, indexing)
    # Another model's embeddings are others.
    await promoted(replace(indexing, model="embed-2"))
    assert len(embedded(server)) == 2 * asked


async def test_a_document_that_is_refused_leaves_the_others_alone(
    desk, put, promoted, server, indexing
):
    await put("one.txt", text("ferries", 4))
    await put("two.txt", text("bridges", 4))
    await put("empty.txt", " \n ")
    # All of them together, then the first alone.
    server.fail_next(Fault.CONTEXT_OPENAI, 2, EMBEDDINGS)
    events = await promoted()
    failed = {event.name: event.error for event in of(promotion_events.DocumentFailed, events)}
    assert set(failed) == {"one.txt", "empty.txt"}
    assert failed["empty.txt"] == "empty.txt holds no text to put into the store."
    assert failed["one.txt"].endswith(".") and "smaller chunks" in failed["one.txt"]
    assert (events[-1].promoted, events[-1].failed) == (1, 2)
    await stored(desk, indexing)
    again = await promoted()
    assert (again[-1].promoted, again[-1].already, again[-1].failed) == (1, 1, 1)


async def test_a_refused_key_fails_everything_at_once(put, promoted, server):
    for number in range(5):
        await put(f"{number}.txt", text(f"topic {number}"))
    server.api_key = "another"
    events = await promoted()
    failed = of(promotion_events.DocumentFailed, events)
    assert len(failed) == 5 == events[-1].failed
    assert {"key" in event.error for event in failed} == {True}
    assert len([r for r in server.requests if r.path == EMBEDDINGS]) == 1


async def test_a_new_version_takes_the_old_ones_place(desk, put, promoted, indexing):
    old = await put("one.txt", text("ferries"))
    await promoted()
    new = await put("one.txt", text("ferries and trams"))

    def replace_old(connection: Any) -> None:
        query = "UPDATE documents SET replaced_by = ? WHERE id = ?"
        connection.execute(query, (new.id, old.id))

    await desk.database.write(replace_old)
    assert [event async for event in promote(desk, [new], indexing)][-1].promoted == 1
    acknowledged, ways = await stored(desk, indexing)
    assert set(ways) == {new.sha256} == {chunk.sha256 for chunk in acknowledged}


async def test_demotion_takes_documents_out_and_leaves_them_in_the_session(
    desk, put, promoted, indexing
):
    one = await put("one.txt", text("ferries"))
    await put("two.txt", text("bridges"))
    await promoted()
    await promoted(replace(indexing, chunk_tokens=40))
    assert await demote(desk, [one], indexing) == [one]
    _, ways = await stored(desk, indexing)
    assert one.sha256 not in ways and len(ways) == 1
    assert len(desk.documents[0].promoted) == 1
    assert [each.name for each in await demote(desk, desk.documents)] == ["one.txt", "two.txt"]
    assert await demote(desk, desk.documents) == []
    assert [len(document.promoted) for document in desk.documents] == [0, 0]
    acknowledged, ways = await stored(desk, indexing)
    assert not acknowledged and not ways
    await desk.remove_document(one.id)
    assert [document.name for document in desk.documents] == ["two.txt"]


async def test_a_demotion_that_was_killed_can_be_ended_either_way(desk, put, promoted, indexing):
    one = await put("one.txt", text("ferries"))
    await promoted()
    collection = await desk.database.read(chunks.collection, desk.session.id, indexing)
    assert collection
    ids = await desk.database.write(promotions.withdraw, collection.id, one.sha256)
    # As when it is killed here, or after the index let go of some of them.
    index = await desk.engine.library.index()
    index.remove(collection.name, ids[:3])
    again = await promoted()
    assert (again[-1].promoted, again[-1].chunks, again[-1].embedded) == (1, len(ids), 0)
    acknowledged, _ = await stored(desk, indexing)
    assert [chunk.id for chunk in acknowledged] == ids
    await desk.database.write(promotions.withdraw, collection.id, one.sha256)
    index.remove(collection.name, ids[:3])
    assert len(await demote(desk, [one])) == 1
    assert index.ids(collection.name) == set()


async def test_removing_a_document_demotes_it(desk, put, promoted, indexing):
    one = await put("one.txt", text("ferries"))
    two = await put("two.txt", text("bridges"))
    await promoted()
    await desk.remove_document(one.id)
    acknowledged, ways = await stored(desk, indexing)
    assert {chunk.sha256 for chunk in acknowledged} == {two.sha256} == set(ways)


async def test_while_documents_go_in_none_is_taken_out(desk, put, promoted, server, indexing):
    one = await put("one.txt", text("ferries"))
    await promoted()
    two = await put("two.txt", text("bridges"))
    three = await put("three.txt", text("harbours"))
    async with aclosing(promote(desk, [two, three], indexing)) as events:
        async for event in events:
            if isinstance(event, promotion_events.DocumentStarted):
                with pytest.raises(StoreBusy, match=r"being changed; wait .*\.$"):
                    await desk.remove_document(one.id)
                break
    await desk.remove_document(three.id)
    # Neither a stopped promotion nor one that comes too late brings a removed document back.
    finished = [event async for event in promote(desk, [one, two, three], indexing)][-1]
    assert (finished.already, finished.promoted, finished.failed) == (1, 1, 1)
    _, ways = await stored(desk, indexing)
    assert set(ways) == {one.sha256, two.sha256}


async def test_nothing_is_begun_that_cannot_be_cut(desk, put, promoted, indexing):
    await put("one.txt", text("ferries"))
    with pytest.raises(EmbedderError, match="overlap"):
        await promoted(replace(indexing, overlap=24))
    assert await desk.database.read(chunks.collections, desk.session.id) == []


async def test_another_litmus_on_the_index_is_named(desk, put, promoted, engine, indexing):
    await put("one.txt", text("ferries"))
    await engine.library.index()
    other = Engine(engine.database.home)
    try:
        elsewhere = await Desk.open(other, desk.session)
        with pytest.raises(IndexHeld, match="Another Litmus"):
            [_ async for _ in promote(elsewhere, elsewhere.documents, indexing)]
        assert await other.database.read(chunks.collection, desk.session.id, indexing) is None
    finally:
        await other.close()
    assert (await promoted())[-1].promoted == 1


async def test_its_cost_counts_to_the_session_and_its_cap(
    desk, put, promoted, indexing, monkeypatch
):
    monkeypatch.setattr("lab.prices.cost", lambda provider, model, usage: 0.01)
    monkeypatch.setattr(promotion.Paid, "batch", 4)
    await put("one.txt", text("ferries", 60))
    events = await promoted(cap_usd=0.025)
    [reached] = of(promotion_events.BudgetReached, events)
    assert (reached.spent_usd, reached.cap_usd) == (pytest.approx(0.02), 0.025)
    finished = events[-1]
    assert (finished.outcome, finished.left, finished.chunks) == ("budget", 1, 8)
    assert finished.cost_usd == pytest.approx(0.02) and finished.tokens > 0
    assert await desk.spent() == (pytest.approx(0.02), 0)
    await stored(desk, indexing)
    assert (await promoted(cap_usd=9.0))[-1].promoted == 1


@pytest.mark.embedded
async def test_the_embedded_model_finds_what_is_meant(desk, put, promoted, monkeypatch):
    from lab.weights import MINILM

    monkeypatch.setenv("LITMUS_MINILM", str(await fetch_weights(source=MINILM)))
    await put("ferries.txt", "The ferry leaves the harbour at six in the morning.")
    await put("cats.txt", "Cats sleep most of the day and hunt at night.")
    events = await promoted(Indexing())
    assert (events[-1].promoted, events[-1].cost_usd, events[-1].unpriced) == (2, 0.0, 0)
    await stored(desk, Indexing())
    collection = await desk.database.read(chunks.collection, desk.session.id, Indexing())
    assert collection
    embedder = await desk.engine.library.embedder()
    asked = await asyncio.to_thread(embedder.embed, ["When does the boat depart?"])
    index = await desk.engine.library.index()
    [(best, near), _] = index.query(collection.name, asked, 2)[0]
    found = await desk.database.read(chunks.by_ids, [best])
    assert found[best].text.startswith("The ferry") and 0.3 < near < 1
    assert await desk.database.read(documents.text, found[best].sha256)
