"""The documents of a bench: dropped, read away from the keys, put into the context."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from store.reading import ReadDocument, ReadingError, Stop, expand, read
from store.records import Document, Rung
from tui import safe
from tui.widgets.document_list import DocumentList
from tui.widgets.prompt_box import PromptBox

if TYPE_CHECKING:
    from tui.screens.bench.place import Bench


class Documents:
    """What happens to a bench's documents."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._tokens: dict[str, int] = {}
        self._dropped: tuple[str, list[int], Rung] | None = None
        self.stop = Stop()

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
            await self._use_context()

    async def _add(self, paths: list[Path]) -> list[int]:
        """Read files into the session and the context; return the documents' ids."""
        bench, ids, names = self._bench, list[int](), list[str]()
        files = await asyncio.to_thread(expand, paths)
        for path in files:
            bench.query_one(DocumentList).reading(path.name)
            given = await self._read(path)
            if given is not None:
                document = await bench.desk.add_document(given, attach=True)
                ids.append(document.id)
                names.append(document.name)
            self.show()
        if not files:
            bench.notify("There is no file to read in what was dropped.")
        elif names:
            listed = names[0] if len(names) == 1 else f"{len(names)} documents"
            bench.notify(
                safe.visible(f"{listed}: in the context. ctrl+t takes what was dropped as text."),
                markup=False,
            )
        return ids

    async def _read(self, path: Path) -> ReadDocument | None:
        """Read a file; ask for a password where it has one; tell what cannot be read."""
        from tui.screens.ask_line import AskLine

        password: str | None = None
        while True:
            try:
                return await asyncio.to_thread(read, path, password=password, stop=self.stop)
            except ReadingError as error:
                if error.reason not in ("encrypted", "password"):
                    self._bench.notify(str(error), severity="error", timeout=10, markup=False)
                    return None
                password = await self._bench.app.push_screen_wait(
                    AskLine(f"{path.name} is encrypted. Its password:", password=True)
                )
                if not password:
                    return None

    async def as_text(self) -> None:
        """Undo the last drop, and put what was dropped into the prompt box as text."""
        if self._dropped is None:
            return
        text, ids, rung = self._dropped
        self._dropped = None
        for document_id in ids:
            await self._bench.desk.remove_document(document_id)
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
            await self._use_context()
        else:
            await self._bench.reset()

    async def move(self, document: Document, step: int) -> None:
        """Change a document's place in the context."""
        await self._bench.desk.move_document(document.id, step)
        await self._bench.reset()

    async def remove(self, document: Document) -> None:
        """Take a document out of the session."""
        await self._bench.desk.remove_document(document.id)
        await self._bench.reset()

    async def open(self, document: Document) -> None:
        """Show a document's text, with its pages marked."""
        from tui.screens.reader import ReaderScreen

        text = await self._bench.desk.document_text(document)
        await self._bench.app.push_screen(
            ReaderScreen(document.name, with_pages(text, document.pages))
        )

    def show(self) -> None:
        """Show the documents; what is not counted yet is counted in a thread."""
        self._bench.run_worker(self._show(), group="documents", exclusive=True)

    async def _show(self) -> None:
        desk = self._bench.desk
        panel = self._bench.query_one(DocumentList)
        setup = desk.setup
        panel.show(desk.documents, self._tokens, None)
        model, provider = (setup.model, setup.provider) if setup else ("", "")
        for document in desk.documents:
            if document.sha256 not in self._tokens:
                text = await desk.document_text(document)
                self._tokens[document.sha256] = await asyncio.to_thread(
                    _count, text, model, provider
                )
        window = await desk.engine.known_window(setup) if setup else None
        panel.show(desk.documents, self._tokens, window)

    async def _use_context(self) -> None:
        """A document that is dropped is meant to be used."""
        setup = self._bench.desk.setup
        if setup is not None and setup.rung == "bare":
            await self._bench.set_rung("context")
        else:
            await self._bench.reset()


def _count(text: str, model: str, provider: str) -> int:
    from lab.tokens import count

    return count(text, model, provider).tokens


def with_pages(text: str, pages: tuple[int, ...]) -> str:
    """Return a document's text with a line before each page, where it has several."""
    if len(pages) < 2:
        return text
    parts: list[str] = []
    for number, start in enumerate(pages, start=1):
        end = pages[number] if number < len(pages) else len(text)
        parts.append(f"── page {number} ──\n{text[start:end].rstrip(chr(12))}")
    return "\n\n".join(parts)
