"""What is being asked on the bench: runs are started here, and their events shown."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from lab.context import is_empty
from store import runs
from store.errors import PlainError
from store.records import Case, Variant
from tui import glyphs
from tui.widgets.answers import Answers
from tui.widgets.bench_header import BenchHeader

# What only asking needs is imported when something is asked.
if TYPE_CHECKING:
    from lab import events
    from lab.run import Run
    from tui.screens.bench.place import Bench

LONG_S = 12

NOTHING = {
    "context": "Nothing is in the context: drop a file here, or press c for another rung.",
    "rag": "Nothing is in the store: F3 promotes documents; c goes to another rung.",
}
"""What a rung lacks that has no documents."""

Waiting = set[tuple[str, int]]
"""(variant hash, case revision id) of the answers that a run still waits for."""


class Asking:
    """The runs that a bench has under way."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._runs: list[Run] = []
        self._waiting: list[Waiting] = []
        self._starting: set[asyncio.Task[object]] = set()
        self._shown_busy = False

    def ask(self, cases: list[Case], variants: list[Variant], *, fresh: bool) -> None:
        """Ask these variants; one with nothing in its context is told so instead.

        What is being asked already is not asked once more beside itself.
        """
        for variant in variants:
            if is_empty(variant, cases):
                self._bench.notify(NOTHING[variant.rung])
            elif idle := [case for case in cases if not self._is_asked(case, variant)]:
                self._bench.run_worker(self.run(idle, variant, fresh=fresh), group="runs")

    def _is_asked(self, case: Case, variant: Variant) -> bool:
        return any((variant.hash, case.revision_id) in waiting for waiting in self._waiting)

    def run(
        self, cases: list[Case], variant: Variant, *, fresh: bool
    ) -> Coroutine[None, None, None]:
        """Return the coroutine that runs a variant over cases and shows what happens.

        They count as asked from now on.
        """
        waiting = {(variant.hash, case.revision_id) for case in cases}
        self._waiting.append(waiting)
        return self._run(cases, variant, waiting, fresh=fresh)

    async def _run(
        self, cases: list[Case], variant: Variant, waiting: Waiting, *, fresh: bool
    ) -> None:
        bench, run = self._bench, None
        self._show_left()
        try:
            embedded = bench.desk.engine.embedded
            if variant.provider == "embedded" and not embedded.alive:
                bench.notify("Starting the embedded model…", timeout=3)
            run = await self._start(cases, variant, fresh=fresh)
            self._runs.append(run)
            async for event in run.events():
                await self._keep_count(waiting, variant, event, fresh=fresh)
                await self._happened(run, event)
        except PlainError as error:
            bench.notify(str(error), severity="error", timeout=LONG_S, markup=False)
        finally:
            self._waiting = [other for other in self._waiting if other is not waiting]
            if run in self._runs:
                self._runs.remove(run)
            self._show_left()

    async def _start(self, cases: list[Case], variant: Variant, *, fresh: bool) -> Run:
        """Prepare a run, which may have to start a model first."""
        task = asyncio.current_task()
        assert task is not None
        self._starting.add(task)
        try:
            return await self._bench.desk.ask(cases, variant, fresh=fresh)
        finally:
            self._starting.discard(task)

    @property
    def busy(self) -> bool:
        """Whether anything is being asked."""
        return bool(self._waiting)

    def stop(self) -> None:
        """Stop asking; what has come is kept."""
        for run in self._runs:
            run.stop()
        for task in self._starting:
            task.cancel()

    async def finish(self) -> None:
        """Stop, and wait until everything is kept."""
        while self.busy:
            self.stop()
            await asyncio.sleep(0.02)

    async def _keep_count(
        self, waiting: Waiting, variant: Variant, event: events.Event, *, fresh: bool
    ) -> None:
        """Take from `waiting` what the run does not wait for, or no longer."""
        from lab import events

        match event:
            case events.RunStarted() if not fresh:
                read, asked = self._bench.desk.database.read, [key[1] for key in waiting]
                missing = await read(runs.missing, event.variant.id, asked, 1)
                waiting.intersection_update((variant.hash, revision) for revision, _ in missing)
            case events.Answered() | events.Failed(again=False):
                waiting.discard((variant.hash, event.answer.revision_id))
            case _:
                pass

    async def _happened(self, run: Run, event: events.Event) -> None:
        from lab import events

        bench = self._bench
        match event:
            case events.Delta():
                bench.live.add(run.variant.id, event.case_id, event.text, event.reasoning)
                if pane := bench.query_one(Answers).pane(run.variant.id, event.case_id):
                    pane.add(event.text, event.reasoning)
            case events.Asked():
                bench.live.begin(run.variant.id, event.case_id)
                bench.set_glyph(run.variant.id, event.case_id, glyphs.ASKING)
                bench.query_one(Answers).asking(run.variant.id, event.case_id)
                self._show_left()
            case events.Answered():
                bench.live.end(run.variant.id, event.answer.case_id)
                bench.ended(run.variant, event.answer)
                self._show_left()
            case events.Failed():
                bench.live.end(run.variant.id, event.answer.case_id)
                bench.ended(run.variant, event.answer)
                self._show_left()
                if event.answer.status != "stopped" and not event.again and run.total == 1:
                    bench.notify(event.error, severity="error", timeout=LONG_S, markup=False)
            case events.RunStarted():
                await bench.ran(event.variant)
                self._show_left()
                if not event.todo:
                    bench.notify("Everything is answered here; shift+r asks all anew.")
            case events.Noticed():
                bench.notify(event.sentence, severity="warning", markup=False)
            case events.BudgetReached():
                bench.notify(
                    f"Stopped before the next call could pass the cap of ${event.cap_usd:.2f}; "
                    "the key $ changes it.",
                    severity="warning",
                    timeout=LONG_S,
                    markup=False,
                )
            case events.Priced():
                self._show_left()
                if event.fits is not None:
                    self._warn_of_cap(event.fits, event.left)
            case events.Settled():
                from lab.foresight import settled_text

                bench.notify(settled_text(event, "esc"), timeout=LONG_S, markup=False)
            case events.RunFinished(outcome="failed") if run.total > 1:
                bench.notify(event.error, severity="error", timeout=LONG_S, markup=False)
            case _:
                pass

    def _warn_of_cap(self, fits: int, left: int) -> None:
        cap = self._bench.desk.session.cap_usd or 0.0
        room = f"after about {fits:,} of {left:,} answers" if fits else "with the next answer"
        self._bench.notify(
            f"The rest would pass the cap of ${cap:.2f} {room}; the run stops before that. The "
            "key $ changes the cap.",
            severity="warning",
            timeout=LONG_S,
            markup=False,
        )

    def _show_left(self) -> None:
        if self._bench.is_mounted:
            # A run is at work until it says that it is not, also between two of its cases.
            left = sum(max(1, run.left) for run in self._runs)
            self._bench.query_one(BenchHeader).show_left(left, self._price())
            if self.busy != self._shown_busy:
                self._shown_busy = self.busy
                self._bench.refresh_bindings()

    def _price(self) -> str:
        """Return what all that is to come will cost, once every run knows; else nothing."""
        runs = [run for run in self._runs if run.left]
        rests = [rest for run in runs if (rest := run.rest) is not None]
        if not rests or len(rests) < len(runs):
            return ""
        from lab.forecast import range_text

        lows, highs = [rest.low_usd for rest in rests], [rest.high_usd for rest in rests]
        if None in lows or None in highs:
            return "price unknown"
        return range_text(sum(filter(None, lows)), sum(filter(None, highs)))
