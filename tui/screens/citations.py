"""What an answer was given of the store: a list, from which a passage is opened."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from store.library_records import Passage
from tui import glyphs, safe

_CITED = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")


def cited(answer: str) -> set[int]:
    """Return the numbers of the passages that an answer names, as [1] or [2, 3]."""
    return {int(number) for found in _CITED.findall(answer) for number in re.findall(r"\d+", found)}


def passage_line(passage: Passage, named: bool) -> Content:
    """Return a passage's number, place, rank and score; what the answer names stands out."""
    parts = [
        Content.styled(f"[{passage.number}]", "bold $accent" if named else glyphs.MUTED),
        Content(" "),
        safe.content(safe.one_line(passage.document, 60), "" if named else glyphs.MUTED),
        Content.styled(f", page {passage.page}", glyphs.MUTED),
    ]
    if passage.found:
        best = min(passage.found, key=lambda found: found.rank)
        parts.append(Content.styled(f" · rank {best.rank} · {best.score:.3f}", glyphs.MUTED))
    return Content.assemble(*parts)


class CitationsScreen(ModalScreen[Passage | None]):
    """Lists the passages that were sent for an answer; dismissed with the one to open."""

    DEFAULT_CSS = """
    CitationsScreen {
        align: center middle;
        & > Vertical {
            width: 84; max-width: 96%; height: auto; max-height: 90%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; color: $text-muted; }
            & > .title { text-style: bold; color: $text; }
            & > OptionList { height: auto; max-height: 100%; border: none; padding: 0;
                background: transparent; text-wrap: wrap; &:focus { border: none; } }
        }
    }
    """
    BINDINGS = [
        Binding("escape,q", "cancel", "Close", id="citations.close", tooltip="Close the list")
    ]

    def __init__(self, passages: Sequence[Passage], answer: str) -> None:
        super().__init__()
        self._named = cited(answer)
        # What the answer names comes first.
        self._passages = sorted(passages, key=lambda each: each.number not in self._named)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("What the answer was given", classes="title")
            yield OptionList(*map(self._option, self._passages))
            yield Static("enter opens the place · esc closes")

    def _option(self, passage: Passage) -> Option:
        line = passage_line(passage, passage.number in self._named)
        text = safe.content(safe.one_line(passage.text, 150), glyphs.MUTED)
        return Option(Content("\n").join([line, text]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._passages[event.option_index])

    def action_cancel(self) -> None:
        self.dismiss(None)
