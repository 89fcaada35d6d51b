"""Evidence on the Documents screen: picked from the text, shown in it, taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on, work
from textual.content import Content
from textual.widgets import Static

from store.errors import PlainError
from store.records import Document, Evidence
from tui import safe
from tui.screens.documents.place import Place
from tui.screens.documents.reading import Reading, TextView
from tui.screens.documents.spot import Spot
from tui.widgets.page_view import Mark

Placed = list[tuple[Evidence, int, int]]


class Picking(Place):
    """A Documents screen on which a case gets its evidence."""

    def show_case(self) -> None:
        case, reading = self.case, self.query_one(Reading)
        reading.case = case.key if case else ""
        text = Content("")
        if case is not None:
            count = len(case.draft.evidence)
            spans = {0: "no evidence", 1: "1 span of evidence"}.get(count, f"{count} spans")
            key, prompt = safe.one_line(case.key, 20), safe.one_line(case.prompt, 80)
            name = Content.styled(f"case {key}", "bold")
            text = Content.assemble(f"{spans} · ", name, f" {prompt}")
        self.query_one("#case", Static).update(text)

    async def action_case(self, step: int) -> None:
        """Pick for the next case, or the one before."""
        if self.case is None:
            return
        _, index = await self.desk.place(self.case.id)
        case_id = await self.desk.case_at(index + step) if index + step >= 0 else None
        if case_id is not None and case_id != self.case.id:
            self.case = await self.desk.case(case_id)
            self.changed = True
            self.show_case()
            await self.mark()

    @on(TextView.Picked)
    async def _picked(self, event: TextView.Picked) -> None:
        from lab.rag.evidence import add_evidence

        document = self.query_one(Reading).document
        if self.case is None or document is None:
            self.notify("There is no case to keep this for: go to one on the bench first.")
            return
        try:
            revised = await add_evidence(self.desk, self.case, document, event.start, event.end)
        except PlainError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.case, self.changed = revised.case, True
        said = "Kept as evidence" if revised.changed else "That is evidence already"
        self.notify(safe.visible(f"{said} of case {self.case.key}."), markup=False)
        self.show_case()
        await self.mark()

    @on(TextView.Unpicked)
    async def _unpicked(self, event: TextView.Unpicked) -> None:
        from lab.rag.evidence import remove_evidence

        here = [
            evidence
            for evidence, start, end in await self._placed()
            if start <= event.place < max(end, start + 1)
        ]
        if self.case is None or not here:
            self.notify("There is no evidence at the cursor to take away.")
            return
        revised = await remove_evidence(self.desk, self.case, here[-1])
        self.case, self.changed = revised.case, True
        self.show_case()
        await self.mark()

    @work(group="evidence", exclusive=True)
    async def action_evidence(self) -> None:
        """Go to the case's next evidence, in whichever document it is."""
        from lab.rag.locating import named

        if self.case is None or not self.case.draft.evidence:
            self.notify("This case has no evidence yet: v selects some text, enter keeps it.")
            return
        reading = self.query_one(Reading)
        after = [place for place in await self._placed() if place[1] > reading.view.place]
        if after and reading.document is not None:
            _, start, end = after[0]
            self._go(reading.document, start, end)
            return
        # In another document, from the one that is read on and around.
        places = [
            (document, evidence)
            for evidence in self.case.draft.evidence
            for document in named(self.desk.documents, evidence.document)[:1]
        ]
        shown = reading.document.sha256 if reading.document else ""
        at = max((i for i, (d, _) in enumerate(places) if d.sha256 == shown), default=-1)
        for document, evidence in [*places[at + 1 :], *places[: at + 1]]:
            found = await self._locate(document, [evidence])
            if found:
                self._go(document, found[0][1], found[0][2])
                return
        self.notify("The evidence of this case stands in none of the documents here.")

    def _go(self, document: Document, start: int, end: int) -> None:
        self.open_at(Spot(document.name, document.sha256, start, end))
        self.show_pane("text")

    async def evidence_marks(self) -> list[Mark]:
        return [Mark(start, end, "evidence") for _, start, end in await self._placed()]

    async def _placed(self) -> Placed:
        """Return the case's evidence in the document that is read, with start and end."""
        document = self.query_one(Reading).document
        if self.case is None or document is None:
            return []
        return sorted(
            await self._locate(document, self.case.draft.evidence), key=lambda each: each[1]
        )

    async def _locate(self, document: Document, evidence: Sequence[Evidence]) -> Placed:
        from lab.rag.locating import EvidenceProblem, SearchedText, locate, named

        mine = [each for each in evidence if named([document], each.document)]
        if not mine:
            return []
        text = await self.desk.document_text(document)

        def found() -> Placed:
            texts = {document.sha256: SearchedText(text)}
            placed: Placed = []
            for each in mine:
                try:
                    span = locate(each, [document], texts)
                except EvidenceProblem:
                    continue  # it stands in another version
                placed.append((each, span.start, span.end))
            return placed

        return await asyncio.to_thread(found)
