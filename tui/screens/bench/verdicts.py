"""The bench's verdicts and cases: label, skip, undo; remove, bring back."""

from __future__ import annotations

from dataclasses import replace

from textual import work

from store.records import IMPORTED, Case, Variant, Verdict
from tui import glyphs
from tui.screens.bench.place import Bench
from tui.widgets.answers import Answers
from tui.widgets.case_list import CaseList


class Verdicts(Bench):
    """A bench on which answers are judged and cases are mended."""

    # -- Verdicts -------------------------------------------------------------------

    async def action_label(self, verdict: Verdict) -> None:
        """Label the answer that is shown, and show the next that waits for a verdict."""
        case = await self.here()
        answers = self.query_one(Answers)
        answer = answers.answer
        if case is None or answer is None or answer.status != "done":
            self.notify("There is no whole answer here to label; enter asks the case.")
            return
        await self.desk.label(answer, verdict)
        answers.ended(replace(answer, label=verdict))
        variant = answers.chosen
        assert variant is not None
        self.set_glyph(variant.id, case.id, glyphs.VERDICT[verdict])
        self.ladder.stale(variant)
        await self._advance(case, variant)

    async def action_skip(self) -> None:
        case, variant = await self.here(), self.query_one(Answers).chosen
        if case is not None and variant is not None:
            await self._advance(case, variant)

    async def _advance(self, case: Case, variant: Variant) -> None:
        """Go to the next answer without a verdict, else to the next case."""
        waiting = await self.listed.next_unlabelled(variant, case.id, case.position)
        if waiting is None or waiting == case.id:
            cases = self.query_one(CaseList)
            cases.move_to(cases.cursor + 1)
            await self.here(anew=True)
        else:
            await self._go_to(waiting)

    async def action_undo(self) -> None:
        label = await self.desk.undo()
        if label is None:
            self.notify("There is no label of yours left to undo.")
            return
        case = await self.desk.case_of(label.revision_id)
        self.query_one(CaseList).invalidate()
        for variant in self.shown():
            self.ladder.stale(variant)
        await self._go_to(case.id)

    async def _go_to(self, case_id: int) -> None:
        """Put the cursor on a case, and show it before the next key is taken."""
        index = await self.listed.place(case_id)
        if index is None:
            self.listed.choose("")
            await self.list_cases(case_id)
            return
        self.query_one(CaseList).move_to(index)
        await self.here(anew=True)

    # -- Cases ----------------------------------------------------------------------

    async def action_remove(self) -> None:
        case = await self.here()
        if case is None:
            return
        await self.desk.remove_case(case.id)
        self._removed.append(case.id)
        self.notify("The case is out of the benchmark; ctrl+z brings it back.")
        self.ladder.all_stale()
        await self.list_cases()

    async def action_restore(self) -> None:
        if self._removed:
            case_id = self._removed.pop()
            await self.desk.restore_case(case_id)
            self.ladder.all_stale()
            await self.list_cases(case_id)

    @work(group="sent", exclusive=True)
    async def action_show_sent(self) -> None:
        from tui.screens.reader import ReaderScreen

        case, variant = await self.here(), self.query_one(Answers).chosen
        if case is None or variant is None:
            return
        messages = await self.desk.sent(case, variant)
        text = "\n\n".join(f"── {m['role']} ──\n{m['content']}" for m in messages)
        made_here = variant.provider != IMPORTED
        title = "Exactly what is sent" if made_here else "What is known of what was sent elsewhere"
        self.app.push_screen(ReaderScreen(title, text))
