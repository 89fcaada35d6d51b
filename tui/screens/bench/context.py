"""The bench's context: documents for one case only, and which of their pages are sent."""

from __future__ import annotations

from textual import on, work

from lab.pages import HOW, PagesProblem
from store.records import Case, CaseDraft, Document
from tui import safe
from tui.screens.bench.cases import CasesBench
from tui.widgets.document_list import DocumentList


class ContextBench(CasesBench):
    """A bench on which a case has documents, or pages, of its own."""

    @on(DocumentList.TurnedForCase)
    async def _turned_for_case(self, event: DocumentList.TurnedForCase) -> None:
        """Use a document for the case at hand only, or leave it out of it."""
        from lab.attaching import turned

        case = await self.here()
        if case is None:
            self.notify("There is no case yet; type a prompt and send it.")
        else:
            await self._keep(case, turned(case.draft, event.place))

    @on(DocumentList.PagesWanted)
    @work(group="pages", exclusive=True)
    async def _choose_pages(self, event: DocumentList.PagesWanted) -> None:
        """Ask for pages of a document until they are some that it has."""
        place, document = event.place, event.place.document
        if document is None:
            return
        if len(document.pages) < 2:
            name = safe.one_line(document.name, 60)
            self.notify(f"{name} has one page, so there is nothing to choose.", markup=False)
            return
        case = await self.here() if event.this_case or (place.own and place.inside) else None
        typed: str | None = place.part.pages
        while (typed := await self._asked_pages(document, typed, case)) is not None:
            try:
                await self._take_pages(document, typed, case)
                return
            except PagesProblem as error:
                self.notify(safe.visible(str(error)), severity="error", markup=False)

    async def _asked_pages(self, document: Document, typed: str, case: Case | None) -> str | None:
        from tui.screens.ask_line import AskLine

        whose = "for this case" if case else "in the context"
        return await self.app.push_screen_wait(
            AskLine(
                f"{document.name} has {len(document.pages):,} pages. Those {whose}, {HOW}:", typed
            )
        )

    async def _take_pages(self, document: Document, typed: str, case: Case | None) -> None:
        from lab.attaching import choose_pages, with_document

        if case is None:
            await choose_pages(self.desk, document, typed)
            await self.reset()
        else:
            await self._keep(case, with_document(case.draft, document, typed))

    async def _keep(self, case: Case, draft: CaseDraft) -> None:
        """Keep a case whose documents changed, and ask with documents from now on."""
        await self._revise(case, draft)
        await self.documents.use_context()
