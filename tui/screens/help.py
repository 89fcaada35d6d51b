"""The keys that work here, taken from the bindings themselves."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static


class HelpScreen(ModalScreen[None]):
    """Lists what each key does on the screen below."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 76; max-width: 96%; height: auto; max-height: 90%;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
        }
    }
    """
    BINDINGS = [
        Binding(
            "escape,f1,question_mark,q,enter",
            "dismiss",
            "Close",
            id="help.close",
            tooltip="Close this window",
        )
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._lines = keys_of(below)

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content("\n").join(self._lines))


def keys_of(screen: Screen[object]) -> list[Content]:
    """Return a line for each binding that is active on a screen: its key and what it does."""
    seen: dict[str, tuple[str, str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.system or not binding.tooltip or not active.enabled:
            continue
        name = binding.id or binding.action
        key = screen.app.get_key_display(binding)
        shown = f"{seen[name][0]} {key}" if name in seen else key
        seen[name] = (shown, active.tooltip or binding.tooltip)
    lines = [Content.styled("Keys that work here", "bold"), Content("")]
    for key, does in seen.values():
        lines.append(Content.assemble(Content.styled(f"{key:>16}", "bold $accent"), f"  {does}"))
    return lines
