"""Whether changes are kept, when a form is left that has some."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

Choice = Literal["save", "discard", "stay"]


class AskLeave(ModalScreen[Choice]):
    """Asks what becomes of the changes; dismissed with the choice."""

    DEFAULT_CSS = """
    AskLeave {
        align: center middle;
        & > Vertical {
            width: 68; max-width: 96%; height: auto;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
        }
    }
    """
    BINDINGS = [
        Binding(
            "y,ctrl+j,ctrl+s",
            "choose('save')",
            "Save",
            id="leave.save",
            tooltip="Keep the changes",
        ),
        Binding("n", "choose('discard')", "Discard", id="leave.discard", tooltip="Throw them away"),
        Binding("escape", "choose('stay')", "Go on", id="leave.stay", tooltip="Go on editing"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Keep the changes?")
            yield Static(
                Content.assemble(
                    *(
                        part
                        for key, does in (
                            ("y", " keeps them   "),
                            ("n", " throws them away   "),
                            ("esc", " goes on editing"),
                        )
                        for part in (Content.styled(key, "bold $accent"), Content(does))
                    )
                )
            )

    def action_choose(self, choice: Choice) -> None:
        self.dismiss(choice)
