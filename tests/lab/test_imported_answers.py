"""Answers made elsewhere, taken into a session: whose they are, what is new, what is refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.desk import Desk
from lab.failures import AskError
from lab.imports.answers import Outcome, import_answers
from lab.imports.matching import Given
from lab.interop.answer_formats import read_answers
from lab.interop.files import ImportProblem
from lab.setup import Setup
from store import labels, runs, sessions
from store.errors import StoreError
from store.records import Answer, CaseDraft, Expectation, Variant, answer_hash

Import = Callable[..., Awaitable[Outcome]]
BARE = Given("bare", "their-model")


@pytest.fixture
def take(desk: Desk, tmp_path: Path) -> Import:
    """Import rows, written as JSONL, into the desk's session."""

    async def imported(
        *rows: dict[str, Any], given: Given = BARE, dry_run: bool = False
    ) -> Outcome:
        path = tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return await import_answers(desk, read_answers(path), given, dry_run=dry_run)

    return imported


async def kept(desk: Desk) -> list[Answer]:
    """Return every answer that is stored, in order."""
    ids = await desk.database.read(
        lambda c: [row[0] for row in c.execute("SELECT id FROM answers ORDER BY id")]
    )
    return [await desk.database.read(runs.get, answer_id) for answer_id in ids]


async def imported_variant(desk: Desk) -> Variant:
    [variant] = await desk.variants()
    return variant


async def test_an_answer_finds_its_case_by_id_or_by_prompt_or_makes_one(desk, take):
    await desk.add_cases(
        [
            CaseDraft("Capital?", "capital", Expectation("Paris")),
            CaseDraft("Which\n river?", "river", Expectation("Seine")),
        ]
    )
    done = await take(
        {"id": "capital", "answer": "It is Paris.", "cost_usd": 0.002, "latency_s": 1.5},
        {"prompt": "Which river? ", "answer": "The Thames."},
        {"id": "bridge", "prompt": "Which bridge?", "expected": "Neuf", "answer": "Pont Neuf"},
        {"prompt": "Which tower?", "answer": "Eiffel"},
        {"prompt": "Which tower?", "answer": "Montparnasse"},
    )
    assert (done.answers, done.cases, done.new_cases, done.skipped) == (5, 2, 2, 0)
    cases = {case.id: case.key for case in await desk.cases()}
    answers = await kept(desk)
    assert [(cases[a.case_id], a.epoch, a.grade) for a in answers] == [
        ("capital", 1, "pass"),
        ("river", 1, "fail"),
        ("bridge", 1, "pass"),
        ("3", 1, None),
        ("3", 2, None),
    ]
    assert {a.status for a in answers} == {"done"}
    assert (answers[0].cost_usd, answers[0].latency_s) == (0.002, 1.5)
    assert (answers[1].cost_usd, answers[1].latency_s) == (None, None)
    variant = await imported_variant(desk)
    assert (variant.rung, variant.provider, variant.model) == ("bare", "imported", "their-model")


async def test_imported_answers_count_on_the_ladder_and_not_against_the_cap(desk, take):
    await take(
        {"id": "a", "prompt": "A?", "expected": "yes", "answer": "yes", "cost_usd": 3},
        {"id": "b", "prompt": "B?", "expected": "yes", "answer": "no", "cost_usd": 4},
    )
    standing = await desk.standing(await imported_variant(desk))
    assert (standing.rate.passed, standing.rate.n, standing.cost_usd) == (1, 2, 7.0)
    assert await desk.spent() == (0.0, 0)
    outcomes = await desk.database.read(
        lambda c: c.execute("SELECT outcome, finished_at IS NULL FROM runs").fetchall()
    )
    assert outcomes == [("imported", 0)]


async def test_checks_of_time_and_cost_are_held_against_what_the_file_says(desk, take):
    rows = [
        {"id": "slow", "prompt": "A?", "expected": "latency: 1000", "answer": "x", "latency_s": 2},
        {"id": "quick", "prompt": "B?", "expected": "latency: 1000", "answer": "x", "latency_s": 1},
    ]
    await take(*rows)
    assert [answer.grade for answer in await kept(desk)] == ["fail", "pass"]


async def test_importing_again_adds_only_what_is_new(desk, take):
    rows: list[dict[str, Any]] = [
        {"id": "a", "prompt": "A?", "answer": "one", "label": "pass", "cost_usd": 0.1},
        {"id": "b", "prompt": "B?", "answer": "two", "label": "n"},
        {"prompt": "C?", "answer": "three"},
    ]
    first = await take(*rows)
    assert (first.answers, first.known, first.labels, first.new_cases) == (3, 0, 2, 3)
    again = await take(*rows)
    assert (again.answers, again.known, again.labels, again.new_cases) == (0, 3, 0, 0)
    assert len(await kept(desk)) == 3

    # Another text for an epoch, or a cost that was not known, is a newer answer of it.
    rows[1] |= {"answer": "TWO"}
    rows[2] |= {"cost_usd": 0.5}
    more = await take(*rows, {"id": "d", "prompt": "D?", "answer": "four"})
    assert (more.answers, more.known, more.replaced, more.labels) == (3, 1, 2, 1)
    variant = await imported_variant(desk)
    shown = [await desk.answer(case, variant) for case in await desk.cases()]
    assert [(a.text, a.epoch, a.cost_usd) for a in shown] == [
        ("one", 1, 0.1),
        ("TWO", 1, None),
        ("three", 1, 0.5),
        ("four", 1, None),
    ]


async def test_a_file_that_says_less_than_is_known_replaces_nothing(desk, take):
    await take({"id": "a", "prompt": "A?", "answer": "one", "cost_usd": 0.1, "latency_s": 2})
    done = await take({"id": "a", "answer": "one"})
    assert (done.answers, done.known) == (0, 1)


async def test_labels_come_along_and_never_replace_a_verdict_that_stands(desk, take):
    row = {"id": "a", "prompt": "A?", "answer": "one", "label": "pass", "reason": "f", "note": "ok"}
    await take(row)
    [answer] = await kept(desk)
    [case] = await desk.cases()
    label = await desk.database.read(labels.standing, case.revision_id, answer_hash("one"))
    assert (label.verdict, label.reason, label.note, label.source) == ("pass", "f", "ok", "import")

    await desk.label(answer, "fail")
    done = await take(row)
    assert done.labels == 0
    assert any("labels differ from verdicts that stand here" in note for note in done.notes)
    label = await desk.database.read(labels.standing, case.revision_id, answer_hash("one"))
    assert label.verdict == "fail"


async def test_what_a_row_says_of_itself_goes_before_the_options(desk, take):
    done = await take(
        {"id": "a", "prompt": "A?", "answer": "1", "model": "m2", "rung": "context"},
        {"id": "a", "answer": "2", "provider": "openai", "system": "Be brief."},
    )
    assert [(v.rung, v.model, v.system, v.parameters, n) for v, n in done.variants] == [
        ("context", "m2", "", {}, 1),
        ("bare", "their-model", "Be brief.", {"served_by": "openai"}, 1),
    ]


async def test_a_price_is_reckoned_from_tokens_where_the_server_is_known(desk, take):
    row = {"prompt": "A?", "answer": "1", "prompt_tokens": 1_000_000, "completion_tokens": 0}
    done = await take(
        {"id": "known", **row, "provider": "openai", "model": "gpt-4o"},
        {"id": "unknown", **row, "model": "gpt-4o"},
        {"id": "given", **row, "provider": "openai", "model": "gpt-4o", "cost_usd": 9},
    )
    keys = {case.id: case.key for case in await desk.cases()}
    costs = {keys[answer.case_id]: answer.cost_usd for answer in await kept(desk)}
    assert 0.5 < costs["known"] < 8
    assert (costs["unknown"], costs["given"]) == (None, 9)
    assert any(note.startswith("1 costs are reckoned") for note in done.notes)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": "a", "prompt": "Other?", "answer": "x"}, "asks “A?”"),
        ({"id": "new", "answer": "x"}, "there is no case “new”, and no prompt"),
        ({"id": "gone", "prompt": "Gone?", "answer": "x"}, "taken out of the benchmark"),
        ({"prompt": "Twice?", "answer": "x"}, "several cases ask this"),
        ({"id": "a", "answer": "x", "epoch": 1}, "epoch 1 of the case “a” is in line 1 already"),
        ({"id": "a", "messages": [{"role": "user", "content": "Hi"}], "answer": "x"}, "turns"),
        ({"id": "a", "answer": "x", "rung": "top"}, "rung is “top”"),
        ({"id": "a", "answer": "x", "cost_usd": -1}, "cost_usd is -1"),
        ({"id": "a", "answer": "x", "label": "good"}, "label is “good”"),
    ],
)
async def test_one_row_that_belongs_nowhere_refuses_the_file(desk, take, row, says):
    ids = await desk.add_cases(
        [
            CaseDraft("A?", "a"),
            CaseDraft("Gone?", "gone"),
            CaseDraft("Twice?", "one"),
            CaseDraft("Twice?", "two"),
        ]
    )
    await desk.remove_case(ids[1])
    with pytest.raises(ImportProblem) as refused:
        await take({"id": "a", "answer": "fine", "epoch": 1}, row)
    assert str(refused.value).startswith("Line 2 of answers.jsonl: ")
    assert says in str(refused.value)
    assert await kept(desk) == []


@pytest.mark.parametrize(
    ("given", "says"), [(Given(model="m"), "--rung"), (Given(rung="bare"), "--model")]
)
async def test_a_file_without_rung_or_model_is_told_what_to_give(take, given, says):
    with pytest.raises(ImportProblem, match=says):
        await take({"prompt": "A?", "answer": "x"}, given=given)


async def test_an_unknown_id_with_a_known_prompt_is_that_case(desk, take):
    await desk.add_cases([CaseDraft("A?", "a", Expectation("yes"))])
    done = await take(
        {"id": "q-17", "prompt": "A?", "answer": "yes"},
        {"id": "q-18", "prompt": "A?", "expected": "no", "answer": "no"},
    )
    assert (done.cases, done.new_cases) == (1, 1)
    assert [case.key for case in await desk.cases()] == ["a", "q-18"]
    assert any("unknown id" in note for note in done.notes)


async def test_only_what_the_benchmark_asks_where_that_is_wanted(desk, take):
    await desk.add_cases([CaseDraft("A?", "a")])
    rows = [{"prompt": "A?", "answer": "x"}, {"prompt": "B?", "answer": "x"}]
    done = await take(*rows, given=replace(BARE, known_only=True))
    assert (done.answers, done.new_cases, done.skipped) == (1, 0, 1)
    assert len(await desk.cases()) == 1


async def test_rows_with_an_error_are_counted_and_left_out(desk, take):
    done = await take(
        {"id": "a", "prompt": "A?", "answer": None, "error": "timed out"},
        {"id": "b", "prompt": "B?", "answer": "x", "error": ""},
    )
    assert (done.answers, done.skipped) == (1, 1)
    assert "1 left out: timed out" in done.notes


async def test_a_dry_run_tells_the_same_and_stores_nothing(desk, take):
    await desk.add_cases([CaseDraft("A?", "a")])
    rows = [
        {"id": "a", "answer": "x", "label": "pass", "colour": "red"},
        {"id": "b", "prompt": "B?", "answer": "y"},
    ]
    told = await take(*rows, dry_run=True)
    assert await kept(desk) == [] and len(await desk.cases()) == 1
    assert told == await take(*rows)
    assert (told.answers, told.cases, told.new_cases, told.labels) == (2, 1, 1, 1)
    assert "not understood: colour" in told.notes


async def test_nothing_is_kept_where_storing_fails_half_way(desk, take, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr("store.labels.add", full)
    with pytest.raises(StoreError):
        await take({"prompt": "A?", "answer": "x", "label": "pass"})
    assert await kept(desk) == [] and await desk.cases() == []


async def test_an_imported_model_cannot_be_asked_and_says_so(engine, desk, take, variant):
    await take({"id": "a", "prompt": "A?", "answer": "x"}, given=Given("rag", "their-model"))
    session = await engine.database.read(sessions.named, "test")
    opened = await Desk.open(engine, session)
    shown = opened.variant()
    assert await opened.stored_variant(shown) == await imported_variant(desk)
    with pytest.raises(AskError, match="their-model were imported"):
        await opened.ask(await opened.cases(), shown)
    assert (opened.setup.rung, opened.setup.rung_to_ask) == ("rag", "bare")

    await opened.choose(opened.setup)
    assert await engine.database.read(sessions.setting, "setup") is None


async def test_a_session_that_asked_somebody_goes_on_asking_them(engine, desk, take, add, run):
    await run(await add("A?"))
    await take({"id": "1", "answer": "x"})
    opened = await Desk.open(engine, await engine.database.read(sessions.named, "test"))
    assert opened.setup.provider == "custom"


async def test_imported_answers_on_the_context_rung_keep_their_variant(desk, take, tmp_path):
    done = await take({"prompt": "A?", "answer": "x"}, given=Given("context", "m"))
    [(variant, _)] = done.variants
    assert Setup.of(variant).variant(desk.documents).hash == variant.hash


class TestRatings:
    """Files for Inspect's `precomputed_scores`, on answers that are there."""

    async def test_they_label_every_epoch_or_the_one_they_name(self, desk, take):
        await take(
            {"id": "a", "prompt": "A?", "answer": "a1"},
            {"id": "a", "answer": "a2"},
            {"id": "b", "prompt": "B?", "answer": "b1"},
            {"id": "b", "answer": "b2"},
        )
        done = await take(
            {"id": "a", "value": "C", "explanation": "well said"},
            {"id": "b", "epoch": 2, "value": 0},
            {"id": "stranger", "value": "I"},
            given=Given(),
        )
        assert (done.format, done.labels, done.answers, done.skipped) == ("inspect-scores", 3, 0, 1)
        assert [answer.label for answer in await kept(desk)] == ["pass", "pass", None, "fail"]

    async def test_they_bring_their_answer_where_none_is_stored(self, desk, take):
        await desk.add_cases([CaseDraft("A?", "a")])
        done = await take({"id": "a", "value": 1, "answer": "yes"})
        assert (done.answers, done.labels) == (1, 1)
        again = await take({"id": "a", "value": 1, "answer": "in other words"})
        assert (again.answers, again.labels) == (0, 0)

    async def test_of_two_models_one_must_be_named(self, desk, take):
        for model in ("one", "two"):
            await take({"id": "a", "prompt": "A?", "answer": model}, given=Given("bare", model))
        with pytest.raises(ImportProblem, match="--model"):
            await take({"id": "a", "value": "C"}, given=Given())
        done = await take({"id": "a", "value": "C"}, given=Given(model="two"))
        assert done.labels == 1
        assert [answer.label for answer in await kept(desk)] == [None, "pass"]
