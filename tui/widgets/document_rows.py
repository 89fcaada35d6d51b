"""The session's documents, one in a row: what is in the context, in the store, or failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from store.records import Document
from tui import glyphs
from tui.safe import one_line
from tui.widgets.case_list import CaseList, fit
from tui.widgets.document_list import short_count
from tui.widgets.row_pages import Row

INSIDE, OUTSIDE, PROMOTED = "▣", "▢", "◆"
_BAR = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it stands: `tokens` about, None while not counted.

    `done` is how much of it is promoted, 0 to 1, None while it is not on its way. `failed`
    says why its promotion failed. `promoted` is whether it is in the store as it is cut now.
    """

    document: Document
    tokens: int | None = None
    promoted: bool = False
    done: float | None = None
    failed: str = ""


class DocumentRows(CaseList):
    """Lists documents with a cursor; keys change what is done with the one under it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Read", id="rows.read", tooltip="Read the document"),
        Binding("space", "attach", "Context", id="rows.toggle", tooltip="In or out of the context"),
        Binding("shift+up", "shift(-1)", "Up", False, id="rows.up", tooltip="Up in the context"),
        Binding("shift+down", "shift(1)", "Down", False, id="rows.down", tooltip="Down in it"),
        Binding(
            "delete", "remove", "Remove", False, id="rows.remove", tooltip="Out of the session"
        ),
    ]

    @dataclass
    class Toggled(Message):
        """The person puts a document into the context, or takes it out."""

        document: Document

    @dataclass
    class Moved(Message):
        """The person moves a document in the context by `step` places."""

        document: Document
        step: int

    @dataclass
    class Removed(Message):
        """The person takes a document out of the session."""

        document: Document

    def __init__(self, *, empty_text: str = "", id: str | None = None) -> None:
        super().__init__(empty_text=empty_text, id=id)
        self.entries: list[Entry] = []

    def show(self, entries: Sequence[Entry]) -> None:
        """Show documents; the cursor stays on its document as long as that is there."""
        before = [entry.document.id for entry in self.entries]
        here = self.entry.document.id if self.entry else None
        self.entries = list(entries)
        ids = [entry.document.id for entry in entries]
        if ids == before:
            self.refresh()
            return
        self.set_source(len(ids), self._fetch)
        if here in ids:
            self.move_to(ids.index(here))

    @property
    def entry(self) -> Entry | None:
        """The document under the cursor, None in an empty list."""
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    async def _fetch(self, offset: int, limit: int) -> list[Row]:
        shown = self.entries[offset : offset + limit]
        return [Row(entry.document.id, " ", entry.document.name) for entry in shown]

    def _row_line(self, index: int, width: int, base: Style) -> Strip:
        here, entry = index == self.cursor, self.entries[index]
        if here:
            base = self.get_component_rich_style("case-list--cursor")
        inside = entry.document.attached is not None
        facts = self._facts(entry, width, base)
        room = width - 4 - sum(cell_len(part.text) for part in facts)
        name = fit(one_line(entry.document.name), max(4, room))
        used = inside or entry.promoted
        parts = [
            Segment("▸" if here else " ", base),
            Segment(
                f"{INSIDE if inside else OUTSIDE} ", self._ink("pass" if inside else "muted", base)
            ),
            Segment(name, base if used else self._ink("muted", base)),
            Segment(" " * max(0, room - cell_len(name)), base),
        ]
        return Strip([*parts, *facts]).crop_extend(0, width, base)

    def _facts(self, entry: Entry, width: int, base: Style) -> list[Segment]:
        """Return what stands at the right: size and state, or how far the promotion is."""
        muted = self._ink("muted", base)
        if entry.done is not None:
            full = round(entry.done * _BAR)
            return [
                Segment(" " + "━" * full, self._ink("asking", base)),
                Segment("─" * (_BAR - full), muted),
                Segment(f"{entry.done:>4.0%} ", base),
            ]
        size = "" if entry.tokens is None else short_count(entry.tokens)
        pages = len(entry.document.pages)
        paged = f"{pages:>4}p" if pages > 1 and width >= 30 else ""
        state, ink = " ", "muted"
        if entry.failed:
            state, ink = glyphs.TROUBLE, "trouble"
        elif entry.promoted:
            state, ink = PROMOTED, "asking"
        return [Segment(f"{paged}{size:>6} ", muted), Segment(f"{state} ", self._ink(ink, base))]

    def action_attach(self) -> None:
        if self.entry:
            self.post_message(self.Toggled(self.entry.document))

    def action_shift(self, step: int) -> None:
        if self.entry and self.entry.document.attached is not None:
            self.post_message(self.Moved(self.entry.document, step))

    def action_remove(self) -> None:
        if self.entry:
            self.post_message(self.Removed(self.entry.document))
