"""One line of text: what is pasted into it is made one line that can be printed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """An input whose pastes lose control characters, and whose newlines become spaces."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        kept = "".join(char for char in event.text if char.isprintable() or char.isspace())
        self.replace(" ".join(kept.split()), *self.selection)
