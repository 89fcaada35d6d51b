"""What stands in which rows of a stream view, and how one row is painted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from tui.widgets.flow import Flow
from tui.widgets.wrapping import Wrapper


class Block(NamedTuple):
    """Rows of one kind that stand together, from row `first` on.

    `lines` are a text's lines, of which `settled` will not change; a block without them is
    one row of ornament.
    """

    kind: str
    first: int
    rows: int
    lines: Wrapper | None = None
    settled: int = 0


def text_block(kind: str, first: int, flow: Flow) -> Block:
    """Return the block of a text that is wrapped from row `first` on."""
    return Block(kind, first, len(flow.lines), flow.lines, flow.lines.settled)


def block_at(blocks: list[Block], row: int) -> Block | None:
    """Return the block that a row belongs to."""
    for block in blocks:
        if block.first <= row < block.first + block.rows:
            return block
    return None


def segments(text: str, ink: Style, styles: Sequence[tuple[int, int, Style]]) -> list[Segment]:
    """Return a row as segments: `ink`, with a style over each (start, end) in characters."""
    if not styles:
        return [Segment(text, ink)]
    cuts = {0, len(text), *(min(at, len(text)) for start, end, _ in styles for at in (start, end))}
    found: list[Segment] = []
    for left, right in pairwise(sorted(cuts)):
        style = ink
        for start, end, over in styles:
            if start <= left < end:
                style += over
        found.append(Segment(text[left:right], style))
    return found
