"""Promotion: documents are cut, embedded and put into the RAG store, as a stream of events.

The three stages overlap: while one batch is embedded the batch before it goes into SQLite and
the index, and the next document is cut. What is missing decides what is done, so a promotion
that was stopped or killed is resumed by starting it again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lab.cancelling import to_the_end
from lab.desk import Desk
from lab.failures import AskError
from lab.rag import promotion_events as events
from lab.rag.cutting import PART, Cutter
from lab.rag.demotion import take_out_replaced
from lab.rag.pace import Pace
from lab.rag.paying import OverCap, Paid
from store import chunks, promotions
from store.database import Connection
from store.embedder import EmbedderError, check
from store.errors import NotFound, PlainError
from store.library_records import Indexing
from store.records import Document

# How many parts may wait between two stages.
_WAITING = 2


async def promote(
    desk: Desk,
    given: Sequence[Document],
    indexing: Indexing,
    *,
    cap_usd: float | None = None,
) -> AsyncGenerator[events.PromotionEvent]:
    """Put documents into the session's collection of `indexing`, and yield what happens.

    `cap_usd` is the most that the session may spend by then, by default its own cap.
    What is wholly in costs nothing. Closing the generator stops the work; what is acknowledged
    stays. Raises EmbedderError when documents cannot be cut so, IndexHeld or IndexFailed when
    the index cannot be used, WeightsError, AskError or ProviderError when nothing can be
    embedded, StoreError when something cannot be kept. What hinders only one document is an
    event.
    """
    work = _Promotion(desk, given, indexing, cap_usd)
    task = asyncio.create_task(work.run())
    try:
        while (event := await work.told.get()) is not None:
            yield event
    finally:
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await desk.refresh_documents()


@dataclass(slots=True, eq=False)
class _Job:
    """A document on its way: how many chunks it has, and how many are past each stage."""

    document: Document
    chunks: int = 0
    embedded: int = 0
    indexed: int = 0
    failed: bool = False

    @property
    def name(self) -> tuple[int, str]:
        """What its events begin with."""
        return self.document.id, self.document.name


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk between two stages; `fresh` when its embedding is not kept yet."""

    job: _Job
    id: int
    text: str
    vector: bytes | None
    fresh: bool = True


_Stream = asyncio.Queue[list[_Chunk] | None]


class _Promotion:
    def __init__(
        self,
        desk: Desk,
        given: Sequence[Document],
        indexing: Indexing,
        cap_usd: float | None,
    ) -> None:
        self.told: asyncio.Queue[events.PromotionEvent | None] = asyncio.Queue()
        self._desk = desk
        self._library = desk.engine.library
        self._database = desk.database
        self._given = given
        self._indexing = indexing
        self._cut: _Stream = asyncio.Queue(_WAITING)
        self._embedded: _Stream = asyncio.Queue(_WAITING)
        self._halt = threading.Event()
        self._refused = ""  # why no other document would fare better
        self._over_cap = False
        self._began = time.monotonic()
        self._paid = Paid(desk, indexing, cap_usd, self._fetching)
        self._already = self._promoted = self._failed = self._acknowledged = 0

    async def run(self) -> None:
        """Do the whole of it; `told` ends with None."""
        try:
            async with self._library.writing:
                await self._promote()
        finally:
            self._halt.set()
            self.told.put_nowait(None)

    async def _promote(self) -> None:
        check(self._indexing)
        there = await self._database.read(_whole, self._desk.session.id, self._indexing)
        todo = [document for document in self._given if document.sha256 not in there]
        self._already = len(self._given) - len(todo)
        self._tell(events.PromotionStarted(len(todo), self._already))
        if todo:
            async with self._paid:
                await self._library.index(self._opening)
                self._collection = await self._database.write(
                    chunks.keep_collection, self._desk.session.id, self._indexing
                )
                await self._overlap(todo)
        self._tell(self._finished(len(todo)))

    async def _overlap(self, todo: Sequence[Document]) -> None:
        """Let the stages work until all is done. Raises what the first that failed raised."""
        self._pace = Pace(todo, self._indexing)
        try:
            async with asyncio.TaskGroup() as stages:
                stages.create_task(self._cut_all(todo))
                stages.create_task(self._embed_all())
                stages.create_task(self._index_all())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def _finished(self, todo: int) -> events.PromotionFinished:
        return events.PromotionFinished(
            outcome="budget" if self._over_cap else "finished",
            promoted=self._promoted,
            already=self._already,
            failed=self._failed,
            left=todo - self._promoted - self._failed,
            chunks=self._acknowledged,
            embedded=self._paid.texts,
            tokens=self._paid.tokens,
            cost_usd=self._paid.cost_usd,
            unpriced=self._paid.unpriced,
            seconds=time.monotonic() - self._began,
        )

    def _opening(self, stage: str, done: int, total: int) -> None:
        self._tell(events.Opening(stage, done, total))

    def _fetching(self, done: int, total: int) -> None:
        self._tell(events.Fetching(done, total))

    def _tell(self, event: events.PromotionEvent) -> None:
        self.told.put_nowait(event)

    # -- cutting --------------------------------------------------------------------------

    async def _cut_all(self, todo: Sequence[Document]) -> None:
        cutter = Cutter(self._database, self._library, self._collection, self._halt)
        for document in todo:
            if self._over_cap:
                break
            job = _Job(document)
            try:
                if self._refused:
                    raise NotFound(self._refused)
                self._tell(events.DocumentStarted(*job.name))
                job.chunks, job.indexed = await cutter.cut(document)
            except (EmbedderError, NotFound) as error:
                self._pace.skip(document)
                self._fail(job, str(error))
                continue
            job.embedded = job.indexed
            self._pace.cut(document, job.chunks, job.indexed)
            self._tell(events.DocumentCut(*job.name, job.chunks, job.indexed))
            await self._feed(job)
        await self._cut.put(None)

    async def _feed(self, job: _Job) -> None:
        """Pass on a document's chunks that are not acknowledged."""
        if job.indexed == job.chunks:
            await self._finish(job)
        where = (self._collection.id, job.document.sha256)
        after = -1
        while found := await self._database.read(
            promotions.pending, *where, after=after, limit=PART
        ):
            after = found[-1].place
            part = [_Chunk(job, c.id, c.text, c.vector, fresh=c.vector is None) for c in found]
            await self._cut.put(part)

    # -- embedding ------------------------------------------------------------------------

    async def _embed_all(self) -> None:
        waiting: list[_Chunk] = []
        size = self._paid.batch
        while (part := await self._cut.get()) is not None:
            known = await self._known(part)
            await self._pass_on([chunk for chunk in known if chunk.vector is not None])
            waiting += [chunk for chunk in known if chunk.vector is None]
            while len(waiting) >= size:
                await self._embed(waiting[:size])
                del waiting[:size]
        await self._embed(waiting)
        await self._embedded.put(None)

    async def _known(self, part: list[_Chunk]) -> list[_Chunk]:
        """Give chunks the embeddings that are known from elsewhere."""
        lacking = [chunk.text for chunk in part if chunk.vector is None]
        if not lacking:
            return part
        known = await self._database.read(promotions.known_vectors, self._indexing, lacking)
        return [replace(c, vector=c.vector or known.get(c.text)) for c in part]

    async def _embed(self, batch: list[_Chunk]) -> None:
        """Embed a batch and pass it on; a refused one is tried again document by document."""
        batch = [chunk for chunk in batch if not chunk.job.failed]
        if not batch or self._over_cap:
            return
        jobs = list(dict.fromkeys(chunk.job for chunk in batch))
        try:
            if self._refused:
                raise NotFound(self._refused)
            vectors = await self._paid.embed([chunk.text for chunk in batch])
        except OverCap as over:
            self._over_cap = True
            self._tell(events.BudgetReached(over.spent_usd, over.cap_usd))
        except PlainError as error:
            if isinstance(error, AskError) and error.fatal:
                self._refused = str(error)
            for job in jobs:
                if self._refused or len(jobs) == 1:
                    self._fail(job, str(error))
                else:
                    await self._embed([chunk for chunk in batch if chunk.job is job])
        else:
            made = zip(batch, vectors, strict=True)
            await self._pass_on([replace(chunk, vector=vector) for chunk, vector in made])

    async def _pass_on(self, part: list[_Chunk]) -> None:
        for job, count in Counter(chunk.job for chunk in part).items():
            job.embedded += count
            self._tell(events.DocumentEmbedded(*job.name, job.embedded, job.chunks))
        if part:
            await self._embedded.put(part)

    # -- indexing -------------------------------------------------------------------------

    async def _index_all(self) -> None:
        while (part := await self._embedded.get()) is not None:
            await to_the_end(self._index(part))

    async def _index(self, part: list[_Chunk]) -> None:
        """Keep embeddings and put them into the index; then the chunks are acknowledged."""
        ids = [chunk.id for chunk in part]
        vectors = [chunk.vector or b"" for chunk in part]
        shas = [chunk.job.document.sha256 for chunk in part]
        fresh = [(c.id, v) for c, v in zip(part, vectors, strict=True) if c.fresh]
        index = await self._library.index()
        await asyncio.gather(
            self._database.write(promotions.keep_vectors, fresh),
            asyncio.to_thread(index.upsert, self._collection.name, ids, vectors, shas),
        )
        await self._database.write(chunks.mark_indexed, ids)
        self._acknowledged += len(part)
        self._pace.indexed(len(part))
        for job, count in Counter(chunk.job for chunk in part).items():
            job.indexed += count
            self._tell(events.DocumentIndexed(*job.name, job.indexed, job.chunks))
            if job.indexed == job.chunks:
                await self._finish(job)
        self._tell(self._pace.progress())

    async def _finish(self, job: _Job) -> None:
        """Take the versions out that a document replaces, then note that it is wholly in."""
        await take_out_replaced(self._library, self._database, self._collection, job.document)
        where = (self._collection.id, job.document.sha256)
        if not await self._database.write(promotions.finish, *where):
            self._fail(job, f"{job.document.name} was changed meanwhile; promote it again.")
            return
        self._promoted += 1
        self._tell(events.DocumentPromoted(*job.name, job.chunks))

    def _fail(self, job: _Job, error: str) -> None:
        """Tell that a document is not wholly in; what is embedded of it still goes in."""
        job.failed = True
        self._failed += 1
        self._pace.give_up(job.chunks - job.embedded)
        self._tell(events.DocumentFailed(*job.name, error))


def _whole(connection: Connection, session_id: int, indexing: Indexing) -> set[str]:
    """Return which documents are wholly in the session's collection, by their sha256."""
    collection = chunks.collection(connection, session_id, indexing)
    found = promotions.promotions(connection, collection.id) if collection else {}
    return {sha256 for sha256, each in found.items() if each.finished}
