"""The Ladder screen: rungs and steps, and what is done about them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from store.errors import PlainError
from tui import safe
from tui.screens.ladder.place import LadderPlace
from tui.widgets.item_list import ItemList

if TYPE_CHECKING:
    from tui.screens.bench.ladder_screen import LadderBench

LONG_S = 12


class LadderScreen(LadderPlace):
    """A session's ladder, with the keys that lead to what it rests on."""

    def __init__(self, bench: LadderBench, *, settle: bool = False) -> None:
        """Open above a bench; `settle` goes on at once to the labels that settle a step."""
        super().__init__(bench)
        self._settle_first = settle

    async def read(self) -> None:
        await super().read()
        if not self._settle_first or self.ladder is None:
            return
        self._settle_first = False
        if self.settled_by_labels is None:
            self.notify("Nothing needs labelling: no step waits for a label.", timeout=LONG_S)
        else:
            self.action_settle()

    # -- Leaving ------------------------------------------------------------------------

    def action_bench(self) -> None:
        self.dismiss(None)

    def action_library(self) -> None:
        self.dismiss("library")

    def action_tune(self) -> None:
        self.dismiss("tune")

    # -- What a rung or a step rests on ---------------------------------------------------

    @on(ItemList.Selected)
    def _selected(self) -> None:
        if self.step is not None:
            self._show_flips()
        elif self.rung is not None:
            self._show_variants()

    @work(group="open", exclusive=True)
    async def _show_flips(self) -> None:
        from tui.screens.flips.screen import FlipsScreen

        step = self.step
        if step is None:
            return
        if not step.comparison.flips:
            self.notify("No case came out otherwise in this step.")
            return
        going = await self.app.push_screen_wait(FlipsScreen(self.desk, step.comparison))
        if going is not None:
            self.dismiss(going)

    @work(group="open", exclusive=True)
    async def _show_variants(self) -> None:
        from tui.screens.ladder.variants import VariantsScreen

        facts = self.rung
        if facts is None:
            return
        if await self.app.push_screen_wait(VariantsScreen(self.desk, facts)):
            self.bench.ladder.all_stale()
            await self.read()

    # -- What is done about it ------------------------------------------------------------

    @work(group="open", exclusive=True)
    async def action_settle(self) -> None:
        """Label what settles a step soonest; then see what came of it."""
        step = self.settled_by_labels
        if step is not None:
            await self.bench.settle(step)
            await self.read()

    @work(group="open", exclusive=True)
    async def action_economics(self) -> None:
        """Say what right answers are worth, and what the rungs cost."""
        from tui.screens.economics import EconomicsForm

        rungs = self.ladder.rungs if self.ladder else ()
        if await self.app.push_screen_wait(EconomicsForm(self.desk, rungs)):
            await self.read()

    @work(group="open", exclusive=True)
    async def action_report(self) -> None:
        """Write the ladder to a file."""
        from tui.screens.ask_line import AskLine

        question = "Write the ladder to which file? Its name ends in .html or .md"
        name: str | None = f"{_file_name(self.desk.session.name)}-ladder.html"
        while name := await self.app.push_screen_wait(AskLine(question, name)):
            path = Path(os.path.expanduser(name.strip()))  # noqa: PTH111 - the other can raise
            try:
                await self._write(path)
            except PlainError as error:
                self.notify(str(error), severity="error", timeout=LONG_S, markup=False)
            else:
                self.notify(
                    safe.visible(f"Written: {path.absolute()}"), timeout=LONG_S, markup=False
                )
                return

    async def _write(self, path: Path) -> None:
        from lab.report.whole import make_report
        from lab.report.writing import refuse_ending, report_text, write_whole
        from tui import __version__

        refuse_ending(path)
        report = await make_report(self.desk, __version__)
        text = await asyncio.to_thread(report_text, report, path)
        await asyncio.to_thread(write_whole, path, text)

    @work(group="open", exclusive=True)
    async def action_oracle(self) -> None:
        """See why the rung rag fails; its failures may be asked with the evidence."""
        from tui.screens.oracle import OracleScreen

        await self.app.push_screen_wait(OracleScreen(self.desk))
        self.bench.ladder.all_stale()
        await self.read()

    # -- Drawn ----------------------------------------------------------------------------

    def action_cost(self) -> None:
        from tui.screens.ladder.plots import CostScreen

        if self.ladder is not None:
            self.app.push_screen(CostScreen(self.ladder))

    @work(group="open", exclusive=True)
    async def action_trend(self) -> None:
        from lab.ladder.trend import read_trend
        from tui.screens.ladder.plots import TrendScreen

        found = await self.desk.database.read(read_trend, self.desk.session.id)
        await self.app.push_screen_wait(TrendScreen(found))


def _file_name(name: str) -> str:
    """Return a session's name as it can stand in a file's."""
    kept = "".join(letter if letter.isalnum() or letter in "-_. " else "-" for letter in name)
    return "-".join(kept.split()).strip(".-")[:60] or "session"
