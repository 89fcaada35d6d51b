"""A session's dataset from a real database: what is read, with which labels, for which model."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.desk import Desk
from lab.imports.answers import import_answers
from lab.imports.matching import Given
from lab.interop.answer_formats import read_answers
from lab.setup import Setup
from lab.tuning.examples.report import Report, examine, recipe_for
from store import benchmarks, labels, training
from store.records import Assertion, CaseDraft, Expectation, Rung

Give = Callable[..., Awaitable[None]]


@pytest.fixture
def give(desk: Desk, tmp_path: Path) -> Give:
    """Take in answers made elsewhere: (case id, prompt, answer, label or empty)."""

    async def given(*rows: tuple[str, str, str, str], rung: Rung = "bare") -> None:
        path = tmp_path / "answers.jsonl"
        names = ("id", "prompt", "answer", "label")
        kept = [{n: v for n, v in zip(names, row, strict=True) if v} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))
        await import_answers(desk, read_answers(path), Given(rung=rung, model="m"))

    return given


@pytest.fixture
async def cases(desk: Desk) -> Desk:
    """Two train cases whose whole answer nothing says, and a test case."""
    wanted = Expectation("", (Assertion("contains", "x"),))
    await desk.add_cases(
        CaseDraft(prompt, key=key, expectation=wanted, split=split)
        for key, prompt, split in (("a", "A?", "train"), ("b", "B?", "train"), ("c", "C?", "test"))
    )
    return desk


async def examples(desk: Desk, **choice: Any) -> dict[str, tuple[str, str]]:
    report = await looked(desk, **choice)
    return {each.case.key: (each.answer, each.rejected) for each in report.dataset.examples}


async def looked(desk: Desk, **choice: Any) -> Report:
    return await examine(desk, await recipe_for(desk, **choice), by_meaning=False)


async def test_passed_answers_of_any_variant_the_newest_first(cases, give):
    await give(("a", "A?", "old x", "pass"), ("b", "B?", "no", "fail"), ("c", "C?", "x", "pass"))
    await give(("a", "A?", "new x", "pass"), ("b", "B?", "y", ""), rung="context")
    assert await examples(cases) == {"a": ("new x", "")}
    report = await looked(cases)
    assert [item.kind for item in report.dataset.left_out] == ["not_whole"]
    assert [case.key for case in report.dataset.tests] == ["c"]
    assert report.dataset.passed[report.dataset.tests[0].id] == ("x",)


async def test_only_labels_on_the_present_revision_count(cases, give):
    await give(("a", "A?", "one x", "pass"))
    case = await cases.database.read(benchmarks.by_key, cases.session.id, "a")
    await cases.revise(case, replace(case.draft, prompt="A, and why?"))
    assert await examples(cases) == {}


async def test_a_label_that_is_taken_back_or_given_anew(cases, give):
    await give(("a", "A?", "one x", "pass"), ("b", "B?", "two x", "fail"))
    material = await cases.database.read(training.material, cases.session.id)
    by_text = {each.text: each for each in material.answers}
    assert set(by_text) == {"one x", "two x"}
    answers = {case.key: case.revision_id for case in material.cases}
    hashes = await cases.database.read(labels.labelled_answers, cases.session.id)
    assert {each.label for each in hashes} == {"pass", "fail"}

    from store.records import answer_hash

    await cases.database.write(
        labels.add, cases.session.id, answers["a"], answer_hash("one x"), "fail"
    )
    assert await examples(cases) == {}
    await cases.database.write(labels.undo, cases.session.id)
    assert await examples(cases) == {"a": ("one x", "")}


async def test_preferences_take_both_labels(cases, give):
    await give(("a", "A?", "right x", "pass"), ("b", "B?", "right x", "pass"))
    await give(("a", "A?", "wrong", "fail"), ("b", "B?", "so so", "partial"), rung="context")
    assert await examples(cases, format="dpo") == {"a": ("right x", "wrong")}


async def test_removed_cases_and_other_sessions_are_not_looked_at(cases, give):
    await give(("a", "A?", "one x", "pass"))
    case = await cases.database.read(benchmarks.by_key, cases.session.id, "a")
    await cases.remove_case(case.id)
    assert await examples(cases) == {}
    assert await cases.database.read(training.judged, cases.session.id + 1) == []


async def test_the_recipe_is_the_sessions(desk):
    desk.setup = Setup("openai", "gpt-4o", system="Be brief.")
    recipe = await recipe_for(desk)
    assert (recipe.system, recipe.model, recipe.window) == ("Be brief.", "gpt-4o", 128_000)
    desk.setup = None
    assert (await recipe_for(desk)).window is None


async def test_what_was_not_compared_by_meaning_says_why(cases, give, monkeypatch, tmp_path):
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path / "none"))
    monkeypatch.delenv("LITMUS_MINILM", raising=False)
    recipe = await recipe_for(cases)
    assert (await examine(cases, recipe)).not_by_meaning == "there is nothing to compare"
    await give(("a", "A?", "one x", "pass"))
    told = (await examine(cases, recipe)).not_by_meaning
    assert told == "MiniLM's weights are not here; `litmus docs promote` fetches them"
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    monkeypatch.setenv("LITMUS_MINILM", str(broken))
    assert "cannot be used" in (await examine(cases, recipe)).not_by_meaning
    assert (await looked(cases)).not_by_meaning == "not asked for"
