"""Promotion under way on a bench: it goes on whichever screen is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from store.errors import PlainError
from store.library_records import Indexing
from store.records import Document
from tui.durations import time_left

# What only promoting needs is imported when something is promoted.
if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from lab.rag.promotion_events import PromotionEvent, PromotionFinished
    from tui.screens.bench.library import LibraryBench

LONG_S = 12


class Promoting:
    """What a bench promotes, one request after the other.

    `shares` tells how much of each document is done (0 to 1) by its id, `failed` why one
    is not promoted, `share` and `said` how far all of it is.
    """

    def __init__(self, bench: LibraryBench) -> None:
        self._bench = bench
        self._waiting: list[tuple[list[Document], Indexing]] = []
        self._task: asyncio.Task[None] | None = None
        self.shares: dict[int, float] = {}
        self.failed: dict[int, str] = {}
        self.share, self.said = 0.0, ""
        self._todo = self._ended = 0
        self._embedded: dict[int, int] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is being promoted."""
        return self._task is not None

    def start(self, documents: Sequence[Document], indexing: Indexing) -> None:
        """Promote documents, after what is being promoted already."""
        if not documents:
            return
        self._waiting.append((list(documents), indexing))
        for document in documents:
            self.shares.setdefault(document.id, 0.0)
            self.failed.pop(document.id, None)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="promote")
        self._tell()

    def stop(self) -> None:
        """Stop; what is promoted is kept, and the rest goes on from there when asked again."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until nothing is being promoted."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def finish(self) -> None:
        """Stop, and wait until everything is kept."""
        while self._task is not None:
            self.stop()
            await asyncio.sleep(0.02)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._promote(*self._waiting.pop(0))
        finally:
            self._task = None
            self.shares.clear()
            self.said = ""
            self._tell()

    async def _promote(self, documents: list[Document], indexing: Indexing) -> None:
        from lab.rag.promotion import promote

        self.share, self.said = 0.0, "starting"
        self._ended, self._todo = 0, len(documents)
        self._tell()
        try:
            async with aclosing(promote(self._bench.desk, documents, indexing)) as events:
                async for event in events:
                    await self._happened(event)
        except PlainError as error:
            self._say(str(error), "error")
        finally:
            for document in documents:
                self.shares.pop(document.id, None)
            await self._shown_anew()

    async def _happened(self, event: PromotionEvent) -> None:
        from lab.rag import promotion_events as happened

        match event:
            case happened.Opening():
                self.share = event.done / max(1, event.total)
                self.said = event.stage
            case happened.PromotionStarted():
                self._todo = event.todo
            case happened.DocumentCut():
                self._embedded[event.document_id] = event.indexed
                self._share(event.document_id, event.indexed, event.chunks)
            case happened.DocumentEmbedded():
                self._embedded[event.document_id] = event.done
            case happened.DocumentIndexed():
                self._share(event.document_id, event.done, event.chunks)
            case happened.DocumentPromoted():
                self._end(event.document_id)
                await self._bench.desk.refresh_documents()
            case happened.DocumentFailed():
                self._end(event.document_id)
                self.failed[event.document_id] = event.error
            case happened.Progress():
                self.share = event.done / max(1, event.chunks)
                self.said = f"{self._ended} of {self._todo}"
                if event.seconds_left is not None:
                    self.said += f", {time_left(event.seconds_left)} left"
            case happened.BudgetReached():
                self._say(
                    f"Stopped before the next call could pass the cap of ${event.cap_usd:.2f}; "
                    "the bench's key $ changes it.",
                    "warning",
                )
            case happened.PromotionFinished():
                self._say(_summary(event), "information")
            case _:
                pass
        self._tell()

    def _share(self, document_id: int, indexed: int, chunks: int) -> None:
        done = indexed + max(indexed, self._embedded.get(document_id, 0))
        self.shares[document_id] = done / max(1, 2 * chunks)

    def _end(self, document_id: int) -> None:
        self._ended += 1
        self.shares.pop(document_id, None)

    def _say(self, sentence: str, severity: SeverityLevel) -> None:
        self._bench.notify(sentence, severity=severity, timeout=LONG_S, markup=False)

    async def _shown_anew(self) -> None:
        """Have the bench and the Documents screen show what is in the store now."""
        await self._bench.desk.refresh_documents()
        if self._bench.is_attached:
            await self._bench.reset()
        self._tell()

    def _tell(self) -> None:
        if self._bench.is_attached:
            self._bench.documents_shown()


def _summary(event: PromotionFinished) -> str:
    if not event.promoted and not event.failed and not event.left:
        return "Everything is promoted already."
    files = "1 document" if event.promoted == 1 else f"{event.promoted:,} documents"
    said = f"{files} promoted, {event.chunks:,} chunks in {time_left(event.seconds)}"
    if event.cost_usd:
        said += f", ${event.cost_usd:.4f}"
    if event.failed:
        said += f". {event.failed:,} failed: the list says why"
    return f"{said}."
