"""The library: one index for all who ask, repaired once, let go when it rests."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lab.desk import Desk
from lab.engine import Engine
from lab.rag import library as library_module
from lab.rag.library import Library
from lab.weights import WeightsError
from store import chunks, index_files, index_repair
from store.library_records import Collection
from store.vector_index import IndexHeld, VectorIndex

Shelve = Callable[..., Awaitable[Collection]]
Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def shelved(desk: Desk, shelve: Shelve, read) -> Collection:
    """A collection of three chunks that the index does not have yet, each with a vector."""
    collection = await shelve(await read("a.txt", "one\n\ntwo\n\nthree"))
    made = [bytes(4 * n) + b"\0\0\x80\x3f" + bytes(4 * (7 - n)) for n in range(3)]
    rows = await desk.database.read(chunks.indexed_ids, collection.id)

    def keep(connection) -> None:
        for key, vector in zip(sorted(rows), made, strict=True):
            connection.execute("UPDATE chunks SET vector = ? WHERE id = ?", (vector, key))

    await desk.database.write(keep)
    return collection


async def test_it_is_opened_and_rebuilt_once_for_all_who_ask(
    engine: Engine, shelved: Collection
) -> None:
    told: list[tuple[str, int, int]] = []
    loop = asyncio.get_running_loop()

    def progress(*what) -> None:
        assert asyncio.get_running_loop() is loop
        told.append(what)

    cancelled = asyncio.create_task(engine.library.index())
    both = [asyncio.create_task(engine.library.index(progress)) for _ in range(2)]
    await asyncio.sleep(0)
    cancelled.cancel()
    first, second = await asyncio.gather(*both)
    assert first is second is await engine.library.index()
    assert told.count((index_repair.REBUILDING, 3, 3)) == 2
    assert (index_repair.CHECKING, 3, 3) in told
    ids = await engine.database.read(chunks.indexed_ids, shelved.id)
    assert first.ids(shelved.name) == ids and len(ids) == 3

    # The folder is deleted while nobody has it open: it costs a rebuild, and no data.
    await engine.close()
    shutil.rmtree(engine.database.home / index_files.FOLDER)
    again = Engine(engine.database.home)
    index = await again.library.index(progress)
    assert index.ids(shelved.name) == ids
    await again.close()


async def test_a_second_litmus_is_told_and_has_the_index_once_it_rests(
    engine: Engine, until: Until, shelved: Collection
) -> None:
    first = Library(engine, rest_s=0.2)
    async with first.writing:  # as a promotion holds it
        index = await first.index()
        index.upsert(shelved.name, [999], [b"\0\0\x80\x3f" + bytes(28)], ["a"])
        other = Engine(engine.database.home)
        with pytest.raises(IndexHeld, match=f"process {os.getpid()} on "):
            await other.library.index()
        assert index.sound and not index.checked
        index.remove(shelved.name, [999])
    await until(lambda: not index.alive)
    # It was checked before it was let go, so the other only opens it.
    told: list[str] = []
    assert (await other.library.index(lambda what, *_: told.append(what))).checked
    assert told == []
    with pytest.raises(IndexHeld):
        index.ids(shelved.name)
    await other.close()
    # What still has it opens it again by itself.
    assert len(await asyncio.to_thread(index.ids, shelved.name)) == 3
    await first.close()
    assert not index_files.held(engine.database.home)


async def test_closing_does_not_wait_for_a_repair(
    engine: Engine, shelved: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(database, index, progress) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        progress(index_repair.CHECKING, 1, 100)
        raise AssertionError("it went on")

    monkeypatch.setattr(index_repair, "repair", slow)
    opening = asyncio.create_task(engine.library.index())
    await begun.wait()
    closing = asyncio.create_task(engine.library.close())
    await asyncio.sleep(0)
    release.set()
    await closing
    with pytest.raises(library_module.Closed):
        await opening
    assert not index_files.held(engine.database.home)


async def test_the_embedder_cuts_without_its_weights(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITMUS_MINILM", raising=False)
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsError, match="have not been downloaded yet; `litmus docs promote`"):
        await engine.library.embedder()
    cutter = await engine.library.embedder(cutting=True)
    assert cutter is await engine.library.embedder(cutting=True)
    weights = tmp_path / "own.onnx"
    weights.write_bytes(b"")
    monkeypatch.setenv("LITMUS_MINILM", str(weights))
    assert await engine.library.embedder() is not cutter


async def test_a_copy_of_a_home_has_collections_of_its_own_on_a_server(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home_id = library_module.home_id
    first = await engine.database.write(home_id, "/home/one")
    assert first == await engine.database.write(home_id, "/home/one")
    assert first != await engine.database.write(home_id, "/home/two")

    made: list[tuple[str, str]] = []

    def open_one(index: VectorIndex) -> bool:
        made.append((index._url, index._prefix))
        return True

    monkeypatch.setattr(VectorIndex, "open", open_one)
    monkeypatch.setenv(library_module.URL, " http://localhost:8000 ")
    await engine.library.index()
    assert made[0][0] == "http://localhost:8000" and made[0][1].startswith("home-")
