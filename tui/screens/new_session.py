"""A new session: its name and its task."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from tui.widgets.line_input import LineInput


class NewSession(ModalScreen[tuple[str, str] | None]):
    """Asks for a name and a task; dismissed with both, or None."""

    DEFAULT_CSS = """
    NewSession {
        align: center middle;
        & > Vertical {
            width: 64; max-width: 96%; height: auto;
            border: round $accent; background: $surface; padding: 1 2;
            & > Label { text-style: bold; }
            & > .hint { color: $text-muted; height: auto; }
        }
    }
    """
    BINDINGS = [
        Binding("escape", "cancel", "Cancel", id="session.cancel", tooltip="Make no session")
    ]

    def __init__(self) -> None:
        super().__init__()
        self._name_line = LineInput(placeholder="invoices", max_length=80)
        self._task_line = LineInput(placeholder="Read the total from an invoice", max_length=300)
        self._problem = Static(classes="hint")
        self._task_asked = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("Name of the session")
            yield self._name_line
            yield Label("Its task, in a line (may stay empty)")
            yield self._task_line
            yield self._problem
            yield Static("enter makes it · esc leaves", classes="hint")

    def on_mount(self) -> None:
        self._name_line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        name = self._name_line.value.strip()
        if not name or not name.isprintable():
            self._problem.update("A session needs a name.")
            self._name_line.focus()
        elif not self._task_asked:
            self._task_asked = True
            self._task_line.focus()
        else:
            self.dismiss((name, self._task_line.value.strip()))

    def action_cancel(self) -> None:
        self.dismiss(None)
