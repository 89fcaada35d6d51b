"""A list whose items take as many lines as they need, drawn for the width that there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual

from tui.widgets.line_view import LineView

MARGIN = 2
"""Cells before each line, the first of which points at the item that the cursor is on."""


@dataclass(frozen=True, slots=True)
class Item:
    """Lines that belong together, drawn for a width in cells.

    The cursor stops at items with a `key`; all others are only read.
    """

    draw: Callable[[int], Sequence[Content]]
    key: str = ""


class ItemList(LineView, can_focus=True):
    """Shows items one below the other, with a cursor on one of those that have a key."""

    DEFAULT_CSS = """
    ItemList {
        & > .item-list--cursor { background: $foreground 10%; }
        &:focus > .item-list--cursor { background: $primary 40%; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"item-list--cursor"}
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", False, id="items.up", tooltip="One item up"),
        Binding("down,j", "move(1)", "Down", False, id="items.down", tooltip="One item down"),
        Binding("home", "end(0)", "First", False, id="items.first", tooltip="To the first item"),
        Binding("end", "end(-1)", "Last", False, id="items.last", tooltip="To the last item"),
        Binding("pageup", "page(-1)", "Page up", False, id="items.pageup", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page on", False, id="items.pagedown", tooltip="A page on"),
        Binding("enter", "select", "Open", False, id="items.open", tooltip="Open the item"),
    ]

    key: reactive[str] = reactive("", repaint=False, init=False)
    """The key of the item that the cursor is on, empty where there is none."""

    @dataclass
    class Highlighted(Message):
        """The cursor is on another item."""

        key: str

    @dataclass
    class Selected(Message):
        """An item was taken, with Enter or a double click."""

        key: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: Sequence[Item] = ()
        self._lines: list[tuple[Content, str]] = []
        self._width = 0

    def show(self, items: Sequence[Item]) -> None:
        """Show items; the cursor stays on its item as long as that is there."""
        self._items = items
        self._lay_out()
        keys = self.keys
        if self.key not in keys:
            self.key = keys[0] if keys else ""
        self._bring()

    @property
    def keys(self) -> list[str]:
        """The keys of the items that the cursor can be on, from the top."""
        return [item.key for item in self._items if item.key]

    # -- Laying out -----------------------------------------------------------------

    def on_resize(self) -> None:
        if self.line_width != self._width:
            self._lay_out()
            self._bring()

    def _lay_out(self) -> None:
        self._width = self.line_width
        if self._width:
            room = max(1, self._width - MARGIN)
            self._lines = [(line, item.key) for item in self._items for line in item.draw(room)]
            self.virtual_size = Size(self._width, len(self._lines))
        self.refresh()

    def _bring(self) -> None:
        """Scroll so far that the item under the cursor is in sight, its head at least."""
        rows = [row for row, (_, key) in enumerate(self._lines) if key == self.key]
        height, top = self.size.height, self.scroll_offset.y
        if not (self.key and rows and height):
            return
        first, last = rows[0], rows[-1]
        if self.key == self.keys[0]:
            first = 0  # with what stands above it
        if self.key == self.keys[-1] and len(self._lines) - first <= height:
            last = len(self._lines) - 1
        self.jump(min(max(top, last - height + 1), first))

    def render_line(self, y: int) -> Strip:
        row, width = self.scroll_offset.y + y, self.line_width
        if row >= len(self._lines):
            return Strip.blank(width, self.visual_style.rich_style)
        line, key = self._lines[row]
        here = bool(key) and key == self.key
        style = self.visual_style
        if here:
            style = self.get_visual_style("item-list--cursor")
        begins = row == 0 or self._lines[row - 1][1] != key
        content = Content.assemble("▸ " if here and begins else "  ", line)
        strip = Visual.to_strips(self, content, width, 1, style)[0]
        return strip.crop_extend(0, width, style.rich_style)

    # -- The cursor -----------------------------------------------------------------

    def watch_key(self, key: str) -> None:
        self.refresh()
        self._bring()
        self.post_message(self.Highlighted(key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the key to the screen where there is no item to open."""
        return bool(self.key) if action == "select" else True

    def action_move(self, step: int) -> None:
        keys = self.keys
        place = keys.index(self.key) + step if keys else -1
        if 0 <= place < len(keys):
            self.key = keys[place]
        else:
            self.action_page(step, rows=1)

    def action_end(self, place: int) -> None:
        if keys := self.keys:
            self.key = keys[place]
            self.jump(self.max_scroll_y if place else 0)

    def action_page(self, step: int, rows: int = 0) -> None:
        rows = rows or max(1, self.size.height - 1)
        self.jump(max(0, min(self.max_scroll_y, self.scroll_offset.y + step * rows)))

    def action_select(self) -> None:
        if self.key:
            self.post_message(self.Selected(self.key))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = -1 if at is None else at.y + self.scroll_offset.y
        if 0 <= row < len(self._lines) and (key := self._lines[row][1]):
            self.key = key
            if event.chain == 2:
                self.action_select()


def wrapped(content: Content, width: int, indent: int = 0) -> list[Content]:
    """Return a text in lines of at most `width` cells, each after an indent."""
    room = max(8, width - indent)
    return [Content.assemble(" " * indent, line) for line in content.wrap(room)]
