"""A question that is answered yes or no."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import safe


class AskYes(ModalScreen[bool]):
    """Asks whether something is to be done; dismissed with the answer."""

    DEFAULT_CSS = """
    AskYes {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 96%; height: auto;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
        }
    }
    """
    BINDINGS = [
        Binding("y", "answer(True)", "Yes", id="ask.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="ask.no", tooltip="Leave it as it is"),
    ]

    def __init__(self, question: str, *, yes: str, no: str) -> None:
        """`yes` and `no` say what each key does: " starts it"."""
        super().__init__()
        self._question, self._does = question, (("y", f" {yes}   "), ("n", f" {no}"))

    def compose(self) -> ComposeResult:
        keys = (
            part
            for key, does in self._does
            for part in (Content.styled(key, "bold $accent"), Content(does))
        )
        with Vertical():
            yield Static(safe.content(self._question))
            yield Static(Content.assemble(*keys))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
