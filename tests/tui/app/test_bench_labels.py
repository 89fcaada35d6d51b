"""One key judges an answer and brings the next; every verdict can be taken back."""

from __future__ import annotations

import pytest

from store.records import Assertion, CaseDraft, Expectation

VERDICTS = "SELECT verdict FROM standing_labels ORDER BY revision_id"
MARK = {"y": "✓", "1": "✓", "p": "◐", "n": "✗", "0": "✗"}


async def answered(person, count: int) -> None:
    await person.press("r")
    await person.until_glyphs("●" * count)


@pytest.mark.parametrize("key", MARK)
async def test_a_key_labels_the_answer_and_shows_the_next(open_bench, key):
    async with open_bench("one", "two") as person:
        await answered(person, 2)
        await person.press(key)
        await person.until_glyphs(MARK[key] + "●")
        await person.until_on("2")
        assert person.cases.cursor == 1
        assert len(person.rows_of(VERDICTS)) == 1


async def test_the_label_stands_beside_the_answer_and_in_the_ladder(open_bench):
    async with open_bench("one", "two") as person:
        await answered(person, 2)
        await person.press("y", "n", "up")
        await person.until_seen("your label: pass", "bare 50%", "n 2")


async def test_skip_goes_on_without_a_verdict_and_comes_round_again(open_bench):
    async with open_bench("one", "two", "three") as person:
        await answered(person, 3)
        await person.press("s")
        await person.until_on("2")
        await person.press("y")
        await person.until_on("3")
        await person.press("y")
        await person.until_on("1")
        assert person.glyphs == "●✓✓"


async def test_advance_passes_over_what_has_a_verdict_already(open_bench, server):
    graded = CaseDraft("two", expectation=Expectation(assertions=(Assertion("contains", "two"),)))
    async with open_bench("one", graded, "three") as person:
        await person.press("r")
        await person.until_glyphs("●✓●")
        await person.press("y")
        await person.until_on("3")
        assert server.chats


async def test_a_label_wins_over_the_grade(open_bench):
    graded = CaseDraft("one", expectation=Expectation(assertions=(Assertion("contains", "x9"),)))
    async with open_bench(graded) as person:
        await person.press("r")
        await person.until_glyphs("✗")
        await person.press("y")
        await person.until_glyphs("✓")
        await person.until_seen("your label: pass", "✗ contains x9", "bare 100%")


async def test_twenty_labels_and_twenty_undos(open_bench):
    async with open_bench(*[f"case {number}" for number in range(20)]) as person:
        await answered(person, 20)
        await person.press(*["y", "n", "p", "y"] * 5)
        await person.until_glyphs("✓✗◐✓" * 5)
        assert [verdict for (verdict,) in person.rows_of(VERDICTS)] == [
            *("pass", "fail", "partial", "pass")
        ] * 5
        await person.press(*["u"] * 20)
        await person.until_glyphs("●" * 20)
        assert person.rows_of(VERDICTS) == []
        await person.until_on("1")
        await person.press("u")
        await person.until_said("no label of yours left")


async def test_undo_goes_back_to_the_case(open_bench):
    async with open_bench("one", "two", "three") as person:
        await answered(person, 3)
        await person.press("y", "y")
        await person.until_on("3")
        await person.press("u")
        await person.until_on("2")
        await person.until_glyphs("✓●●")
        assert person.cases.cursor == 1


async def test_keys_that_come_at_once_label_one_answer_each(open_bench):
    async with open_bench(*[f"case {number}" for number in range(6)]) as person:
        await answered(person, 6)
        await person.at_once("y", "y", "n", "y")
        await person.until_glyphs("✓✓✗✓●●")
        assert person.rows_of("SELECT count(*) FROM labels") == [(4,)]
        await person.until_on("5")


async def test_a_label_goes_to_the_case_that_the_cursor_is_on(open_bench):
    """Also where the cursor has moved and the case is not on the screen yet."""
    async with open_bench("one", "two", "three") as person:
        await answered(person, 3)
        await person.at_once("j", "n")
        await person.until_glyphs("●✗●")
        await person.until_on("3")


async def test_what_is_not_answered_is_not_labelled(open_bench, server):
    async with open_bench("one") as person:
        await person.press("y")
        await person.until_said("no whole answer here")
        server.reply, server.chunk_delay, server.held = (lambda _: "word " * 100), 0.03, True
        await person.press("enter")
        await person.until_seen("word word")
        await person.press("y")
        await person.press("escape")
        await person.until_glyphs("⚠")
        await person.press("y")
        assert person.rows_of("SELECT count(*) FROM labels") == [(0,)]


async def test_label_keys_in_the_prompt_box_are_text(open_bench):
    async with open_bench("one") as person:
        await answered(person, 1)
        await person.press("slash")
        await person.type("ypnsu10r?/i$+hdvcmea")
        assert person.box.text == "ypnsu10r?/i$+hdvcmea"
        assert person.rows_of("SELECT count(*) FROM labels") == [(0,)]
        assert person.app.screen is person.bench


async def test_the_same_answer_again_is_labelled_already(open_bench, server):
    async with open_bench("one", "two") as person:
        await answered(person, 2)
        await person.press("y", "home")
        await person.until_on("1")
        await person.press("enter")
        await person.until(lambda: len(server.chats) == 3)
        await person.until_glyphs("✓●")
        await person.until_seen("your label: pass")
        server.reply = lambda _: "something else"
        await person.press("enter")
        await person.until_glyphs("●●")
