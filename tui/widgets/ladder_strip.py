"""The ladder in one line: each rung's rate with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from store.records import RUNGS, Rung
from tui import glyphs

if TYPE_CHECKING:
    from lab.ladder.standing import Standing


class LadderStrip(Static):
    """① bare 12% (5–26) … ; the rung that is asked now stands out."""

    DEFAULT_CSS = """
    LadderStrip { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def show(
        self,
        standings: Mapping[Rung, Standing],
        current: Rung | None,
        judge: str = "",
        behind: int = 0,
    ) -> None:
        """Show where each rung stands, and the judge; a rung without answers shows a dash.

        `behind` answers stand on older revisions of their cases, and are in no rate.
        """
        parts: list[Content] = []
        for rung in RUNGS:
            text = f"{glyphs.RUNG[rung]} {rung} {describe(standings.get(rung))}"
            here = rung == current
            style = "bold $text" if here else glyphs.MUTED
            parts.append(Content.styled(f"▸{text}" if here else f" {text}", style))
        if judge:
            parts.append(Content.styled(f" {judge}", glyphs.MUTED))
        if behind:
            parts.append(Content.styled(f" {behind:,} left out: cases edited", glyphs.MUTED))
        self.update(Content("  ").join(parts))


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
