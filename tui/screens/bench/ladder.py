"""The ladder strip and the cost of a bench, kept true without recounting everything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.timer import Timer

from store import revisions
from store.records import Rung, Variant
from tui.widgets.bench_header import BenchHeader
from tui.widgets.case_list import CaseList
from tui.widgets.judge_line import judge_mark
from tui.widgets.ladder_strip import LadderStrip

# What counts is imported when something is counted, which is after the first paint.
if TYPE_CHECKING:
    from lab.judge.trust import Judgeship
    from lab.ladder.standing import Standing
    from lab.ladder.verdict import StepVerdict
    from tui.screens.bench.place import Bench

SETTLE_S = 0.3
"""How long a change waits for others, so that a burst of answers is counted once."""
JUDGE_S = 1.0
"""The least time from a change to the verdicts that it makes."""
SHARE = 4
"""A reading of the verdicts waits so many times as long as the one before took."""


class Ladder:
    """Where each variant of the session stands, as far as it is known."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._standings: dict[str, Standing] = {}
        self._stale: dict[str, Variant] = {}
        self._timer: Timer | None = None
        self._judge: Judgeship | None = None
        self._behind = 0
        self._verdicts: dict[Rung, StepVerdict] = {}
        self._judging: Timer | None = None
        self._took = 0.0

    def all_stale(self) -> None:
        """Count every variant anew, away from the keys."""
        self._bench.run_worker(self._count_all, group="ladder", exclusive=True)

    def stale(self, variant: Variant) -> None:
        """Count one variant anew, soon."""
        if variant.id:
            self._stale[variant.hash] = variant
            if self._timer is None:
                self._timer = self._bench.set_timer(SETTLE_S, self._count_stale)

    async def _count_all(self) -> None:
        from lab.judge import judges

        found = await self._bench.desk.standings()
        self._standings = {item.variant.hash: item for item in found}
        self._judge = await judges.standing(self._bench.desk)
        await self._count_behind()
        self.show()
        await self.show_cost()

    async def _count_stale(self) -> None:
        from lab.judge import judges

        self._timer = None
        stale, self._stale = self._stale, {}
        before, self._judge = self._judge, await judges.standing(self._bench.desk)
        if before is not None and before.trust.trusted != self._judge.trust.trusted:
            # What the judge says counts from now on, or no more, in every rate and glyph.
            self._bench.query_one(CaseList).invalidate()
            await self._bench.here(anew=True)
            await self._count_all()
            return
        for variant in stale.values():
            self._standings[variant.hash] = await self._bench.desk.standing(variant)
        if self._behind:
            await self._count_behind()
        self.show()
        await self.show_cost()

    async def _count_behind(self) -> None:
        desk = self._bench.desk
        self._behind = await desk.database.read(revisions.behind_in, desk.session.id)

    def show(self) -> None:
        """Show the rungs, the present one first among equals."""
        desk = self._bench.desk
        best: dict[Rung, Standing] = {}
        if self._standings:
            from lab.ladder.standing import chosen

            best = chosen(self._standings.values())
        rung = desk.setup.rung if desk.setup else None
        self._bench.query_one(LadderStrip).show(
            best, rung, judge_mark(self._judge), self._behind, self._verdicts
        )
        self._bench.ladder_shown()
        if sum(standing.rate is not None for standing in best.values()) > 1:
            self._judge_soon()

    def _judge_soon(self) -> None:
        """Read the steps' verdicts after a while, so that many changes are one reading."""
        if self._judging is None:
            wait = max(JUDGE_S, SHARE * self._took)
            self._judging = self._bench.set_timer(wait, self._judge_beside)

    def _judge_beside(self) -> None:
        self._judging = None
        self._bench.run_worker(self._judge_steps, group="verdicts", exclusive=True)

    async def _judge_steps(self) -> None:
        """Show what is said of each step to a rung from the one below it."""
        from lab.ladder.reading import read_ladder

        desk, began = self._bench.desk, time.monotonic()
        found = await desk.database.read(read_ladder, desk.session)
        self._took = time.monotonic() - began
        verdicts: dict[Rung, StepVerdict] = {}
        for step in found.steps:
            verdicts.setdefault(step.second, step.verdict)
        if verdicts != self._verdicts:
            self._verdicts = verdicts
            self._bench.query_one(LadderStrip).show_verdicts(verdicts)

    async def show_cost(self) -> None:
        """Show what the session has cost so far."""
        desk = self._bench.desk
        header = self._bench.query_one(BenchHeader)
        header.show_cost(*await desk.spent(), desk.session.cap_usd)
