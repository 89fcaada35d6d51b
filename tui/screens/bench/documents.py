"""The documents of a bench: dropped, read away from the keys, put into the context."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab.context import Part, places
from store.errors import PlainError
from store.reading import ReadingError, Stop, expand
from store.records import Document, Rung, Variant
from tui import safe
from tui.widgets.answers import Answers
from tui.widgets.document_list import DocumentList
from tui.widgets.prompt_box import PromptBox

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.fitting import Gauge
    from lab.intake import Taken
    from tui.screens.bench.place import Bench

_MOST_TOLD = 3


class Documents:
    """What happens to a bench's documents."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._gauge: Gauge | None = None
        self._dropped: tuple[str, list[int], Rung] | None = None
        self.stop = Stop()
        self.reading = ""
        """Which file is being read; empty while none is."""

    @property
    def tokens(self) -> Mapping[str, int]:
        """About how many tokens each document has, by its sha256, as far as counted."""
        variant = self._variant()
        found = [
            (each.sha256, self._known(variant, Part(each.name, each.sha256)))
            for each in self._bench.desk.documents
        ]
        return {sha256: tokens for sha256, tokens in found if tokens is not None}

    def dropped(self, text: str) -> None:
        """Take a paste that may be files."""
        self._bench.run_worker(self._drop(text), group="drop")

    async def _drop(self, text: str) -> None:
        from tui import drop
        from tui.screens.bench.importing import was_benchmark

        paths = await asyncio.to_thread(drop.parse, text)
        if paths is None:
            self._bench.query_one(PromptBox).insert_text(text)
            self._bench.action_prompt()
            return
        if len(paths) == 1 and await was_benchmark(self._bench, paths[0]):
            return
        setup, known = self._bench.desk.setup, {item.id for item in self._bench.desk.documents}
        added = await self._add(paths)
        new = [document_id for document_id in added if document_id not in known]
        self._dropped = (text, new, setup.rung if setup else "bare")
        if added:
            await self.use_context()

    async def _add(self, paths: list[Path]) -> list[int]:
        """Read files into the session and the context; return the documents' ids."""
        from lab.intake import take_in

        bench = self._bench
        taken: list[Taken] = []
        failed: list[ReadingError] = []
        if self.stop.is_set():
            self.stop = Stop()
        try:
            files = await asyncio.to_thread(expand, paths, stop=self.stop)
        except ReadingError as error:
            self._tell_failed([error])
            return []
        self._reading(files, 0)
        outcomes = take_in(bench.desk, files, attach=True, stop=self.stop, ask=self._password)
        async with aclosing(outcomes):
            async for outcome in outcomes:
                if isinstance(outcome, ReadingError):
                    failed.append(outcome)
                else:
                    taken.append(outcome)
                self._reading(files, len(taken) + len(failed))
        self.reading = ""
        self.show()
        self._tell_failed(failed)
        if not files:
            bench.notify("There is no file to read in what was dropped.")
        elif taken:
            bench.notify(
                safe.visible(f"{_named(taken)}. ctrl+t takes what was dropped as text."),
                markup=False,
            )
        return [each.document.id for each in taken]

    def _reading(self, files: list[Path], done: int) -> None:
        """Show which file is being read."""
        if done < len(files):
            count = f" ({done + 1} of {len(files)})" if len(files) > 1 else ""
            self.reading = files[done].name + count
            self._bench.query_one(DocumentList).reading(self.reading)
            self._bench.documents_shown()

    def _tell_failed(self, failed: list[ReadingError]) -> None:
        """Tell what could not be read: each of a few files, and how many more there are."""
        told = [str(error) for error in failed[:_MOST_TOLD]]
        if more := len(failed) - len(told):
            told.append(f"And {more:,} more were not read; `litmus docs add` tells of each.")
        for sentence in told:
            self._bench.notify(safe.visible(sentence), severity="error", timeout=10, markup=False)

    async def _password(self, path: Path, error: ReadingError) -> str | None:
        """Ask for the password of an encrypted file."""
        from tui.screens.ask_line import AskLine

        asked = "Its password:" if error.reason == "encrypted" else "Another password:"
        return await self._bench.app.push_screen_wait(
            AskLine(f"{path.name} is encrypted. {asked}", password=True)
        )

    async def as_text(self) -> None:
        """Undo the last drop, and put what was dropped into the prompt box as text."""
        from lab.intake import take_back

        if self._dropped is None:
            return
        text, ids, rung = self._dropped
        self._dropped = None
        await take_back(self._bench.desk, ids)
        self._bench.query_one(PromptBox).insert_text(text)
        self._bench.action_prompt()
        if any(item.attached is not None for item in self._bench.desk.documents):
            await self._bench.reset()
        else:
            await self._bench.set_rung(rung)

    async def toggle(self, document: Document) -> None:
        """Put a document into the context, or take it out."""
        inside = document.attached is None
        await self._bench.desk.attach(document.id, inside)
        if inside:
            await self.use_context()
        else:
            await self._bench.reset()

    async def move(self, document: Document, step: int) -> None:
        """Change a document's place in the context."""
        await self._bench.desk.move_document(document.id, step)
        await self._bench.reset()

    async def remove(self, document: Document) -> None:
        """Take a document out of the session."""
        try:
            await self._bench.desk.remove_document(document.id)
        except PlainError as error:  # another Litmus may hold the store that it is in
            self._bench.notify(safe.visible(str(error)), severity="error", markup=False)
        await self._bench.reset()

    def show(self) -> None:
        """Show the documents; what is not counted yet is counted in a thread."""
        self._bench.run_worker(self._show, group="documents", exclusive=True)

    async def _show(self) -> None:
        desk, panel = self._bench.desk, self._bench.query_one(DocumentList)
        case = self._bench.query_one(Answers).case
        variant, found = self._variant(), places(desk.documents, case.draft if case else None)

        def show() -> None:
            panel.show(found, lambda place: self._known(variant, place.part))

        show()
        self._bench.documents_shown()
        if variant is None or not found:
            panel.fill(None)
            return
        gauge = self._gauge = self._gauge or _gauge(desk)
        window = await desk.engine.known_window(desk.setup) if desk.setup else None
        try:
            fill = await gauge.fill(variant, case.draft if case else None, window)
            rung = desk.setup.rung if desk.setup else "context"
            aside = "" if rung == "context" else f"not sent whole on {rung}; c changes rung"
            panel.fill(fill, aside)
            for part in (place.part for place in found):
                await gauge.tokens(variant, part)
            show()
            for document in desk.documents:
                await gauge.tokens(variant, Part(document.name, document.sha256))
            self._bench.documents_shown()
        except PlainError as error:
            panel.fill(None)
            self._bench.notify(safe.visible(str(error)), severity="error", markup=False)

    def _variant(self) -> Variant | None:
        """Return the variant that asks with the documents in the context."""
        setup, desk = self._bench.desk.setup, self._bench.desk
        return replace(setup, rung="context").variant(desk.documents) if setup else None

    def _known(self, variant: Variant | None, part: Part) -> int | None:
        if variant is None or self._gauge is None:
            return None
        known = self._gauge.known(variant, part)
        return known.tokens if known else None

    async def use_context(self) -> None:
        """A document that is dropped is meant to be used."""
        setup = self._bench.desk.setup
        if setup is not None and setup.rung == "bare":
            await self._bench.set_rung("context")
        else:
            await self._bench.reset()


def _gauge(desk: Desk) -> Gauge:
    from lab.fitting import Gauge

    return Gauge(desk.database)


def _named(taken: list[Taken]) -> str:
    """Tell what is in the context now: one file by its name, several by their number."""
    if len(taken) > 1:
        return f"{len(taken):,} documents: in the context"
    standing = f"{taken[0].standing}, " if taken[0].standing else ""
    return f"{taken[0].name}: {standing}in the context"
