"""The bench's way to the Documents screen, and what an answer was given of the store."""

from __future__ import annotations

from dataclasses import replace

from textual import work

from lab.desk import Desk
from store.library_records import Passage, Retrieval
from store.records import Answer, Case, Document
from tui.screens.bench.cases import CasesBench
from tui.screens.documents.promoting import Promoting
from tui.screens.documents.spot import Spot
from tui.widgets.answers import Answers
from tui.widgets.bench_header import BenchHeader
from tui.widgets.expectation import ExpectationPanel


class LibraryBench(CasesBench):
    """A bench whose documents are promoted, read and searched on a screen above it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.promoting = Promoting(self)
        self._retrieval = Retrieval()
        self._given_for: tuple[int, str] | None = None

    @property
    def retrieval(self) -> Retrieval:
        """How the store is made and searched from now on."""
        return self.desk.setup.retrieval if self.desk.setup else self._retrieval

    async def choose_retrieval(self, retrieval: Retrieval) -> None:
        """Make and search the store in another way from now on."""
        self._retrieval = retrieval
        if self.desk.setup is not None:
            await self.desk.choose(replace(self.desk.setup, retrieval=retrieval))

    @work(group="library", exclusive=True)
    async def action_library(self) -> None:
        """Go to the Documents screen; what is asked here goes on."""
        await self.show_library()

    @work(group="library", exclusive=True)
    async def open_document(self, document: Document) -> None:
        """Read a document on the Documents screen."""
        await self.show_library(Spot(document.name, document.sha256))

    # -- What an answer was given -------------------------------------------------------

    def show_expectation(self) -> None:
        super().show_expectation()
        answer = self.query_one(Answers).answer
        shown = (answer.id, answer.status) if answer is not None else None
        if shown != self._given_for:
            self._given_for = shown
            self._show_given(answer)

    @work(group="given", exclusive=True)
    async def _show_given(self, answer: Answer | None) -> None:
        """Show what the answer was given of the store, beside the evidence."""
        from tui.screens.citations import cited, passage_line

        passages = await self._given(answer)
        named = cited(answer.text) if answer else set[int]()
        lines = [passage_line(passage, passage.number in named) for passage in passages]
        self.query_one(ExpectationPanel).show_given(lines)

    async def _given(self, answer: Answer | None) -> list[Passage]:
        return [] if answer is None else await self.desk.passages(answer)

    @work(group="library", exclusive=True)
    async def action_citations(self) -> None:
        """List what the answer was given; the one that is chosen is read in its place."""
        from tui.screens.citations import CitationsScreen

        answer = self.query_one(Answers).answer
        passages = await self._given(answer)
        if answer is None or not passages:
            self.notify("No passages of the store were sent for this answer.")
            return
        passage = await self.app.push_screen_wait(CitationsScreen(passages, answer.text))
        if passage is not None:
            await self.show_library(
                Spot(passage.document, passage.sha256, passage.start, passage.end)
            )

    # -- The Documents screen -----------------------------------------------------------

    async def show_library(self, spot: Spot | None = None) -> None:
        """Show the Documents screen, at a spot of a document where one is given."""
        from tui.screens.documents.screen import DocumentsScreen

        case_id = await self.app.push_screen_wait(DocumentsScreen(self, await self.here(), spot))
        if case_id is not None:
            await self._changed()
            await self._go_to(case_id)

    async def pick_evidence(self, case: Case) -> Case:
        """Let evidence be picked for a case; return the case as it is then."""
        from tui.screens.documents.screen import DocumentsScreen

        await self.app.push_screen_wait(DocumentsScreen(self, case))
        return await self.desk.case(case.id)

    def documents_shown(self) -> None:
        from tui.screens.documents.screen import DocumentsScreen

        share = self.promoting.share if self.promoting.busy else None
        self.query_one(BenchHeader).show_promoting(share)
        for screen in self.app.screen_stack:
            if isinstance(screen, DocumentsScreen):
                screen.show_soon()
