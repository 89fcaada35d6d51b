"""A bar of text for how much of something is done."""

from __future__ import annotations

from textual.content import Content

from tui import glyphs


def bar(share: float, cells: int) -> Content:
    """Return a bar of so many cells, of which `share` (0 to 1) is full."""
    halves = round(max(0.0, min(1.0, share)) * cells * 2)
    full, half = divmod(halves, 2)
    rest = cells - full - half
    return Content.assemble(
        Content.styled("━" * full + "╸" * half, "$accent"), Content.styled("─" * rest, glyphs.MUTED)
    )
