"""The one download of a model that runs here, with its progress."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import ProgressBar, Static

from lab.weights import MINILM, SMOLLM2, Source, WeightsError, fetch_weights
from tui import safe

_SAID = {
    SMOLLM2: "The embedded model, SmolLM2-135M-Instruct (93 MB), is downloaded once. It needs "
    "no key and no network after that; it is very small, and answers like it.",
    MINILM: "The model that embeds documents here, all-MiniLM-L6-v2 (21 MB), is downloaded once. "
    "It needs no key and no network after that, and no text leaves this machine.",
}


class DownloadScreen(ModalScreen[bool]):
    """Downloads a model's weights; dismissed with whether they are there."""

    DEFAULT_CSS = """
    DownloadScreen {
        align: center middle;
        & > Vertical {
            width: 76; max-width: 96%; height: auto;
            border: round $accent; background: $surface; padding: 1 2;
            & > Static { height: auto; }
            & > ProgressBar { margin: 1 0; }
        }
    }
    """
    BINDINGS = [
        Binding("escape", "cancel", "Stop", id="download.cancel", tooltip="Stop the download")
    ]

    def __init__(self, source: Source = SMOLLM2) -> None:
        super().__init__()
        self._source = source

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(_SAID[self._source], id="said")
            yield ProgressBar()
            yield Static("esc stops")

    def on_mount(self) -> None:
        self._download()

    @work(exclusive=True)
    async def _download(self) -> None:
        bar = self.query_one(ProgressBar)
        try:
            await fetch_weights(
                lambda done, total: bar.update(total=total, progress=done), self._source
            )
        except WeightsError as error:
            bar.display = False
            self.query_one("#said", Static).update(safe.content(str(error)))
            return
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)
