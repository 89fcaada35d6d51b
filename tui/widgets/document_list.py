"""The session's documents: what is in the context, in its order, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from store.records import Document
from tui import glyphs, safe


def short_count(tokens: int) -> str:
    """Return a number of tokens as 0.2k, 3.1k, 128k, 1.0M."""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}M"
    return f"{tokens / 1000:.1f}k" if tokens < 100_000 else f"{tokens / 1000:.0f}k"


class DocumentList(Vertical):
    """Lists documents; space puts one into the context or takes it out."""

    DEFAULT_CSS = """
    DocumentList {
        & > Static { height: auto; padding: 0 1; }
        & > OptionList {
            height: 1fr; border: none; background: transparent; padding: 0;
            scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
        & > .hint { color: $text-muted; }
        &.empty:focus-within > .head { background: $primary 40%; }
        &.empty > OptionList { height: 1; }
    }
    """
    BINDINGS = [
        Binding(
            "space",
            "attach",
            "In/out",
            id="documents.toggle",
            tooltip="Put the document into the context, or take it out",
        ),
        Binding(
            "shift+up",
            "move(-1)",
            "Up",
            show=False,
            id="documents.up",
            tooltip="Move the document up in the context",
        ),
        Binding(
            "shift+down",
            "move(1)",
            "Down",
            show=False,
            id="documents.down",
            tooltip="Move the document down in the context",
        ),
        Binding(
            "delete,backspace",
            "remove",
            "Remove",
            id="documents.remove",
            tooltip="Take the document out of the session",
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

    @dataclass
    class Opened(Message):
        """The person wants to read a document."""

        document: Document

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head = Static(classes="head")
        self.list = OptionList()
        self._hint = Static(
            "None yet: drop a file here, or paste its path into the prompt box.", classes="hint"
        )
        self._documents: list[Document] = []

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._hint
        yield self.list

    def reading(self, name: str) -> None:
        """Show that a file is being read, until the documents are shown again."""
        text = f"  reading {safe.one_line(name, 60)}…"
        self._head.update(
            Content.assemble(
                Content.styled("Documents", "bold"), Content.styled(text, "$text-muted")
            )
        )

    def show(
        self, documents: Sequence[Document], tokens: dict[str, int], window: int | None
    ) -> None:
        """Show documents; `tokens` by their hash, the window in tokens where it is known."""
        here = self.list.highlighted
        self._documents = list(documents)
        used = sum(tokens.get(d.sha256, 0) for d in documents if d.attached is not None)
        share = f"{short_count(used)} of {short_count(window)}" if window else short_count(used)
        over = window is not None and used > window
        self._head.update(
            Content.assemble(
                Content.styled("Documents", "bold"),
                Content.styled(
                    f"  {share} tok{' ⚠ too long' if over else ''}" if documents else "",
                    "$text-warning" if over else glyphs.MUTED,
                ),
            )
        )
        self._hint.display = not documents
        self.set_class(not documents, "empty")
        self.list.clear_options()
        self.list.add_options([_option(item, tokens.get(item.sha256)) for item in documents])
        if documents:
            self.list.highlighted = min(here or 0, len(documents) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Opened(self._documents[event.option_index]))

    def action_attach(self) -> None:
        if (document := self._chosen()) is not None:
            self.post_message(self.Toggled(document))

    def action_move(self, step: int) -> None:
        document = self._chosen()
        if document is not None and document.attached is not None:
            here = self.list.highlighted or 0
            last = sum(item.attached is not None for item in self._documents) - 1
            self.list.highlighted = max(0, min(last, here + step))
            self.post_message(self.Moved(document, step))

    def action_remove(self) -> None:
        if (document := self._chosen()) is not None:
            self.post_message(self.Removed(document))

    def _chosen(self) -> Document | None:
        here = self.list.highlighted
        return None if here is None else self._documents[here]


def _option(document: Document, tokens: int | None) -> Option:
    inside = document.attached is not None
    size = f"  {short_count(tokens)}" if tokens is not None else ""
    return Option(
        Content.assemble(
            Content.styled("▣ " if inside else "▢ ", "$text-success" if inside else glyphs.MUTED),
            safe.content(safe.one_line(document.name, 60), "" if inside else glyphs.MUTED),
            Content.styled(size if inside else f"{size} (off)", glyphs.MUTED),
        )
    )
