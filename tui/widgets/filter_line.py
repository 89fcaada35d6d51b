"""The line that says which cases are listed, where not all are."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui import glyphs, safe


class FilterLine(Static):
    """Only tag:water · 3 of 36 cases"""

    DEFAULT_CSS = """
    FilterLine {
        height: 1; padding: 0 1; display: none; text-wrap: nowrap; text-overflow: ellipsis;
        &.-on { display: block; }
    }
    """

    def show(self, line: str, count: int, of: int) -> None:
        """Show a filter and how many cases it lists; nothing without one."""
        self.set_class(bool(line), "-on")
        self.update(
            Content.assemble(
                Content.styled("Only ", glyphs.MUTED),
                Content.styled(safe.one_line(line, 60), "bold"),
                Content.styled(f" · {count:,} of {of:,} cases · esc shows all", glyphs.MUTED),
            )
        )
