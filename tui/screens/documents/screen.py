"""The Documents screen: read, promote, search, and pick evidence, above the bench."""

from __future__ import annotations

from dataclasses import replace

from textual import events, on, work

from store.errors import PlainError
from store.library_records import EMBEDDED, Retrieval
from store.records import Document
from tui import safe
from tui.screens.documents.picking import Picking
from tui.screens.documents.reading import Reading
from tui.screens.documents.searching import Searching
from tui.widgets.document_rows import DocumentRows


class DocumentsScreen(Searching, Picking):
    """A session's documents, with all that is done with them."""

    async def on_mount(self) -> None:
        await super().on_mount()
        await self.search_as_asked()

    # -- Leaving --------------------------------------------------------------------------

    def action_bench(self) -> None:
        self.dismiss(self.case.id if self.case and self.changed else None)

    def action_ladder(self) -> None:
        """Go over the bench to the ladder."""
        self.action_bench()
        self.app.call_later(self.bench.run_action, "ladder")

    def action_tune(self) -> None:
        """Go over the bench to the training."""
        self.action_bench()
        self.app.call_later(self.bench.run_action, "tune")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the way to the ladder, or the training, only where it leads over the bench."""
        if action in ("ladder", "tune"):
            return self.app.screen_stack[-2:-1] == [self.bench]
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Drop what is selected, else stop promoting, else go back to the bench."""
        if self.query_one(Reading).view.drop():
            return
        if self.bench.promoting.busy:
            self.bench.promoting.stop()
            self.notify("Stopped. What is promoted is kept; p goes on from there.")
        else:
            self.action_bench()

    # -- The store ------------------------------------------------------------------------

    def action_promote(self) -> None:
        entry = self.entry
        if entry is None:
            self.notify("There is no document yet: drop a file here.")
        elif entry.promoted:
            self.notify("It is promoted already; D takes it out of the store.")
        else:
            self._promote([entry.document])

    def action_promote_all(self) -> None:
        key = self.retrieval.indexing.key
        todo = [document for document in self.desk.documents if key not in document.promoted]
        if todo:
            self._promote(todo)
        else:
            nothing = "There is no document yet: drop a file here."
            self.notify("Everything is promoted." if self.desk.documents else nothing)

    @work(group="promote", exclusive=True)
    async def _promote(self, documents: list[Document]) -> None:
        if await self.has_embedder():
            self.bench.promoting.start(documents, self.retrieval.indexing)

    @work(group="demote", exclusive=True)
    async def action_demote(self) -> None:
        from lab.rag.demotion import demote

        entry = self.entry
        if entry is None or not entry.document.promoted:
            self.notify("It is not in the store; p promotes it.")
            return
        try:
            await demote(self.desk, [entry.document])
        except PlainError as error:
            self.notify(str(error), severity="error", timeout=12, markup=False)
        await self._changed()

    async def action_use(self) -> None:
        """Ask the rung `rag` as the search is made now."""
        search = self._search
        await self._take(replace(self.retrieval, mode=search.mode, k=search.k))

    @work(group="settings", exclusive=True)
    async def action_settings(self) -> None:
        """Choose how documents are cut and searched."""
        from tui.screens.documents.settings import RetrievalForm

        retrieval = await self.app.push_screen_wait(RetrievalForm(self.retrieval))
        if retrieval is not None and retrieval != self.retrieval:
            await self._take(retrieval)

    @work(group="settings", exclusive=True)
    async def action_compare(self) -> None:
        """Measure the ways that there are; one of them may be taken."""
        from tui.screens.documents.compare import CompareScreen

        if not await self.has_embedder():
            return
        found = await self.app.push_screen_wait(CompareScreen(self.desk, self.retrieval))
        if found is not None:
            await self._take(replace(found, whole_tokens=self.retrieval.whole_tokens))

    async def _take(self, retrieval: Retrieval) -> None:
        """Cut, promote and search in another way from now on."""
        await self.bench.choose_retrieval(retrieval)
        await self._changed()
        await self.search_as_asked()
        self.notify(safe.visible(_words(retrieval)), timeout=8, markup=False)

    # -- The list -------------------------------------------------------------------------

    @on(DocumentRows.Toggled)
    async def _toggled(self, event: DocumentRows.Toggled) -> None:
        await self.bench.documents.toggle(event.document)
        self.show()

    @on(DocumentRows.Moved)
    async def _moved(self, event: DocumentRows.Moved) -> None:
        await self.bench.documents.move(event.document, event.step)
        self.show()

    @on(DocumentRows.Removed)
    async def _removed(self, event: DocumentRows.Removed) -> None:
        await self.bench.documents.remove(event.document)
        self.show()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted here may be files."""
        event.stop()
        self.bench.documents.dropped(event.text)

    async def _changed(self) -> None:
        await self.desk.refresh_documents()
        await self.bench.reset()
        self.show()


def _words(retrieval: Retrieval) -> str:
    indexing = retrieval.indexing
    shared = f", {indexing.overlap} shared" if indexing.overlap else ""
    by = "" if indexing.embedder == EMBEDDED else f" by {indexing.model}"
    return (
        f"The rung rag: chunks of {indexing.chunk_tokens} tokens{shared}{by}, "
        f"{retrieval.mode}, k {retrieval.k}."
    )
