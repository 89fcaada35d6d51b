"""The Tune screen's regions, and which of its keys can do something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.ladder.verdict import GLYPH
from lab.ladder.words import count
from lab.tuning.course import Course
from tui import glyphs, safe
from tui.screens.keyed import KeyedScreen
from tui.screens.ladder.place import Go
from tui.screens.tune import drawing, job_drawing
from tui.screens.tune.after import After
from tui.screens.tune.choice import Choice, choice_of
from tui.screens.tune.keys import BINDINGS
from tui.screens.tune.planning import Pairs, Plan, pairs_of
from tui.screens.tune.words import said_here
from tui.widgets.curve_plot import CurvePlot
from tui.widgets.item_list import Item, ItemList
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from store.jobs import Job
    from tui.app import LitmusApp
    from tui.screens.bench.tune_screen import TuneBench
    from tui.trainings import Trainings

Page = Literal["plan", "job"]
Leaving = Go | Literal["library", "ladder"] | None
"""Where to from here: to a case, another screen, or back to where the bench was left."""

ROOM_FOR_TWO, ROOM_FOR_TWO_COMPARED = 22, 36
"""Rows from which both curves have room, the second above what came of a training."""
_OPENS = {
    "in": "Its cases",
    "left": "Its cases",
    "finding": "Its cases",
    "leak": "The pair",
    "set": "Change",
    "job": "Show it",
    "step": "Flips",
    "flip": "Both answers",
}
"""What enter does, by the kind of what the cursor is on."""


class TunePlace(KeyedScreen[Leaving], ModalScreen[Leaving]):
    """Shows above a bench what would be trained, and the trainings of its session."""

    CSS_PATH = "tune.tcss"
    BINDINGS = BINDINGS
    AUTO_FOCUS = "#tune"

    def __init__(self, bench: TuneBench) -> None:
        super().__init__()
        self.bench, self.desk = bench, bench.desk
        self.page: Page = "plan"
        self.choice: Choice = choice_of(self.desk)
        self.plan: Plan | None = None
        self.allowed: Pairs = frozenset()
        self.looking = ""
        """How far the examples are looked at, empty while that is not under way."""
        self.trouble = ""
        """Why the examples could not be looked at."""
        self.jobs: Sequence[Job] = ()
        self.job: Job | None = None
        self.course = Course()
        self.after: After | None = None
        self.stopping: set[int] = set()
        """Jobs that have been told to stop, by their ids."""
        self._listed: object = None

    @property
    def trainings(self) -> Trainings:
        """Where trainings are started and followed."""
        return cast("LitmusApp", self.app).trainings

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Static(id="who")
            yield Static(id="cases")
        yield Static("Reading…", id="verdict")
        with Vertical(id="curves"):
            yield CurvePlot(id="looks")
            yield CurvePlot(id="loss")
        yield ItemList(id="tune")
        yield KeyBar()

    def on_mount(self) -> None:
        name = safe.one_line(self.desk.session.name, 60)
        self.query_one("#who", Static).update(Content(f"Litmus · {name} · tune"))

    # -- Showing ----------------------------------------------------------------------

    def show(self, *, anew: bool = False) -> None:
        """Show how things stand; `anew` draws the list whether or not it has changed."""
        if not self.is_attached:
            return
        if self.job is None:
            self.page = "plan"
        for page in ("plan", "job"):
            self.set_class(page == self.page, f"-page-{page}")
        self._show_counts()
        word, colour, sentence = self._headline()
        self.query_one("#verdict", Static).update(
            Content.assemble(Content.styled(f" {word} ", f"bold {colour} reverse"), "  ", sentence)
        )
        if self.page == "job" and self.job is not None:
            looks, loss = self.query_one("#looks", CurvePlot), self.query_one("#loss", CurvePlot)
            job_drawing.show_curves(looks, loss, self.course, self.job, small=self._is_small)
            self.set_class(looks.display or loss.display, "-drawn")
            self.set_class(self._compared, "-compared")
        self._show_list(anew=anew)
        self.refresh_bindings()

    @property
    def _compared(self) -> bool:
        """Whether it is known what came of the training, which then has most of the room."""
        return self.after is not None and self.after.step is not None

    @property
    def _is_small(self) -> bool:
        """Whether there is room for one curve only."""
        return self.size.height < (ROOM_FOR_TWO_COMPARED if self._compared else ROOM_FOR_TWO)

    def on_resize(self) -> None:
        self.show()

    def _show_counts(self) -> None:
        said = ""
        if self.page == "job" and self.job is not None:
            place = [job.id for job in self.jobs].index(self.job.id)
            of = f" · {place + 1} of {len(self.jobs)}" if len(self.jobs) > 1 else ""
            said = f"job {self.job.id}{of}"
        elif self.plan is not None:
            dataset = self.plan.report.dataset
            train = len(dataset.examples) + len(dataset.left_out)
            said = f"{train:,} train · {len(dataset.tests):,} test · {dataset.revision[:7]}"
        self.query_one("#cases", Static).update(said)

    def _show_list(self, *, anew: bool) -> None:
        """Draw the list where what it is drawn from has changed: a log may be long."""
        if self.page == "job":
            log = self.course.log
            now: object = (self.job, self.after, len(log), log[-1] if log else None)
        else:
            now = (self.plan, self.jobs)
        if anew or now != self._listed:
            self._listed = now
            self.query_one(ItemList).show(self._items())

    def _items(self) -> list[Item]:
        if self.page == "job" and self.job is not None:
            return job_drawing.job_items(self.job, self.course, self.after)
        return drawing.plan_items(self.plan, self.jobs) if self.plan is not None else []

    def _headline(self) -> tuple[str, str, Content]:
        """Return the word that is loud, its colour, and a sentence."""
        if self.page == "job" and self.job is not None:
            step = self.after.step if self.after else None
            if step is not None and step.verdict.state is not None:
                verdict = step.verdict
                assert verdict.state is not None
                word = f"{GLYPH[verdict.state]} {verdict.head}"
                said = Content(job_drawing.rates_text(self.job, step))
                return word, glyphs.STEP[verdict.state], said
            return job_drawing.headline(
                self.job,
                self.course,
                followed=self.trainings.is_followed(self.job.id),
                why=said_here(self.trainings.why(self.job.id)),
                stopping=self.job.id in self.stopping,
            )
        plan = self.plan
        if self.looking:
            return "◌ LOOKING", "$accent", Content(self.looking)
        if plan is None:
            return "✗ NOT READY", "$text-error", safe.content(self.trouble)
        if plan.draft is None:
            return "✗ NOT READY", "$text-error", safe.content(plan.refusal)
        if plan.twin is not None and self.is_unsent(plan.twin):
            return (
                f"{glyphs.TROUBLE} NOT STARTED",
                "$text-warning",
                Content(f"Job {plan.twin.id} trains the same and was never started; s starts it."),
            )
        if plan.twin is not None:
            return "◌ UNDER WAY", "$accent", Content(f"Job {plan.twin.id} trains the same already.")
        examples = count(plan.draft.plan["examples"], "example")
        price, time = drawing.price_text(plan), drawing.time_text(plan)
        price = "it is free" if price == "free" else f"price {price}"
        took = f", {time}" if time else ""
        return "✓ READY", "$text-success", Content(f"s trains on {examples}: {price}{took}.")

    @on(ItemList.Highlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()

    # -- What the cursor is on --------------------------------------------------------

    @property
    def here(self) -> tuple[str, str]:
        """The kind and the name of what the cursor is on."""
        kind, _, name = self.query_one(ItemList).key.partition(":")
        return kind, name

    def can_resume(self, job: Job) -> bool:
        """Tell whether a job can be gone on with.

        It was not started, or it is a local one that stopped, or it cannot be followed.
        """
        if self.trainings.is_followed(job.id):
            return False
        stopped = job.backend == "local" and job.state in ("cancelled", "failed")
        return stopped or not job.ended

    def is_unsent(self, job: Job) -> bool:
        """Tell whether a job was kept and never started."""
        return job.state == "preparing" and not self.trainings.is_followed(job.id)

    def label_of(self, binding: str) -> str:
        match binding:
            case "items.open":
                return _OPENS.get(self.here[0], "")
            case "tune.page":
                return "Dataset" if self.page == "job" else "Training"
            case "tune.backend":
                return self.choice.other.capitalize()
            case "tune.tests" if self.after is not None and self.after.missing:
                return f"Ask tests ({self.after.missing:,})"
            case "tune.settle" if self.after is not None and self.after.step is not None:
                return f"Label {len(self.after.step.settling.answers):,} to settle"
            case "tune.allow" if self.plan is not None:
                many = "leak" if len(self.plan.report.leaks) == 1 else "leaks"
                return f"{'Forbid' if self.plan.allowed else 'Allow'} {many}"
            case _:
                return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        job, plan, on_plan = self.job, self.plan, self.page == "plan"
        match action:
            case "start":
                ready = plan is not None and plan.draft is not None and not self.looking
                if plan is not None and plan.twin is not None:
                    ready = ready and self.is_unsent(plan.twin)
                return on_plan and ready
            case "backend" | "base" | "settings":
                return on_plan
            case "allow":
                return on_plan and plan is not None and bool(pairs_of(plan.report))
            case "page":
                return job is not None
            case "resume":
                return not on_plan and job is not None and self.can_resume(job)
            case "cancel":
                can = job is not None and not job.ended and job.id not in self.stopping
                return not on_plan and can
            case "tests":
                after = self.after
                if on_plan or after is None or after.asking:
                    return False
                return after.missing > 0 or after.elsewhere
            case "settle":
                step = self.after.step if self.after else None
                return not on_plan and step is not None and bool(step.settling.answers)
            case "job":
                return not on_plan and self.next_job(cast(int, (*parameters, 1)[0])) is not None
            case _:
                return True

    def next_job(self, step: int) -> Job | None:
        """Return the training so many places after the one that is shown, the newest first."""
        if self.job is None:
            return None
        place = [job.id for job in self.jobs].index(self.job.id) + step
        return self.jobs[place] if 0 <= place < len(self.jobs) else None
