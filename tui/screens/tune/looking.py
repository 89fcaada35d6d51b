"""How the Tune screen looks at the examples, and plans what would be trained on them."""

from __future__ import annotations

import threading

from textual import work

from lab.checking.findings import Stopped
from store.errors import PlainError
from tui import safe
from tui.screens.tune.choice import Choice
from tui.screens.tune.place import TunePlace
from tui.screens.tune.planning import examined, pairs_of, planned

REFRESH_S = 0.1
"""How often it is shown how far the examples are looked at."""


class Looking(TunePlace):
    """Looks at the examples beside the keys; what is out of date is stopped."""

    _stop = threading.Event()
    _done = ("", 0, 0)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(REFRESH_S, self._show_progress)

    def on_unmount(self) -> None:
        self._stop.set()

    @work(group="look", exclusive=True)
    async def look(self) -> None:
        """Look at the examples anew, and make a plan of them."""
        self._stop.set()
        stop = self._stop = threading.Event()

        def progress(what: str, done: int, of: int) -> None:
            if stop.is_set():
                raise Stopped
            self._done = what, done, of

        choice = self.choice
        self._done = ("Reading the train cases", 0, 0)
        self.looking, self.trouble = "Reading the train cases", ""
        self.show()
        try:
            report = await examined(self.desk, choice, progress)
            # What was allowed is those leaks, and not whatever comes in their place.
            if not pairs_of(report) <= self.allowed:
                self.allowed = frozenset()
            self.plan = await planned(self.desk, choice, report, self.allowed)
        except Stopped:
            return
        except PlainError as error:
            self.plan, self.trouble = None, str(error)
        self.looking = ""
        self.show()

    def _show_progress(self) -> None:
        if not self.looking:
            return
        what, done, of = self._done
        said = f"{what}: {done:,} of {of:,}" if of else what
        if said != self.looking:
            self.looking = said
            if self.page == "plan":
                self.show()

    @work(group="look", exclusive=True)
    async def plan_again(self) -> None:
        """Make a plan anew of the examples that were looked at."""
        await self._plan_again()

    async def _plan_again(self) -> None:
        if self.plan is not None:
            self.plan = await planned(self.desk, self.choice, self.plan.report, self.allowed)
            self.show()

    async def choose(self, choice: Choice) -> None:
        """Train by another choice from now on, which is kept with the session."""
        if choice == self.choice:
            return
        self.choice = choice
        choice.keep(self.desk)
        await self.desk.save()
        self.look()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Show a sentence for a while."""
        severity = "error" if wrong else "information"
        self.notify(safe.visible(sentence), severity=severity, timeout=12, markup=False)
