"""The bench: cases, the answer as it comes, what is expected, and the prompt box."""

from __future__ import annotations

from dataclasses import replace

from textual import events, on, work

from store.errors import PlainError
from store.records import Case, CaseDraft, Rung, Variant
from tui.screens.bench.context import ContextBench
from tui.screens.bench.judging import JudgedBench
from tui.screens.bench.tune_screen import TuneBench
from tui.widgets.answers import MOST, Answers
from tui.widgets.case_list import CaseList
from tui.widgets.document_list import DocumentList
from tui.widgets.prompt_box import PromptBox


class BenchScreen(JudgedBench, ContextBench, TuneBench):
    """One session at work."""

    _climbing = False

    # -- Asking ---------------------------------------------------------------------

    async def action_ask(self) -> None:
        """Ask the case: side by side first those that have no whole answer to it."""
        case = await self.here()
        if case is None:
            self.action_prompt()
        else:
            answers = self.query_one(Answers)
            self._ask([case], answers.lacking or self.shown(), fresh=True)
            if self.has_class("-narrow") and answers.views:
                self.show_pane("answers")

    @on(CaseList.Selected)
    async def _selected(self) -> None:
        await self.action_ask()

    async def action_ask_all(self, fresh: bool = False) -> None:
        cases = await self.desk.cases_to_ask()
        if cases:
            self._ask(cases, self.shown(), fresh=fresh)
        else:
            self.notify("There are no test cases yet; type a prompt and send it.")

    def _ask(self, cases: list[Case], variants: list[Variant], *, fresh: bool) -> None:
        """Ask these variants; where there is none yet, choose a model first."""
        if variants:
            self.asking.ask(cases, variants, fresh=fresh)
        else:
            self._choose_and_ask(cases, fresh)

    @work(group="setup", exclusive=True)
    async def _choose_and_ask(self, cases: list[Case], fresh: bool) -> None:
        await self._choose_model()
        self.asking.ask(cases, self.shown(), fresh=fresh)

    async def action_stop(self) -> None:
        """Stop what is under way; where nothing is, list all cases again."""
        if not (self.asking.busy or self.judging.busy or self.promoting.busy):
            await self.show_all()
        self._climbing = self.asks_tests = False
        self.asking.stop()
        self.judging.stop()
        self.promoting.stop()

    async def leave(self) -> None:
        """Stop what is being asked, and keep everything."""
        self._climbing = self.asks_tests = False
        self.documents.stop.set()
        await self.asking.finish()
        await self.judging.finish()
        await self.promoting.finish()
        await self.keep()

    @on(PromptBox.Sent)
    async def _sent(self, event: PromptBox.Sent) -> None:
        """Keep what was typed as a case, and ask it at once."""
        [case_id] = await self.desk.add_cases([CaseDraft(event.text)])
        self.query_one(PromptBox).clear()
        self.listed.choose("")
        await self.list_cases(case_id)
        self.set_focus(self.query_one(CaseList))
        await self.action_ask()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to stop only while something is under way, or the list is filtered."""
        if action == "stop":
            busy = self.asking.busy or self.judging.busy or self.promoting.busy
            return busy or bool(self.listed.line)
        return True

    @work(group="climb", exclusive=True)
    async def climb(self, rungs: tuple[Rung, ...]) -> None:
        """Ask the test cases on one rung after the other, each while it is looked at.

        Before the rung `rag` the session's documents are promoted.
        """
        cases = await self.desk.cases_to_ask()
        self._climbing = True
        for rung in rungs:
            if rung == "rag":
                self.promoting.start(self.desk.documents, self.retrieval.indexing)
                await self.promoting.ended()
            if not self._climbing:
                break
            await self.set_rung(rung)
            empty = self.variant is None or (rung != "bare" and not self.variant.documents)
            if self.variant and not empty and await self.desk.missing(cases, self.variant, 1):
                worker = self.run_worker(
                    self.asking.run(cases, self.variant, fresh=False), group="runs"
                )
                await worker.wait()

    # -- The set-up -----------------------------------------------------------------

    @work(group="setup", exclusive=True)
    async def action_model(self) -> None:
        await self._choose_model()

    async def _choose_model(self) -> None:
        from tui.screens.model_picker import ModelPicker

        setup = await self.app.push_screen_wait(ModelPicker(self.desk.engine, self.desk.setup))
        if setup is None:
            return
        if (old := self.desk.setup) is not None:
            system = old.system or setup.system
            setup = replace(setup, rung=old.rung_to_ask, system=system)
        elif any(item.attached is not None for item in self.desk.documents):
            setup = replace(setup, rung="context")
        await self.desk.choose(replace(setup, retrieval=self.retrieval))
        await self.reset()

    async def action_rung(self) -> None:
        """Go from the bare prompt to the documents in the context, to those in the store."""
        if self.desk.setup is None:
            self.action_model()
            return
        other = self.desk.setup.next_rung(self.desk.documents)
        await self.set_rung(other)
        if other == "context" and not any(d.attached is not None for d in self.desk.documents):
            self.notify("Nothing is in the context yet: drop a file here.")

    @work(group="setup", exclusive=True)
    async def action_system(self) -> None:
        from tui.screens.ask_line import AskText

        if self.desk.setup is None:
            self.action_model()
            return
        text = await self.app.push_screen_wait(
            AskText(
                "System prompt: what the model is told before each case", self.desk.setup.system
            )
        )
        if text is not None:
            await self.desk.choose(replace(self.desk.setup, system=text.strip()))
            await self.reset()

    @work(group="setup", exclusive=True)
    async def action_cap(self) -> None:
        from tui.screens.ask_line import AskLine

        cap = self.desk.session.cap_usd
        text = await self.app.push_screen_wait(
            AskLine(
                "The most that this session may spend, in US dollars (empty: no cap)",
                "" if cap is None else f"{cap:.2f}",
            )
        )
        if text is None:
            return
        try:
            await self.desk.set_cap(text)
        except PlainError as error:
            self.notify(str(error), severity="error", markup=False)
        await self.ladder.show_cost()

    # -- Side by side ---------------------------------------------------------------

    @work(group="compare", exclusive=True)
    async def action_compare(self) -> None:
        if self.comparing:
            self.comparing = []
        elif self.variant is not None:
            others = [v for v in await self.desk.variants() if v.hash != self.variant.hash]
            if not others and (sibling := self.desk.sibling()) is not None:
                others = [sibling]
            if not others:
                self.notify("There is nothing to compare with yet; + adds a model beside this one.")
            self.comparing = [self.variant, *others[:2]]
        await self.show_panes()

    @work(group="compare", exclusive=True)
    async def action_add_variant(self) -> None:
        from tui.screens.model_picker import ModelPicker

        if len(self.shown()) >= MOST:
            self.notify(f"{MOST} answers side by side are the most.")
            return
        setup = await self.app.push_screen_wait(ModelPicker(self.desk.engine, self.desk.setup))
        if setup is None or self.desk.setup is None:
            return
        old = self.desk.setup
        setup = replace(setup, rung=old.rung_to_ask, system=old.system, retrieval=self.retrieval)
        variant = setup.variant(self.desk.documents)
        if variant.hash not in [item.hash for item in self.shown()]:
            self.comparing = [*self.shown(), variant]
        await self.show_panes()

    async def action_blind(self) -> None:
        self.blind = not self.blind
        await self.show_panes()

    # -- The label queue --------------------------------------------------------------

    @work(group="queue", exclusive=True)
    async def action_queue(self, blind: bool = False) -> None:
        """Label what waits, one answer after the other; then show what came of it."""
        from tui.screens.label_queue.screen import LabelQueueScreen

        await self.app.push_screen_wait(
            LabelQueueScreen(self.desk, self.pick_evidence, blind=blind)
        )
        await self.labelled()

    @work(group="import", exclusive=True)
    async def action_import(self) -> None:
        from tui.screens.bench.importing import ask_and_import

        await ask_and_import(self)

    # -- Pasting anywhere -------------------------------------------------------------

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted outside the prompt box goes there, or is a drop."""
        event.stop()
        from tui import drop

        if drop.is_candidate(event.text):
            self.documents.dropped(event.text)
        else:
            self.action_prompt()
            self.query_one(PromptBox).insert_text(event.text)

    @on(PromptBox.Dropped)
    def _dropped(self, event: PromptBox.Dropped) -> None:
        self.documents.dropped(event.text)

    async def action_as_text(self) -> None:
        await self.documents.as_text()

    @on(DocumentList.Toggled)
    async def _toggled(self, event: DocumentList.Toggled) -> None:
        await self.documents.toggle(event.document)

    @on(DocumentList.Moved)
    async def _moved(self, event: DocumentList.Moved) -> None:
        await self.documents.move(event.document, event.step)

    @on(DocumentList.Removed)
    async def _document_removed(self, event: DocumentList.Removed) -> None:
        await self.documents.remove(event.document)

    @on(DocumentList.Opened)
    async def _document_opened(self, event: DocumentList.Opened) -> None:
        self.open_document(event.document)
