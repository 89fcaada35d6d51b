"""The bench: a prompt typed, asked, watched, stopped and kept."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import TextArea

from fixtures.server_faults import Fault
from lab.engine import Engine
from store import runs
from store.records import Assertion, CaseDraft, Expectation
from tui.screens.case_editor import CaseEditor
from tui.screens.model_picker import ModelPicker
from tui.widgets.case_list import CaseList

LONG = " ".join(f"word{number}" for number in range(120))


def expecting(prompt: str, *values: str) -> CaseDraft:
    checks = tuple(Assertion("contains", value) for value in values)
    return CaseDraft(prompt, expectation=Expectation(assertions=checks))


# -- Asking -------------------------------------------------------------------------


async def test_a_typed_prompt_is_asked_at_once_and_kept_as_a_case(open_bench, server):
    server.answers = {"capital": "It is Paris."}
    async with open_bench() as person:
        await person.until_seen("No cases yet")
        await person.type("What is the capital?")
        assert person.box.text == "What is the capital?"
        await person.press("ctrl+j")
        await person.until_seen("It is Paris.")
        await person.until_glyphs("●")
        assert [case.prompt for case in person.stored] == ["What is the capital?"]
        assert person.box.text == ""
        assert isinstance(person.app.focused, CaseList)
        answer = person.answer()
        assert (answer.status, answer.text) == ("done", "It is Paris.")
        assert len(server.chats) == 1


async def test_a_prompt_that_is_sent_before_a_model_is_chosen_is_asked_once_it_is(
    open_bench, server
):
    async with open_bench(model=None) as person:
        await person.until_seen("no model yet", "m chooses")
        await person.send("Who are you?")
        await person.until(lambda: isinstance(person.app.screen, ModelPicker))
        await person.choose_model(server.base_url, "fixture-small")
        await person.until_seen("You asked: Who are you?")
        assert [chat["model"] for chat in server.chats] == ["fixture-small"]


async def test_leaving_the_model_picker_keeps_the_prompt_and_asks_nothing(open_bench, server):
    async with open_bench(model=None) as person:
        await person.send("Who are you?")
        await person.until(lambda: isinstance(person.app.screen, ModelPicker))
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        assert [case.prompt for case in person.stored] == ["Who are you?"]
        assert server.chats == []


async def test_enter_asks_one_r_asks_what_is_missing_and_shift_r_asks_all_anew(open_bench, server):
    async with open_bench("one", "two", "three") as person:
        await person.press("down", "enter")
        await person.until_glyphs("○●○")
        await person.press("r")
        await person.until_glyphs("●●●")
        assert len(server.chats) == 3
        await person.press("r")
        await person.until_said("Everything is answered here")
        assert len(server.chats) == 3
        await person.press("R")
        await person.until(lambda: len(server.chats) == 6)
        await person.press("enter")
        await person.until(lambda: len(server.chats) == 7)


async def test_training_cases_are_not_asked_with_all(open_bench, server):
    async with open_bench("one", CaseDraft("lesson", split="train")) as person:
        await person.press("r")
        await person.until_glyphs("●○")
        assert len(server.chats) == 1


async def test_r_without_a_case_says_what_to_do(open_bench):
    async with open_bench() as person:
        await person.press("escape", "r")
        await person.until_said("type a prompt and send it")


async def test_an_answer_is_seen_while_it_streams(open_bench, server):
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.03, True
    async with open_bench("one", "two") as person:
        await person.press("enter")
        await person.until_seen("asking…", "word9", "1 to come")
        assert person.glyphs == "◌○"
        assert "word119" not in person.text
        # Another case, and back: what has come so far is there.
        await person.press("down")
        await person.until_seen("Not asked yet")
        await person.press("up")
        await person.until_seen("asking…", "word15")
        assert person.answers.answer is None
        await person.press("escape")
        await person.until_glyphs("⚠○")


async def test_stop_keeps_what_has_come(open_bench, server):
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.03, True
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_seen("word9", "Stop")
        await person.press("escape")
        await person.until_seen("stopped here")
        answer = person.answer()
        assert answer.status == "stopped"
        assert LONG.startswith(answer.text) and "word9" in answer.text
        assert "word9" in person.text
        await person.until(lambda: "Stop" not in person.rows[-1], "no stop in the footer")
        await person.until(lambda: server.live == 0)


async def test_stop_ends_a_run_over_many_cases(open_bench, server):
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.03, True
    async with open_bench(*[f"case {number}" for number in range(30)]) as person:
        await person.press("r")
        await person.until(lambda: server.live == 8)
        await person.until_seen("word5")
        await person.press("escape")
        await person.until(lambda: server.live == 0)
        await person.until(lambda: not person.bench.asking.busy)
        assert person.glyphs == "⚠" * 8 + "○" * 22
        assert len(server.chats) == 8


async def test_two_runs_at_once_do_not_mix(open_bench, server):
    server.chunk_delay, server.held = 0.02, True
    server.reply = lambda body: " ".join(
        f"{body['messages'][-1]['content']}{number}" for number in range(60)
    )
    async with open_bench("red", "blue") as person:
        await person.press("enter", "down", "enter")
        await person.until(lambda: server.live == 2)
        server.held = False
        await person.until_glyphs("●●")
        red, blue = person.answer("1").text, person.answer("2").text
        assert red.endswith("red59") and "blue" not in red
        assert blue.endswith("blue59") and "red" not in blue
        await person.until_seen("blue59")


async def test_asking_again_what_is_being_asked_is_not_asked_twice(open_bench, server):
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.03, True
    async with open_bench("one") as person:
        await person.press("enter", "enter", "enter")
        await person.until_seen("word5")
        assert server.most_live == 1
        await person.press("escape")
        await person.until_glyphs("⚠")


async def test_reasoning_is_shown_above_the_answer_and_folds(open_bench, server):
    server.reasoning, server.answers = "First I think.", {"one": "Then I say."}
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_seen("First I think.", "Then I say.")
        await person.press("tab", "t")
        await person.until_gone("First I think.")
        await person.until_seen("▸ Reasoning", "Then I say.")


async def test_w_shows_exactly_what_is_sent(open_bench):
    async with open_bench("What [red]is[/red] it?") as person:
        await person.press("w")
        await person.until_seen("Exactly what is sent", "── user ──", "What [red]is[/red] it?")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_the_system_prompt_is_sent_and_makes_another_variant(open_bench, server):
    async with open_bench("one") as person:
        await person.press("a")
        await person.until_seen("System prompt")
        await person.paste("Be brief.\nBe right.")
        await person.press("ctrl+j")
        await person.until(lambda: person.app.screen is person.bench)
        await person.press("enter")
        await person.until_glyphs("●")
        assert server.chats[0]["messages"][0] == {
            "role": "system",
            "content": "Be brief.\nBe right.",
        }


# -- Editing ------------------------------------------------------------------------


async def edit(person, expected: str) -> None:
    await person.press("e")
    await person.until(lambda: isinstance(person.app.screen, CaseEditor))
    person.app.focused.text = expected
    await person.press("ctrl+j")


async def test_editing_the_expectation_grades_the_answer_anew_without_asking(open_bench, server):
    server.answers = {"capital": "It is Paris."}
    async with open_bench("the capital?") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        await person.until_seen("Nothing yet: e says")
        await edit(person, "contains: Paris")
        await person.until_glyphs("✓")
        await person.until_seen("✓ contains Paris", "bare 100%")
        await edit(person, "contains: Rome")
        await person.until_glyphs("✗")
        await person.until_seen("✗ contains Rome", "bare 0%")
        assert len(server.chats) == 1
        [case] = person.stored
        assert case.number == 3


async def test_an_expectation_that_cannot_be_is_refused_in_the_editor(open_bench):
    async with open_bench("one") as person:
        await edit(person, "regex: (")
        await person.until(lambda: person.app.screen.query_one(".problem").visual is not None)
        await person.until_seen("regex")
        assert isinstance(person.app.screen, CaseEditor)
        await person.press("escape")
        await person.until_seen("Keep the changes?")
        await person.press("n")
        await person.until(lambda: person.app.screen is person.bench)
        [case] = person.stored
        assert (case.number, case.expectation) == (1, Expectation())


async def test_editing_the_prompt_leaves_no_answer_to_it(open_bench):
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        await person.press("e")
        await person.until(lambda: isinstance(person.app.screen, CaseEditor))
        person.app.screen.query(TextArea).first().text = "two"
        await person.press("ctrl+j")
        await person.until_glyphs("○")
        await person.until_seen("Not asked yet", "two")


async def test_a_removed_case_comes_back_where_it_was(open_bench):
    async with open_bench("one", "two", "three") as person:
        await person.press("down", "delete")
        await person.until_said("ctrl+z brings it back")
        await person.until(lambda: person.cases.count == 2)
        assert [case.prompt for case in person.stored] == ["one", "three"]
        await person.until_on("3")
        await person.press("delete", "delete")
        await person.until_seen("No cases yet")
        await person.press("ctrl+z", "ctrl+z", "ctrl+z")
        await person.until(lambda: person.cases.count == 3)
        assert [case.prompt for case in person.stored] == ["one", "two", "three"]
        await person.until_on("2")


async def test_the_case_under_the_cursor_is_the_one_that_is_removed(open_bench):
    """Keys that come faster than the store: the second delete is for the second case."""
    async with open_bench("one", "two", "three", "four") as person:
        for _ in range(2):
            await person.press("delete")
        await person.until(lambda: person.cases.count == 2)
        assert [case.prompt for case in person.stored] == ["three", "four"]


# -- Pasting ------------------------------------------------------------------------

LINES = "\n".join(f"line {number}" for number in range(200))


@pytest.mark.parametrize("key", ["slash", "escape"])
async def test_two_hundred_lines_stay_two_hundred(open_bench, server, key):
    async with open_bench("one") as person:
        await person.press(key)
        await person.paste(LINES)
        await person.until(lambda: person.box.text == LINES)
        assert person.box.has_focus
        await person.press("ctrl+j")
        await person.until(lambda: len(person.stored) == 2)
        assert person.stored[1].prompt == LINES
        await person.until(lambda: server.chats)
        assert server.chats[0]["messages"][-1]["content"] == LINES


# -- What goes wrong ----------------------------------------------------------------


async def asked_again(person) -> None:
    """The app lives: what is asked now is answered."""
    await person.press("enter")
    await person.until_glyphs("●")


async def test_a_dead_server_is_told_in_one_sentence(open_bench, server):
    async with open_bench("one") as person:
        await server.stop()
        await person.press("enter")
        await person.until_said("Nothing answers")
        assert len(person.said) == 1 and "Traceback" not in person.text
        await server.start()
        await asked_again(person)


async def test_a_key_that_is_refused_is_told_in_one_sentence(open_bench, server):
    async with open_bench("one") as person:
        server.api_key = "sk-right"
        await person.press("enter")
        await person.until_said("LITMUS_API_KEY")
        assert len(person.said) == 1
        await person.until_glyphs("⚠")
        server.api_key = ""
        await asked_again(person)


async def test_an_unknown_model_is_told_in_one_sentence(open_bench, server):
    async with open_bench("one") as person:
        server.fail_next(Fault.MODEL_NOT_FOUND)
        await person.press("enter")
        await person.until_said("fixture-large")
        assert len(person.said) == 1
        await asked_again(person)


async def test_a_run_over_many_says_once_what_is_wrong(open_bench, server):
    async with open_bench("one", "two", "three") as person:
        server.fault = Fault.UNAUTHORIZED
        await person.press("r")
        await person.until_said("LITMUS_API_KEY")
        await person.until(lambda: not person.bench.asking.busy)
        assert len(person.said) == 1
        server.fault = None
        await person.press("r")
        await person.until_glyphs("●●●")


async def test_a_stream_that_is_cut_is_asked_again(open_bench, server):
    async with open_bench("one two three four five six") as person:
        server.fail_next(Fault.CUT)
        await person.press("enter")
        await person.until_seen("You asked: one two three four five six")
        await person.until_glyphs("●")
        assert len(server.chats) == 2
        assert person.said == []


async def test_the_cap_stops_the_next_call(open_bench, server):
    async with open_bench("one", "two") as person:
        await person.press("enter")
        await person.until_glyphs("●○")
        person.engine.database.write_now(lambda c: c.execute("UPDATE runs SET cost_usd = 4.5"))
        await person.press("dollar_sign")
        await person.until_seen("may spend")
        person.app.focused.value = "0.50"
        await person.press("enter")
        await person.until_seen("$4.50", "$0.50")
        await person.press("r")
        await person.until_said("cap")
        assert len(server.chats) == 1
        await person.until(lambda: not person.bench.asking.busy)
        assert person.glyphs == "●○"


async def test_a_cap_that_is_no_amount_is_refused(open_bench):
    async with open_bench("one") as person:
        await person.press("dollar_sign")
        await person.until_seen("may spend")
        person.app.focused.value = "a lot"
        await person.press("enter")
        await person.until_said("“a lot” is no amount")
        assert person.session.cap_usd == 5.0


# -- Leaving ------------------------------------------------------------------------


async def test_leaving_in_the_middle_of_a_run_keeps_everything(open_bench, server, tmp_path):
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.03, True
    async with open_bench("one", "two", "three") as person:
        await person.press("r")
        await person.until_seen("word9")
        await person.press("ctrl+q")
        async with asyncio.timeout(10):
            while person.app.is_running:
                await asyncio.sleep(0.01)
    engine = Engine(tmp_path / "home")
    try:
        found = engine.database.read_now(
            lambda c: c.execute("SELECT status, text FROM answers").fetchall()
        )
        assert [status for status, _ in found] == ["stopped"] * 3
        assert all(LONG.startswith(text) and "word5" in text for _, text in found)
        assert engine.database.write_now(runs.interrupt, "nobody") == 0
    finally:
        await engine.close()


async def test_cursor_draft_and_set_up_come_back(open_bench, server):
    async with open_bench("one", "two", "three") as person:
        await person.press("down", "down", "slash")
        await person.type("a draft, half ")
        await person.press("enter")
        await person.type("written")
        await person.press("escape", "c")
        await person.until_seen("context · fixture-large")
    async with open_bench() as person:
        await person.until_on("3")
        assert person.cases.cursor == 2
        assert person.box.text == "a draft, half \nwritten"
        await person.until_seen("context · fixture-large", "a draft, half")


async def test_what_was_typed_last_is_kept_when_the_app_is_left_at_once(open_bench):
    async with open_bench() as person:
        await person.type("last words")
        await person.press("ctrl+q")
        async with asyncio.timeout(10):
            while person.app.is_running:
                await asyncio.sleep(0.01)
    async with open_bench() as person:
        assert person.box.text == "last words"
