"""A small form: how documents are cut and embedded, and how the rung `rag` searches them."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from store.embedder import check
from store.errors import PlainError
from store.library_records import EMBEDDED, MINILM, MODES, Indexing, Mode, Retrieval
from tui import safe
from tui.widgets.line_input import LineInput

MOST_TOKENS, MOST_OVERLAP, MOST_K, MOST_WHOLE = 2000, 1000, 50, 1_000_000
_WHY = (
    "Other chunks are promoted beside those that there are: p or P then promotes, and C compares. "
    f"The embedder is “{EMBEDDED}” ({MINILM}, here on this machine) or a provider's name with "
    "one of its embedding models."
)
_KEYS = "enter goes on · ctrl+j keeps it · esc leaves it as it was"


class SettingsProblem(PlainError):
    """What was typed into the form cannot be; one sentence says why."""


class RetrievalForm(ModalScreen[Retrieval | None]):
    """Asks how the store is made and searched; dismissed with that, or None."""

    DEFAULT_CSS = """
    RetrievalForm {
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
        Binding("ctrl+j,ctrl+s", "keep", "Keep", id="retrieval.keep", tooltip="Keep these"),
        Binding("escape", "cancel", "Leave", id="retrieval.leave", tooltip="Leave them"),
        Binding("down", "app.focus_next", "Next", False, id="retrieval.next", tooltip="Next line"),
        Binding("up", "app.focus_previous", "Up", False, id="retrieval.up", tooltip="Line before"),
    ]

    def __init__(self, retrieval: Retrieval) -> None:
        super().__init__()
        indexing = retrieval.indexing
        self._embedding = indexing
        values = {
            "Tokens in a chunk, at most": indexing.chunk_tokens,
            "Tokens shared with the one before": indexing.overlap,
            "Embedder": indexing.embedder,
            "Its model": indexing.model,
            "Search by": retrieval.mode,
            "Chunks with a question (k)": retrieval.k,
            "Whole documents up to … tokens": retrieval.whole_tokens,
        }
        self._lines = {
            label: LineInput(str(value), select_on_focus=True) for label, value in values.items()
        }
        self._problem = Static(classes="problem")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("How documents are cut and searched")
            for label, line in self._lines.items():
                with Horizontal():
                    yield Label(label)
                    yield line
            yield self._problem
            yield Static(_WHY)
            yield Static(_KEYS)

    def on_mount(self) -> None:
        next(iter(self._lines.values())).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        lines = list(self._lines.values())
        if event.input is lines[-1]:
            self.action_keep()
        else:
            self.focus_next()

    def action_keep(self) -> None:
        try:
            texts = [line.value.strip() for line in self._lines.values()]
            self.dismiss(retrieval_of(texts, self._embedding))
        except PlainError as error:
            self._problem.update(safe.content(str(error)))

    def action_cancel(self) -> None:
        self.dismiss(None)


def retrieval_of(texts: list[str], before: Indexing) -> Retrieval:
    """Return the retrieval that the form's texts name, in the form's order.

    An embedder keeps its own address. Raises SettingsProblem, EmbedderError.
    """
    tokens, overlap, embedder, model, mode, k, whole = texts
    chunk_tokens = _whole(tokens, "A chunk's tokens", 1, MOST_TOKENS)
    shared = _whole(overlap, "The shared tokens", 0, MOST_OVERLAP)
    if not embedder:
        raise SettingsProblem(f"Name the embedder: “{EMBEDDED}”, or a provider such as openai.")
    if embedder != before.embedder:
        before = replace(before, base_url="")
        if embedder == EMBEDDED:
            model = MINILM
    if not model or (embedder != EMBEDDED and model == MINILM):
        raise SettingsProblem(f"Name the embedding model that {embedder} is asked for.")
    indexing = Indexing(chunk_tokens, shared, embedder, model, before.base_url)
    check(indexing)
    return Retrieval(
        indexing,
        _mode(mode),
        _whole(k, "The number of chunks", 1, MOST_K),
        _whole(whole, "The tokens of whole documents", 0, MOST_WHOLE),
    )


def _mode(text: str) -> Mode:
    for mode in MODES:
        if text and mode.startswith(text.lower()):
            return mode
    raise SettingsProblem("Search by vector, keyword or hybrid.")


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsProblem(f"{name} must be a whole number from {least:,} to {most:,}.")
    return int(text)
