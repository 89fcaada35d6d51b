"""Why the rung rag fails, and how far perfect retrieval could bring it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.ladder import words
from store.errors import PlainError
from tui import glyphs, safe
from tui.widgets.bar import bar
from tui.widgets.item_list import Item, ItemList, wrapped

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.rag.oracle import Diagnosis, Failure, Why
    from lab.run import Run
    from lab.statistics.rates import Rate

_WHY: dict[Why, tuple[str, str]] = {
    "not_retrieved": ("not retrieved", "right once the evidence is pasted in"),
    "still_wrong": ("retrieved and still wrong", "the evidence does not help the model"),
    "no_evidence": ("no evidence known", "pick it on the Documents screen, F3"),
    "waiting": ("not told yet", "not asked with the evidence, or that answer has no verdict"),
}
_NO_EVIDENCE = (
    "No failure names evidence that could be pasted in. On the Documents screen (F3) select the "
    "words that hold an answer with v, and keep them with enter."
)
_MEANING = "What the rung rag failed is asked again with the evidence itself in place of a search."
_SHOWN = 10
_CELLS = 30


class OracleScreen(ModalScreen[None]):
    """Shows what is known of the rung's failures, and asks them with the evidence."""

    DEFAULT_CSS = """
    OracleScreen {
        align: center middle;
        & > Vertical {
            width: 84; max-width: 98%; height: auto; max-height: 96%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; }
            & > .title { text-style: bold; }
            & > .hint { color: $text-muted; }
            & > ItemList { height: auto; max-height: 14; }
        }
    }
    """
    BINDINGS = [
        Binding("enter", "ask", "Ask", id="oracle.ask", tooltip="Ask them with the evidence"),
        Binding("escape,q", "leave", "Leave", id="oracle.leave", tooltip="Stop, else leave"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._run: Run | None = None
        self._can_ask = self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Why the rung rag fails", classes="title")
            yield Static("Reading the answers…", id="said")
            yield ItemList()
            yield Static(_MEANING, classes="hint")
            yield Static("esc leaves", id="keys", classes="hint")

    def on_mount(self) -> None:
        self._diagnose()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to ask only where something could be asked."""
        return self._can_ask and not self._busy if action == "ask" else True

    # -- What is known --------------------------------------------------------------------

    @work(group="oracle", exclusive=True)
    async def _diagnose(self) -> None:
        await self._show()

    async def _show(self, said: str = "") -> None:
        from lab.rag.oracle import diagnose, rag_variant

        try:
            found = await diagnose(self._desk, await rag_variant(self._desk))
        except PlainError as error:
            self._say(str(error))
            return
        self.query_one(ItemList).show([_item(line) for line in _lines(found)])
        self._say(said or _sentence(found))
        self._can_ask = any(item.why != "no_evidence" for item in found.failures)
        keys = (
            "enter asks those with evidence again · esc leaves" if self._can_ask else "esc leaves"
        )
        self.query_one("#keys", Static).update(keys)

    def _say(self, sentence: str) -> None:
        self.query_one("#said", Static).update(safe.content(sentence))

    # -- Asking ---------------------------------------------------------------------------

    @work(group="oracle", exclusive=True)
    async def action_ask(self) -> None:
        from lab.rag.oracle import ask, rag_variant

        self._busy = True
        self.query_one("#keys", Static).update("esc stops; what has come is kept")
        self._say("Starting…")
        said = ""
        try:
            self._run = await ask(self._desk, await rag_variant(self._desk))
            said = "All of them have been asked with the evidence as it is now."
            if self._run is not None:
                said = await self._watch(self._run)
        except PlainError as error:
            said = str(error)
        finally:
            self._run, self._busy = None, False
        await self._show(said)

    async def _watch(self, run: Run) -> str:
        """Show a run to its end; return what is to be said of it, if anything."""
        from lab import events

        done, said = 0, ""
        async with aclosing(run.events()) as told:
            async for event in told:
                match event:
                    case events.Answered() | events.Failed(again=False):
                        done += 1
                    case events.BudgetReached():
                        said = f"Stopped at the cap of ${event.cap_usd:.2f}; what came is kept."
                    case events.RunFinished(outcome="failed"):
                        said = event.error
                    case _:
                        pass
                if not isinstance(event, events.Delta):
                    self._progress(done, run.total)
        return said

    def _progress(self, done: int, of: int) -> None:
        text = f" asked {done:,} of {of:,} with the evidence pasted in"
        self.query_one("#said", Static).update(
            Content.assemble(bar(done / max(1, of), _CELLS), text)
        )

    def action_leave(self) -> None:
        """Stop asking where that is under way, else leave."""
        if self._run is not None:
            self._run.stop()
        elif self._busy:
            self.workers.cancel_group(self, "oracle")
            self.dismiss(None)
        else:
            self.dismiss(None)


def _sentence(found: Diagnosis) -> str:
    if found.rate is None:
        return "No answer of the rung rag has a verdict yet; l on the bench labels them."
    if not found.failures:
        return f"Nothing failed: {_rate(found.rate)}."
    if all(item.why == "no_evidence" for item in found.failures):
        return _NO_EVIDENCE
    return f"{words.count(len(found.failures), 'answer')} wrong or partly right"


def _lines(found: Diagnosis) -> Iterator[Content]:
    for why, (title, meaning) in _WHY.items():
        items = [item for item in found.failures if item.why == why]
        if items:
            yield Content.assemble(
                Content.styled(f"{len(items):>4}  {title}", "bold"),
                Content.styled(f": {meaning}", glyphs.MUTED),
            )
            yield Content.styled(f"      {_named(items)}", glyphs.MUTED)
    if found.failures and found.rate is not None and found.ceiling is not None:
        yield Content(f"Now {_rate(found.rate)}.")
        yield Content(f"With perfect retrieval at best {_rate(found.ceiling)}.")


def _item(line: Content) -> Item:
    return Item(lambda width: wrapped(line, width))


def _rate(rate: Rate) -> str:
    low, high = words.percent(rate.low), words.percent(rate.high)
    return f"{words.percent(rate.rate)} right ({low} to {high}, n {rate.n:,})"


def _named(items: Sequence[Failure]) -> str:
    keys = list(dict.fromkeys(safe.one_line(item.case.key, 40) for item in items))
    more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more
