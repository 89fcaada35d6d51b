"""The Tune screen: the dataset and the plan, a training as it goes on, and what came of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from textual.binding import Binding

from lab.desk import Desk
from lab.tuning import wish
from lab.tuning.jobs import JobChanged, JobTold, Pace
from lab.tuning.local import backend as local
from lab.tuning.local import launching
from lab.tuning.trainer import running
from lab.tuning.trainer.training_events import Teller
from store import jobs as kept
from store import sessions
from store.jobs import JobDraft, JobEvent
from store.records import Assertion, CaseDraft, Expectation
from tui.screens.bench.screen import BenchScreen
from tui.screens.documents.screen import DocumentsScreen
from tui.screens.flips.screen import FlipsScreen
from tui.screens.ladder.screen import LadderScreen
from tui.screens.tune.cases import CasesScreen
from tui.screens.tune.choice import choice_of
from tui.screens.tune.confirm import AskYes
from tui.screens.tune.keys import BINDINGS
from tui.screens.tune.screen import TuneScreen
from tui.screens.tune.settings import SettingsForm, SettingsProblem, chosen
from tui.widgets.curve_plot import CurvePlot
from tui.widgets.item_list import ItemList
from tui.widgets.key_bar import KeyBar

SIZES = [(160, 50), (110, 30), (80, 24), (60, 20)]
FAST = Pace(0.01, 0.01)
HOSTILE = "\x1b]0;gone\x07 [/foo] [INST] \x9b31m \u202eback"
TOWNS = "ABCDEFGHIJKL"
WITHOUT_EXTRA = "pip install 'litmus-bench[tune]'"


def train(count: int = 12, **more) -> list[CaseDraft]:
    """Train cases, each with an answer of its own."""
    return [
        CaseDraft(
            f"Who is mayor of {town}holm?", "", Expectation(f"Ann {town}"), split="train", **more
        )
        for town in TOWNS[:count]
    ]


def asked(*words: str) -> list[CaseDraft]:
    """Test cases that are right where the answer has the word `yes`."""
    wanted = Expectation("", (Assertion("contains", "yes"),))
    return [CaseDraft(f"Where does the {word} rise?", expectation=wanted) for word in words]


CASES = [*train(), *asked("Orm", "Lys", "Ven")]


async def go(person, *, fast: bool = True) -> TuneScreen:
    if fast:
        person.app.trainings.pace = FAST
    await person.press("f5")
    await until_on(person, TuneScreen)
    screen = person.app.screen
    await person.until(lambda: screen.plan or screen.trouble, "the plan")
    return screen


async def until_on(person, kind: type) -> None:
    await person.until(lambda: isinstance(person.app.screen, kind), kind.__name__)


def stored(person) -> list[kept.Job]:
    return person.engine.database.read_now(kept.listed, person.session.id)


def offered(person) -> set[str]:
    """The ids of the keys that the last line shows or the help tells."""
    found = person.app.screen.active_bindings.values()
    return {active.binding.id for active in found if active.enabled}


async def put_on(person, key: str) -> None:
    person.app.screen.query_one(ItemList).key = key
    await person.pilot.pause()


@pytest.fixture
def extra(monkeypatch):
    """The libraries that train here are installed, for all that is asked of them."""
    monkeypatch.setattr(local, "all_installed", lambda: True)


@pytest.fixture
def no_extra(monkeypatch):
    monkeypatch.setattr(local, "all_installed", lambda: False)


# -- The dataset ------------------------------------------------------------------------


async def test_what_is_trained_on_stands_there_and_what_is_left_out_leads_to_its_cases(open_bench):
    cases = [*CASES, CaseDraft("No answer?", split="train"), CaseDraft("None?", split="train")]
    async with open_bench(*cases, train(1)[0]) as person:
        screen = await go(person)
        await person.until_seen(
            "Litmus · work · tune",
            "15 train · 3 test",
            "12 examples from 15 train cases, as expected",
            "left out    2 it has no expectation and no passed answer",
            "1 it is the same example as",
            "leaks       none",
            "held against 3 test cases by wording and answers",
            "backend     hosted: at a provider, custom at http",
            "base        fixture-large",
        )
        assert screen.page == "plan" and "tune.page" not in offered(person)
        await person.until_seen("▸ in", "Its cases")
        await person.press("enter")
        await person.until_seen("12 examples", "train  → Ann A", "Who is mayor of Aholm?")
        await person.press("escape")
        await put_on(person, "left:no_answer")
        await person.until_seen("Its cases")
        await person.press("enter")
        await person.until_seen("2 cases left out", "No answer?", "None?")
        await person.press("j", "enter")
        await until_on(person, BenchScreen)
        await person.until_on("17")


async def test_without_cases_it_says_what_is_lacking_and_starts_nothing(open_bench):
    async with open_bench() as person:
        await go(person)
        await person.until_seen(
            "✗ NOT READY",
            "0 examples from 0 train cases; training needs at least 10.",
            "The bench's key e moves a case to train.",
        )
        assert "tune.start" not in offered(person)
        await person.press("s", "a", "x", "r", "t", "l", "n", "enter")
        assert isinstance(person.app.screen, TuneScreen) and stored(person) == []


async def test_without_a_model_the_examples_are_looked_at_all_the_same(open_bench, no_extra):
    async with open_bench(*CASES, model=None) as person:
        await go(person)
        await person.until_seen("12 examples from 12 train cases", "local: on this machine")
        await person.press("b")
        await person.until_seen("Choose the model to train with m.", "base        none chosen")
        await person.until_seen("12 examples from 12 train cases")


async def test_a_leak_says_what_to_do_and_is_moved_away(open_bench):
    leak = CaseDraft("who is Mayor of Aholm", expectation=Expectation("Ann A"))
    async with open_bench(*train(), *asked("Orm"), leak) as person:
        screen = await go(person)
        await person.until_seen(
            "✗ NOT READY",
            "1 pair too much alike",
            "the same prompt but for case, spaces and marks (100%)",
            "train ",
            "Who is mayor of Aholm?",
        )
        assert "Enter on a pair moves a case to the other split" in person.folded
        assert "tune.start" not in offered(person)
        assert "--" not in person.text.replace("──", "")
        await put_on(person, "leak:0")
        await person.press("enter")
        await person.until_seen("A leak: the same prompt", "is trained on", "is tested")
        await person.press("j", "t")
        await person.until(lambda: [c.draft.split for c in person.stored][-1] == "train")
        await person.press("escape")
        await person.until(lambda: screen.plan.report.leaks == () and not screen.looking)
        await person.until_seen("✓ READY", "leaks       none")


async def test_what_was_taken_out_of_a_leak_can_be_brought_back(open_bench):
    leak = CaseDraft("who is Mayor of Aholm", expectation=Expectation("Ann A"))
    async with open_bench(*train(), *asked("Orm"), leak) as person:
        screen = await go(person)
        await put_on(person, "leak:0")
        await person.press("enter")
        await until_on(person, CasesScreen)
        await person.press("x")
        await person.until(lambda: len(person.stored) == 13)
        await person.press("u")
        await person.until(lambda: len(person.stored) == 14)
        await person.press("x", "escape")
        await person.until(lambda: screen.plan.report.leaks == () and not screen.looking)
        assert len(screen.plan.report.dataset.examples) == 11


async def test_leaks_are_allowed_only_by_the_person_and_the_job_tells(open_bench, server):
    leak = CaseDraft("who is Mayor of Aholm", expectation=Expectation("Ann A"))
    server.tuning.hold = "queued"
    async with open_bench(*train(), leak) as person:
        screen = await go(person)
        await person.until_seen("Allow leak")
        await person.press("s")
        assert stored(person) == []
        await person.press("a")
        await person.until_seen("✓ READY", "1 pair allowed by you", "Forbid leak")
        await person.press("a")
        await person.until_seen("✗ NOT READY")
        await person.press("a")
        await person.until_seen("✓ READY")
        # What is allowed is this leak, and not whatever comes in its place.
        other = CaseDraft("WHO is mayor of Bholm?", expectation=Expectation("Ann B"))
        await person.bench.desk.add_cases([other])
        screen.look()
        await person.until(lambda: not screen.looking and len(screen.plan.report.leaks) == 2)
        await person.until_seen("✗ NOT READY")
        await person.press("a")
        await person.until_seen("✓ READY", "2 pairs allowed")
        await person.press("s")
        await until_on(person, AskYes)
        await person.press("y")
        await person.until_seen("2 leaking pairs allowed")
        [job] = stored(person)
        assert job.plan["leaks_allowed"] and len(job.plan["manifest"]["leaks"]) == 2


async def test_looking_shows_how_far_it_is_and_holds_nothing_up(open_bench, monkeypatch):
    from lab.tuning.examples.leakage import Firewall

    going = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(self, progress):
        progress(5, 12)
        asyncio.run_coroutine_threadsafe(going.wait(), loop).result()
        progress(12, 12)
        return []

    monkeypatch.setattr(Firewall, "look", look)
    async with open_bench(*CASES) as person:
        await person.press("f5")
        await until_on(person, TuneScreen)
        await person.until_seen("◌ LOOKING", "Compared examples: 5 of 12")
        assert "tune.start" not in offered(person)
        await person.press("question_mark")
        await person.until_seen("Keys that work here")
        await person.press("escape")
        going.set()
        await person.until_seen("✓ READY")


# -- The plan ---------------------------------------------------------------------------


async def test_without_the_extra_it_is_one_sentence_and_all_else_works(open_bench, no_extra):
    async with open_bench(*CASES, model=None) as person:
        await go(person)
        await person.until(lambda: WITHOUT_EXTRA in person.folded)
        assert "needs an extra that is not installed (1 GB" in person.folded
        await person.until_seen("12 examples", "base        SmolLM2-135M-Instruct")
        await person.press("s")
        assert stored(person) == [] and "tune.start" not in offered(person)
        await person.press("f4")
        await until_on(person, LadderScreen)


async def test_here_it_is_free_and_the_time_is_told(open_bench, extra):
    async with open_bench(*CASES, model=None) as person:
        screen = await go(person)
        # Two of twelve would leave ten; that many must be left to train on.
        await person.until_seen(
            "✓ READY", "it is free", "price       free", "held back   2 examples"
        )
        draft = screen.plan.draft
        screen.plan = replace(
            screen.plan, draft=replace(draft, plan={**draft.plan, "price": PRICE})
        )
        screen.show()
        await person.until_seen("time        about 4 to 10 minutes", "it is free, about 4 to 10")


PRICE = {"low_usd": 0.0, "high_usd": 0.0, "low_s": 240.0, "high_s": 600.0, "seconds_by": "earlier"}


async def test_settings_are_taken_kept_and_used(open_bench, engine):
    async with open_bench(*CASES) as person:
        screen = await go(person)
        await person.press("e")
        await until_on(person, SettingsForm)
        await person.type("3")
        await person.press("enter")
        await person.type("17%")
        await person.press("enter")
        await person.type("many")
        await person.press("ctrl+j")
        await person.until_seen("The seed must be a whole number")
        await person.press("ctrl+u")
        await person.type("7")
        await person.press("enter")
        await person.type("orm")
        await person.press("ctrl+j")
        await person.until_seen("3 epochs · seed 7 · named orm", "held back   2 examples (17%)")
        assert screen.plan.draft.plan["epochs"] == 3
    async with open_bench() as person:
        session = engine.database.read_now(sessions.named, "work")
        choice = choice_of(await Desk.open(engine, session))
        assert (choice.epochs, choice.validation, choice.suffix) == (3, 0.17, "orm")
        await go(person)
        await person.until_seen("3 epochs · seed 7 · named orm")


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        (0, "rlhf", "The method"),
        (1, "guessed", "Answers"),
        (2, "0", "Epochs must be"),
        (3, "all", "no share"),
        (3, "100%", "no share"),
        (3, "-1", "no share"),
        (4, "9" * 30, "The seed must be"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(place, text, said):
    texts = ["sft", "both", "", "", "", "", ""]
    texts[place] = text
    with pytest.raises(SettingsProblem, match=said):
        chosen(choice_of(FakeDesk()), texts)


class FakeDesk:
    setup, state = None, {}


def test_a_share_is_read_as_people_write_it():
    before = choice_of(FakeDesk())
    for text, share in (("20%", 0.2), ("0.2", 0.2), ("20", 0.2), ("0", 0.0), ("", None)):
        assert chosen(before, ["dpo", "", "", text, "", "", ""]).validation == share
    assert chosen(before, ["d", "", "", "", "", "", ""]).format == "dpo"


async def test_the_base_is_changed(open_bench, extra, server):
    async with open_bench(*CASES, model=None) as person:
        await go(person)
        await person.press("m")
        await person.until_seen("The model to train here")
        await person.type("org/model")
        await person.press("enter")
        await person.until_seen("base        org/model")
        await person.press("b", "m")
        await person.choose_model(server.base_url, "fixture-large")
        await person.until_seen("base        fixture-large", "✓ READY")
        await person.press("b")
        await person.until_seen("base        org/model")


async def test_what_costs_or_might_is_asked_about_first(open_bench):
    async with open_bench(*CASES) as person:
        await go(person)
        await person.until_seen("✓ READY", "price unknown")
        await person.press("s")
        await person.until_seen("Train fixture-large on 12 examples? Price: unknown.")
        await person.press("n")
        await until_on(person, TuneScreen)
        assert stored(person) == []


async def test_a_price_over_the_cap_is_refused_with_the_key_that_changes_it(
    open_bench, monkeypatch
):
    monkeypatch.setattr("lab.tuning.hosted.training_prices.per_token", lambda *_: 1.0)
    async with open_bench(*CASES) as person:
        await go(person)
        await person.until_seen("✗ NOT READY", "would cost at least $")
        assert "the bench's key $ allows more" in person.folded
        assert "tune.start" not in offered(person)


# -- A hosted training ------------------------------------------------------------------


async def start(person) -> TuneScreen:
    screen = await go(person)
    await person.until_seen("✓ READY")
    await person.press("s")
    await until_on(person, AskYes)
    await person.press("y")
    await person.until(lambda: screen.job is not None, "the job")
    return screen


async def test_the_hosted_journey(open_bench, server):
    server.tuning.hold = "queued"
    server.answers = {"": "yes"}
    server.tuning.answers = {"Lys": "no", "": "yes"}
    async with open_bench(*CASES) as person:
        screen = await start(person)
        await person.until_seen("◌ QUEUED", "The training examples are sent.", "job 1")
        assert "tune.cancel" in offered(person) and "tune.start" not in offered(person)
        await person.press("tab")
        await person.until_seen("◌ UNDER WAY", "Job 1 trains the same already.", "Trainings")
        assert "tune.start" not in offered(person)
        await person.press("tab")
        server.tuning.steps, server.tuning.hold = 5, "running"
        await person.until_seen("◌ TRAINING")
        server.tuning.hold = ""
        await person.until_seen("✓ TUNED", "ft:fixture-large:fixture", "Loss  0.2", "unknown")
        assert not screen.query_one("#looks").display and screen.query_one("#loss").display
        assert person.said == []  # it is seen here, and need not be said once more
        await person.until_seen("Is it better than its base?", "t Ask tests (6)")
        await person.press("t")
        await person.until(lambda: screen.after.step is not None and not screen.after.missing)
        await person.until_seen(
            "1 regression: the base is right, and the tuned model is not",
            "Where does the Lys rise?",
            "0 gained, 1 lost of 3",
        )
        await person.until(lambda: not person.bench.asks_tests and not screen.after.asking)
        assert "tune.tests" not in offered(person)
        variants = person.rows_of("SELECT rung, model FROM variants ORDER BY id")
        assert [rung for rung, _ in variants] == ["tuned", "bare"]
        await put_on(person, "flip:0")
        await person.press("enter")
        await until_on(person, FlipsScreen)
        await person.until_seen("1 lost", "Where does the Lys rise?")
        await person.press("g")
        await until_on(person, BenchScreen)
        await person.until_on("14")
        await person.until(lambda: len(person.bench.comparing) == 2)


async def test_flips_open_at_the_regression_under_the_cursor(open_bench, server):
    server.answers = {"": "yes"}
    server.tuning.answers = {"Lys": "no", "Ven": "no", "": "yes"}
    async with open_bench(*CASES) as person:
        screen = await start(person)
        await person.until_seen("Ask tests (6)")
        await person.press("t")
        await person.until_seen("2 regressions")
        await person.until(lambda: not screen.after.asking)
        await put_on(person, "flip:1")
        await person.press("enter")
        await until_on(person, FlipsScreen)
        await person.until(lambda: person.app.screen.flip.case_id == person.stored[-1].id)


async def test_no_regressions_are_said_too(open_bench, server):
    server.answers, server.tuning.answers = {"": "no"}, {"": "yes"}
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("Ask tests (6)")
        await person.press("t")
        await person.until_seen("✓ No regressions", "3 gained, 0 lost of 3")


async def test_asking_is_stopped_on_the_bench_and_gone_on_with(open_bench, server):
    server.tuning.answers = server.answers = {"": "yes"}
    server.chunk_delay, server.held = 0.01, False
    async with open_bench(*CASES) as person:
        screen = await start(person)
        await person.until_seen("Ask tests (6)")
        server.held = True
        await person.press("t")
        await person.until_seen("◌ Asking the test cases")
        await person.press("escape")
        await until_on(person, BenchScreen)
        await person.press("escape")
        server.held = False
        await person.until(lambda: not person.bench.asks_tests and not person.bench.asking.busy)
        models = {model for (model,) in person.rows_of("SELECT model FROM variants")}
        assert not any(model == "fixture-large" for model in models)
        screen = await go(person)
        await person.until(lambda: screen.after is not None)
        await person.press("t")
        await person.until_seen("No regressions")


async def test_a_closed_platform_is_told_in_its_plain_sentence(open_bench, server):
    server.tuning.closed = True
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("✗ FAILED")
        await person.until(lambda: "it has closed fine-tuning to it" in person.folded)
        assert "b there trains on this machine" in person.folded and "--" not in person.folded
        assert "tune.resume" not in offered(person) and "tune.cancel" not in offered(person)
        [job] = stored(person)
        assert job.state == "failed"
        await person.press("tab")
        await person.until_seen("✓ READY")  # it can be tried again, elsewhere


async def test_a_failure_says_why(open_bench, server):
    from fixtures.server_tuning import INVALID_TRAINING

    server.tuning.fails = INVALID_TRAINING
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("✗ FAILED", "rejected the examples", "Job failed:")
        assert "tune.tests" not in offered(person)


async def test_cancelling_asks_first(open_bench, server):
    server.tuning.hold = "running"
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("◌ TRAINING")
        await person.press("x")
        await person.until_seen("Stop job 1?", "lets it go on")
        await person.press("n")
        await until_on(person, TuneScreen)
        assert next(iter(server.tuning.jobs.values()))["status"] == "running"
        await person.press("x", "y")
        await person.until_seen("⚠ CANCELLED")
        assert next(iter(server.tuning.jobs.values()))["status"] == "cancelled"
        assert "tune.cancel" not in offered(person) and "tune.resume" not in offered(person)


async def test_a_start_that_was_broken_off_is_gone_on_with(open_bench, server):
    async with open_bench(*CASES) as person:
        screen = await go(person)
        await person.until_seen("✓ READY")
        await server.stop()
        await person.press("s")
        await until_on(person, AskYes)
        await person.press("y")
        await person.until_seen("⚠ NOT STARTED")
        await person.until(lambda: "the job is kept, and r goes on." in person.folded)
        assert "litmus tune" not in person.text
        await person.press("tab")
        await person.until_seen("Job 1 trains the same and was never started; s starts it.")
        await server.start()
        await person.press("tab", "r")
        await person.until_seen("✓ TUNED")
        assert [job.state for job in screen.jobs] == ["succeeded"]
        assert len(server.tuning.jobs) == 1


async def test_a_server_that_is_gone_is_told_and_waited_for(open_bench, server):
    server.tuning.hold = "running"
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("◌ TRAINING")
        await server.stop()
        await person.until_seen("Litmus keeps looking")
        await person.press("escape")
        await go(person)
        await person.until_seen("Litmus keeps looking")  # it is known still
        server.tuning.hold = ""
        await server.start()
        await person.until_seen("The server answers again.", "✓ TUNED")


async def test_a_key_refused_later_leaves_it_to_be_followed_again(open_bench, server):
    server.tuning.hold = "running"
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("◌ TRAINING")
        server.api_key = "another-one"
        await person.until_seen("⚠ NOT FOLLOWED", "r follows it again")
        server.api_key, server.tuning.hold = "", ""
        await person.press("r")
        await person.until_seen("✓ TUNED")


async def test_closing_the_screen_stops_nothing_and_its_end_is_told(open_bench, server):
    server.tuning.hold = "running"
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("◌ TRAINING")
        await person.press("escape")
        await until_on(person, BenchScreen)
        server.tuning.hold = ""
        await person.until_said("has made ft:fixture-large")
        [job] = stored(person)
        assert job.state == "succeeded"
        screen = await go(person)
        assert screen.page == "job"
        await person.until_seen("✓ TUNED")


async def test_several_trainings_are_one_key_apart(open_bench, server):
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("✓ TUNED")
        await person.press("tab")
        await person.until_seen("✓ READY")
        server.tuning.hold = "queued"
        await person.press("s", "y")
        await person.until_seen("◌ QUEUED", "job 2 · 1 of 2")
        assert "tune.newer" not in offered(person)
        await person.press("n")
        await person.until_seen("✓ TUNED", "job 1 · 2 of 2")
        assert "tune.older" not in offered(person)
        await person.press("N")
        await person.until_seen("◌ QUEUED")
        await person.press("tab")
        await put_on(person, "job:1")
        await person.press("enter")
        await person.until_seen("✓ TUNED", "job 1 · 2 of 2")


# -- A training on this machine -----------------------------------------------------------


class Trainer:
    """A trainer in a job's folder, as far as anyone else can tell; it learns nothing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.at_work = running.claim(folder)
        self._lock = running._held.pop()
        self.tell = Teller(folder)

    def begin(self, start: int = 0, total: int = 200) -> None:
        self.tell("status", state="loading")
        self.tell("status", state="ready", device="cpu")
        self.tell("status", state="running", start=start, total=total)

    def step(self, step: int, loss: float, total: int = 200) -> None:
        self.tell("metrics", step, loss=loss, lr=6e-4, s_per_step=2.5, steps=total)

    def look(self, step: int, right: int, of: int = 12) -> None:
        self.tell("heldout", step, right=right, of=of)

    def end(self) -> None:
        if self.at_work:
            self.at_work = False
            self.tell.close()
            self._lock.release()


@pytest.fixture
def trainers(monkeypatch):
    """Trainers in place of processes, each in the folder of its job."""
    made: list[Trainer] = []

    async def launch(folder, spec) -> None:
        made.append(Trainer(folder))

    async def stop(folder) -> None:
        for trainer in made:
            if trainer.folder == folder and trainer.at_work:
                trainer.tell("status", 40, state="cancelled")
                trainer.end()

    monkeypatch.setattr("lab.tuning.local.launching.launch", launch)
    monkeypatch.setattr("lab.tuning.local.launching.stop", stop)
    monkeypatch.setattr("lab.weights.missing_weights", lambda *_: None)
    yield made
    for trainer in made:
        trainer.end()


async def keep_running(engine, session_id: int, folder: Path, **plan) -> kept.Job:
    """Keep a local job as one that another process has started."""
    plan = {"examples": 48, "validation_examples": 12, "method": "sft", **plan}
    draft = JobDraft("local", "embedded", "SmolLM2-135M-Instruct", "{}\n", plan=plan)
    job = await engine.database.write(kept.create, session_id, draft)
    return await engine.database.write(kept.update, job.id, state="running", folder=str(folder))


async def test_a_training_here_is_drawn_as_it_goes_on(open_bench, extra, trainers):
    async with open_bench(*CASES, model=None, size=(110, 40)) as person:
        screen = await go(person)
        await person.until_seen("✓ READY")
        await person.press("s")  # free, so nothing is asked
        await person.until_seen("◌ TRAINING", "loading the base model")
        [trainer] = trainers
        trainer.begin()
        trainer.step(1, 3.0)
        await person.until_seen("Training, 200 steps at most.", "it trains on the CPU", "Loss  3")
        await person.until_seen("Held-out answers  not looked at yet")
        for step in range(2, 141):
            trainer.step(step, 3 / step)
            if step % 20 == 0:
                trainer.look(step, step // 12)
        await person.until_seen("11 of 12 right at step 140", "step 140 of 200")
        assert "at most" in person.text.partition("\n──")[0]
        looks, loss = screen.query_one("#looks", CurvePlot), screen.query_one("#loss", CurvePlot)
        assert looks.display and loss.display
        assert looks.region.bottom <= loss.region.y < screen.query_one(ItemList).region.y
        assert looks.region.height > loss.region.height
        assert person.text.count("●") >= 7
        # The newest line is the first, in local time.
        at = time.strftime("%H:", time.localtime())
        log = [row for row in person.rows if row.strip().startswith(at)]
        assert "Step 140: 11 of 12 held-out answers right." in log[0]
        assert "Loading the base model." in log[-1]


async def test_the_whole_curve_is_there_after_a_new_start(open_bench, engine, extra, tmp_path):
    async with open_bench(*CASES, model=None) as person:
        session_id = person.session.id
    trainer = Trainer(tmp_path / "job")
    try:
        job = await keep_running(engine, session_id, trainer.folder)
        trainer.begin()
        for step in range(1, 61):
            trainer.step(step, 2.0)
        trainer.look(20, 1)
        trainer.look(40, 3)
        async with open_bench() as person:
            screen = await go(person)
            await person.until_seen("3 of 12 right at step 40", "step 60 of 200")
            assert [step for step, _ in screen.course.looks.points()] == [20, 40]
            assert len(screen.course.loss) == 60
            # Another process may keep what is told before this one hears of it.
            event = JobEvent("far", time.time(), "heldout", 80, {"right": 7, "of": 12})
            await engine.database.write(kept.tell, job.id, [event])
            await person.until_seen("7 of 12 right at step 80")
            await person.press("escape")
            trainer.tell("result", 80, state="failed", error="Too little memory.")
            trainer.end()
            await person.until_said("Too little memory.")
            await go(person)
            await person.until_seen("✗ FAILED", "Too little memory. r goes on with it.")
    finally:
        trainer.end()


async def test_a_stopped_training_is_gone_on_with(open_bench, extra, trainers, monkeypatch):
    async with open_bench(*CASES, model=None, size=(110, 40)) as person:
        screen = await go(person)
        await person.until_seen("✓ READY")
        await person.press("s")
        await person.until_seen("loading the base model")
        trainers[0].begin()
        for step in range(1, 46):
            trainers[0].step(step, 2.0)
        trainers[0].look(20, 4)
        trainers[0].look(40, 2)
        await person.until_seen("step 45 of 200")
        await person.press("x")
        await person.until_seen("Stop job 1? Its last step is kept")
        going = asyncio.Event()
        stop = launching.stop

        async def slowly(folder) -> None:
            await going.wait()
            await stop(folder)

        monkeypatch.setattr("lab.tuning.local.launching.stop", slowly)
        await person.press("y")
        await person.until_seen("◌ STOPPING")
        assert "tune.cancel" not in offered(person)
        going.set()
        await person.until_seen("⚠ CANCELLED", "r goes on from its last checkpoint")
        await person.press("r")
        await person.until(lambda: len(trainers) == 2)
        trainers[1].begin(start=20)
        trainers[1].step(21, 1.5)
        await person.until_seen("◌ TRAINING", "Going on from step 20.", "step 21 of 200")
        # What it does anew is not drawn twice, nor the look that it has not had.
        assert [step for step, _ in screen.course.loss.points()][-2:] == [20, 21]
        assert screen.course.last_look.step == 20
        assert [job.id for job in stored(person)] == [1]


async def test_what_cannot_be_started_says_why_and_can_be_tried_again(
    open_bench, extra, trainers, monkeypatch
):
    async def full(folder, spec) -> None:
        raise PermissionError(13, "Permission denied")

    async with open_bench(*CASES, model=None) as person:
        await go(person)
        await person.until_seen("✓ READY")
        with monkeypatch.context() as patched:
            patched.setattr("lab.tuning.local.launching.launch", full)
            await person.press("s")
            await person.until_seen("⚠ NOT STARTED")
            await person.until(lambda: "Permission denied; r goes on" in person.folded)
        await person.press("r")
        await person.until_seen("◌ TRAINING")


async def test_an_adapter_for_another_server_is_asked_where_the_person_serves_it(
    open_bench, engine, server, tmp_path
):
    server.answers = {"": "yes"}
    async with open_bench(*CASES, model=None) as person:
        job = await keep_running(engine, person.session.id, tmp_path / "job")
    weights = tmp_path / "job" / "adapter" / "adapter_model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    await engine.database.write(kept.update, job.id, state="succeeded", tuned_model="mine")
    async with open_bench(size=(110, 40)) as person:
        screen = await go(person)
        await person.until(lambda: "t asks for its address and its name" in person.folded)
        assert "--base-url" not in person.text
        await person.press("t")
        await person.until_seen("The address of the server with the tuned model")
        await person.type(server.base_url)
        await person.press("enter")
        await person.until_seen("What the tuned model is called there")
        await person.type("fixture-small")
        await person.press("enter")
        await person.until(lambda: screen.after.variants)
        tuned, base = screen.after.variants
        assert (tuned.model, tuned.base_url) == ("fixture-small", server.base_url)
        assert (base.model, base.base_url) == ("SmolLM2-135M-Instruct", server.base_url)
        await person.until(lambda: person.answer("13") is not None)


async def test_what_is_heard_while_it_is_read_is_not_lost(open_bench, server, monkeypatch):
    server.tuning.hold = "running"
    async with open_bench(*CASES) as person:
        screen = await start(person)
        await person.until_seen("◌ TRAINING")
        [job], read = stored(person), screen.desk.database.read
        ended = replace(job, state="failed", error="Gone.", updated_at=job.updated_at + 1)
        told = JobEvent("far", time.time(), "message", None, {"text": "Meanwhile."})

        async def slowly(function, *given):
            found = await read(function, *given)
            if function is kept.events:
                screen._heard(JobChanged(ended))
                screen._heard(JobTold(job, told))
            return found

        monkeypatch.setattr(screen.desk.database, "read", slowly)
        screen.job = None
        await screen.read_jobs()
        assert (screen.job.id, screen.job.state) == (job.id, "failed")
        assert "Meanwhile." in [line.text for line in screen.course.log]


# -- Everything else --------------------------------------------------------------------


async def test_hostile_text_is_only_text(open_bench, engine, server, extra, tmp_path):
    cases = [
        replace(each, prompt=f"{HOSTILE} {each.prompt}", key=f"{HOSTILE}{place}")
        for place, each in enumerate(train())
    ]
    leak = replace(cases[0], key=f"{HOSTILE}t", split="test")
    left = CaseDraft(HOSTILE, split="train")
    async with open_bench(*cases, leak, left, name="work", size=(160, 50)) as person:
        await go(person)
        await person.until_seen("[/foo] [INST]")
        for key in ("leak:0", "left:no_answer"):
            await put_on(person, key)
            await person.press("enter")
            await until_on(person, CasesScreen)
            assert not set("\x1b\x07\x9b\u202e") & set(person.text)
            await person.press("escape")
        session_id = person.session.id
    trainer = Trainer(tmp_path / "job")
    try:
        job = await keep_running(engine, session_id, trainer.folder)
        trainer.begin()
        trainer.tell("message", text=f"{HOSTILE} said")
        trainer.tell("result", 3, state="failed", error=f"{HOSTILE} [b]failed[/b]")
        trainer.end()
        async with open_bench() as person:
            await go(person)
            await person.until_seen("✗ FAILED", "[/foo] [INST]", "said", "[b]failed[/b]")
            assert not set("\x1b\x07\x9b\u202e") & set(person.text)
        await engine.database.write(
            kept.update, job.id, state="succeeded", tuned_model=HOSTILE, error=""
        )
        async with open_bench() as person:
            await go(person)
            await person.until_seen("✓ TUNED", "[/foo] [INST]")
            await person.press("tab")
            await person.until_seen("Trainings", "[/foo]")
            assert not set("\x1b\x07\x9b\u202e") & set(person.text)
    finally:
        trainer.end()


def check(person, size: tuple[int, int]) -> None:
    """Nothing lies over anything, and everything is on the screen."""
    screen = person.app.screen
    assert len(person.rows) == size[1] and all(len(row) <= size[0] for row in person.rows)
    shown = [
        widget
        for widget in (
            screen.query_one("#top"),
            screen.query_one("#verdict"),
            screen.query_one("#looks"),
            screen.query_one("#loss"),
            screen.query_one(ItemList),
            screen.query_one(KeyBar),
        )
        if widget.region.area
    ]
    for above, below in pairwise(shown):
        assert above.region.bottom <= below.region.y, (above, below)
        assert screen.region.contains_region(below.region)
    assert screen.query_one(KeyBar).region.bottom == size[1]


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_size_all_of_it_can_be_read(open_bench, size, extra, trainers):
    async with open_bench(*CASES, model=None, size=size) as person:
        screen = await go(person)
        await person.until_seen("✓ READY", "12 examples")
        check(person, size)
        await person.press("s")
        await person.until_seen("loading the base model")
        trainers[0].begin()
        for step in range(1, 81):
            trainers[0].step(step, 3 / step)
        trainers[0].look(20, 1)
        trainers[0].look(80, 9)
        await person.until_seen("9 of 12 right at step 80", "Held-out answers")
        # Where there is little room there is the curve that counts.
        assert (
            screen.query_one("#loss").display == (size[1] >= 22) == ("Loss  0.0375" in person.text)
        )
        await person.until_seen("Step 80: 9 of 12")
        check(person, size)
        for other in [(60, 20), (20, 6), (160, 50), (80, 24), size]:
            await person.pilot.resize_terminal(*other)
            await person.until(lambda other=other: len(person.rows) == other[1])
            assert all(len(row) <= other[0] for row in person.rows)
        await person.until_seen("9 of 12 right at step 80")
        check(person, size)
        await person.at_once(*"\t\t\tnNnNjkjkrstla")
        assert person.app.screen is screen
        check(person, size)


async def test_without_colour_the_glyphs_tell_everything(open_bench, server, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_bench(*CASES) as person:
        await start(person)
        await person.until_seen("✓ TUNED")
        await person.press("tab")
        await person.until_seen("✓ 1 succeeded")


async def test_the_screens_are_one_key_apart(open_bench):
    async with open_bench(*CASES) as person:
        for key, kind in (
            *(("f4", LadderScreen), ("f5", TuneScreen), ("f3", DocumentsScreen)),
            *(("f5", TuneScreen), ("f4", LadderScreen), ("f5", TuneScreen), ("f2", BenchScreen)),
        ):
            await person.press(key)
            await until_on(person, kind)
            assert len(person.app.screen_stack) <= 2
        await person.press("f5")
        await until_on(person, TuneScreen)
        await person.press("f6")
        await person.until(lambda: person.app.screen.__class__.__name__ == "SessionsScreen")


async def test_the_ladder_says_which_key_trains(open_bench):
    async with open_bench("one") as person:
        await person.press("f4")
        await person.until_seen("④ tuned    not run: F5 trains a model")


def test_every_key_has_a_name_and_says_what_it_does():
    for binding in BINDINGS:
        assert isinstance(binding, Binding) and binding.id and binding.tooltip


async def test_a_job_that_was_never_sent_is_shown_with_the_way_on(open_bench, engine, server):
    async with open_bench(*CASES) as person:
        desk = await Desk.open(engine, person.session)
        wanted = wish.wish_for(desk, "hosted")
        report = await wish.examine_for(desk, wanted)
        await wish.keep(desk, await wish.draft(desk, wanted, report))
    async with open_bench() as person:
        await go(person)
        await person.until_seen("⚠ NOT STARTED", "Its start was broken off; r goes on with it.")
        await person.press("x", "y")
        await person.until_seen("⚠ CANCELLED")
        assert server.tuning.jobs == {}
