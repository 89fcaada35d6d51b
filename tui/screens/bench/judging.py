"""The bench's judge: put to work in the background, and shown in a panel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from lab.desk import Desk
from lab.setup import Setup
from store.errors import PlainError
from tui.screens.bench.verdicts import Verdicts
from tui.widgets.answers import Answers
from tui.widgets.case_list import CaseList

# What only judging needs is imported when something is judged.
if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from lab.judge.events import JudgeEvent
    from lab.judge.run import Judging

LONG_S = 12


class JudgeWork:
    """Judging under way on a bench. `done` of `todo` answers are through; -1 before one began."""

    def __init__(self, bench: JudgedBench) -> None:
        self._bench = bench
        self._judging: Judging | None = None
        self._starting: asyncio.Task[None] | None = None
        self.busy = False
        self.done, self.todo = 0, -1
        self._said: set[str] = set()

    def start(self, *, fresh: bool = False) -> None:
        """Let the session's judge judge the test answers; at work already it goes on."""
        if not self.busy:
            self.busy = True
            self._said.clear()
            self._bench.refresh_bindings()
            self._bench.run_worker(self._run(fresh=fresh), group="judging")

    def stop(self) -> None:
        """Stop judging; what is judged is kept."""
        if self._judging is not None:
            self._judging.stop()
        elif self._starting is not None:
            self._starting.cancel()

    async def finish(self) -> None:
        """Stop, and wait until everything is kept."""
        while self.busy:
            self.stop()
            await asyncio.sleep(0.02)

    async def _run(self, *, fresh: bool) -> None:
        from lab.judge import judges

        desk, self.done, self.todo = self._bench.desk, 0, -1
        self._starting = asyncio.current_task()
        try:
            judging = await judges.start(desk, await judges.named(desk), fresh=fresh)
            self._judging = judging
            async for event in judging.events():
                await self._happened(event)
        except PlainError as error:
            self._say(str(error), "error")
        finally:
            self._judging = self._starting = None
            self.busy = False
            if self._bench.is_mounted:
                self._bench.refresh_bindings()
                self._bench.query_one(CaseList).invalidate()
                self._bench.ladder.all_stale()
                self._bench.show_judge()

    async def _happened(self, event: JudgeEvent) -> None:
        from lab import events
        from lab.judge import events as judging_events
        from lab.judge import judges

        bench = self._bench
        match event:
            case judging_events.JudgingStarted():
                self.todo = event.todo
                if event.same_model:
                    self._say(judges.own_model_warning(event.judge, event.same_model), "warning")
                if not event.todo:
                    said = (
                        "Everything here is judged already."
                        if event.already
                        else judges.NOTHING_TO_JUDGE
                    )
                    self._say(said, "information")
            case judging_events.Judged():
                self.done += 1
                if bench.variant is not None:
                    bench.ladder.stale(bench.variant)
                shown = bench.query_one(Answers).case
                if shown is not None and shown.id == event.case_id:
                    await bench.here(anew=True)
            case judging_events.NotJudged():
                self.done += 1
                self._say(event.error, "error")
            case events.Noticed():
                self._say(event.sentence, "warning")
            case events.BudgetReached():
                self._say(
                    f"Stopped before the next call could pass the cap of ${event.cap_usd:.2f}; "
                    "the key $ changes it.",
                    "warning",
                )
            case _:
                pass
        bench.show_judge()

    def _say(self, sentence: str, severity: SeverityLevel) -> None:
        """Say a sentence once, however many answers it is about."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._bench.notify(sentence, severity=severity, timeout=LONG_S, markup=False)


class JudgedBench(Verdicts):
    """A bench whose answers a model judges."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.judging = JudgeWork(self)

    def action_judge(self) -> None:
        """Show the judge; from there it is put to work."""
        from tui.screens.judge import JudgePanel

        self.app.push_screen(JudgePanel(self))

    @work(group="setup", exclusive=True)
    async def action_choose_judge(self) -> None:
        await self.choose_judge()

    async def choose_judge(self) -> bool:
        """Ask who judges; return whether one was chosen."""
        from lab.judge import judges
        from tui.screens.model_picker import ModelPicker

        judge = (await judges.standing(self.desk)).judge
        current = Setup.of(judge) if judge else self.desk.setup
        setup = await self.app.push_screen_wait(
            ModelPicker(self.desk.engine, current, title="Who judges the answers")
        )
        if setup is None:
            return False
        await self.judging.finish()
        await judges.choose(self.desk, setup)
        self.query_one(CaseList).invalidate()
        self.ladder.all_stale()
        await self.here(anew=True)
        self.show_judge()
        return True

    def show_judge(self) -> None:
        """Show how the judge stands now, where its panel is open."""
        from tui.screens.judge import JudgePanel

        for screen in self.app.screen_stack:
            if isinstance(screen, JudgePanel):
                screen.show_soon()
