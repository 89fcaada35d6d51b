"""A case in a form: its prompt and what a right answer must say."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from lab.grading.assertions import ExpectationError, format_lines, parse_lines
from store.records import CaseDraft
from tui import safe
from tui.widgets.text_box import TextBox

_HOW = (
    "A line each: `contains: x`, `icontains: x`, `equals: x`, `regex: x`, `numeric: 42 ± 0.5`, "
    "or with not- in front; any other line is the expected text."
)


class CaseEditor(ModalScreen[CaseDraft | None]):
    """Edits a case; dismissed with the new draft, or None when nothing is to change."""

    DEFAULT_CSS = """
    CaseEditor {
        align: center middle;
        & > Vertical {
            width: 100; max-width: 96%; height: 90%;
            border: round $accent; background: $surface; padding: 0 1;
            & > TextArea { height: 1fr; border: round $foreground 20%;
                background: transparent; &:focus { border: round $accent; } }
            & > Label { text-style: bold; }
            & > .how { color: $text-muted; height: auto; }
            & > .problem { color: $text-error; height: auto; }
        }
    }
    """
    BINDINGS = [
        Binding("ctrl+j,ctrl+s", "save", "Save", id="case.save", tooltip="Keep the changes"),
        Binding("escape", "cancel", "Cancel", id="case.cancel", tooltip="Leave all as it was"),
    ]

    def __init__(self, draft: CaseDraft) -> None:
        super().__init__()
        self._draft = draft
        self._prompt = TextBox(draft.prompt)
        self._expected = TextBox(format_lines(draft.expectation))
        self._before = (self._prompt.text, self._expected.text)
        self._problem = Static(classes="problem")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("Prompt")
            yield self._prompt
            yield Label("Expected   ctrl+j keeps it, esc leaves, tab goes on")
            yield Static(_HOW, classes="how", markup=False)
            yield self._expected
            yield self._problem

    def on_mount(self) -> None:
        self._expected.focus()

    def action_save(self) -> None:
        if not self._prompt.text.strip():
            self._problem.update("The prompt is empty; type what is to be asked.")
            return
        draft = self._draft
        # What was not touched stays as it is to the byte, line ends included.
        if self._prompt.text != self._before[0]:
            draft = replace(draft, prompt=self._prompt.text)
        try:
            if self._expected.text != self._before[1]:
                draft = replace(draft, expectation=parse_lines(self._expected.text))
        except ExpectationError as error:
            self._problem.update(safe.content(str(error)))
            return
        self.dismiss(draft)

    def action_cancel(self) -> None:
        self.dismiss(None)
