"""A document's text by pages, with its chunks, its evidence and what was found marked."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.widgets.blocks import segments
from tui.widgets.caret import Caret
from tui.widgets.line_view import LineView
from tui.widgets.page_rows import PageRows
from tui.widgets.shown_text import ShownText

GUTTER = 2
_AT_ONCE = 30_000
"""Characters that are laid out on the spot; a longer text is laid out in a thread."""

Kind = Literal["evidence", "found", "match"]


class Mark(NamedTuple):
    """A marked span of the text, in the text's own offsets."""

    start: int
    end: int
    kind: Kind


class PageView(Caret, LineView, can_focus=True):
    """Shows one text, of which only the rows in sight are drawn.

    The offsets that go in and out are those of the text. All of it is untrusted.
    """

    DEFAULT_CSS = """
    PageView {
        & > .page-view--muted { color: $text-muted; }
        & > .page-view--head { color: $text-muted; text-style: bold; }
        & > .page-view--odd { background: $foreground 6%; }
        & > .page-view--evidence { background: $success 30%; }
        & > .page-view--found { background: $primary 25%; }
        & > .page-view--match { text-style: bold underline; }
        & > .page-view--chosen { background: $accent 55%; }
        & > .page-view--caret { text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"page-view--{kind}"
        for kind in ("muted", "head", "odd", "evidence", "found", "match", "chosen", "caret")
    }
    ALLOW_SELECT = False
    gutter_cells = GUTTER

    @dataclass
    class LaidOut(Message):
        """The text stands on the screen, at the width that it has now."""

        view: PageView

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._pages = ShownText(""), (0,)
        self.rows = PageRows(self._text, (0,), 80)
        self._chunks: list[tuple[int, int]] = []
        self._begins: list[int] = []
        self._marks: list[Mark] = []
        self._wanted: tuple[int, int] | None = None
        self.hint = ""
        """What stands here while there is no text."""

    # -- What is shown ------------------------------------------------------------------

    async def set_text(self, text: str, pages: Sequence[int]) -> None:
        """Show another text, from its beginning, with nothing marked."""
        shown = (
            ShownText(text) if len(text) < _AT_ONCE else await asyncio.to_thread(ShownText, text)
        )
        self._text, self._pages = shown, tuple(pages)
        self._chunks, self._begins, self._marks, self._wanted = [], [], [], None
        self.move_caret(0)
        self.jump(0)
        self.rows = PageRows(ShownText(""), (0,), self._text_width)
        self._lay_out()

    def set_chunks(self, chunks: Sequence[tuple[int, int]]) -> None:
        """Mark where the chunks begin and end, given in their order."""
        to_shown = self._text.to_shown
        self._chunks = [(to_shown(start), to_shown(end)) for start, end in chunks]
        self._begins = [start for start, _ in self._chunks]
        self.refresh()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Mark these spans, and no others."""
        to_shown = self._text.to_shown
        self._marks = [Mark(to_shown(m.start), to_shown(m.end), m.kind) for m in marks]
        self.refresh()

    def go_to(self, start: int, end: int | None = None) -> None:
        """Put the caret at a place, with what ends at `end` in sight as far as it fits."""
        first = self._text.to_shown(start)
        last = first if end is None else self._text.to_shown(end)
        self.move_caret(first)
        self._wanted = first, last
        self._bring()

    @property
    def ready(self) -> bool:
        """Whether the text stands on the screen."""
        return self.rows.text is self._text and self.rows.width == self._text_width

    @property
    def page(self) -> int:
        """The number of the page that the caret is on, from 1."""
        return self.rows.page_at(self.caret)

    @property
    def chunk(self) -> int | None:
        """The index of the chunk that the caret is in, None where it is in none."""
        place = self._chunk_at(self.caret)
        return place if place >= 0 and self.caret < self._chunks[place][1] else None

    @property
    def selected(self) -> tuple[int, int] | None:
        """The chosen span in the text's offsets, without the white space around it."""
        if self.span is None:
            return None
        start, end = self.span
        piece = self._text.shown[start:end]
        start, end = end - len(piece.lstrip()), start + len(piece.rstrip())
        to_text = self._text.to_text
        return (to_text(start), to_text(end)) if start < end else None

    @property
    def place(self) -> int:
        """Where the caret is, as an offset of the text."""
        return self._text.to_text(self.caret)

    # -- Laying out -----------------------------------------------------------------------

    @property
    def _text_width(self) -> int:
        return max(4, self.line_width - GUTTER)

    def on_resize(self) -> None:
        if self.line_width and not self.ready:
            self._lay_out()

    def on_show(self) -> None:
        self.on_resize()

    def _lay_out(self) -> None:
        if not self.line_width:
            return  # not on the screen: `on_resize` or `on_show` comes when it is
        if len(self._text.shown) < _AT_ONCE:
            self._take(PageRows(self._text, self._pages, self._text_width))
        else:
            self._lay_out_beside()

    @work(group="lay out", exclusive=True)
    async def _lay_out_beside(self) -> None:
        given = self._text, self._pages, self._text_width
        self._take(await asyncio.to_thread(PageRows, *given))

    def _take(self, rows: PageRows) -> None:
        before, self.rows = self.rows, rows
        top = self.scroll_offset.y
        if before.text is rows.text and top < len(before):
            # What was first on the screen stays so, however it is wrapped now.
            top = rows.row_at(before.span(top)[0])
        self.virtual_size = Size(self.line_width, len(rows))
        self.jump(top)
        self.refresh()
        self._bring()
        self.post_message(self.LaidOut(self))

    def _bring(self) -> None:
        """Scroll to what was last gone to, as soon as the text is laid out."""
        if self._wanted is None or not self.ready:
            return
        (start, end), self._wanted = self._wanted, None
        first, last = self.rows.row_at(start), self.rows.row_at(end)
        height = max(1, self.size.height)
        above = min(height // 3, max(0, (height - (last - first)) // 2))
        top = self.scroll_offset.y
        if first < top + 1 or last > top + height - 2:
            self.jump(max(0, min(first - above, len(self.rows) - height)))

    # -- Drawing --------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row, width = self.scroll_offset.y + y, self.line_width
        base = self.visual_style.rich_style
        if not self._text.length or row >= len(self.rows):
            text = self.hint if y == 0 and not self._text.length else ""
            return Strip([Segment(text, self._ink("muted"))]).crop_extend(0, width, base)
        if (page := self.rows.heads.get(row)) is not None:
            head = f"  page {page} "
            line = head + "─" * (width - len(head))
            return Strip([Segment(line, self._ink("head"))]).crop_extend(0, width, base)
        return self._text_line(row, base).crop_extend(0, width, base)

    def _text_line(self, row: int, base: Style) -> Strip:
        start, end = self.rows.span(row)
        text, places = self.rows.drawn(row)
        length = len(text if places is None else places)

        def drawn(offset: int) -> int:
            at = max(0, min(offset - start, length))
            return at if places is None else places[at] if at < length else len(text)

        styles: list[tuple[int, int, Style]] = []

        def paint(first: int, last: int, kind: str) -> None:
            if first < end and last > start:
                styles.append((drawn(first), drawn(last), self._over(kind)))

        place = max(0, self._chunk_at(start))
        while place < len(self._chunks) and self._chunks[place][0] < end:
            if place % 2:
                paint(*self._chunks[place], "odd")
            place += 1
        for mark in self._marks:
            paint(mark.start, mark.end, mark.kind)
        if self.span is not None:
            paint(*self.span, "chosen")
        if self.has_focus and self.rows.row_at(self.caret) == row:
            at = drawn(self.caret)
            text += " " if at >= len(text) else ""
            styles.append((at, at + 1, self._over("caret")))
        found = [Segment(self._gutter(start, end), self._ink("muted"))]
        found += segments(text, base, styles)
        return Strip(found, GUTTER + cell_len(text))

    def _gutter(self, start: int, end: int) -> str:
        """Return what stands before a row: evidence, what was found, where a chunk begins."""
        kinds = {m.kind for m in self._marks if m.start < end and m.end > start}
        mark = "◆" if "evidence" in kinds else "▌" if "found" in kinds else ""
        place = self._chunk_at(max(start, end - 1))
        if place < 0:
            return mark.ljust(GUTTER)
        begins = self._chunks[place][0] >= start
        return (mark or ("┌" if begins else "│")).ljust(GUTTER)

    def _chunk_at(self, offset: int) -> int:
        return bisect_right(self._begins, offset) - 1

    def _ink(self, kind: str) -> Style:
        return self.get_component_rich_style(f"page-view--{kind}")

    def _over(self, kind: str) -> Style:
        """Return what a kind of mark lays over a text: its ground, or how it is written."""
        if kind in ("match", "caret"):
            return self.get_component_rich_style(f"page-view--{kind}", partial=True)
        return Style(bgcolor=self._ink(kind).bgcolor)
