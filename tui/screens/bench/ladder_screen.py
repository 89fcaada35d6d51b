"""The bench's way to the Ladder screen, and back from it to a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from tui.screens.bench.library import LibraryBench
from tui.widgets.case_list import CaseList

if TYPE_CHECKING:
    from lab.ladder.reading import Step
    from tui.screens.ladder.place import Go


class LadderBench(LibraryBench):
    """A bench whose ladder is read on a screen above it."""

    @work(group="above", exclusive=True)
    async def action_ladder(self) -> None:
        """Go to the Ladder screen; what is asked here goes on."""
        await self._show_ladder()

    @work(group="above", exclusive=True)
    async def action_settle(self, blind: bool = False) -> None:
        """Label what settles the ladder's verdict soonest; then show the ladder."""
        if blind:
            self.desk.state.setdefault("queue", {})["blind"] = True
        await self._show_ladder(settle=True)

    async def _show_ladder(self, *, settle: bool = False) -> None:
        from tui.screens.ladder.place import Go
        from tui.screens.ladder.screen import LadderScreen

        going = await self.app.push_screen_wait(LadderScreen(self, settle=settle))
        if isinstance(going, Go):
            await self.go(going)
        elif going is not None:
            await self.run_action(going)

    async def go(self, going: Go) -> None:
        """Show a case, and the variants of which it was told."""
        self.comparing = list(going.variants)
        await self.show_panes()
        await self._go_to(going.case_id)

    async def settle(self, step: Step) -> None:
        """Label what settles a step soonest, on a screen above this one and the present one."""
        from tui.screens.label_queue.screen import LabelQueueScreen
        from tui.screens.ladder.drawing import title_of

        queue = LabelQueueScreen(
            self.desk,
            self.pick_evidence,
            wanted=step.settling.answers,
            title=title_of(step.comparison),
        )
        await self.app.push_screen_wait(queue)
        await self.labelled()

    async def labelled(self) -> None:
        """Show what was labelled above."""
        self.query_one(CaseList).invalidate()
        self.ladder.all_stale()
        await self.here(anew=True)

    def ladder_shown(self) -> None:
        from tui.screens.ladder.place import LadderPlace

        for screen in self.app.screen_stack:
            if isinstance(screen, LadderPlace):
                screen.show_soon()
