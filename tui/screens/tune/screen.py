"""The Tune screen: a model trained on the train cases, and held against its base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work

from lab.checking.findings import count
from lab.tuning.examples.leakage import MEANING
from store.errors import PlainError
from tui import safe
from tui.screens.tune.choice import Named
from tui.screens.tune.drawing import NO_PRICE, price_text
from tui.screens.tune.following import Following
from tui.screens.tune.planning import pairs_of
from tui.screens.tune.serving import ask_served
from tui.screens.tune.words import BASE, said_here
from tui.widgets.item_list import ItemList

if TYPE_CHECKING:
    from store.jobs import Job
    from store.records import Case


SHOWN = 200
"""Examples that are listed at most; the bench lists all cases."""


class TuneScreen(Following):
    """What is trained on, how it goes, what came of it, with the keys that do something."""

    # -- Leaving ------------------------------------------------------------------------

    def action_bench(self) -> None:
        self.dismiss(None)

    def action_library(self) -> None:
        self.dismiss("library")

    def action_ladder(self) -> None:
        self.dismiss("ladder")

    # -- Pages --------------------------------------------------------------------------

    def action_page(self) -> None:
        """Go from the training to the dataset and the plan, and back."""
        self.page = "plan" if self.page == "job" else "job"
        self.show(anew=True)

    @work(group="jobs")
    async def action_job(self, step: int) -> None:
        """Show the training before or after the one that is shown."""
        job = self.next_job(step)
        if job is not None:
            await self._show_job(job.id)

    async def _show_job(self, job_id: int) -> None:
        self.page = "job"
        await self.read_jobs(job_id)
        self.show(anew=True)

    # -- What the cursor is on ------------------------------------------------------------

    @on(ItemList.Selected)
    def _selected(self) -> None:
        kind, name = self.here
        match kind:
            case "in" | "left" | "finding" | "leak":
                self._show_cases(kind, name)
            case "set" if name == "backend":
                self.action_backend()
            case "set" if name == "base":
                self.action_base()
            case "set":
                self.action_settings()
            case "job":
                self._go_to_job(int(name))
            case "step":
                self._show_flips(0)
            case "flip":
                self._show_flips(int(name))
            case _:
                pass

    @work(group="jobs")
    async def _go_to_job(self, job_id: int) -> None:
        await self._show_job(job_id)

    @work(group="open", exclusive=True)
    async def _show_cases(self, kind: str, name: str) -> None:
        from tui.screens.ladder.place import Go
        from tui.screens.tune.cases import CasesScreen

        title, cases = self._cases(kind, name)
        if not cases:
            return
        chosen = await self.app.push_screen_wait(CasesScreen(self.desk, title, cases))
        if chosen is None:
            return
        if chosen.changed:
            await self.bench.labelled()
        if chosen.case_id is not None:
            self.dismiss(Go(chosen.case_id, ()))
        elif chosen.changed:
            self.look()

    def _cases(self, kind: str, name: str) -> tuple[str, list[tuple[Case, str]]]:
        """Return the cases that an item is about, each with a word on it, under a title."""
        assert self.plan is not None
        report = self.plan.report
        if kind == "in":
            examples = report.dataset.examples
            title = count(len(examples), "example")
            if len(examples) > SHOWN:
                title += f", the first {SHOWN}"
            return title, [(each.case, f"→ {each.answer}") for each in examples[:SHOWN]]
        if kind == "left":
            found = [item for item in report.dataset.left_out if item.kind == name]
            return f"{count(len(found), 'case')} left out", [(i.case, i.reason) for i in found]
        if kind == "finding":
            finding = report.findings[int(name)]
            return finding.sentence, [(case, "") for case in finding.cases]
        leak = report.leaks[int(name)]
        title = f"A leak: {MEANING[leak.kind]} ({leak.similarity:.0%})"
        return title, [(leak.train, "is trained on"), (leak.test, "is tested")]

    @work(group="open", exclusive=True)
    async def _show_flips(self, place: int) -> None:
        from tui.screens.flips.screen import FlipsScreen

        step = self.after.step if self.after else None
        if step is None:
            return
        if not step.comparison.flips:
            self.notify("No case came out otherwise.")
            return
        going = await self.app.push_screen_wait(FlipsScreen(self.desk, step.comparison, at=place))
        if going is not None:
            self.dismiss(going)

    # -- What is trained ------------------------------------------------------------------

    @work(group="choose", exclusive=True)
    async def action_backend(self) -> None:
        """Train here in place of at a provider, or the other way round."""
        await self.choose(replace(self.choice, backend=self.choice.other))

    @work(group="choose", exclusive=True)
    async def action_base(self) -> None:
        """Choose the model to train."""
        if self.choice.backend == "hosted":
            await self._choose_hosted()
        else:
            await self._choose_local()

    async def _choose_hosted(self) -> None:
        from tui.screens.model_picker import ModelPicker

        current = self.desk.setup
        setup = await self.app.push_screen_wait(
            ModelPicker(self.desk.engine, current, title="Which model is trained")
        )
        if setup is not None:
            named = Named(setup.provider, setup.base_url, setup.model)
            await self.choose(self.choice.naming(named))

    async def _choose_local(self) -> None:
        from tui.screens.ask_line import AskLine

        now = self.choice.named.get("local", Named()).model
        text = await self.app.push_screen_wait(AskLine(BASE, now))
        if text is None:
            return
        model = text.strip()
        named = Named("embedded", "", model) if model else Named()
        await self.choose(self.choice.naming(named))

    @work(group="choose", exclusive=True)
    async def action_settings(self) -> None:
        from tui.screens.tune.settings import SettingsForm

        choice = await self.app.push_screen_wait(SettingsForm(self.choice))
        if choice is not None:
            await self.choose(choice)

    def action_allow(self) -> None:
        """Train in spite of the leaks that were found, or no longer."""
        if self.plan is not None:
            self.allowed = frozenset() if self.plan.allowed else pairs_of(self.plan.report)
            self.plan_again()

    # -- Trainings ------------------------------------------------------------------------

    @work(group="start", exclusive=True)
    async def action_start(self) -> None:
        """Train by the plan; where it costs money, or might, ask first."""
        from lab.tuning import wish
        from tui.screens.tune.confirm import AskYes

        plan = self.plan
        if plan is None or plan.draft is None:
            return
        if not plan.is_free:
            examples = count(plan.draft.plan["examples"], "example")
            price = price_text(plan)
            question = (
                f"Train {safe.one_line(plan.draft.base_model, 80)} on {examples}? Price: {price}."
                + (f" {NO_PRICE}." if price == "unknown" else "")
            )
            asked = AskYes(question, yes="sends the examples and starts it", no="leaves it")
            if not await self.app.push_screen_wait(asked):
                return
        try:
            job = plan.twin or await wish.keep(self.desk, plan.draft)
        except PlainError as error:
            self.say(str(error), wrong=True)
            return
        await self._start(job)

    @work(group="start", exclusive=True)
    async def action_resume(self) -> None:
        """Go on with a start that was broken off, a local training that stopped, or following."""
        if self.job is not None:
            await self._start(self.job)

    async def _start(self, job: Job) -> None:
        if job.state == "preparing" or job.ended:
            self.trainings.start(job)
        else:  # it goes on, and was only not followed
            self.trainings.follow(job)
        await self._show_job(job.id)
        await self._plan_again()

    @work(group="cancel", exclusive=True)
    async def action_cancel(self) -> None:
        """Stop the training that is shown, once the person has said so."""
        from lab.tuning import jobs
        from tui.screens.tune.confirm import AskYes

        job = self.job
        if job is None:
            return
        here = job.backend == "local" and job.state == "running"
        kept = " Its last step is kept, and r goes on from there." if here else ""
        question = AskYes(f"Stop job {job.id}?{kept}", yes="stops it", no="lets it go on")
        if not await self.app.push_screen_wait(question):
            return
        self.stopping.add(job.id)
        self.show()
        try:
            await jobs.cancel(self.desk.engine, job)
        except PlainError as error:
            self.say(said_here(str(error)), wrong=True)
        finally:
            self.stopping.discard(job.id)
        await self.read_jobs(job.id)
        await self._plan_again()

    # -- What came of it ------------------------------------------------------------------

    @work(group="tests", exclusive=True)
    async def action_tests(self) -> None:
        """Ask the tuned model and its base the test cases, on the bench below."""
        if self.after is None:
            return
        if self.after.elsewhere and self.job is not None:
            await ask_served(self, self.job)
        if self.after is not None and self.after.variants:
            self.bench.ask_tests(self.after.variants)
            await self.read_after()

    @work(group="open", exclusive=True)
    async def action_settle(self) -> None:
        """Label what settles the step soonest; then see what came of it."""
        step = self.after.step if self.after else None
        if step is not None:
            await self.bench.settle(step)
            await self.read_after()
