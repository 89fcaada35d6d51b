"""The regions of the Documents screen, and the document that is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from store import chunks, documents
from store.library_records import EMBEDDED, Chunk, Retrieval
from store.records import Case, Document
from tui import safe
from tui.screens.documents.keys import BINDINGS
from tui.screens.documents.playground import Playground
from tui.screens.documents.reading import Reading
from tui.screens.documents.shelf import Shelf
from tui.screens.documents.spot import Spot
from tui.screens.paned import PanedScreen
from tui.widgets.document_rows import DocumentRows, Entry
from tui.widgets.key_bar import KeyBar
from tui.widgets.page_view import Mark

if TYPE_CHECKING:
    from tui.screens.bench.library import LibraryBench

BREAKPOINTS = [(0, "-narrow"), (64, "-medium"), (104, "-wide"), (140, "-wider")]
LETTERS_PER_TOKEN = 4.4
SOON_S = 0.1
"""How long a change waits for others, so that a burst of them is shown once."""


class Place(PanedScreen[int | None], ModalScreen[int | None]):
    """Shows the documents of a bench above it; dismissed with the id of the case to go to.

    That is None where nothing has changed. The screen is modal so that the bench, and its
    runs, goes on and is left with it.
    """

    CSS_PATH = "documents.tcss"
    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    PANES = ("shelf", "text", "search")
    AUTO_FOCUS = ""

    def __init__(
        self, bench: LibraryBench, case: Case | None = None, spot: Spot | None = None
    ) -> None:
        """Open for the evidence of a case, at a spot of a document where one is given."""
        super().__init__(classes="-pane-shelf" if spot is None else "-pane-text")
        self.bench, self.desk = bench, bench.desk
        self.case = case
        self.changed = False
        self._spot = spot
        self._text = ""
        self._cut: tuple[int, str, bool, bool] | None = None
        self._found: Spot | None = None
        self._showing: Timer | None = None
        self._reading = asyncio.Lock()

    def compose(self) -> ComposeResult:
        wide = [name for least, name in BREAKPOINTS if self.app.size.width >= least]
        self.add_class(wide[-1], update=False)
        with Horizontal(id="top"):
            yield Static(id="who")
            yield Static(id="case")
        with Horizontal(id="main"):
            yield Shelf(id="shelf")
            yield Playground(id="search")
            yield Reading(id="reading")
        yield KeyBar()

    async def on_mount(self) -> None:
        name = safe.one_line(self.desk.session.name, 40)
        self.query_one("#who", Static).update(safe.content(f"Litmus · {name} · documents"))
        self.show_case()
        self.show()
        if self._spot is not None:
            self.open_at(self._spot)
        self.set_focus(self.query_one("#rows" if self._spot is None else "#text"))

    @property
    def retrieval(self) -> Retrieval:
        """How the store is made and searched."""
        return self.bench.retrieval

    # -- What is listed -------------------------------------------------------------------

    def show_soon(self) -> None:
        """Show how things stand; a burst of changes is shown once."""
        if self._showing is None and self.is_mounted:
            self._showing = self.set_timer(SOON_S, self.show)

    def show(self) -> None:
        """Show how the documents stand now."""
        self._showing = None
        shelf, promoting = self.query_one(Shelf), self.bench.promoting
        tokens = self.bench.documents.tokens
        entries = [self._entry(each, tokens) for each in self.desk.documents]
        shelf.show(entries, self.bench.documents.reading)
        shelf.working(promoting.said, promoting.share)
        self.refresh_bindings()
        if not entries and self._text:
            self._read_nothing()
        self._recut_if_due(entries)

    def _entry(self, document: Document, tokens: Mapping[str, int]) -> Entry:
        promoting = self.bench.promoting
        return Entry(
            document,
            tokens.get(document.sha256, None if self.desk.setup else _about(document)),
            self.retrieval.indexing.key in document.promoted,
            promoting.shares.get(document.id),
            promoting.failed.get(document.id, ""),
        )

    @property
    def entry(self) -> Entry | None:
        """The document under the list's cursor."""
        return self.query_one(Shelf).rows.entry

    @on(DocumentRows.Highlighted)
    def _highlighted(self) -> None:
        shelf = self.query_one(Shelf)
        shelf.tell()
        entry, reading = shelf.rows.entry, self.query_one(Reading)
        if entry is not None and self._spot is None and reading.document != entry.document:
            self.read(entry.document)

    @on(DocumentRows.Selected)
    def _selected(self) -> None:
        self.show_pane("text")

    # -- What is read ---------------------------------------------------------------------

    @work(group="read", exclusive=True)
    async def read(self, document: Document) -> None:
        """Show a document's text from its beginning."""
        self._found = None
        await self._load(document)

    @work(group="read", exclusive=True)
    async def open_at(self, spot: Spot) -> None:
        """Show a span of a document, marked, in the middle."""
        reading = self.query_one(Reading)
        self._spot = self._found = spot
        if reading.document is None or reading.document.sha256 != spot.sha256:
            document = await self._document(spot)
            self._point_at(document)
            await self._load(document)
        else:
            await self.mark()
        reading.view.go_to(spot.start, spot.end)
        self._spot = None

    async def _document(self, spot: Spot) -> Document:
        for document in self.desk.documents:
            if document.sha256 == spot.sha256:
                return document
        text, pages = await self.desk.database.read(documents.content, spot.sha256)
        name = f"{spot.name} (as it was)"
        return Document(
            0, self.desk.session.id, name, "", spot.sha256, "", 0, len(text), tuple(pages), None
        )

    def _point_at(self, document: Document) -> None:
        """Put the list's cursor on a document."""
        rows = self.query_one(Shelf).rows
        for index, entry in enumerate(rows.entries):
            if entry.document.id == document.id:
                rows.move_to(index)

    async def _load(self, document: Document) -> None:
        text, _ = await self.desk.database.read(documents.content, document.sha256)
        cut = await self._chunks(document)
        async with self._reading:
            self._text = text
            await self.query_one(Reading).show(document, text, cut)
        await self.mark()

    @work(group="read", exclusive=True)
    async def _read_nothing(self) -> None:
        self._text = ""
        await self.query_one(Reading).show(None, "", ())

    async def _chunks(self, document: Document) -> Sequence[Chunk]:
        """Return how a document is cut at present; nothing where it is not yet."""
        found = await self.desk.database.read(
            chunks.collection, self.desk.session.id, self.retrieval.indexing
        )
        if found is None:
            return ()
        return await self.desk.database.read(chunks.chunks_of, found.id, document.sha256)

    def _recut_if_due(self, entries: Sequence[Entry]) -> None:
        """Show how the document that is read is cut, where that may be another way now."""
        document, key = self.query_one(Reading).document, self.retrieval.indexing.key
        for entry in entries:
            if document is not None and entry.document.id == document.id:
                cut = (document.id, key, entry.promoted, bool(entry.done))
                if cut != self._cut:
                    self._cut = cut
                    self._recut()

    @work(group="cut", exclusive=True)
    async def _recut(self) -> None:
        reading = self.query_one(Reading)
        if reading.document is not None:
            reading.cut(await self._chunks(reading.document))

    async def mark(self) -> None:
        """Mark the case's evidence, and the result that was opened."""
        self.query_one(Reading).mark([*await self.evidence_marks(), *self.found_marks()])

    async def evidence_marks(self) -> list[Mark]:
        """Return the marks of the case's evidence in the document that is read, if any."""
        return []

    def found_marks(self) -> list[Mark]:
        """Return the marks of the result that was opened, if one was."""
        return []

    def show_case(self) -> None:
        """Show whose evidence is picked, where it can be."""

    async def has_embedder(self) -> bool:
        """Offer the download of the embedded model where its weights are missing."""
        from lab.weights import MINILM, have_weights
        from tui.screens.download import DownloadScreen

        if self.retrieval.indexing.embedder != EMBEDDED:
            return True
        if await asyncio.to_thread(have_weights, MINILM):
            return True
        return bool(await self.app.push_screen_wait(DownloadScreen(MINILM)))

    # -- Where the focus goes -------------------------------------------------------------

    def stops(self) -> list[tuple[str, Widget]]:
        search = self.query_one(Playground)
        results = [("search", search.results)] if search.found else []
        return [
            ("shelf", self.query_one(Shelf).rows),
            ("text", self.query_one(Reading).view),
            ("search", search.line),
            *results,
        ]

    def bring(self, pane: str, widget: Widget) -> None:
        if pane == "text" and not self.has_class("-narrow"):
            # Beside the text one of the others stands, and stays there.
            self.set_focus(widget)
        else:
            super().bring(pane, widget)


def _about(document: Document) -> int:
    """Return a document's tokens as they are guessed while no model is chosen."""
    return round(document.chars / LETTERS_PER_TOKEN)
