"""The Ladder screen: rungs and steps as they stand, and what its keys lead to."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from lab.desk import Desk
from store import sessions
from store.records import Assertion, CaseDraft, Expectation
from tui.app import LitmusApp
from tui.screens.bench.screen import BenchScreen
from tui.screens.documents.screen import DocumentsScreen
from tui.screens.label_queue.screen import LabelQueueScreen
from tui.screens.ladder.keys import BINDINGS
from tui.screens.ladder.screen import LadderScreen
from tui.widgets.item_list import ItemList
from tui.widgets.key_bar import KeyBar

SIZES = [(160, 48), (110, 30), (80, 24), (60, 20)]
HOSTILE = "\x1b]0;gone\x07 [/foo] [INST] \x9b31m \u202eback"


async def go(person) -> LadderScreen:
    await person.press("f4")
    await person.until(lambda: isinstance(person.app.screen, LadderScreen))
    await person.until(lambda: person.app.screen.ladder)
    return person.app.screen


def listed(person) -> ItemList:
    return person.app.screen.query_one(ItemList)


async def until_on(person, kind: type) -> None:
    await person.until(lambda: isinstance(person.app.screen, kind), kind.__name__)


async def climbed(fill) -> None:
    """Three rungs: a clear gain, then a smaller price for some loss."""
    await fill("bare", "y" * 2 + "n" * 18, cost=0.0004)
    await fill("context", "y" * 18 + "n" * 2, cost=0.0121)
    await fill("rag", "y" * 14 + "??" + "y" + "n" * 3, cost=0.0019)


# -- What stands there ------------------------------------------------------------------


async def test_rungs_and_steps_are_drawn_and_the_bench_is_left_as_it_was(open_bench, fill):
    await climbed(fill)
    async with open_bench() as person:
        await person.press("j")
        screen = await go(person)
        await person.until_seen(
            "Litmus · work · ladder",
            "20 cases · revision",
            "① bare",
            "$0.0004",
            "1.5 s",
            "├",
            "● 2 to label",
            "④ tuned    not run",
            "bare → context   +80 points",
            "16 gained, 0 lost of 20",
            "▲ CLIMB",
            "context → rag",
            "Assumed: a right answer is worth $1.00 and 400 answers a month are asked.",
        )
        # The numbers of a step are said once, whatever words its sentence has.
        assert [person.folded.count(said) for said in ("16 gained", "1 lost of 18")] == [1, 1]
        assert screen.ladder.verdict.state == "NEED_MORE"
        assert "● NEED" in person.rows[1]
        await person.press("escape")
        await until_on(person, BenchScreen)
        await person.until_on("c1")
        assert person.cases.has_focus


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_size_all_of_it_can_be_read(open_bench, fill, size):
    await climbed(fill)
    async with open_bench(size=size) as person:
        await go(person)
        seen = person.text
        assert "① bare" in seen and "10%" in seen and "$0.0004" in seen and "m1" in seen
        assert all(len(row) <= size[0] for row in person.rows)
        await person.press("end")
        await person.until_seen("context → rag", "points", "gained")
        await person.press(*["j"] * 20)
        await person.until(
            lambda: "a month are asked. e says what is true for you." in person.folded
        )
        assert person.app.screen.query_one(KeyBar).region.bottom == size[1]


async def test_it_is_drawn_anew_for_another_size(open_bench, fill):
    await climbed(fill)
    async with open_bench(size=(160, 48)) as person:
        await go(person)
        for size in [(60, 20), (110, 30), (20, 6), (80, 24)]:
            await person.pilot.resize_terminal(*size)
            await person.until(lambda size=size: len(person.rows) == size[1])
            assert all(len(row) <= size[0] for row in person.rows)
        await person.until_seen("① bare", "├", "100%")


async def test_the_cursor_goes_over_rungs_and_steps(open_bench, fill):
    await climbed(fill)
    async with open_bench() as person:
        await go(person)
        stops = [listed(person).key]
        for _ in range(5):
            await person.press("down" if len(stops) % 2 else "j")
            stops.append(listed(person).key)
        assert stops == ["rung:bare", "rung:context", "rung:rag", "step:0", "step:1", "step:1"]
        await person.until_seen("▸ context → rag")
        await person.press("k", "home")
        assert listed(person).key == "rung:bare"


async def test_without_colour_the_glyphs_tell_everything(open_bench, fill, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    await climbed(fill)
    async with open_bench() as person:
        await go(person)
        assert person.app.no_color
        await person.until_seen("▸ ① bare", "▲ CLIMB", "● NEED")
        await person.press("g")
        await person.until_seen("◆ ① bare")


async def test_the_target_is_marked(open_bench, fill, engine):
    from lab.ladder.economics import keep_economics

    await climbed(fill)
    session = engine.database.read_now(sessions.named, "work")
    await engine.database.write(keep_economics, session.id, {"target": 0.6})
    async with open_bench() as person:
        screen = await go(person)
        assert screen.ladder.verdict.state == "GOOD_ENOUGH"
        await person.until_seen("┊", "✓ GOOD ENOUGH", "reaches the target of 60%")


async def test_the_bench_says_the_verdicts_too_and_follows_labels(open_bench, fill):
    await climbed(fill)
    async with open_bench(size=(140, 30)) as person:
        await person.until_seen("▲CLIMB   ② context", "●NEED")
        assert person.rows[1].index("① bare") < person.rows[1].index("▲CLIMB")


# -- Where little is there ----------------------------------------------------------------


async def test_nothing_run_yet_says_how_each_rung_is_run(open_bench):
    async with open_bench("one") as person:
        await go(person)
        await person.until_seen(
            "○ No rung has been run yet",
            "No rung has been run yet",
            "r on the bench asks every case",
            "put a document into the context",
            "promote the documents",
        )
        await person.press("enter", "j", "l", "o")
        assert isinstance(person.app.screen, LadderScreen)
        for key, said in (("g", "No rung has been run yet."), ("t", "nothing to follow")):
            await person.press(key)
            await person.until_seen(said)
            await person.press("escape")
            await until_on(person, LadderScreen)


async def test_one_rung_alone_has_no_step(open_bench, fill):
    await fill("bare", "yyyn")
    async with open_bench() as person:
        await go(person)
        await person.until_seen("Only bare has been run", "75%", "② context  not run")
        assert "→" not in person.text and "Assumed" not in person.text


async def test_answers_without_any_label_are_said_to_wait(open_bench, fill):
    await fill("bare", "???")
    await fill("context", "???")
    async with open_bench() as person:
        await go(person)
        await person.until_seen("○ no verdict", "● 3 to label", "6 to settle")
        await person.press("l")
        await until_on(person, LabelQueueScreen)
        await person.until_seen("1 of 6", "Settle ① bare → ② context")


async def test_different_system_prompts_get_no_verdict(open_bench, fill):
    await fill("bare", "nnnn")
    await fill("context", "yyyy", system="Be brief.")
    async with open_bench() as person:
        await go(person)
        await person.until_seen("different system prompts", "○ no verdict")
        assert "CLIMB" not in person.text


async def test_unknown_prices_and_rates_at_the_ends(open_bench, fill):
    await fill("bare", "n" * 8, cost=None)
    await fill("context", "y" * 8, cost=None)
    async with open_bench() as person:
        await go(person)
        await person.until_seen("unknown", "  0%", "100%", "●─")
        await person.press("dollar_sign")
        await person.until_seen("cost unknown, not drawn", "e on the ladder says")
        assert "└" not in person.text.replace("└─", "", 0).split("Cost of")[0]


async def test_hostile_names_are_only_text(open_bench, fill):
    await fill("bare", "nnny", model=HOSTILE, prompt=HOSTILE + " {}")
    await fill("bare", "nnnn", model="[b]other[/b]", prompt=HOSTILE + " {}")
    await fill("context", "yyyy", model=HOSTILE + "2", prompt=HOSTILE + " {}")
    async with open_bench(size=(160, 48)) as person:
        await go(person)
        await person.until_seen("[/foo] [INST]", "The models differ too")
        await person.press("enter")
        await person.until_seen("2 variants", "[b]other[/b]")
        assert not set("\x1b\x07\x9b\u202e") & set(person.text)
        await person.press("escape", "end", "enter")
        await person.until_seen("gained", "On the bench")
        assert not set("\x1b\x07\x9b\u202e") & set(person.text)


# -- What the keys do ---------------------------------------------------------------------


async def test_every_key_has_a_name_and_says_what_it_does():
    for binding in BINDINGS:
        assert isinstance(binding, Binding) and binding.id and binding.tooltip


async def test_a_variant_is_pinned_and_let_go(open_bench, fill):
    await fill("bare", "y" * 6 + "n" * 2, model="good")
    await fill("bare", "y" * 2 + "n" * 6, model="poor")
    async with open_bench() as person:
        screen = await go(person)
        await person.until_seen("good · +1 other")
        await person.press("enter")
        await person.until_seen("2 variants", "stands for the rung", "points")
        await person.press("j", "p")
        await person.until_seen("poor · pinned · +1 other", "25%")
        await person.press("enter")
        await person.until_seen("· pinned")
        await person.press("p")
        await person.until_seen("good · +1 other", "75%")
        assert screen is person.app.screen


async def test_labels_that_settle_a_step_come_alone_and_the_ladder_knows(open_bench, fill):
    await fill("bare", "n" * 3 + "??")
    await fill("context", "y" * 3 + "??")
    await fill("bare", "?" * 5, model="other")
    async with open_bench() as person:
        screen = await go(person)
        before = screen.ladder
        assert len(before.steps[0].settling.answers) == 4
        await person.until_seen("Label 4 to settle")
        await person.press("l")
        await until_on(person, LabelQueueScreen)
        for at in ("1 of 4", "2 of 4", "3 of 4", "4 of 4"):
            await person.until_seen(at)
            await person.press("y")
        await person.until_seen("4 verdicts", "That is all that settles the step")
        await person.press("escape")
        await until_on(person, LadderScreen)
        await person.until(lambda: screen.ladder.steps[0].comparison.difference.n == 5)
        await person.until_gone("to settle")
        await person.press("l")
        assert isinstance(person.app.screen, LadderScreen)


async def test_the_report_is_written_where_the_person_says(open_bench, fill, tmp_path):
    await climbed(fill)
    async with open_bench() as person:
        await go(person)
        await person.press("x")
        await person.until_seen("work-ladder.html")
        await person.press("ctrl+u")
        await person.type("report.pdf")
        await person.press("enter")
        await person.until_said("ends in .html or .md")
        await person.until_seen("report.pdf")
        await person.press("ctrl+u")
        await person.type("report.md")
        await person.press("enter")
        await person.until_said("Written: ")
        assert "CLIMB" in (tmp_path / "report.md").read_text()


async def test_the_ladder_and_the_documents_are_one_key_apart(open_bench, fill):
    await climbed(fill)
    async with open_bench() as person:
        await person.press("f3")
        await until_on(person, DocumentsScreen)
        await person.press("f4")
        await until_on(person, LadderScreen)
        await person.press("f3")
        await until_on(person, DocumentsScreen)
        assert len(person.app.screen_stack) == 2
        await person.press("f4")
        await until_on(person, LadderScreen)
        await person.press("f6")
        await person.until(lambda: person.app.screen.__class__.__name__ == "SessionsScreen")


async def test_the_drawings_say_in_words_what_they_show(open_bench, fill):
    await climbed(fill)
    async with open_bench() as person:
        await go(person)
        await person.press("g")
        await person.until_seen("◆ ② context  90%", "$0.0004 an answer", "$0.001", "joined by dots")
        await person.press("escape", "t")
        await person.until_seen("has not changed since", "① bare     10%", "n 20)", "┬")
        await person.press("t")
        await until_on(person, LadderScreen)


async def test_the_trend_follows_the_benchmark(open_bench, fill):
    await fill("bare", "ynnn")
    await fill("bare", "yyyyyy", model="better")
    async with open_bench(size=(80, 24)) as person:
        await go(person)
        await person.press("t")
        await person.until_seen(
            "Each rung as the benchmark changed", "→ 100%", "6 cases", "4 cases"
        )


async def test_it_follows_a_run_below(open_bench, server):
    server.answers = {"": "yes"}
    server.chunk_delay, server.held = 0.01, True
    drafts = [
        CaseDraft(f"q{n}", expectation=Expectation("", (Assertion("contains", "yes"),)))
        for n in range(3)
    ]
    async with open_bench(*drafts) as person:
        await person.press("r")
        screen = await go(person)
        assert not (screen.ladder.rungs and screen.ladder.rungs[0].answers)
        server.held = False
        await person.until(lambda: screen.ladder.rungs and screen.ladder.rungs[0].answers == 3)
        await person.until_seen("100%", "fixture-large")
        shown = screen.ladder
        person.bench.ladder.show()  # nothing has changed
        await person.until(lambda: screen._due is not None)
        await person.until(lambda: screen._due is None and not screen._reading)
        assert screen.ladder is shown


async def test_the_app_opens_on_what_settles_the_last_step(engine, fill):
    await fill("bare", "n" * 6 + "??")
    await fill("context", "y" * 6 + "??")
    desk = await Desk.open(engine, engine.database.read_now(sessions.last))
    app = LitmusApp(engine, desk, queue="settle blind")
    async with app.run_test() as pilot:
        while not (
            isinstance(app.screen, LabelQueueScreen) and app.screen.query_one("#asked").text
        ):
            await pilot.pause()
        assert desk.state["queue"]["blind"]
        await pilot.press("escape")
        while not isinstance(app.screen, LadderScreen):
            await pilot.pause()
        await app.screen_stack[0].leave()


async def test_nothing_to_settle_is_said_on_the_ladder(open_bench, fill):
    await climbed(fill)
    async with open_bench("one", name="empty") as person:
        await person.app.run_action("settle", person.bench)
        await until_on(person, LadderScreen)
        await person.until_said("Nothing needs labelling")
