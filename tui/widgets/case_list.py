"""A list that shows a window over rows fetched elsewhere: 100,000 rows cost nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui import glyphs
from tui.safe import one_line
from tui.widgets.line_view import LineView
from tui.widgets.row_pages import Fetch, Row, RowPages
from tui.widgets.wrapping import Wrapper

_STATES = {
    glyphs.NOT_ASKED: "unasked",
    glyphs.ASKING: "asking",
    glyphs.ANSWERED: "answered",
    glyphs.TROUBLE: "trouble",
    glyphs.BAD: "bad",
    **{glyph: verdict for verdict, glyph in glyphs.VERDICT.items()},
}
_COLOURS = "\n".join(
    f"& > .case-list--{state} {{ color: {glyphs.STYLE.get(glyph, '$text-muted')}; }}"
    for glyph, state in _STATES.items()
)


class CaseList(LineView, can_focus=True):
    """A list of one-line rows with a cursor, fetched a page at a time as they come in sight.

    A row whose page is not there yet is blank. An exception of the fetch ends the app, as
    that of any worker does.
    """

    DEFAULT_CSS = (
        """
    CaseList {
        & > .case-list--muted { color: $text-muted; }
        & > .case-list--cursor { background: $foreground 10%; }
        &:focus > .case-list--cursor { background: $primary 40%; text-style: bold; }
        """
        + _COLOURS
        + "}"
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "case-list--muted",
        "case-list--cursor",
        *(f"case-list--{state}" for state in _STATES.values()),
    }
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", False, id="list.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", False, id="list.down", tooltip="One row down"),
        Binding("pageup", "page(-1)", "Page up", False, id="list.pageup", tooltip="One page up"),
        Binding(
            "pagedown", "page(1)", "Page down", False, id="list.pagedown", tooltip="One page down"
        ),
        Binding("home,g", "first", "First", False, id="list.first", tooltip="To the first row"),
        Binding("end,G", "last", "Last", False, id="list.last", tooltip="To the last row"),
        Binding("enter", "select", "Ask", id="list.select", tooltip="Ask this case"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    """The index of the row that the cursor is on, 0 in an empty list."""

    class _RowMessage(Message):
        def __init__(self, case_list: CaseList, index: int, key: int | None) -> None:
            super().__init__()
            self.case_list, self.index, self.key = case_list, index, key

        @property
        def control(self) -> CaseList:
            return self.case_list

    class Highlighted(_RowMessage):
        """The cursor is on another row; `key` is None until that row has been fetched."""

    class Selected(_RowMessage):
        """A row was taken, with Enter or a double click. Its `key` is always known."""

    def __init__(
        self, *, empty_text: str = "", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.empty_text = empty_text
        self._rows = RowPages()
        self._told: tuple[int, int | None] | None = None
        self._taking = False

    # -- What is listed -------------------------------------------------------

    @property
    def count(self) -> int:
        """How many rows the list has."""
        return self._rows.count

    def row(self, index: int) -> Row | None:
        """Return a row, or None where it has not been fetched."""
        return self._rows.get(index)

    def set_source(self, count: int, fetch: Fetch) -> None:
        """List `count` rows, which `fetch` brings. The cursor keeps its index if it can."""
        self._rows = RowPages(count, fetch)
        self._told, self._taking = None, False
        self._recounted()

    def set_count(self, count: int) -> None:
        """Say that rows were added or taken away at the end."""
        first = min(count, self.count)
        self._rows.invalidate(first, max(count, self.count))
        self._rows.count = max(0, count)
        self._recounted()

    def update_row(self, index: int, row: Row) -> None:
        """Show another row in the place of one."""
        self._rows.put(index, row)
        self.refresh_line(index)
        self._tell()

    def set_glyph(self, index: int, glyph: str) -> None:
        """Change a row's glyph; a row that is not there yet comes with its own."""
        row = self.row(index)
        if row is None:
            self._rows.outdate(index)
        else:
            self.update_row(index, replace(row, glyph=glyph))

    def invalidate(self, first: int | None = None, last: int | None = None) -> None:
        """Fetch the rows `first` to `last` anew when in sight; till then the old ones show."""
        self._rows.invalidate(first or 0, self.count if last is None else last)
        self._load()

    def _recounted(self) -> None:
        self.virtual_size = Size(self.line_width, self.count)
        self.cursor = self.validate_cursor(self.cursor)
        self._show_cursor()
        self._tell()
        self._load()
        self.refresh()

    # -- Pages ----------------------------------------------------------------

    def _needed(self) -> Iterable[int]:
        """Return the rows in sight and the one under the cursor."""
        top = self.scroll_offset.y
        bottom = min(top + self.size.height, self.count)
        return (*range(top, bottom), *([self.cursor] if self.count else []))

    def _load(self) -> None:
        rows = self._rows
        if self.is_attached and not rows.busy and rows.missing(self._needed()) is not None:
            rows.busy = True
            self.run_worker(self._load_pages(rows), group="pages", exclusive=True)

    async def _load_pages(self, rows: RowPages) -> None:
        """Fetch one page after another, each because it is in sight by then."""
        try:
            while rows is self._rows and (page := rows.missing(self._needed())) is not None:
                await rows.load(page)
                if rows is self._rows:
                    self.refresh()
                    self._tell()
        finally:
            rows.busy = False

    # -- The cursor -----------------------------------------------------------

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest there is."""
        self.cursor = index

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self._taking = False
        self.refresh_line(old)
        self.refresh_line(new)
        self._show_cursor()
        self._tell()
        self._load()

    def _show_cursor(self) -> None:
        height, top = self.size.height, self.scroll_offset.y
        if height:
            self.jump(max(min(top, self.cursor), self.cursor - height + 1))

    def _tell(self) -> None:
        """Say which row the cursor is on, once for each thing there is to say."""
        if not self.count:
            return
        row = self.row(self.cursor)
        now = (self.cursor, row.key if row else None)
        if now != self._told:
            self._told = now
            self.post_message(self.Highlighted(self, *now))
        if self._taking and row is not None:
            self._taking = False
            self.post_message(self.Selected(self, self.cursor, row.key))

    def action_move(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: int) -> None:
        self.cursor += pages * max(1, self.size.height - 1)

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self.count - 1

    def action_select(self) -> None:
        """Take the row under the cursor, as soon as it is known which that is."""
        if self.count:
            self._taking = True
            self._tell()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y + self.scroll_offset.y >= self.count:
            return
        self.cursor = at.y + self.scroll_offset.y
        if event.chain == 2:
            self.action_select()

    # -- What is seen ---------------------------------------------------------

    def on_mount(self) -> None:
        self._load()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.line_width, self.count)
        self._show_cursor()
        self._load()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._load()

    def render_line(self, y: int) -> Strip:
        index, width = self.scroll_offset.y + y, self.line_width
        base = self.visual_style.rich_style
        if not self.count:
            return self._empty_line(y, width, base)
        if index >= self.count:
            return Strip.blank(width, base)
        return self._row_line(index, width, base)

    def _empty_line(self, y: int, width: int, base: Style) -> Strip:
        lines = Wrapper(width - 2)
        lines.feed(self.empty_text)
        text = lines.line(y) if y < len(lines) else ""
        segments = [Segment(" ", base), Segment(text, self._ink("muted", base))]
        return Strip(segments).crop_extend(0, width, base)

    def _row_line(self, index: int, width: int, base: Style) -> Strip:
        here = index == self.cursor
        if here:
            base = self.get_component_rich_style("case-list--cursor")
        row = self.row(index)
        glyph = row.glyph if row else " "
        text = fit(one_line(row.text), width - 4) if row else ""
        segments = [
            Segment("▸" if here else " ", base),
            Segment(f"{glyph} ", self._ink(_STATES.get(glyph), base)),
            Segment(text, self._ink("muted", base) if row and row.muted else base),
        ]
        return Strip(segments).crop_extend(0, width, base)

    def _ink(self, state: str | None, base: Style) -> Style:
        """Return a style with the colour of a component, on the ground of another."""
        if state is None:
            return base
        return base + Style(color=self.get_component_rich_style(f"case-list--{state}").color)


def fit(text: str, cells: int) -> str:
    """Cut a text to so many cells, with an ellipsis where something is left out."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…" if cells > 0 else ""
