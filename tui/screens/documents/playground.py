"""The right of the Documents screen: a query, how it is searched, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from store.library_records import MODES, Found, Mode
from tui import glyphs, safe
from tui.widgets.line_input import LineInput

MOST = 50
_HINT = "Type a question and press enter: what the store finds for it stands here."
_SNIPPET = 130
Spans = Callable[[str, str], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: `only` names the one document that is searched, None for all."""

    query: str = ""
    mode: Mode = "hybrid"
    k: int = 5
    only: str | None = None

    def other_mode(self) -> Search:
        """Return the same search in the next mode."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])


class Results(OptionList):
    """What was found, best first."""

    BINDINGS = [
        Binding("enter", "select", "Open", id="results.open", tooltip="Open the place in the text"),
        Binding("down,j", "cursor_down", "Down", False, id="results.down", tooltip="Next result"),
        Binding("up,k", "cursor_up", "Up", False, id="results.up", tooltip="Result before"),
    ]


class Playground(Vertical):
    """Shows a query line above its results; the screen searches."""

    DEFAULT_CSS = """
    Playground {
        & > .head { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &:focus-within { background: $background; }
        &:focus-within > .head { background: $primary 40%; }
        & > LineInput { border: none; height: 1; padding: 0 1; background: $foreground 6%;
            &:focus { border: none; background: $foreground 12%; } }
        & > .said { height: auto; max-height: 8; padding: 0 1; color: $text-muted; }
        & > OptionList { height: 1fr; border: none; background: transparent; padding: 0;
            scrollbar-size-vertical: 1; &:focus { border: none; }
            & > .option-list--option { padding: 0 1; } }
    }
    """

    @dataclass
    class Asked(Message):
        """The query is to be searched for."""

    @dataclass
    class Opened(Message):
        """A result is to be shown in the text; `stay` leaves the keys where they are."""

        found: Found
        stay: bool

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.search = Search()
        self.found: list[Found] = []
        self._head, self._said = Static(classes="head"), Static(classes="said")
        self.line = LineInput(placeholder="Search", select_on_focus=False, id="query")
        self.results = Results(id="results")

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.line
        yield self._said
        yield self.results

    def on_mount(self) -> None:
        self.name_it(self.search)
        self.say(_HINT)

    def name_it(self, search: Search) -> None:
        """Show how a search is made."""
        self.search = search
        where = safe.one_line(search.only, 30) if search.only else "all"
        self._head.update(
            Content.assemble(
                Content.styled(f"Search  {search.mode}", "bold"),
                Content.styled(f" · k {search.k} · {where}", glyphs.MUTED),
            )
        )

    def say(self, sentence: str) -> None:
        """Say one sentence in the place of results."""
        self.found = []
        self.results.clear_options()
        self.results.display = False
        self._said.display = True
        self._said.update(safe.content(sentence))

    def show(self, found: Sequence[Found], spans: Spans) -> None:
        """Show what was found; `spans` says what of a chunk the query matches."""
        if not found:
            self.say("Nothing was found.")
            return
        self.found = list(found)
        self._said.display = False
        self.results.display = True
        self.results.clear_options()
        self.results.add_options([Option(self._prompt(item, spans)) for item in self.found])
        self.results.highlighted = 0

    def _prompt(self, item: Found, spans: Spans) -> Content:
        ranks = [
            f"{name} {rank}"
            for name, rank in (("vector", item.vector_rank), ("keyword", item.keyword_rank))
            if rank is not None and self.search.mode == "hybrid"
        ]
        head = Content.assemble(
            Content.styled(f"{item.rank:>2}  ", "bold"),
            Content.styled(f"{item.score:.3f}", "bold $accent"),
            "  ",
            safe.content(safe.one_line(item.document, 40), "bold"),
            Content.styled(f" p. {item.chunk.page}", glyphs.MUTED),
        )
        lines = [head]
        if ranks:
            lines.append(Content.styled("    " + " · ".join(ranks), glyphs.MUTED))
        lines.append(snippet(item.chunk.text, spans(self.search.query, item.chunk.text)))
        return Content("\n").join([*lines, Content("")])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.search = replace(self.search, query=event.value.strip())
        self.post_message(self.Asked())

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.results.has_focus and event.option_index < len(self.found):
            self.post_message(self.Opened(self.found[event.option_index], stay=True))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Opened(self.found[event.option_index], stay=False))


def snippet(text: str, spans: Sequence[tuple[int, int]]) -> Content:
    """Return the part of a chunk where most of it matches, with the matches marked."""
    begin = _best_start(spans, text)
    parts: list[Content] = [Content("…")] if begin else []
    at = begin
    end = min(len(text), begin + _SNIPPET)
    for start, stop in [*spans, (end, end)]:
        if stop <= at or start > end:
            continue
        start, stop = max(start, at), min(stop, end)
        parts.append(_line(text[at:start]))
        parts.append(_line(text[start:stop]).stylize("bold underline"))
        at = stop
    if end < len(text):
        parts.append(Content("…"))
    return Content.assemble(*parts)


def _line(text: str) -> Content:
    """Return a part of a text on one line; its blanks at the ends stay."""
    return safe.content("".join(" " if char.isspace() else char for char in text))


def _best_start(spans: Sequence[tuple[int, int]], text: str) -> int:
    """Return where a word begins, a little before the place with the most matches."""
    if len(text) <= _SNIPPET or not spans:
        return 0
    starts = [start for start, _ in spans]
    best = max(starts, key=lambda at: sum(at <= other < at + _SNIPPET - 40 for other in starts))
    begin = max(0, min(best - 30, len(text) - _SNIPPET))
    while 0 < begin < best and not text[begin - 1].isspace():
        begin += 1
    return begin
