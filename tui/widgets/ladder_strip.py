"""The ladder in one line: each rung's rate with its interval, each step's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from store.records import RUNGS, Rung
from tui import glyphs

if TYPE_CHECKING:
    from lab.ladder.standing import Standing
    from lab.ladder.verdict import StepVerdict


class LadderStrip(Static):
    """① bare 12% (5–26) … ; the rung that is asked now stands out."""

    DEFAULT_CSS = """
    LadderStrip { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Mapping[Rung, Standing], Rung | None, str, int] = ({}, None, "", 0)

    def show(
        self,
        standings: Mapping[Rung, Standing],
        current: Rung | None,
        judge: str = "",
        behind: int = 0,
        verdicts: Mapping[Rung, StepVerdict] | None = None,
    ) -> None:
        """Show where each rung stands, and the judge; a rung without answers shows a dash.

        `behind` answers stand on older revisions of their cases, and are in no rate.
        `verdicts` are those on the step up to a rung.
        """
        self._shown = standings, current, judge, behind
        self.show_verdicts(verdicts or {})

    def show_verdicts(self, verdicts: Mapping[Rung, StepVerdict]) -> None:
        """Show what is said of the step up to each rung, before it."""
        standings, current, judge, behind = self._shown
        parts: list[Content] = []
        for rung in RUNGS:
            if (verdict := verdicts.get(rung)) is not None and verdict.state is not None:
                parts.append(_verdict(verdict, verdict.state))
            text = f"{glyphs.RUNG[rung]} {rung} {describe(standings.get(rung))}"
            here = rung == current
            style = "bold $text" if here else glyphs.MUTED
            parts.append(Content.styled(f"▸{text}" if here else f" {text}", style))
        if judge:
            parts.append(Content.styled(f" {judge}", glyphs.MUTED))
        if behind:
            parts.append(Content.styled(f" {behind:,} left out: cases edited", glyphs.MUTED))
        self.update(Content("  ").join(parts))


def _verdict(verdict: StepVerdict, state: str) -> Content:
    """Return a step's verdict in a word: ▲CLIMB, ■STAY, ●NEED 14."""
    from lab.ladder.verdict import GLYPH  # there is no verdict before it is imported

    word = verdict.head.removesuffix(" MORE") if state == "NEED_MORE" else state
    return Content.styled(f"{GLYPH[verdict.state]}{word}", glyphs.STEP[state])


def describe(item: Standing | None) -> str:
    """Return a rung's rate as "83% (67–93)", a dash before there is one."""
    if item is None:
        return "–"
    wait = f" ●{item.unlabelled}" if item.unlabelled else ""
    judged = f" {glyphs.JUDGE}{item.judged}" if item.judged else ""
    if item.rate is None:
        return f"–{wait}"
    rate = item.rate
    return f"{rate.rate:.0%} ({rate.low * 100:.0f}–{rate.high * 100:.0f}) n {rate.n}{judged}{wait}"
