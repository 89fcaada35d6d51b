"""The judge on the bench: hidden until it can sway nobody, live in its panel, never unasked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from store.records import Assertion, CaseDraft, Expectation

RUBRIC = Expectation("", (Assertion("llm-rubric", "is good"),))
TEXT = Expectation("Says that it is good,\nin whatever words it likes.")


def cases(count: int, expectation: Expectation = RUBRIC) -> list[CaseDraft]:
    return [CaseDraft(f"Question {n}", expectation=expectation) for n in range(count)]


@pytest.fixture
def judge(server):
    """Answer odd questions well; the model `yes` always says pass, `fair` what is so."""
    server.models = ("fixture-large", "yes", "fair")

    def reply(body: dict[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        if text.startswith("Question"):
            return "good" if int(text.split()[1]) % 2 else "bad"
        passed = body["model"] == "yes" or "\ngood\n" in text
        word = "pass" if passed else "fail"
        return json.dumps({"reason": f"It is a {word} [/b]\x1b[2J.", "verdict": word, "score": 1})

    server.reply = reply


async def choose(person, server, model: str) -> None:
    await person.press("M")
    await person.until_seen("Who judges the answers")
    await person.choose_model(server.base_url, model)
    await person.until(lambda: person.app.screen is person.bench)


async def judge_all(person, count: int) -> None:
    await person.press("J")
    await person.press("enter")
    await person.until_seen(f"{count} answers have its verdict")


async def test_the_judge_is_chosen_and_its_verdict_waits_for_the_label(open_bench, server, judge):
    async with open_bench(*cases(2, TEXT)) as person:
        await person.press("r")
        await person.until_glyphs("●●")
        await person.press("J")
        await person.until_seen("No judge is chosen yet")
        await person.press("escape")
        await choose(person, server, "fair")
        await person.until_seen("⚖ 0/20 labels")
        await judge_all(person, 2)
        await person.press("escape")
        # Judged, but neither shown nor counted.
        await person.until_seen("⚖ judged; label to see")
        assert "It is a" not in person.text
        assert person.glyphs == "●●"

        await person.press("y", "up")
        await person.until_on("1")
        await person.until_seen("⚖ judge: ✗ fail · not counted", "fair: It is a fail", "1/20")
        await person.until_gone("label to see")
        assert "[/b]␛[2J" in person.folded
        await person.press("u")
        await person.until_seen("⚖ judged; label to see", "⚖ 0/20 labels")
        await person.press("n")
        await person.until_glyphs("✗●")
        # A label that is given after the judge was read is no evidence.
        assert person.rows_of("SELECT blind FROM labels WHERE verdict = 'fail'") == [(0,)]


async def test_a_judge_that_always_says_pass_decides_nothing_and_the_screen_says_why(
    open_bench, server, judge
):
    async with open_bench(*cases(24), size=(80, 24)) as person:
        await person.press("r")
        await person.until_glyphs("●" * 24)
        await choose(person, server, "yes")
        await judge_all(person, 24)
        await person.press("escape")
        await person.press(*["n", "y"] * 10)
        await person.until_glyphs("✗✓" * 10 + "●" * 4)
        await person.until_seen("bare 50%", "n 20 ●4")
        await person.press("J")
        await person.until_seen("It does not decide: it says “pass” to every answer")
        await person.until_seen("κ 0.00 (0.00–0.00) · 20 shared labels")
        assert (
            "so its agreement with your 20 labels is what chance brings"
            in person.folded.replace("│ │ ", "")
        )
        assert person.glyphs.endswith("●●●●")


async def test_the_twentieth_label_lets_a_fair_judge_decide_and_undo_takes_it_back(
    open_bench, server, judge
):
    async with open_bench(*cases(24)) as person:
        await person.press("r")
        await person.until_glyphs("●" * 24)
        await choose(person, server, "fair")
        await judge_all(person, 24)
        await person.press("escape")
        await person.press(*["n", "y"] * 9, "n")
        await person.until_seen("⚖ 19/20 labels")
        assert person.glyphs.endswith("●●●●●")
        await person.press("y")
        await person.until_glyphs("✗✓" * 12)
        await person.until_seen("n 24 ⚖4", "⚖ κ 1.00")
        await person.until_seen("⚖ judge: ✗ fail")
        await person.press("u")
        await person.until_glyphs("✗✓" * 9 + "✗" + "●" * 5)
        await person.until_seen("⚖ 19/20 labels")


async def test_a_judge_of_its_own_answers_is_warned_of(open_bench, server, judge):
    async with open_bench(*cases(2)) as person:
        await person.press("r")
        await person.until_glyphs("●●")
        await choose(person, server, "fixture-large")
        await person.press("J")
        await person.until_seen("It judges answers of its own model")
        server.reply = lambda _: '{"verdict": "pass"}'
        await person.press("enter")
        await person.until_said("fixture-large judges itself: 2 of these answers are its own")


async def test_leaving_the_panel_lets_judging_go_on_and_esc_stops_it(open_bench, server, judge):
    async with open_bench(*cases(3)) as person:
        await person.press("r")
        await person.until_glyphs("●●●")
        await choose(person, server, "fair")
        server.chunk_delay, server.held = 0.001, True
        await person.press("J", "enter")
        await person.until_seen("judging: 0 of 3")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        assert person.bench.judging.busy
        await person.press("escape")
        await person.until(lambda: not person.bench.judging.busy)
        assert person.rows_of("SELECT outcome FROM judge_runs") == [("stopped",)]
        assert person.rows_of("SELECT count(*) FROM judgements") == [(0,)]
