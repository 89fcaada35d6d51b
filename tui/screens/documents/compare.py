"""Ways to cut and to search, measured on the cases' evidence and set side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from store import chunks
from store.errors import PlainError
from store.library_records import EMBEDDED, MODES, Indexing, Retrieval
from tui import glyphs, safe
from tui.widgets.bar import bar

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.rag.evaluation import Evaluation, Trial
    from lab.statistics.rates import Rate

_NONE = "Nothing is promoted yet, so there is nothing to compare: p promotes a document."
_NO_EVIDENCE = (
    "No test case names evidence that stands in these documents. Select the words that hold an "
    "answer with v, and keep them with enter; a benchmark file may bring evidence too."
)
_KEYS = "enter takes it for the rung rag · esc leaves"
_DETAIL = (
    "In percent, with 95% intervals. recall@k: how much of the evidence is in the first k "
    "chunks; MRR: how early it comes."
)
_CELLS = 30


class CompareScreen(ModalScreen[Retrieval | None]):
    """Measures every way that the session's documents are promoted in; a row can be taken."""

    DEFAULT_CSS = """
    CompareScreen {
        align: center middle;
        & > Vertical {
            width: 78; max-width: 98%; height: auto; max-height: 96%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; }
            & > .title { text-style: bold; }
            & > .hint { color: $text-muted; }
            & > #heads { color: $text-muted; text-wrap: nowrap; display: none; }
            & > OptionList { height: auto; max-height: 16; border: none; padding: 0;
                background: transparent; display: none; &:focus { border: none; }
                & > .option-list--option { padding: 0; } }
            &.-done { & > #heads, & > OptionList { display: block; } }
        }
    }
    """
    BINDINGS = [Binding("escape,q", "cancel", "Leave", id="compare.leave", tooltip="Leave it")]

    def __init__(self, desk: Desk, current: Retrieval) -> None:
        super().__init__()
        self._desk, self._current = desk, current
        self._trials: Sequence[Trial] = ()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("What the store finds of the evidence", classes="title")
            yield Static(id="said")
            yield Static(id="heads")
            yield OptionList(id="trials")
            yield Static(_DETAIL, classes="hint")
            yield Static(_KEYS, classes="hint")

    def on_mount(self) -> None:
        self._measure()

    @work(group="measure", exclusive=True)
    async def _measure(self) -> None:
        from lab.rag.evaluation import evaluate

        indexings = await self._indexings()
        if not indexings:
            self._say(_NONE)
            return
        self._progress(0, 1)
        ways = [Retrieval(each, mode, self._current.k) for each in indexings for mode in MODES]
        try:
            found = await evaluate(self._desk, ways, progress=self._progress)
        except PlainError as error:
            self._say(str(error))
            return
        if not found.questions.placed:
            self._say(_NO_EVIDENCE)
        else:
            self._show(found)

    async def _indexings(self) -> list[Indexing]:
        """Return the ways that a document of the session is promoted in."""
        there = await self._desk.database.read(chunks.collections, self._desk.session.id)
        keys = {key for document in self._desk.documents for key in document.promoted}
        filled = [each.indexing for each in there if each.indexing.key in keys]
        return sorted(filled, key=lambda each: (each.chunk_tokens, each.overlap))

    def _progress(self, done: int, of: int) -> None:
        text = f" searched for {done:,} of {of:,} questions" if done else " starting"
        self.query_one("#said", Static).update(
            Content.assemble(bar(done / max(1, of), _CELLS), text)
        )

    def _say(self, sentence: str) -> None:
        self.query_one("#said", Static).update(safe.content(sentence))

    def _show(self, found: Evaluation) -> None:
        n, out = len(found.questions.placed), len(found.questions.unplaced)
        lines = [f"{n} case{'' if n == 1 else 's'} with evidence"]
        if out:
            lines.append(f"{out} left out: their evidence stands in no document here")
        if found.questions.without:
            lines.append(f"{found.questions.without} name none")
        lacking = max(len(trial.not_stored) for trial in found.trials)
        if lacking:
            lines.append(f"up to {lacking} in documents not promoted")
        self._say(" · ".join(lines))
        self._trials = found.trials
        heads = "".join(f"{f'recall@{depth}':>13}" for depth in found.depths)
        self.query_one("#heads", Static).update(
            f"{'':<2}{'chunks':<12}{'search':<8}{heads}{'MRR':>13}"
        )
        options = self.query_one("#trials", OptionList)
        best = max(_value(trial.measures.mrr) for trial in found.trials)
        options.add_options([Option(self._row(trial, best)) for trial in found.trials])
        here = [i for i, trial in enumerate(found.trials) if self._is_current(trial.retrieval)]
        options.highlighted = here[0] if here else 0
        self.query_one(Vertical).add_class("-done")
        options.focus()

    def _is_current(self, retrieval: Retrieval) -> bool:
        now = self._current
        return (retrieval.indexing, retrieval.mode) == (now.indexing, now.mode)

    def _row(self, trial: Trial, best: float) -> Content:
        indexing, measures = trial.retrieval.indexing, trial.measures
        size = f"{indexing.chunk_tokens}" + (f"+{indexing.overlap}" if indexing.overlap else "")
        if indexing.embedder != EMBEDDED:
            size += f" {indexing.model}"
        cells = "".join(f"{_cell(rate):>13}" for rate in measures.recall.values())
        mark = "▸ " if self._is_current(trial.retrieval) else "  "
        strong = "bold" if _value(measures.mrr) == best > 0 else ""
        return Content.assemble(
            mark,
            safe.content(f"{safe.one_line(size, 11):<12}"),
            Content.styled(f"{trial.retrieval.mode:<8}", "bold"),
            cells,
            Content.styled(f"{_cell(measures.mrr):>13}", strong or glyphs.MUTED),
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._trials[event.option_index].retrieval)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _value(rate: Rate | None) -> float:
    return rate.rate if rate else 0.0


def _cell(rate: Rate | None) -> str:
    """Return a rate in percent with its interval, as "93 (88–96)"."""
    if rate is None:
        return "–"
    return f"{rate.rate * 100:.0f} ({rate.low * 100:.0f}–{rate.high * 100:.0f})"
