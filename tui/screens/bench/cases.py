"""The bench's cases: edited in a form or outside, their revisions, the check, the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import work

from store.errors import PlainError
from store.records import Case, CaseDraft
from tui.screens.bench.verdicts import Verdicts
from tui.widgets.case_list import CaseList

if TYPE_CHECKING:
    from tui.app import LitmusApp

LONG_S = 10


class CasesBench(Verdicts):
    """A bench on which cases are edited, filtered and checked."""

    @work(group="edit", exclusive=True)
    async def action_edit(self) -> None:
        """Edit the case in a form."""
        from tui.screens.case_editor import CaseEditor

        case = await self.here()
        if case is not None:
            await self._revise(case, await self.app.push_screen_wait(CaseEditor(case.draft)))

    @work(group="edit", exclusive=True)
    async def action_edit_outside(self) -> None:
        """Edit the case in the person's own editor."""
        from lab.editing.texts import draft_of, texts_of
        from tui.screens.suspending import edit_outside

        case = await self.here()
        if case is None:
            return
        title = f"Case “{case.key}”, revision {case.number}"
        changed = await edit_outside(
            cast("LitmusApp", self.app), texts_of(case.draft), case.draft, title
        )
        await self._revise(case, draft_of(changed, case.draft) if changed else None)

    async def _revise(self, case: Case, draft: CaseDraft | None) -> None:
        if draft is not None:
            from lab.editing.revising import revise

            revised = await revise(self.desk.database, case, draft)
            self._say(revised.sentence)
            await self._changed()

    @work(group="edit", exclusive=True)
    async def action_history(self) -> None:
        """Show how the case changed; an older revision may be restored."""
        from tui.screens.revisions import RevisionsScreen

        case = await self.here()
        if case is not None:
            sentence = await self.app.push_screen_wait(RevisionsScreen(self.desk, case))
            if sentence:
                self._say(sentence)
                await self._changed()

    @work(group="edit", exclusive=True)
    async def action_check(self) -> None:
        """Look for the benchmark's own faults."""
        from tui.screens.bench_check import BenchCheckScreen

        case_id = await self.app.push_screen_wait(BenchCheckScreen(self.desk))
        self.ladder.all_stale()
        await self.list_cases(case_id or self.desk.state.get("case"))
        if case_id is not None:
            await self._go_to(case_id)

    async def _changed(self) -> None:
        self.query_one(CaseList).invalidate()
        self.ladder.all_stale()
        await self.here(anew=True)

    def _say(self, sentence: str) -> None:
        self.notify(sentence, timeout=LONG_S, markup=False)

    # -- The filter -------------------------------------------------------------------

    @work(group="filter", exclusive=True)
    async def action_filter(self) -> None:
        """Ask which cases to list."""
        from lab.case_filter import HOW
        from tui.screens.ask_line import AskLine

        line: str | None = self.listed.line
        while True:
            line = await self.app.push_screen_wait(AskLine(f"List only cases with: {HOW}", line))
            if line is None:
                return
            try:
                self.listed.choose(line)
                break
            except PlainError as error:
                self.notify(str(error), severity="error", markup=False)
        await self.list_cases(self.desk.state.get("case"))

    async def show_all(self) -> None:
        """List all cases again, with the cursor where it is."""
        self.listed.choose("")
        await self.list_cases(self.desk.state.get("case"))
