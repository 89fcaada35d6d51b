"""What is being asked on the bench: runs are started here, and their events shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab import events
from lab.run import Run
from store.errors import PlainError
from store.records import Case, Variant
from tui import glyphs
from tui.widgets.answers import Answers
from tui.widgets.bench_header import BenchHeader

if TYPE_CHECKING:
    from tui.screens.bench.place import Bench

LONG_S = 12


class Asking:
    """The runs that a bench has under way."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._runs: list[Run] = []
        self._starting = 0
        self._shown_busy = False

    def ask(self, cases: list[Case], variants: list[Variant], *, fresh: bool) -> None:
        """Ask these variants; one with nothing in its context is told so instead."""
        for variant in variants:
            if variant.rung == "context" and not variant.documents:
                self._bench.notify(
                    "Nothing is in the context: drop a file here, or press c for bare."
                )
            else:
                self._bench.run_worker(self.run(cases, variant, fresh=fresh), group="runs")

    async def run(self, cases: list[Case], variant: Variant, *, fresh: bool) -> None:
        """Run a variant over cases, and show what happens."""
        bench, run = self._bench, None
        self._starting += 1
        try:
            embedded = bench.desk.engine.embedded
            if variant.provider == "embedded" and not embedded.alive:
                bench.notify("Starting the embedded model…", timeout=3)
            run = await bench.desk.ask(cases, variant, fresh=fresh)
            self._runs.append(run)
            async for event in run.events():
                await self._happened(run, event)
        except PlainError as error:
            bench.notify(str(error), severity="error", timeout=LONG_S, markup=False)
        finally:
            self._starting -= 1
            if run in self._runs:
                self._runs.remove(run)
            self._show_left()

    @property
    def busy(self) -> bool:
        """Whether anything is being asked."""
        return self._starting > 0

    def stop(self) -> None:
        """Stop asking; what has come is kept."""
        for run in self._runs:
            run.stop()

    async def finish(self) -> None:
        """Stop, and wait until everything is kept."""
        while self._starting:
            self.stop()
            await asyncio.sleep(0.02)

    async def _happened(self, run: Run, event: events.Event) -> None:
        bench = self._bench
        match event:
            case events.Delta():
                bench.live.add(run.variant.id, event.case_id, event.text, event.reasoning)
                if pane := bench.query_one(Answers).pane(run.variant.id, event.case_id):
                    pane.add(event.text, event.reasoning)
            case events.Asked():
                bench.live.begin(run.variant.id, event.case_id)
                bench.set_glyph(run.variant.id, event.case_id, glyphs.ASKING)
                if pane := bench.query_one(Answers).pane(run.variant.id, event.case_id):
                    pane.asking("", "")
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
            case events.RunFinished(outcome="failed") if run.total > 1:
                bench.notify(event.error, severity="error", timeout=LONG_S, markup=False)
            case _:
                pass

    def _show_left(self) -> None:
        left = sum(run.left for run in self._runs)
        if self._bench.is_mounted:
            self._bench.query_one(BenchHeader).show_left(left)
            if bool(left) != self._shown_busy:
                self._shown_busy = bool(left)
                self._bench.refresh_bindings()
