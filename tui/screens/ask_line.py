"""A line from the person, as a password or an amount; or a text, as a system prompt."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui import safe
from tui.widgets.line_input import LineInput
from tui.widgets.text_box import TextBox


class AskText(ModalScreen[str | None]):
    """Asks for a text of any number of lines; dismissed with it, or None."""

    DEFAULT_CSS = """
    AskText {
        align: center middle;
        & > Vertical {
            width: 90; max-width: 96%; height: 16; max-height: 94%;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
            & > TextBox { height: 1fr; border: round $foreground 20%; background: transparent;
                &:focus { border: round $accent; } }
            & > .hint { color: $text-muted; }
        }
    }
    """
    BINDINGS = [
        Binding("ctrl+j,ctrl+s", "take", "Keep", id="text.take", tooltip="Keep this text"),
        Binding("escape", "cancel", "Leave", id="text.cancel", tooltip="Leave it as it was"),
    ]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__()
        self._question = question
        self._box = TextBox(value)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(safe.content(self._question))
            yield self._box
            yield Static("ctrl+j keeps it · esc leaves it as it was", classes="hint")

    def on_mount(self) -> None:
        self._box.move_cursor(self._box.document.end)
        self._box.focus()

    def action_take(self) -> None:
        self.dismiss(self._box.text)

    def action_cancel(self) -> None:
        self.dismiss(None)


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
        self._input = LineInput(value, password=password, select_on_focus=False)

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
