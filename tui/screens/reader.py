"""A long text in a window of its own: a document, or exactly what was sent."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import safe
from tui.widgets.stream_view import StreamView


class ReaderScreen(ModalScreen[None]):
    """Shows a title and a text that can be scrolled and copied."""

    DEFAULT_CSS = """
    ReaderScreen {
        align: center middle;
        & > Vertical {
            width: 92%; height: 92%; border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: 1; color: $text-muted; }
        }
    }
    """
    BINDINGS = [
        Binding("escape,q", "dismiss", "Close", id="reader.close", tooltip="Close this window")
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text
        self._view = StreamView()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(
                Content.assemble(
                    Content.styled(safe.one_line(self._title, 200), "bold"), "   esc closes"
                )
            )
            yield self._view

    def on_mount(self) -> None:
        self._view.set_text(self._text)
        self._view.focus()
