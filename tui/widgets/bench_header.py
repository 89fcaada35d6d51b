"""The first line of the bench: the session, who is asked, and what it has cost."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from lab.setup import Setup
from tui import safe


class BenchHeader(Horizontal):
    """Litmus · session            model · provider · rung      $0.12 of $5.00 cap"""

    DEFAULT_CSS = """
    BenchHeader {
        height: 1; padding: 0 1;
        & > Static { width: auto; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #who { max-width: 40%; text-style: bold; }
        & > #left, & > #promoting { color: $accent; padding: 0 0 0 2; }
        & > #setup { width: 1fr; padding: 0 2; color: $text-muted; text-align: right; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="who")
        yield Static(id="left")
        yield Static(id="promoting")
        yield Static(id="setup")
        yield Static(id="cost")

    def show_session(self, name: str) -> None:
        """Show which session this is."""
        self.query_one("#who", Static).update(Content(f"Litmus · {safe.one_line(name, 60)}"))

    def show_setup(self, setup: Setup | None) -> None:
        """Show who is asked."""
        text = "no model yet: m chooses one"
        if setup is not None:
            text = safe.one_line(f"{setup.rung} · {setup.model} · {setup.provider}", 90)
        self.query_one("#setup", Static).update(Content(text))

    def show_left(self, left: int, price: str = "") -> None:
        """Show how many answers are still to come, and their price; nothing when none are."""
        text = f"◌ {left} to come" + (f" · {price}" if price else "")
        self.query_one("#left", Static).update(Content(text if left else ""))

    def show_promoting(self, share: float | None) -> None:
        """Show how much of what is promoted is done, 0 to 1; None while nothing is."""
        self.query_one("#promoting", Static).update("" if share is None else f"◆ {share:.0%}")

    def show_cost(self, spent: float, unpriced: int, cap: float | None) -> None:
        """Show US dollars spent against the cap; answers of unknown price are named."""
        text = f"${spent:.2f}" if spent >= 0.01 or not spent else f"${spent:.4f}"
        if unpriced:
            text = f"{text} + {unpriced} unknown" if spent else "cost unknown"
        if cap is not None:
            text += f" · cap ${cap:.2f}" if unpriced else f" of ${cap:.2f} cap"
        self.query_one("#cost", Static).update(Content(text))
