"""The documents: what is in the context of the case at hand, in its order, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.context import Place, page_words
from store.records import Document
from tui import glyphs, safe
from tui.widgets.token_bar import TokenBar, short_count

if TYPE_CHECKING:
    from lab.fitting import Fill

# In the context of every case, of this one only, left out of this one, in none.
SESSION, THIS_CASE, LEFT_OUT, OFF = "▣", "◈", "☒", "▢"


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
            tooltip="Put the document into the context of all cases, or take it out",
        ),
        Binding(
            "t",
            "this_case",
            "This case",
            id="documents.case",
            tooltip="For this case only: use the document, or leave it out",
        ),
        Binding(
            "P",
            "pages",
            "Pages",
            id="documents.pages",
            tooltip="Choose which pages are in the context",
        ),
        Binding(
            "T",
            "pages(True)",
            "Pages for this case",
            show=False,
            id="documents.case_pages",
            tooltip="Choose pages for this case only",
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
    class TurnedForCase(Message):
        """The person uses a document for this case only, or leaves it out of it."""

        place: Place

    @dataclass
    class PagesWanted(Message):
        """The person chooses pages of a document, for all cases or for this one."""

        place: Place
        this_case: bool

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
        self._bar = TokenBar()
        self._places: list[Place] = []
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._bar
        yield self._hint
        yield self.list

    def reading(self, name: str) -> None:
        """Show that a file is being read, until the documents are shown again."""
        self._title(f"  reading {safe.one_line(name, 60)}…")

    def show(self, places: Sequence[Place], tokens: Callable[[Place], int | None]) -> None:
        """Show where the documents stand for the case at hand, and how long they are."""
        self._places = list(places)
        inside = sum(place.inside for place in places)
        self._title(f"  {inside} of {len(places)} in context" if places else "")
        self._hint.display = not places
        self.set_class(not places, "empty")
        lines = [_line(place, tokens(place)) for place in places]
        if [str(line) for line in lines] == self._shown:
            return
        self._shown, here = [str(line) for line in lines], self.list.highlighted
        self.list.clear_options()
        self.list.add_options([Option(line) for line in lines])
        if places:
            self.list.highlighted = min(here or 0, len(places) - 1)

    def fill(self, fill: Fill | None, aside: str = "") -> None:
        """Show how full the window is with the case at hand; see `TokenBar.show`."""
        self._bar.show(fill, aside)

    def _title(self, text: str) -> None:
        self._head.update(
            Content.assemble(
                Content.styled("Documents", "bold"), Content.styled(text, glyphs.MUTED)
            )
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if (document := self._document()) is not None:
            self.post_message(self.Opened(document))

    def action_attach(self) -> None:
        if (document := self._document()) is not None:
            self.post_message(self.Toggled(document))

    def action_this_case(self) -> None:
        if (place := self._chosen()) is not None:
            self.post_message(self.TurnedForCase(place))

    def action_pages(self, this_case: bool = False) -> None:
        place = self._chosen()
        if place is not None and self._document() is not None:
            self.post_message(self.PagesWanted(place, this_case))

    def action_move(self, step: int) -> None:
        document = self._document()
        if document is not None and document.attached is not None:
            here = self.list.highlighted or 0
            attached = [place.document for place in self._places if place.document]
            last = sum(item.attached is not None for item in attached) - 1
            self.list.highlighted = max(0, min(last, here + step))
            self.post_message(self.Moved(document, step))

    def action_remove(self) -> None:
        if (document := self._document()) is not None:
            self.post_message(self.Removed(document))

    def _chosen(self) -> Place | None:
        here = self.list.highlighted
        return None if here is None else self._places[here]

    def _document(self) -> Document | None:
        """Return the document under the cursor; say so where the session has it no more."""
        place = self._chosen()
        if place is not None and place.document is None:
            self.notify("It is no longer in the session; t takes it out of this case.")
        return place.document if place else None


def _line(place: Place, tokens: int | None) -> Content:
    """Return a document's line: where it stands, its name, its pages and its tokens."""
    attached = place.document is not None and place.document.attached is not None
    if place.inside:
        glyph, style = (THIS_CASE, "$text-accent") if place.own else (SESSION, "$text-success")
        words = "this case" if place.own else ""
    else:
        out = place.own and attached
        glyph, style = (LEFT_OUT, "$text-warning") if out else (OFF, glyphs.MUTED)
        words = "not in this case" if out else "off"
    facts = [page_words(place.part.pages), "" if tokens is None else short_count(tokens)]
    facts.append(f"({words})" if words else "")
    return Content.assemble(
        Content.styled(f"{glyph} ", style),
        safe.content(safe.one_line(place.part.name, 60), "" if place.inside else glyphs.MUTED),
        Content.styled("".join(f"  {fact}" for fact in facts if fact), glyphs.MUTED),
    )
