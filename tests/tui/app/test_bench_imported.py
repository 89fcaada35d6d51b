"""The bench of a session whose answers were made elsewhere."""

from __future__ import annotations

from lab.desk import Desk
from lab.imports.answers import import_answers
from lab.imports.matching import Given
from lab.interop.answers import AnswerFile, AnswerRow
from store import sessions
from store.records import Expectation

ROWS = (
    AnswerRow(
        "line 1", "Paris", "capital", "Capital?", expectation=Expectation("Paris"), cost_usd=0.5
    ),
    AnswerRow("line 2", "Lyon", "town", "Which town?", label="fail", latency_s=2.0),
)


async def imported(engine, rung="bare", name="work"):
    """Make a session with imported answers in it, and nobody to ask."""
    session = await engine.database.write(sessions.create, name)
    desk = await Desk.open(engine, session)
    file = AnswerFile("answers.csv", "csv", ROWS)
    await import_answers(desk, file, Given(rung, "their-model"))


async def test_imported_answers_open_with_model_grade_and_label(engine, open_bench):
    await imported(engine)
    async with open_bench() as person:
        await person.until_glyphs("✓✗")
        await person.until_seen("bare · their-model · imported", "Paris", "$0.5000", "50%")
        await person.press("down")
        await person.until_seen("Lyon", "2.0 s", "price unknown")
        assert "$0.00 of $5.00" in person.text


async def test_asking_them_again_is_answered_with_a_sentence(engine, open_bench):
    await imported(engine, "context")
    async with open_bench() as person:
        await person.until_seen("Paris")
        for key in ("enter", "r", "R"):
            await person.press(key)
            await person.until_said("their-model were imported")
            person.app.clear_notifications()
        await person.send("A new question?")
        await person.until_said("their-model were imported")
        assert [case.prompt for case in person.stored][-1] == "A new question?"


async def test_a_model_that_can_be_asked_takes_their_place(engine, server, open_bench):
    await imported(engine, "rag")
    async with open_bench() as person:
        await person.until_seen("rag · their-model · imported")
        await person.press("m")
        await person.choose_model(server.base_url, "fixture-large")
        await person.until_seen("bare · fixture-large · custom")
        await person.press("enter")
        await person.until_seen("You asked: Capital?")
        await person.press("v")
        await person.until_seen("their-model", "fixture-large")


async def test_what_was_sent_is_not_claimed_to_be_known(engine, open_bench):
    await imported(engine)
    async with open_bench() as person:
        await person.until_seen("Paris")
        await person.bench.run_action("show_sent")
        await person.until_seen("What is known of what was sent elsewhere", "Capital?")
