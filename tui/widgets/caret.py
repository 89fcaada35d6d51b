"""A place in a text that keys and the mouse move, and the span that is chosen from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from tui.bindings import binding

if TYPE_CHECKING:
    from tui.widgets.page_rows import PageRows

_WORD = re.compile(r"\w+")
_NEAR = 2000


_key = partial(binding, "text")


class Caret(Widget):
    """The keys of a widget that has `rows`. Offsets are those of what is shown.

    The chosen span goes from the origin to the caret, which stands between two characters.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("up,k", "line(-1)", "Up", "One line up", id="up"),
        _key("down,j", "line(1)", "Down", "One line down", id="down"),
        _key("left,b", "word(-1)", "Word before", "One word back", id="left"),
        _key("right,e", "word(1)", "Word", "To the end of the word", id="right"),
        _key("h", "letter(-1)", "Letter before", "One letter back", id="back"),
        _key("l", "letter(1)", "Letter", "One letter on", id="on"),
        _key("shift+up", "line(-1, True)", "Choose up", "Choose a line up", id="choose_up"),
        _key("shift+down", "line(1, True)", "Choose down", "Choose a line down", id="choose_down"),
        _key("shift+left", "word(-1, True)", "Choose back", "Choose a word back", id="choose_left"),
        _key("shift+right", "word(1, True)", "Choose on", "Choose a word on", id="choose_right"),
        _key("pageup", "screen(-1)", "Screen up", "One screen up", id="pageup"),
        _key("pagedown", "screen(1)", "Screen down", "One screen down", id="pagedown"),
        _key("left_square_bracket", "page(-1)", "Page before", "The page before", id="page_before"),
        _key("right_square_bracket", "page(1)", "Next page", "The next page", id="page_next"),
        _key("home,g", "edge(0)", "Start", "To the start of the text", id="first"),
        _key("end,G", "edge(1)", "End", "To the end of the text", id="last"),
        _key("v", "choose", "Select", "Begin a selection, or drop it", show=True, id="choose"),
        _key("ctrl+c", "copy", "Copy", "Copy what is selected", id="copy"),
    ]
    rows: PageRows

    @dataclass
    class Moved(Message):
        """The caret is elsewhere, or another span is chosen."""

        caret: Caret

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.caret = 0
        self.origin: int | None = None
        self._column: int | None = None
        self._pressed = False

    @property
    def span(self) -> tuple[int, int] | None:
        """The chosen span, None where nothing is chosen."""
        if self.origin is None or self.origin == self.caret:
            return None
        return min(self.origin, self.caret), max(self.origin, self.caret)

    def move_caret(self, offset: int, *, choosing: bool = False) -> None:
        """Put the caret somewhere, and drop what is chosen unless `choosing`."""
        self.caret = offset
        self._column = None
        if not choosing:
            self.origin = None
        self.refresh()
        self.post_message(self.Moved(self))

    def drop(self) -> bool:
        """Choose nothing; return whether something was being chosen."""
        had, self.origin = self.origin is not None, None
        self.refresh()
        self.post_message(self.Moved(self))
        return had

    # -- Keys -----------------------------------------------------------------------------

    def action_choose(self) -> None:
        if not self.drop():
            self.origin = self.caret
            self.post_message(self.Moved(self))

    def action_copy(self) -> None:
        if self.span is not None:
            start, end = self.span
            self.app.copy_to_clipboard(self.rows.text.shown[start:end])

    def action_line(self, step: int, choose: bool = False) -> None:
        self._lines(step, choose=choose)

    def action_screen(self, step: int) -> None:
        self._lines(step * max(1, self.size.height - 1))

    def _lines(self, step: int, *, choose: bool = False) -> None:
        row = self.rows.row_at(self.caret)
        column = self._column if self._column is not None else self.caret - self.rows.span(row)[0]
        row = max(0, min(len(self.rows) - 1, row + step))
        if row in self.rows.heads:
            row = row + 1 if step > 0 or row == 0 else row - 1
        start, end = self.rows.span(min(row, len(self.rows) - 1))
        last = row >= len(self.rows) - 1
        self._go(min(start + column, end if last else max(start, end - 1)), choose=choose)
        self._column = column

    def action_word(self, step: int, choose: bool = False) -> None:
        text = self.rows.text.shown
        if step > 0:
            found = _WORD.search(text, self.caret)
            self._go(found.end() if found else len(text), choose=choose)
        else:
            near = max(0, self.caret - _NEAR)
            words = list(_WORD.finditer(text, near, self.caret))
            self._go(words[-1].start() if words else near, choose=choose)

    def action_letter(self, step: int) -> None:
        self._go(max(0, min(len(self.rows.text.shown), self.caret + step)))

    def action_page(self, step: int) -> None:
        number = self.rows.page_at(self.caret) + step
        if 1 <= number <= len(self.rows.pages):
            self._go(self.rows.pages[number - 1])
            self._show_row(self.rows.row_at(self.caret) - 1, at_top=True)

    def action_edge(self, end: int) -> None:
        self._go(len(self.rows.text.shown) if end else 0)

    def _go(self, offset: int, *, choose: bool = False) -> None:
        if choose and self.origin is None:
            self.origin = self.caret
        self.move_caret(offset, choosing=self.origin is not None)
        self._show_row(self.rows.row_at(offset))

    def _show_row(self, row: int, *, at_top: bool = False) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if at_top or row < top:
            top = row
        elif row >= top + height:
            top = row - height + 1
        # The heading of a page belongs to its first row.
        if row == top and row - 1 in self.rows.heads:
            top = row - 1
        if top != self.scroll_offset.y:
            self.scroll_to(y=max(0, top), animate=False, force=True)

    # -- The mouse ------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        offset = self._under(event)
        if offset is not None and event.button == 1:
            self._pressed = True
            self.capture_mouse()
            if event.shift:
                self.origin = self.caret if self.origin is None else self.origin
                self.move_caret(offset, choosing=True)
            else:
                self.move_caret(offset)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        offset = self._under(event)
        if self._pressed and offset is not None and offset != self.caret:
            self._go(offset, choose=True)

    def on_mouse_up(self) -> None:
        if self._pressed:
            self._pressed = False
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """A double click chooses a word."""
        if event.chain != 2:
            return
        text = self.rows.text.shown
        near = max(0, self.caret - _NEAR)
        for word in _WORD.finditer(text, near, self.caret + _NEAR):
            if word.start() <= self.caret < word.end():
                self.origin = word.start()
                self.move_caret(word.end(), choosing=True)

    def offset_at(self, row: int, cell: int) -> int:
        """Return the offset of what stands in a cell of a row, else of the row's end."""
        from rich.cells import cell_len

        row = max(0, min(len(self.rows) - 1, row))
        start, _ = self.rows.span(row)
        text, places = self.rows.drawn(row)
        count = len(text if places is None else places)
        low, high = 0, count
        while low < high:  # the last character that begins at or before the cell
            middle = (low + high + 1) // 2
            at = middle if places is None else places[middle] if middle < count else len(text)
            low, high = (middle, high) if cell_len(text[:at]) <= cell else (low, middle - 1)
        return start + low

    def _under(self, event: events.MouseEvent) -> int | None:
        at = event.get_content_offset_capture(self)
        if not len(self.rows):
            return None
        return self.offset_at(self.scroll_offset.y + at.y, max(0, at.x - self.gutter_cells))

    gutter_cells = 0
    """Cells before the text in each row."""
