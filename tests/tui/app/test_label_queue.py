"""The label queue on the screen: one key a verdict, and what it says at the end."""

from __future__ import annotations

import pytest

from store.records import Assertion, CaseDraft, Expectation
from tui.screens.bench.screen import BenchScreen
from tui.screens.label_queue.screen import LabelQueueScreen

VERDICTS = "SELECT verdict FROM standing_labels ORDER BY id"
HOSTILE = "\x1b]0;gone\x07 [/foo] [INST] \x9b31m \u202eback"


async def begin(person, count: int) -> None:
    """Ask every case, and open the queue."""
    await person.press("r")
    await person.until_glyphs("●" * count)
    await person.press("l")
    await person.until_seen("1 of ")


def shown(person) -> str:
    """The question whose answer is shown."""
    screen = person.app.screen
    assert isinstance(screen, LabelQueueScreen)
    return screen.query_one("#asked").text


async def test_a_key_labels_and_shows_the_next_and_the_bench_knows(open_bench):
    async with open_bench("one", "two", "three") as person:
        await begin(person, 3)
        seen = []
        for key, at in (("y", "2 of 3"), ("0", "3 of 3"), ("p", "3 verdicts")):
            seen.append(shown(person))
            await person.press(key)
            await person.until_seen(at)
        assert sorted(seen) == ["one", "three", "two"]
        await person.until_seen("✓ 1 pass", "◐ 1 partial", "✗ 1 fail")
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, BenchScreen))
        by_case = dict(zip(seen, "✓✗◐", strict=True))
        await person.until_glyphs("".join(by_case[name] for name in ("one", "two", "three")))
        await person.until_seen("bare 50%", "n 3")


async def test_twenty_keys_at_once_label_twenty_answers(open_bench):
    async with open_bench(*[f"case {number}" for number in range(20)]) as person:
        await begin(person, 20)
        start = shown(person)
        await person.at_once(*"yn" * 10)
        await person.until(lambda: len(person.rows_of(VERDICTS)) == 20)
        assert [verdict for (verdict,) in person.rows_of(VERDICTS)] == ["pass", "fail"] * 10
        assert person.rows_of("SELECT count(DISTINCT answer_hash) FROM labels") == [(20,)]
        await person.at_once(*"u" * 20)
        await person.until(lambda: person.rows_of(VERDICTS) == [])
        await person.until_seen("1 of 22")
        assert shown(person) == start


async def test_a_fail_asks_why_and_any_other_key_goes_on(open_bench):
    async with open_bench("one", "two", "three") as person:
        await begin(person, 3)
        await person.press("n")
        await person.until_seen("why?", "m missing knowledge")
        await person.press("f")
        await person.until_seen("✗ fail: format")
        await person.press("n", "y")
        await person.until_gone("why?")
        await person.press("m")  # there is nothing to give a reason for
        labels = "SELECT verdict, reason FROM standing_labels ORDER BY id"
        assert person.rows_of(labels) == [("fail", "f"), ("fail", ""), ("pass", "")]


async def test_blind_hides_whose_answer_it_is(open_bench):
    async with open_bench("one", "two") as person:
        await begin(person, 2)
        await person.until_seen("fixture-large", "bare")
        await person.press("b")
        await person.until_seen("blind")
        await person.until_gone("fixture-large")
        assert "bare" not in person.text and "tok" not in person.text
        await person.press("y", "escape", "escape")
        await person.until(lambda: isinstance(person.app.screen, BenchScreen))
        await person.press("l")
        await person.until_seen("1 of 1", "blind")


async def test_the_checks_results_stay_out_of_sight(open_bench):
    graded = CaseDraft("one", expectation=Expectation("Say it.", (Assertion("contains", "x9"),)))
    async with open_bench(graded) as person:
        await person.press("r")
        await person.until_glyphs("✗")
        await person.press("l")
        await person.until_seen("1 answer with the checks' verdict only")
        await person.press("a")
        await person.until_seen("1 of 1", "Say it.", "contains: x9")
        assert not set("✗○✓") & set(person.text)
        await person.press("y")
        await person.until_seen("Every answer has a label")


async def test_a_bad_case_goes_to_repair_and_comes_back(open_bench):
    async with open_bench("one", "two") as person:
        await begin(person, 2)
        bad = shown(person)
        await person.press("x")
        await person.until_seen("counts for nothing until it is mended", "2 of 2")
        assert shown(person) != bad
        await person.press("escape", "escape")
        await person.until_glyphs("✂●" if bad == "one" else "●✂")
        await person.press("l", "x", "u")
        await person.until_seen("Taken back", "1 of 1")
        assert shown(person) != bad


async def test_a_note_goes_with_the_verdict(open_bench):
    async with open_bench("one") as person:
        await begin(person, 1)
        await person.press("w")
        await person.until_seen("A note that goes with your verdict")
        await person.type("nobody knows")
        await person.press("enter")
        await person.until_seen("note: nobody knows")
        await person.press("y")
        await person.until_seen("1 verdict")
        assert person.rows_of("SELECT note FROM labels") == [("nobody knows",)]


async def test_an_empty_queue_says_what_to_do(open_bench):
    async with open_bench("one") as person:
        await person.press("l")
        await person.until_seen("enter asks a case, r asks all")
        await person.press("y", "u", "enter", "d")
        assert person.rows_of("SELECT count(*) FROM labels") == [(0,)]
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, BenchScreen))


async def test_leaving_says_what_came_of_it_and_enter_goes_on(open_bench):
    async with open_bench("one", "two", "three") as person:
        await begin(person, 3)
        await person.press("y", "s")
        await person.until_seen("3 of 3")
        here = shown(person)
        await person.press("escape")
        await person.until_seen("1 verdict", "1 to go")
        await person.press("n")  # no answer is shown that it could mean
        assert person.rows_of(VERDICTS) == [("pass",)]
        await person.press("enter")
        await person.until_seen("3 of 3")
        assert shown(person) == here
        await person.press("n")
        await person.until_seen("1 skipped: enter brings them again")
        await person.press("enter", "n")
        await person.until(lambda: len(person.rows_of(VERDICTS)) == 3)


@pytest.mark.parametrize("size", [(60, 20), (160, 48)])
async def test_hostile_text_is_only_text(open_bench, server, size):
    server.reply = lambda _: HOSTILE + "\n" + "long " * 4000
    draft = CaseDraft(
        HOSTILE, key=HOSTILE[:20], expectation=Expectation(HOSTILE, (Assertion("contains", "x"),))
    )
    async with open_bench(draft, size=size) as person:
        await person.press("r")
        await person.until_glyphs("✗")
        await person.press("l", "a")
        await person.until_seen("1 of 1", "[/foo]", "[INST]")
        assert not set("\x1b\x07\x9b\u202e") & set(person.text)
        await person.press("x")
        await person.until_seen("counts for nothing")


async def test_the_app_opens_on_the_queue_of_the_last_session(open_bench, engine, start):
    from lab.desk import Desk
    from store import sessions
    from tui.app import LitmusApp

    async with open_bench("one") as person:
        await begin(person, 1)
        await person.press("escape")
    desk = await Desk.open(engine, engine.database.read_now(sessions.last))
    app = LitmusApp(engine, desk, queue="blind")
    async with app.run_test() as pilot:
        while (
            not isinstance(app.screen, LabelQueueScreen) or not app.screen.query_one("#asked").text
        ):
            await pilot.pause()
        assert desk.state["queue"]["blind"]
        await pilot.press("f6")
        while app.screen.__class__.__name__ != "SessionsScreen":
            await pilot.pause()
