"""`litmus docs promote` and `litmus docs demote`: documents into the RAG store, and out."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.prices import format_cost
from lab.rag import promotion_events as events
from lab.rag.demotion import demote as take_out
from lab.rag.promotion import promote as put_in
from store.errors import NotFound
from store.library_records import Indexing, Retrieval
from store.records import Document
from tui.durations import time_left
from tui.verbs import output
from tui.verbs.documents import find
from tui.verbs.store_options import indexing_of
from tui.verbs.working import desk_of, with_engine


def promote(options: argparse.Namespace) -> int:
    """Put documents into the RAG store; promoting once more goes on where it stopped."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        given = _named(desk, options.names)
        base = desk.setup.retrieval if desk.setup else Retrieval()
        indexing = indexing_of(options, base.indexing)
        report = Report(as_json=options.json)
        try:
            working = put_in(desk, given, indexing, cap_usd=options.budget)
            async with aclosing(working) as happening:
                async for event in happening:
                    report.note(event)
        finally:
            report.end()
        report.print(desk, indexing)
        return report.status

    return with_engine(options, work)


def demote(options: argparse.Namespace) -> int:
    """Take documents out of the RAG store; they stay in the session."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        out = [item.name for item in await take_out(desk, _named(desk, options.names))]
        if options.json:
            output.data({"session": desk.session.name, "demoted": out})
        elif out:
            output.say(f"Out of the store: {', '.join(out)}.")
        else:
            output.say("Nothing of that was in the store.")
        return 0

    return with_engine(options, work)


class Report:
    """What came of promoting, for the exit status and the last lines."""

    def __init__(self, *, as_json: bool) -> None:
        self.progress = output.Progress()
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []
        self._at = events.Progress(0, 0, None)
        self._documents = 0
        self._error: str | None = None
        self._same = 0
        self._finished: events.PromotionFinished | None = None

    @property
    def status(self) -> int:
        """0 when everything is in, 1 when something is not, 2 when nothing is."""
        done = self._finished
        assert done is not None
        if done.failed and not done.promoted and not done.already:
            return 2
        return 1 if done.failed or done.left else 0

    def note(self, event: events.PromotionEvent) -> None:
        """Take in an event, and show what it says."""
        match event:
            case events.Opening():
                share = event.done / max(1, event.total)
                self.progress.show(f"{event.stage}: {share:.0%}")
            case events.Fetching():
                self.progress.show(
                    f"Downloading the embedding model: {event.done / 1e6:.0f} of "
                    f"{event.total / 1e6:.0f} MB"
                )
            case events.PromotionStarted():
                self._documents = event.todo
            case events.Progress():
                self._at = event
                self._show_progress()
            case events.DocumentPromoted():
                self._keep(event, chunks=event.chunks)
            case events.DocumentFailed():
                self._keep(event, error=event.error)
            case events.BudgetReached():
                self.progress.done()
                output.note(
                    f"Stopped before the next call could pass the cap: ${event.spent_usd:.4f} of "
                    f"${event.cap_usd:.2f} is spent; --budget allows more for one time."
                )
            case events.PromotionFinished():
                self._finished = event
            case _:
                pass

    def end(self) -> None:
        """Take the progress away; where it was broken off, say how far it came."""
        self._tell_same()
        if self._finished is None and self._at.chunks:
            output.note(
                f"{self._at.done:,} of about {self._at.chunks:,} chunks are in the store; the "
                "same command goes on from there."
            )

    def print(self, desk: Desk, indexing: Indexing) -> None:
        """Print what came of it."""
        done = self._finished
        assert done is not None
        if self._as_json:
            output.data(
                {
                    "session": desk.session.name,
                    "indexing": asdict(indexing),
                    "outcome": done.outcome,
                    "documents": self._rows,
                    "promoted": done.promoted,
                    "already": done.already,
                    "failed": done.failed,
                    "left": done.left,
                    "chunks": done.chunks,
                    "embedded": done.embedded,
                    "tokens": done.tokens,
                    "cost_usd": None if done.unpriced else done.cost_usd,
                    "seconds": round(done.seconds, 3),
                }
            )
            return
        if done.chunks or done.promoted:
            cost = format_cost(None if done.unpriced else done.cost_usd)
            output.say(
                f"{_counted(done.promoted, 'document')} promoted, "
                f"{_counted(done.chunks, 'chunk')} in {done.seconds:.0f} s, of which "
                f"{done.embedded:,} were embedded; cost {cost}."
            )
        elif not done.failed and not done.left:
            output.say("Everything is promoted already.")

    def _keep(
        self,
        event: events.DocumentPromoted | events.DocumentFailed,
        *,
        chunks: int | None = None,
        error: str | None = None,
    ) -> None:
        """Keep a document's row, and print its line."""
        state = "failed" if error else "promoted"
        row = {"id": event.document_id, "name": event.name, "state": state}
        self._rows.append({**row, "chunks": chunks, "error": error})
        if error and error == self._error:
            self._same += 1
            return
        self._tell_same()
        self._error = error
        if error:
            output.complain(f"{event.name}: {error}")
        elif not self._as_json:
            output.say(f"{event.name}: {_counted(chunks or 0, 'chunk')}, promoted")

    def _tell_same(self) -> None:
        """Tell at once of what failed as the document before it did."""
        self.progress.done()
        if self._same:
            output.complain(f"{_counted(self._same, 'more document')}: the same.")
        self._same = 0

    def _show_progress(self) -> None:
        at = self._at
        left = "" if at.seconds_left is None else f", {time_left(at.seconds_left)} left"
        self.progress.show(
            f"{at.done:,} of {at.chunks:,} chunks, {len(self._rows)} of {self._documents} "
            f"documents{left}"
        )


def _named(desk: Desk, names: list[str]) -> list[Document]:
    """Return the documents of these names, or all. Raises NotFound."""
    if not desk.documents:
        raise NotFound("There are no documents yet; add some with `litmus docs add PATH…`.")
    return [find(desk, name) for name in dict.fromkeys(names)] or desk.documents


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
