"""One line from the person: a password, an amount, a system prompt."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui import safe


class AskLine(ModalScreen[str | None]):
    """Asks one question; dismissed with what was typed, or None."""

    DEFAULT_CSS = """
    AskLine {
        align: center middle;
        & > Vertical {
            width: 80; max-width: 96%; height: auto;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
            & > .hint { color: $text-muted; }
        }
    }
    """
    BINDINGS = [Binding("escape", "cancel", "Leave", id="line.cancel", tooltip="Leave it")]

    def __init__(self, question: str, value: str = "", *, password: bool = False) -> None:
        super().__init__()
        self._question = question
        self._input = Input(value, password=password, select_on_focus=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(safe.content(self._question))
            yield self._input
            yield Static("enter takes it · esc leaves", classes="hint")

    def on_mount(self) -> None:
        self._input.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)
