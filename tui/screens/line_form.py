"""A form of a few lines: each with its label, kept together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from store.errors import PlainError
from tui import safe
from tui.widgets.line_input import LineInput

_KEYS = "enter goes on · ctrl+j keeps it · esc leaves it as it was"
_T = TypeVar("_T")


class LineForm(ModalScreen[_T | None], Generic[_T]):
    """Asks for lines of text; dismissed with what is made of them, or None."""

    DEFAULT_CSS = """
    LineForm {
        align: center middle;
        & > Vertical {
            width: 72; max-width: 96%; height: auto; max-height: 96%;
            border: round $accent; background: $surface; padding: 0 2;
            & > Static { height: auto; color: $text-muted; }
            & > .problem { color: $text-error; }
            & > Horizontal {
                height: 1;
                & > Label { width: 34; }
                & > LineInput { width: 1fr; border: none; height: 1; padding: 0 1;
                    background: $foreground 8%;
                    &:focus { border: none; background: $foreground 16%; } }
            }
        }
    }
    """
    BINDINGS = [
        Binding("ctrl+j,ctrl+s", "keep", "Keep", id="form.keep", tooltip="Keep these"),
        Binding("escape", "cancel", "Leave", id="form.leave", tooltip="Leave them"),
        Binding("down", "app.focus_next", "Next", False, id="form.next", tooltip="Next line"),
        Binding("up", "app.focus_previous", "Up", False, id="form.up", tooltip="Line before"),
    ]

    def __init__(
        self,
        title: str,
        lines: Mapping[str, tuple[str, str]],
        made: Callable[[list[str]], _T],
        *,
        why: str,
        first: int = 0,
        said: Callable[[str], str] = str,
    ) -> None:
        """Show lines by label: what stands in each, and what is shown where nothing does.

        `made` returns what the lines say, in their order, and raises PlainError for what cannot
        be, which is shown as `said` words it. `why` stands below the lines; the form opens on
        the `first` of them, from 0.
        """
        super().__init__()
        self._title, self._why, self._first = title, why, first
        self._made, self._said = made, said
        self._lines = {
            label: LineInput(value, placeholder=placeholder, select_on_focus=True)
            for label, (value, placeholder) in lines.items()
        }
        self._problem = Static(classes="problem")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title)
            for label, line in self._lines.items():
                with Horizontal():
                    yield Label(label)
                    yield line
            yield self._problem
            yield Static(self._why)
            yield Static(_KEYS)

    def on_mount(self) -> None:
        list(self._lines.values())[self._first].focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is list(self._lines.values())[-1]:
            self.action_keep()
        else:
            self.focus_next()

    def action_keep(self) -> None:
        """Keep what was typed; what cannot be is said, and nothing is lost."""
        try:
            self.dismiss(self._made([line.value.strip() for line in self._lines.values()]))
        except PlainError as error:
            self._problem.update(safe.content(self._said(str(error))))

    def action_cancel(self) -> None:
        self.dismiss(None)
