"""The Ladder screen's regions, and how what they show is kept true."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from store.records import Variant
from tui import safe
from tui.screens.keyed import KeyedScreen
from tui.screens.ladder import drawing
from tui.screens.ladder.keys import BINDINGS
from tui.widgets.item_list import ItemList
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from lab.ladder.reading import Ladder, Step
    from lab.ladder.rungs import RungFacts
    from tui.screens.bench.ladder_screen import LadderBench

PAUSE_S = 1.0
"""The least time between two readings while answers and labels come in below."""
SHARE = 4
"""A reading waits so many times as long as the one before took, so that it holds nothing up."""


@dataclass(frozen=True, slots=True)
class Go:
    """A case of the bench to go to, with the variants to show there side by side."""

    case_id: int
    variants: tuple[Variant, ...]


Leaving = Go | Literal["library", "tune"] | None
"""Where to from here: to a case, another screen, or back to where the bench was left."""


class LadderPlace(KeyedScreen[Leaving], ModalScreen[Leaving]):
    """Shows a session's ladder above its bench, which goes on below with its runs."""

    CSS_PATH = "ladder.tcss"
    BINDINGS = BINDINGS
    AUTO_FOCUS = "#ladder"

    def __init__(self, bench: LadderBench) -> None:
        super().__init__()
        self.bench, self.desk = bench, bench.desk
        self.ladder: Ladder | None = None
        self._took = 0.0
        self._due: Timer | None = None
        self._reading = self._again = False
        self._turn = asyncio.Lock()  # what was read last is what was read latest

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Static(id="who")
            yield Static(id="cases")
        yield Static("Counting…", id="verdict")
        yield ItemList(id="ladder")
        yield KeyBar()

    def on_mount(self) -> None:
        name = safe.one_line(self.desk.session.name, 60)
        self.query_one("#who", Static).update(Content(f"Litmus · {name} · ladder"))
        self._read_beside()

    # -- Reading ----------------------------------------------------------------------

    def show_soon(self) -> None:
        """Read anew what may have changed, at most every second or so."""
        if self._reading:
            self._again = True
        elif self._due is None and self.is_attached:
            self._due = self.set_timer(max(PAUSE_S, SHARE * self._took), self._read_beside)

    @work(group="read")
    async def _read_beside(self) -> None:
        self._due = None
        await self.read()

    async def read(self) -> None:
        """Read the ladder, and show it where it is another than what is shown."""
        from lab.ladder.telling import tell_ladder

        async with self._turn:
            self._reading, self._again = True, False
            began = time.monotonic()
            try:
                found = await tell_ladder(self.desk)
            finally:
                self._reading = False
            self._took = time.monotonic() - began
        if found != self.ladder and self.is_attached:
            self.ladder = found
            self.show()
        if self._again:
            self.show_soon()

    def show(self) -> None:
        """Show the ladder as it was read last."""
        ladder = self.ladder
        if ladder is None:
            return
        cases = "1 case" if ladder.cases == 1 else f"{ladder.cases:,} cases"
        self.query_one("#cases", Static).update(f"{cases} · revision {ladder.benchmark[:7]}")
        word, colour, sentence = drawing.headline(ladder)
        said = Content.assemble(
            Content.styled(f" {word} ", f"bold {colour} reverse"), "  ", safe.content(sentence)
        )
        if ladder.verdict.state is None:
            said = Content.assemble(Content.styled(word, "bold"), "  ", safe.content(sentence))
        self.query_one("#verdict", Static).update(said)
        self.query_one(ItemList).show(drawing.items(ladder))
        self.refresh_bindings()

    @on(ItemList.Highlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()

    # -- What the cursor is on --------------------------------------------------------

    @property
    def step(self) -> Step | None:
        """The step under the cursor."""
        kind, _, name = self.query_one(ItemList).key.partition(":")
        return self.ladder.steps[int(name)] if self.ladder and kind == "step" else None

    @property
    def rung(self) -> RungFacts | None:
        """The rung under the cursor."""
        kind, _, name = self.query_one(ItemList).key.partition(":")
        found = self.ladder.rungs if self.ladder and kind == "rung" else ()
        return next((facts for facts in found if facts.rung == name), None)

    @property
    def settled_by_labels(self) -> Step | None:
        """The step that labels would settle: the one under the cursor, else the last such."""
        steps = self.ladder.steps if self.ladder else ()
        here = [self.step] if self.step is not None else []
        return next((step for step in (*here, *reversed(steps)) if step.settling.answers), None)

    def label_of(self, binding: str) -> str:
        if binding == "ladder.settle":
            step = self.settled_by_labels
            return f"Label {len(step.settling.answers):,} to settle" if step else ""
        if binding == "items.open":
            step = self.step
            if step is None:
                return "Variants"
            flips = len(step.comparison.flips)
            return "1 flip" if flips == 1 else f"{flips:,} flips"
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action == "settle":
            return self.settled_by_labels is not None
        if action == "oracle":
            return self.ladder is not None and self.ladder.rung("rag") is not None
        return True
