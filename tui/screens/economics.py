"""A form: what right answers are worth, and what the rungs cost, as far as the person knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from lab.ladder.economics import (
    ASSUMED,
    Economics,
    Name,
    RungName,
    keep_economics,
    read_economics,
)
from store.errors import PlainError
from store.records import RUNGS, Rung
from tui import glyphs, safe
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.ladder.rungs import RungFacts

# The two that matter most come first.
_LINES: dict[Name, str] = {
    "value": "A right answer is worth, $",
    "volume": "Answers a month",
    "wrong": "A wrong answer costs, $",
    "horizon": "Over how many months",
    "hourly": "An hour of your work costs, $",
    "machine": "An hour of training here costs, $",
    "target": "Good enough is a rate of",
}
_RUNG_LINES: dict[RungName, str] = {
    "price": "an answer, $",
    "upfront": "once, $",
    "hours": "your hours",
}
_WHY = (
    "Of a rung: what an answer costs in place of what is measured, what comes once, and the "
    "hours of your work."
)
_KEYS = "enter goes on · ctrl+j keeps it · esc leaves it as it was"
_ABOVE_ZERO = ("volume", "horizon")


class EconomicsProblem(PlainError):
    """What was typed cannot be; one sentence says why."""


class EconomicsForm(ModalScreen[bool]):
    """Asks for a session's economics, and keeps them; dismissed with whether it did."""

    DEFAULT_CSS = """
    EconomicsForm {
        align: center middle;
        & > Vertical {
            width: 76; max-width: 98%; height: auto; max-height: 98%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; color: $text-muted; }
            & > .title { color: $foreground; text-style: bold; }
            & > #problem { color: $text-error; }
            & > VerticalScroll { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
        }
        Horizontal { height: 1; }
        Horizontal > Label { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        .rungs > Label { width: 12; }
        .rungs > .head { width: 1fr; color: $text-muted; padding: 0 1; margin-left: 1; }
        LineInput { width: 24; border: none; height: 1; padding: 0 1; background: $foreground 8%;
            &:focus { border: none; background: $foreground 18%; } }
        .rungs > LineInput { width: 1fr; margin-left: 1; }
    }
    """
    BINDINGS = [
        Binding("ctrl+j,ctrl+s", "keep", "Keep", id="economics.keep", tooltip="Keep these"),
        Binding("escape", "leave", "Leave", id="economics.leave", tooltip="Leave them"),
        Binding("down", "app.focus_next", "Next", False, id="economics.next", tooltip="Next line"),
        Binding("up", "app.focus_previous", "Up", False, id="economics.up", tooltip="Line before"),
    ]

    def __init__(self, desk: Desk, rungs: Sequence[RungFacts] = ()) -> None:
        """Ask for a desk's session, of whose `rungs` it is known what they cost."""
        super().__init__()
        self._desk = desk
        self._measured = {facts.rung: _measured(facts) for facts in rungs}
        self._lines: dict[Name, LineInput] = {}
        self._rung_lines: dict[tuple[Rung, RungName], LineInput] = {}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("What a right answer is worth, and what it costs", classes="title")
            with VerticalScroll(can_focus=False):
                for name, label in _LINES.items():
                    line = self._lines[name] = LineInput(id=name, placeholder=_placeholder(name))
                    with Horizontal():
                        yield Label(label)
                        yield line
                with Horizontal(classes="rungs"):
                    yield Label("")
                    for label in _RUNG_LINES.values():
                        yield Label(label, classes="head")
                for rung in RUNGS:
                    with Horizontal(classes="rungs"):
                        yield Label(f"{glyphs.RUNG[rung]} {rung}")
                        for kind in _RUNG_LINES:
                            hint = self._measured.get(rung, "") if kind == "price" else "0"
                            line = LineInput(id=f"{rung}-{kind}", placeholder=hint)
                            self._rung_lines[rung, kind] = line
                            yield line
            yield Static(id="problem")
            yield Static(_WHY)
            yield Static(_KEYS)

    async def on_mount(self) -> None:
        found = await self._desk.database.read(read_economics, self._desk.session.id)
        self._fill(found)
        self._lines["value"].focus()

    def _fill(self, found: Economics) -> None:
        for name, line in self._lines.items():
            line.value = _text(found.typed.get(name))
        for (rung, kind), line in self._rung_lines.items():
            line.value = _text(found.rungs.get((rung, kind)))
        measured: list[tuple[Rung, float | None, str]] = [
            ("rag", found.embedding_usd, "embedding"),
            ("tuned", found.tuning_usd, "training"),
        ]
        for rung, spent, what in measured:
            if spent != 0:
                hint = f"unknown {what}" if spent is None else f"{spent:.4g} {what}"
                self._rung_lines[rung, "upfront"].placeholder = hint

    def on_input_submitted(self, event: Input.Submitted) -> None:
        lines = [*self._lines.values(), *self._rung_lines.values()]
        if event.input is lines[-1]:
            self.run_worker(self.action_keep())
        else:
            self.focus_next()

    async def action_keep(self) -> None:
        """Keep what was typed; what cannot be is said, and nothing is lost."""
        here: Widget | None = None
        try:
            session: dict[Name, float | None] = {}
            for name, here in self._lines.items():
                session[name] = _number(here.value, _LINES[name], name)
            rungs: dict[tuple[Rung, RungName], float | None] = {}
            for (rung, kind), here in self._rung_lines.items():
                rungs[rung, kind] = _number(here.value, f"{rung}: {_RUNG_LINES[kind]}", kind)
            here = None
            await self._desk.database.write(keep_economics, self._desk.session.id, session, rungs)
        except PlainError as error:
            self.query_one("#problem", Static).update(safe.content(str(error)))
            if here is not None:
                here.focus()
            return
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)


def _placeholder(name: Name) -> str:
    assumed = ASSUMED.get(name)
    return "not set, as 80%" if assumed is None else f"{assumed:g} assumed"


def _measured(facts: RungFacts) -> str:
    if facts.cost_usd is None or not facts.answers:
        return "unknown"
    return f"{facts.cost_usd / facts.answers:.3g} measured"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"


def _number(text: str, label: str, name: Name | RungName) -> float | None:
    """Return what was typed as a number, None for nothing. Raises EconomicsProblem."""
    typed = text.strip().lstrip("$").replace(",", "").strip()
    if not typed:
        return None
    share = name == "target" and typed.endswith("%")
    try:
        value = float(typed.removesuffix("%")) / (100 if share else 1)
    except ValueError:
        value = math.nan
    label = label.removesuffix(", $")
    if not math.isfinite(value):
        raise EconomicsProblem(f"{label}: “{text.strip()[:40]}” is no number; type one as 0.25.")
    if name == "target" and not share and value > 1:
        value /= 100
    if value < 0 or (name in _ABOVE_ZERO and value == 0):
        least = "more than 0" if name in _ABOVE_ZERO else "0 or more"
        raise EconomicsProblem(f"{label}: {text.strip()[:40]} cannot be; it must be {least}.")
    if name == "target" and value > 1:
        raise EconomicsProblem(f"{label}: {text.strip()[:40]} is over 100%; type a rate up to 1.")
    return value
