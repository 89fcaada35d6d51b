"""Where a prompt is typed or pasted, and where files are dropped."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.message import Message

from tui.widgets.text_box import TextBox


class PromptBox(TextBox):
    """A text area that sends with Ctrl+J and tells a dropped file from pasted text."""

    DEFAULT_CSS = """
    PromptBox {
        height: auto;
        min-height: 3;
        max-height: 10;
        border: round $foreground 20%;
        padding: 0 1;
        background: transparent;
        &:focus { border: round $accent; }
    }
    """
    BINDINGS = [
        Binding(
            "ctrl+j,ctrl+enter",
            "send",
            "Send",
            id="prompt.send",
            tooltip="Ask what stands in the prompt box, and keep it as a case",
        ),
        Binding(
            "escape",
            "leave",
            "Leave",
            id="prompt.leave",
            tooltip="Go back to the cases; the draft stays",
        ),
    ]

    @dataclass
    class Sent(Message):
        """The person sends what stands in the box."""

        text: str

    @dataclass
    class Dropped(Message):
        """What was pasted may be files; if they are not there it is text after all."""

        text: str

    class Left(Message):
        """The person leaves the box."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(placeholder="Paste a prompt, or drop a file", id=id)

    async def _on_paste(self, event: events.Paste) -> None:
        """Insert what is pasted, as every text area does, unless it may be a drop."""
        event.stop()  # else the screen takes it as pasted outside the box, and puts it in again
        from tui import drop  # not before the first paint

        if drop.is_candidate(event.text):
            event.prevent_default()
            self.post_message(self.Dropped(event.text))

    def insert_text(self, text: str) -> None:
        """Put text in at the cursor, as a paste does."""
        self.replace(text, *self.selection)

    def action_send(self) -> None:
        if self.text.strip():
            self.post_message(self.Sent(self.text))

    def action_leave(self) -> None:
        self.post_message(self.Left())
