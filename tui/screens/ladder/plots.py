"""The ladder drawn: cost against quality, and each rung as the benchmark changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from lab.ladder import words
from store.records import RUNGS
from tui import glyphs
from tui.screens.ladder.drawing import name_of
from tui.widgets.cost_plot import BEHIND, ON_FRONT, CostPlot, Point
from tui.widgets.item_list import Item, ItemList, wrapped
from tui.widgets.trend_plot import Column, TrendPlot

if TYPE_CHECKING:
    from lab.ladder.reading import Ladder
    from lab.ladder.rungs import RungFacts
    from lab.ladder.trend import Revision
    from lab.statistics.rates import Rate


class PlotScreen(ModalScreen[None]):
    """A plot with what it shows in words below."""

    DEFAULT_CSS = """
    PlotScreen {
        align: center middle;
        & > Vertical {
            width: 100; max-width: 98%; height: 32; max-height: 98%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; color: $text-muted; }
            & > .title { color: $foreground; text-style: bold; }
            & > ItemList { height: auto; max-height: 40%; }
        }
    }
    """
    HEAD = ""
    KEYS = "esc closes"

    def plot(self) -> Widget | None:
        """Return the plot, None where there is nothing to draw."""
        return None

    def lines(self) -> Iterable[Content]:
        """Return what stands below the plot."""
        return ()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self.HEAD, classes="title")
            if (plot := self.plot()) is not None:
                yield plot
            yield ItemList()
            yield Static(self.KEYS)

    def on_mount(self) -> None:
        listed = self.query_one(ItemList)
        listed.show([_read_only(line) for line in self.lines()])
        listed.focus()


class CostScreen(PlotScreen):
    """Draws what an answer of each rung costs against how often it is right."""

    BINDINGS = [
        Binding("escape,q,dollar_sign,g", "dismiss", "Close", id="plot.cost", tooltip="Close this")
    ]
    HEAD = "Cost of an answer against quality"

    def __init__(self, ladder: Ladder) -> None:
        super().__init__()
        self._rungs = ladder.rungs

    def plot(self) -> Widget | None:
        found = [point for facts in self._rungs if (point := _point(facts)) is not None]
        return CostPlot(found) if found else None

    def lines(self) -> Iterable[Content]:
        if not self._rungs:
            yield Content("No rung has been run yet.")
            return
        for facts in self._rungs:
            rate = facts.standing.rate
            mark = ON_FRONT if facts.on_front else BEHIND
            what = "cost unknown, not drawn" if facts.per_answer is None else _cost(facts)
            share = "no verdict yet" if rate is None else _rate(rate)
            mark = mark if _point(facts) is not None else " "
            yield Content(f"{mark} {name_of(facts.rung):<10} {share}, {what}")
        if any(facts.per_answer is None for facts in self._rungs):
            yield Content.styled("e on the ladder says what an answer costs.", glyphs.MUTED)
        yield Content.styled(
            f"{ON_FRONT} on the front, joined by dots: no other is as cheap and better. "
            f"{BEHIND} another is.",
            glyphs.MUTED,
        )


class TrendScreen(PlotScreen):
    """Draws where each rung stood on the benchmark as it was, revision by revision."""

    BINDINGS = [Binding("escape,q,t", "dismiss", "Close", id="plot.trend", tooltip="Close this")]
    HEAD = "Each rung as the benchmark changed, by today's verdicts"

    def __init__(self, revisions: Sequence[Revision]) -> None:
        super().__init__()
        self._revisions = revisions

    def plot(self) -> Widget | None:
        days = [_day(revision) for revision in self._revisions]
        apart = len(set(days)) == len(days)
        drawn = [
            Column(
                day if apart else revision.benchmark[:7],
                {
                    glyphs.RUNG[rung]: (rate.low, rate.rate, rate.high)
                    for rung, rate in revision.rates.items()
                },
            )
            for day, revision in zip(days, self._revisions, strict=True)
        ]
        return TrendPlot(drawn) if any(column.rates for column in drawn) else None

    def lines(self) -> Iterable[Content]:
        if not self._revisions:
            yield Content("No rung has been run yet, so there is nothing to follow.")
            return
        for rung in RUNGS:
            there = [each.rates[rung] for each in self._revisions if rung in each.rates]
            if there:
                path = [words.percent(rate.rate) for rate in there[:-1]]
                name = Content.styled(f"{name_of(rung):<10} ", "bold")
                yield Content.assemble(name, " → ".join([*path, _rate(there[-1])]))
        if len(self._revisions) == 1:
            yield Content.styled(
                "The benchmark has not changed since it was first run.", glyphs.MUTED
            )
        for revision in reversed(self._revisions):
            cases = words.count(revision.cases, "case")
            here = ", ".join(f"{rung} {_rate(rate)}" for rung, rate in revision.rates.items())
            yield Content.assemble(
                f"{_moment(revision)}  {revision.benchmark[:7]}  {cases}  ",
                Content.styled(here or "no verdict", glyphs.MUTED),
            )


def _read_only(line: Content) -> Item:
    return Item(lambda width: wrapped(line, width))


def _point(facts: RungFacts) -> Point | None:
    rate = facts.standing.rate
    if rate is None or facts.per_answer is None:
        return None
    name = name_of(facts.rung)
    return Point(name, facts.per_answer, rate.rate, rate.low, rate.high, facts.on_front)


def _cost(facts: RungFacts) -> str:
    cost = words.cost(facts.per_answer)
    return cost if cost == "free" else f"{cost} an answer"


def _rate(rate: Rate) -> str:
    low, high = words.percent(rate.low), words.percent(rate.high)
    return f"{words.percent(rate.rate)} ({low} to {high}, n {rate.n:,})"


def _day(revision: Revision) -> str:
    began = datetime.fromtimestamp(revision.began)
    return f"{began.day} {began:%b}"


def _moment(revision: Revision) -> str:
    return datetime.fromtimestamp(revision.began).strftime("%Y-%m-%d %H:%M")
