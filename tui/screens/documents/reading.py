"""The middle of the Documents screen: the text, with a head above and its place below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from store.library_records import Chunk
from store.records import Document
from tui import glyphs, safe
from tui.widgets.caret import Caret
from tui.widgets.page_view import Mark, PageView


class TextView(PageView):
    """The text of a document, from which evidence is picked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Keep", id="text.pick", tooltip="Keep the selection as evidence"),
        Binding("delete", "unpick", "Not it", False, id="text.unpick", tooltip="No evidence here"),
    ]

    @dataclass
    class Picked(Message):
        """A span is to be evidence, in the text's own offsets."""

        start: int
        end: int

    @dataclass
    class Unpicked(Message):
        """What stands at the caret is to be no evidence any more."""

        place: int

    def action_pick(self) -> None:
        if self.selected is not None:
            self.post_message(self.Picked(*self.selected))
            self.drop()

    def action_unpick(self) -> None:
        self.post_message(self.Unpicked(self.place))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to keep only what is chosen."""
        return self.selected is not None if action == "pick" else True


class Reading(Vertical):
    """Shows a document with what is known of it."""

    DEFAULT_CSS = """
    Reading {
        & > .line { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &:focus-within { background: $background; }
        &:focus-within > .head { background: $primary 40%; }
        & > .foot { color: $text-muted; }
        & > TextView { height: 1fr; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.document: Document | None = None
        self.case = ""
        """The key of the case whose evidence is picked."""
        self._chunks: Sequence[Chunk] = ()
        self._head, self._foot = Static(classes="line head"), Static(classes="line foot")
        self.view = TextView(id="text")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.view
        yield self._foot

    async def show(self, document: Document | None, text: str, chunks: Sequence[Chunk]) -> None:
        """Show a document's text from its beginning."""
        self.document = document
        self._chunks = chunks
        self.view.hint = "" if document is None else "There is no text in this document."
        await self.view.set_text(text, document.pages if document else (0,))
        self.cut(chunks)

    def cut(self, chunks: Sequence[Chunk]) -> None:
        """Show how the document is cut."""
        self._chunks = chunks
        self.view.set_chunks([(chunk.start, chunk.end) for chunk in chunks])
        self._tell()

    def mark(self, marks: Sequence[Mark]) -> None:
        """Mark spans of the text, and no others."""
        self.view.set_marks(marks)

    def on_caret_moved(self, event: Caret.Moved) -> None:
        event.stop()
        self._tell()
        self.screen.refresh_bindings()

    def _tell(self) -> None:
        if not self.is_attached or self.document is None:
            self._head.update(Content.styled("Text", "bold"))
            self._foot.update("")
            return
        pages = len(self.document.pages)
        page = f" · page {self.view.page} of {pages}" if pages > 1 else ""
        name = safe.one_line(self.document.name, 60)
        self._head.update(
            Content.assemble(Content.styled(name, "bold"), Content.styled(page, glyphs.MUTED))
        )
        self._foot.update(Content(safe.one_line(self._place())))

    def _place(self) -> str:
        chosen = self.view.selected
        if chosen is not None:
            size = chosen[1] - chosen[0]
            kept = " · enter keeps as evidence" if self.case else ""
            return f"{size:,} character{'' if size == 1 else 's'}{kept}"
        if not self._chunks:
            return "not cut yet: p promotes it"
        if (index := self.view.chunk) is None:
            return f"{len(self._chunks):,} chunks"
        chunk = self._chunks[index]
        return f"chunk {index + 1:,} of {len(self._chunks):,} · {chunk.tokens} tokens"
