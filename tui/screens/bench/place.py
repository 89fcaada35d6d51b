"""The bench's regions: what stands where, and the place at which the person is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import TextArea

from lab.desk import Desk
from store.overview import CaseRow
from store.records import Answer, Case, Rung, Variant
from tui import glyphs
from tui.live import Live
from tui.screens.bench.asking import Asking
from tui.screens.bench.documents import Documents
from tui.screens.bench.filtering import Listed
from tui.screens.bench.keys import BINDINGS
from tui.screens.bench.ladder import Ladder
from tui.screens.paned import PanedScreen
from tui.widgets.answers import Answers
from tui.widgets.bench_header import BenchHeader
from tui.widgets.case_list import CaseList, Row
from tui.widgets.document_list import DocumentList
from tui.widgets.expectation import ExpectationPanel
from tui.widgets.filter_line import FilterLine
from tui.widgets.key_bar import KeyBar
from tui.widgets.ladder_strip import LadderStrip
from tui.widgets.prompt_box import PromptBox

KEEP_S = 0.4
"""How long the kept cursor and draft wait for what else changes."""
EMPTY = "No cases yet. Type a prompt below, or drop a benchmark file; b imports one too."
BREAKPOINTS = [(0, "-narrow"), (64, "-medium"), (110, "-wide"), (140, "-wider")]
NONE_FOUND = "No case is like that. Esc lists all of them."


class Bench(PanedScreen[None]):
    """One session in its regions. `live` holds the answers that are on their way."""

    CSS_PATH = "bench.tcss"
    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    PANES = ("cases", "answers", "side", "documents", "prompt")

    def __init__(self, desk: Desk) -> None:
        super().__init__(classes="-pane-cases")
        self.desk = desk
        self.live = Live()
        self.variant: Variant | None = None
        self.comparing: list[Variant] = []
        self.blind = False
        self.asking = Asking(self)
        self.ladder = Ladder(self)
        self.documents = Documents(self)
        self.listed = Listed(desk)
        self._index: dict[int, int] = {}
        self._removed: list[int] = []
        self._keeping: Timer | None = None
        self._showing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        # Textual does so after the first layout, and would style every widget once more.
        wide = [name for least, name in BREAKPOINTS if self.app.size.width >= least]
        self.add_class(wide[-1], update=False)
        yield BenchHeader()
        yield LadderStrip()
        yield FilterLine()
        with Horizontal(id="main"):
            yield CaseList(id="cases", empty_text=EMPTY)
            with Container(id="right"):
                yield Answers(id="answers")
                with Vertical(id="side"):
                    yield ExpectationPanel(id="expectation")
                    yield DocumentList(id="documents")
        yield PromptBox(id="prompt")
        yield KeyBar()

    # -- Opening and keeping the place ----------------------------------------------

    async def on_mount(self) -> None:
        self.query_one(BenchHeader).show_session(self.desk.session.name)
        prompt = self.query_one(PromptBox)
        prompt.text = str(self.desk.state.get("draft", ""))
        prompt.move_cursor(prompt.document.end)
        count, _ = await self.desk.place(None)
        self.query_one("#cases" if count else "#prompt").focus()
        await self.reset()
        self.call_after_refresh(self.ladder.all_stale)

    async def reset(self) -> None:
        """Show the session under its present set-up, at the case where the cursor was."""
        variant = self.desk.variant()
        self.variant = await self.desk.stored_variant(variant) if variant else None
        self.query_one(BenchHeader).show_setup(self.desk.setup)
        await self.show_panes()
        self.ladder.show()
        await self.list_cases(self.desk.state.get("case"))

    async def set_rung(self, rung: Rung) -> None:
        """Ask on another rung from now on."""
        if self.desk.setup is not None:
            await self.desk.choose(replace(self.desk.setup, rung=rung))
            await self.reset()

    async def list_cases(self, case_id: int | None = None) -> None:
        """Fill the list anew, with the cursor on a case, else where it is as far as it can."""
        count, index = await self.listed.fill(self.variant.id if self.variant else 0, case_id)
        cases = self.query_one(CaseList)
        self.query_one(FilterLine).show(self.listed.line, count, self.listed.of)
        cases.empty_text = NONE_FOUND if self.listed.line else EMPTY
        self._index.clear()
        cases.set_source(count, self._fetch)
        if case_id is not None:
            cases.move_to(index)
        await self.here(anew=True)

    async def _fetch(self, offset: int, limit: int) -> list[Row]:
        variant_id = self.variant.id if self.variant else 0
        rows = await self.listed.rows(variant_id, offset, limit)
        for place, row in enumerate(rows):
            self._index[row.case_id] = offset + place
        return [
            Row(
                row.case_id,
                self._glyph(variant_id, row),
                row.prompt,
                row.split == "train",
            )
            for row in rows
        ]

    def _glyph(self, variant_id: int, row: CaseRow) -> str:
        if (variant_id, row.case_id) in self.live:
            return glyphs.ASKING
        return glyphs.of(row.status, row.verdict) if row.sound else glyphs.BAD

    def keep_place(self) -> None:
        """Keep cursor and draft soon; a burst of changes is one write."""
        if self._keeping is None:
            self._keeping = self.set_timer(KEEP_S, self.keep)

    async def keep(self) -> None:
        """Keep cursor and draft now."""
        self._keeping = None
        self.desk.state["draft"] = self.query_one(PromptBox).text
        await self.desk.save()

    @on(TextArea.Changed, "#prompt")
    def _draft_changed(self) -> None:
        self.keep_place()

    # -- The case that is shown -----------------------------------------------------

    @on(CaseList.Highlighted)
    async def _highlighted(self) -> None:
        await self.here()

    async def here(self, *, anew: bool = False) -> Case | None:
        """Return the case under the cursor, shown by now; None where the list is empty.

        Keys may come faster than a case is shown: what they do is done to the case that
        the cursor is on. `anew` shows it again where it is shown already.
        """
        cases, answers = self.query_one(CaseList), self.query_one(Answers)
        # Keys, the list and the runs all come here, each in its own time.
        async with self._showing:
            row = cases.row(cases.cursor)
            if row is None and cases.count:
                row = next(iter(await self._fetch(cases.cursor, 1)), None)
            key = row.key if row else None
            if anew or key != (answers.case.id if answers.case else None):
                await self._show_case(key)
            return answers.case

    async def _show_case(self, case_id: int | None) -> None:
        answers = self.query_one(Answers)
        case = None if case_id is None else await self.desk.case(case_id)
        await answers.show(self.desk, self.live, case)
        self.show_expectation()
        self.documents.show()
        if case is not None and self.desk.state.get("case") != case.id:
            self.desk.state["case"] = case.id
            self.keep_place()

    def show_expectation(self) -> None:
        answers = self.query_one(Answers)
        self.query_one(ExpectationPanel).show(answers.case, answers.answer)

    async def show_panes(self) -> None:
        answers = self.query_one(Answers)
        fallback = [self.variant] if self.variant else []
        async with self._showing:
            self.comparing = [await self.desk.stored_variant(item) for item in self.comparing]
            await answers.set_variants(self.comparing or fallback, blind=self.blind)
            await answers.show(self.desk, self.live, answers.case)
            self.show_expectation()

    def on_descendant_focus(self) -> None:
        self.show_expectation()

    def shown(self) -> list[Variant]:
        """Return the variants that a question goes to: those side by side, or the one."""
        return self.comparing or ([self.variant] if self.variant else [])

    async def ran(self, variant: Variant) -> None:
        """A variant that runs for the first time has an id now."""
        if self.variant and self.variant.hash == variant.hash and not self.variant.id:
            self.variant = variant
        await self.show_panes()
        self.documents.show()  # the model's window is known by now

    def ended(self, variant: Variant, answer: Answer) -> None:
        """Show an answer that has ended, wherever it stands."""
        self.set_glyph(variant.id, answer.case_id, glyphs.of(answer.status, answer.verdict))
        if self.query_one(Answers).ended(answer):
            self.show_expectation()
        self.ladder.stale(variant)

    def set_glyph(self, variant_id: int, case_id: int, glyph: str) -> None:
        """Change a case's glyph in the list, where that shows this variant."""
        if self.variant and variant_id == self.variant.id and case_id in self._index:
            self.query_one(CaseList).set_glyph(self._index[case_id], glyph)

    def documents_shown(self) -> None:
        """The documents are shown as they stand now, here; a screen above may show them too."""

    def ladder_shown(self) -> None:
        """The ladder is shown as it stands now, here; a screen above may show it too."""

    # -- Where the focus goes ---------------------------------------------------------

    @on(PromptBox.Left)
    def action_cases(self) -> None:
        self.show_pane("cases")

    def action_prompt(self) -> None:
        self.show_pane("prompt")

    def action_documents(self) -> None:
        self.show_pane("documents")

    def stops(self) -> list[tuple[str, Widget]]:
        answers = [("answers", view) for view in self.query_one(Answers).views]
        return [
            ("cases", self.query_one(CaseList)),
            *answers,
            ("side", self.query_one(ExpectationPanel)),
            ("documents", self.query_one(DocumentList).list),
            ("prompt", self.query_one(PromptBox)),
        ]
