"""A text of which some parts are marked, as two answers have that are compared."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import work
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from tui.widgets.blocks import segments
from tui.widgets.line_view import LineView
from tui.widgets.page_rows import PageRows
from tui.widgets.shown_text import ShownText

GUTTER = 2
_AT_ONCE = 30_000
"""Characters that are laid out on the spot; a longer text is laid out in a thread."""


class MarkedView(LineView, can_focus=True):
    """Shows a text, all of it untrusted, with its marked parts underlined.

    Rows with such a part have a bar before them, which is seen without colours too.
    """

    DEFAULT_CSS = """
    MarkedView {
        &:focus { background-tint: $foreground 4%; }
        & > .marked-view--mark { text-style: underline; color: $text-accent; }
        & > .marked-view--bar { color: $text-accent; }
        & > .marked-view--hint { color: $text-muted; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"marked-view--{kind}" for kind in ("mark", "bar", "hint")
    }
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", False, id="marked.up", tooltip="One line up"),
        Binding("down,j", "scroll_down", "Down", False, id="marked.down", tooltip="One line down"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.hint = ""
        """What stands here while there is no text."""
        self._text = ShownText("")
        self._rows = PageRows(self._text, (0,), 80)
        self._marks: list[tuple[int, int]] = []
        self._begins: list[int] = []

    async def set_text(self, text: str, marks: Iterable[tuple[int, int]] = ()) -> None:
        """Show a text from its beginning. Marks are spans of it that do not overlap, in order."""
        long = len(text) >= _AT_ONCE
        self._text = await asyncio.to_thread(ShownText, text) if long else ShownText(text)
        self._rows = PageRows(ShownText(""), (0,), self._text_width)
        self.set_marks(marks)
        self.jump(0)
        self._lay_out()

    def set_marks(self, marks: Iterable[tuple[int, int]]) -> None:
        """Mark these spans of the text, and no others."""
        to_shown = self._text.to_shown
        self._marks = [(to_shown(start), to_shown(end)) for start, end in marks]
        self._begins = [start for start, _ in self._marks]
        self.refresh()

    @property
    def marked(self) -> list[str]:
        """What is marked, as it is shown."""
        return [self._text.shown[start:end] for start, end in self._marks]

    @property
    def text(self) -> str:
        """The text as it is shown."""
        return self._text.shown

    # -- Laying out ---------------------------------------------------------------------

    @property
    def _text_width(self) -> int:
        return max(4, self.line_width - GUTTER)

    def on_resize(self) -> None:
        if self._rows.text is not self._text or self._rows.width != self._text_width:
            self._lay_out()

    def on_show(self) -> None:
        self.on_resize()

    def _lay_out(self) -> None:
        if not self.line_width:
            return  # not on the screen: `on_resize` or `on_show` comes when it is
        if self._text.length < _AT_ONCE:
            self._take(PageRows(self._text, (0,), self._text_width))
        else:
            self._lay_out_beside()

    @work(group="lay out", exclusive=True)
    async def _lay_out_beside(self) -> None:
        self._take(await asyncio.to_thread(PageRows, self._text, (0,), self._text_width))

    def _take(self, rows: PageRows) -> None:
        before, self._rows = self._rows, rows
        top = self.scroll_offset.y
        if before.text is rows.text and top < len(before):
            # What was first on the screen stays so, however it is wrapped now.
            top = rows.row_at(before.span(top)[0])
        self.virtual_size = Size(self.line_width, len(rows))
        self.jump(top)
        self.refresh()

    # -- Drawing ------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row, width = self.scroll_offset.y + y, self.line_width
        base = self.visual_style.rich_style
        if not self._text.length or row >= len(self._rows):
            hint = self.hint if y == 0 and not self._text.length else ""
            ink = self.get_component_rich_style("marked-view--hint")
            return Strip([Segment("  " + hint, ink)]).crop_extend(0, width, base)
        start, end = self._rows.span(row)
        text, places = self._rows.drawn(row)
        length = len(text if places is None else places)

        def drawn(offset: int) -> int:
            at = max(0, min(offset - start, length))
            return at if places is None else places[at] if at < length else len(text)

        over = self.get_component_rich_style("marked-view--mark", partial=True)
        styles = [(drawn(first), drawn(last), over) for first, last in self._within(start, end)]
        bar = Segment(
            ("▌" if styles else "").ljust(GUTTER), self.get_component_rich_style("marked-view--bar")
        )
        found = [bar, *segments(text, base, styles)]
        return Strip(found, GUTTER + cell_len(text)).crop_extend(0, width, base)

    def _within(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Return the marks that a row has a part of."""
        place = max(0, bisect_right(self._begins, start) - 1)
        while place < len(self._marks) and self._marks[place][0] < end:
            if self._marks[place][1] > start:
                yield self._marks[place]
            place += 1
