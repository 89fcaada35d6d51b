"""The bench's way to the Tune screen, and the test cases asked of a tuned model and its base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work

from lab.desk import Desk
from store.records import Variant
from tui.screens.bench.ladder_screen import LadderBench

if TYPE_CHECKING:
    from tui.screens.tune.screen import TuneScreen


class TuneBench(LadderBench):
    """A bench on whose train cases a model is trained, on a screen above it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.asks_tests = False
        """Whether a tuned model and its base are being asked the test cases."""
        self._above: TuneScreen | None = None

    @work(group="above", exclusive=True)
    async def action_tune(self) -> None:
        """Go to the Tune screen; what is asked here goes on."""
        from tui.screens.ladder.place import Go
        from tui.screens.tune.screen import TuneScreen

        self._above = TuneScreen(self)
        try:
            going = await self.app.push_screen_wait(self._above)
        finally:
            self._above = None
        if isinstance(going, Go):
            await self.go(going)
        elif going is not None:
            await self.run_action(going)

    def ask_tests(self, variants: Sequence[Variant]) -> None:
        """Ask variants the test cases, one after the other; what is asked now stays as it is."""
        if not self.asks_tests:
            self.asks_tests = True
            self._ask_tests(variants)

    @work(group="tests", exclusive=True)
    async def _ask_tests(self, variants: Sequence[Variant]) -> None:
        try:
            cases = await self.desk.cases_to_ask()
            for variant in variants:
                if not self.asks_tests:  # it was stopped
                    break
                if await self.desk.missing(cases, variant, 1):
                    await self.asking.run(cases, variant, fresh=False)
        finally:
            self.asks_tests = False
            if self.is_attached:
                self.ladder.all_stale()

    def ladder_shown(self) -> None:
        super().ladder_shown()
        if self._above is not None:
            self._above.after_soon()
