"""The left of the Documents screen: the documents, what is done with them, and one of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui import glyphs, safe
from tui.widgets.bar import bar
from tui.widgets.document_list import short_count
from tui.widgets.document_rows import DocumentRows, Entry

_NONE = "None yet: drop a file here. Its text is shown beside its pages before anything is sent."
_CELLS = 10


class Shelf(Vertical):
    """Lists the documents; below them what the one under the cursor is, in words."""

    DEFAULT_CSS = """
    Shelf {
        & > .head { height: 1; padding: 0 1; text-style: bold;
            text-wrap: nowrap; text-overflow: ellipsis; }
        &:focus-within { background: $background; }
        &:focus-within > .head { background: $primary 40%; }
        & > DocumentRows { height: 1fr; }
        & > .work { height: auto; padding: 0 1; display: none; &.-on { display: block; } }
        & > .facts { height: auto; max-height: 6; padding: 0 1; color: $text-muted; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = DocumentRows(empty_text=_NONE, id="rows")
        self._head, self._work = Static(classes="head"), Static(classes="work")
        self._facts = Static(classes="facts")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.rows
        yield self._work
        yield self._facts

    def show(self, entries: Sequence[Entry], reading: str = "") -> None:
        """Show the documents as they stand, and which file is `reading` at the moment."""
        promoted = sum(entry.promoted for entry in entries)
        said = f"  {len(entries)} · {promoted} promoted" if entries else ""
        if reading:
            said = f"  reading {safe.one_line(reading, 60)}…"
        self._head.update(
            Content.assemble("Documents", Content.styled(said, f"{glyphs.MUTED} not bold"))
        )
        self.rows.show(entries)
        self.tell()

    def tell(self) -> None:
        """Say what the document under the cursor is."""
        entry = self.rows.entry
        self._facts.update(Content("") if entry is None else safe.content(_words(entry)))

    def working(self, said: str, share: float) -> None:
        """Show how far all that is promoted is; nothing where `said` is empty."""
        self._work.set_class(bool(said), "-on")
        self._work.update(Content.assemble(bar(share, _CELLS), f" {share:.0%} {said}"))


def _words(entry: Entry) -> str:
    document = entry.document
    if entry.failed:
        return f"{glyphs.TROUBLE} {entry.failed}"
    pages = len(document.pages)
    size = [f"{pages} pages"] if pages > 1 else []
    if entry.tokens is not None:
        size.append(f"about {short_count(entry.tokens)} tokens")
    state = "in the context" if document.attached is not None else "not in the context"
    if document.chosen:
        state += f" (pages {document.chosen})"
    store = "promoted" if entry.promoted else "not promoted"
    if not entry.promoted and document.promoted:
        store = "promoted only with other chunks"
    if entry.done is not None:
        store = "being promoted"
    return "\n".join(part for part in (" · ".join(size), f"{state}, {store}") if part)
