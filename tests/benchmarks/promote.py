"""Measure promotion: `python tests/benchmarks/promote.py [--embedded 2000] [--given 20000]`.

First with the embedded MiniLM, then with embeddings that another session has already. Each is
measured end to end, files to answers: `docs add` and `docs promote` of a session. Beside it
stand its parts, each alone with everything else at rest: reading the files, cutting the texts,
embedding (or looking up) the chunks, and adding them to SQLite and to the index. The children
are started before, since that costs the same once however much is promoted; how long it takes
is told apart. While it promotes, a clock in the event loop tells how long anything else would
have to wait.

Needs the weights of MiniLM (`litmus docs promote` fetches them). Takes about five minutes on
two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.desk import Desk
from lab.engine import Engine
from lab.rag.cutting import PART
from lab.rag.embeddings import EMBEDDED_BATCH
from lab.rag.promotion import promote
from lab.rag.promotion_events import PromotionFinished
from lab.rag.retrieve import search
from store import chunks, documents, promotions, reading, sessions
from store.database import Connection
from store.library_records import Collection, Indexing, Piece, Retrieval
from store.records import Document

ROOT = Path(__file__).parents[2]
BAR, AIM = 1.2, 1.1
CHUNKS_A_FILE = 100
WORDS_A_CHUNK = 85
QUERIES = 200
TICK_S = 0.005


@dataclass
class Measured:
    """Seconds: each part alone, end to end, and the waits of the event loop meanwhile."""

    parts: dict[str, float] = field(default_factory=dict[str, float])
    whole: float = 0.0
    chunks: int = 0
    waits: list[float] = field(default_factory=list[float])
    queries: dict[str, list[float]] = field(default_factory=dict[str, list[float]])


def write_files(folder: Path, count: int, luck: random.Random) -> list[Path]:
    """Write files of invented prose that make about so many chunks."""
    words = (ROOT / "fixtures" / "handbook.md").read_text(encoding="utf-8").split()
    folder.mkdir()
    made: list[Path] = []
    for number in range(max(1, count // CHUNKS_A_FILE)):
        sentences = [
            " ".join(luck.choices(words, k=luck.randrange(6, 24))).capitalize() + "."
            for _ in range(CHUNKS_A_FILE * WORDS_A_CHUNK // 15)
        ]
        paragraphs = [" ".join(sentences[at : at + 5]) for at in range(0, len(sentences), 5)]
        made.append(folder / f"{number:03}.txt")
        made[-1].write_text("\n\n".join(paragraphs), encoding="utf-8")
    return made


async def session(engine: Engine, name: str) -> Desk:
    return await Desk.open(engine, await engine.database.write(sessions.create, name))


async def add(desk: Desk, paths: Sequence[Path]) -> None:
    """Read files into a session, as `litmus docs add` does."""
    outcomes = reading.read_many(paths)
    for _ in paths:
        read = await asyncio.to_thread(next, outcomes)
        assert not isinstance(read, reading.ReadingError), read
        await desk.add_document(read, attach=False)


async def alone(desk: Desk, found: Measured, *, given: bool) -> None:
    """Measure cutting, embedding and adding, one after the other."""
    indexing, database = Indexing(), desk.database
    embedder = await desk.engine.library.embedder()
    began = perf_counter()
    cut: list[tuple[Document, str, list[Piece]]] = []
    for document in desk.documents:
        text = await database.read(documents.text, document.sha256)
        cut.append((document, text, await asyncio.to_thread(embedder.cut, text, indexing)))
    found.parts["chunk"] = perf_counter() - began
    texts = [text[piece.start : piece.end] for _, text, pieces in cut for piece in pieces]
    found.chunks = len(texts)
    began = perf_counter()
    if given:
        known: dict[str, bytes] = {}
        for at in range(0, len(texts), PART):
            part = texts[at : at + PART]
            known |= await database.read(promotions.known_vectors, indexing, part)
        vectors = [known[text] for text in texts]
    else:
        vectors = []
        for at in range(0, len(texts), EMBEDDED_BATCH):
            part = texts[at : at + EMBEDDED_BATCH]
            vectors += await asyncio.to_thread(embedder.embed, part)
    found.parts["embed"] = perf_counter() - began
    began = perf_counter()
    # Under another way to cut, so that the session's own collection stays empty.
    collection = await database.write(
        chunks.keep_collection, desk.session.id, Indexing(base_url="alone")
    )
    await put_in(desk, collection, cut, vectors)
    found.parts["add"] = perf_counter() - began


async def put_in(
    desk: Desk,
    collection: Collection,
    cut: Sequence[tuple[Document, str, list[Piece]]],
    vectors: Sequence[bytes],
) -> None:
    """Write chunks with their embeddings into SQLite and the index, nothing else going on."""
    database, at = desk.database, 0
    index = await desk.engine.library.index()
    for document, text, pieces in cut:
        where = (collection.id, document.sha256)
        await database.write(promotions.begin, *where)
        given = {"text": text, "pages": document.pages}
        await database.write(promotions.keep_pieces, *where, pieces, **given)
        await database.write(promotions.keep_cut, *where, len(pieces))
        ids = [chunk.id for chunk in await database.read(chunks.chunks_of, *where)]
        for first in range(0, len(ids), PART):
            part = ids[first : first + PART]
            own = vectors[at : at + len(part)]
            at += len(part)
            await database.write(promotions.keep_vectors, zip(part, own, strict=True))
            shas = [document.sha256] * len(part)
            await asyncio.to_thread(index.upsert, collection.name, part, own, shas)
            await database.write(chunks.mark_indexed, part)
        await database.write(promotions.finish, *where)


async def give(desk: Desk, luck: random.Random) -> None:
    """Keep embeddings of a session's texts that were not made by any model."""
    import struct

    indexing = Indexing()
    embedder = await desk.engine.library.embedder()
    collection = await desk.database.write(chunks.keep_collection, desk.session.id, indexing)
    for document in desk.documents:
        where = (collection.id, document.sha256)
        text = await desk.database.read(documents.text, document.sha256)
        pieces = await asyncio.to_thread(embedder.cut, text, indexing)
        await desk.database.write(promotions.begin, *where)
        given = {"text": text, "pages": document.pages}
        await desk.database.write(promotions.keep_pieces, *where, pieces, **given)
        kept = await desk.database.read(chunks.chunks_of, *where)
        made: list[tuple[int, bytes]] = []
        for chunk in kept:
            numbers = [luck.gauss(0, 1) for _ in range(384)]
            length = sum(number * number for number in numbers) ** 0.5
            made.append((chunk.id, struct.pack("<384f", *(n / length for n in numbers))))
        await desk.database.write(promotions.keep_vectors, made)


@asynccontextmanager
async def watched(waits: list[float]) -> AsyncIterator[None]:
    """Note how much longer than asked for the event loop let a sleeper wait, in seconds."""

    async def tick() -> None:
        while True:
            began = perf_counter()
            await asyncio.sleep(TICK_S)
            waits.append(perf_counter() - began - TICK_S)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


async def measure(count: int, *, given: bool) -> Measured:
    """Measure a promotion of about so many chunks, and its parts."""
    found = Measured()
    luck = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder) / "files", count, luck)
        engine = Engine(Path(folder) / "home")
        began = perf_counter()
        embedder = await engine.library.embedder()
        await engine.library.index()
        await asyncio.to_thread(embedder.embed, ["warm"])
        await asyncio.to_thread(embedder.cut, "warm", Indexing())
        print(f"  the children start in {perf_counter() - began:.1f} s")
        apart = await session(engine, "alone")
        began = perf_counter()
        await add(apart, paths)
        found.parts["read"] = perf_counter() - began
        if given:
            await give(await copied(apart, "given"), luck)
        await alone(apart, found, given=given)
        whole = await session(engine, "whole")
        async with watched(found.waits):
            began = perf_counter()
            await add(whole, paths)
            events = [event async for event in promote(whole, whole.documents, Indexing())]
            found.whole = perf_counter() - began
        finished = events[-1]
        assert isinstance(finished, PromotionFinished) and finished.chunks == found.chunks
        assert given == (finished.embedded == 0)
        await ask(whole, found, luck)
        await engine.close()
    return found


async def copied(desk: Desk, name: str) -> Desk:
    """Return another session with the same documents."""
    made = await session(desk.engine, name)

    def copy(connection: Connection) -> None:
        connection.execute(
            "INSERT INTO documents (session_id, sha256, name, path, added_at)"
            " SELECT ?, sha256, name, path, added_at FROM documents WHERE session_id = ?",
            (made.session.id, desk.session.id),
        )

    await desk.database.write(copy)
    await made.refresh_documents()
    return made


async def ask(desk: Desk, found: Measured, luck: random.Random) -> None:
    """Search with pieces of the texts."""
    texts = [
        await desk.database.read(documents.text, document.sha256) for document in desk.documents
    ]
    for mode in ("vector", "keyword", "hybrid"):
        took = found.queries.setdefault(mode, [])
        for _ in range(QUERIES):
            text = luck.choice(texts)
            at = luck.randrange(len(text) - 60)
            began = perf_counter()
            await search(desk, text[at : at + 60], Retrieval(mode=mode))
            took.append(perf_counter() - began)


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


def report(title: str, found: Measured) -> bool:
    """Print the numbers; return whether the bar is kept."""
    total, slowest = sum(found.parts.values()), max(found.parts, key=found.parts.__getitem__)
    rate = found.whole / total
    alone = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.parts.items())
    print(f"{title}: {found.chunks:,} chunks")
    print(f"  alone: {alone}; together {total:.2f} s")
    print(f"  end to end {found.whole:.2f} s, {found.chunks / found.whole:.1f} chunks/s")
    print(f"  over the sum of its parts: {rate:.2f}x (bar {BAR}x)")
    print(f"  over the slowest, {slowest}: {found.whole / found.parts[slowest]:.2f}x (aim {AIM}x)")
    print(
        f"  the event loop's waits meanwhile: p95 {p95(found.waits) * 1000:.1f} ms, longest "
        f"{max(found.waits) * 1000:.0f} ms"
    )
    asked = ", ".join(f"{mode} {p95(took) * 1000:.1f}" for mode, took in found.queries.items())
    print(f"  a search, p95 in ms: {asked}")
    return rate <= BAR


def main() -> int:
    """Measure both, and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--embedded", type=int, default=2_000, metavar="CHUNKS")
    parser.add_argument("--given", type=int, default=20_000, metavar="CHUNKS")
    options = parser.parse_args()
    kept = [
        report(title, asyncio.run(measure(count, given=given)))
        for title, count, given in (
            ("With the embedded MiniLM", options.embedded, False),
            ("With embeddings given", options.given, True),
        )
        if count
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
