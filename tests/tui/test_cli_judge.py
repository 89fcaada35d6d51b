"""`litmus judge`, and what `litmus ladder` says of the judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.server import FixtureServer, running

CASES, LABELLED = 36, 30
KEYS = {
    *("session", "judge", "outcome", "judged", "already", "failed", "skipped"),
    *("same_model_answers", "cost_usd", "agreement", "trusted", "why"),
}


def reply(body: dict[str, Any]) -> str:
    """Answer odd questions well; judge as the judge's name says."""
    text = body["messages"][-1]["content"]
    if text.startswith("Question"):
        return "good" if int(text.split()[1]) % 2 else "bad"
    if body["model"] in ("silent", "fixture-large"):
        return "I would rather not say."
    word = "pass" if body["model"] == "yes" or "\ngood\n" in text else "fail"
    return json.dumps({"reason": "\x1b[2Jso it is", "verdict": word, "score": 1})


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running(reply=reply) as running_server:
        yield running_server


@pytest.fixture
def answered(litmus, server):
    """A session whose answers only a person or a judge can tell, thirty of them labelled."""
    litmus("new", "one")
    cases = [
        {"id": f"c{n}", "prompt": f"Question {n}", "expected": "llm-rubric: is good"}
        for n in range(CASES)
    ]
    rows = [
        {
            "case": f"c{n}",
            "answer": "good" if n % 2 else "bad",
            "label": "pass" if n % 2 else "fail",
        }
        for n in range(LABELLED)
    ]
    for name, made in (("cases", cases), ("labels", rows)):
        litmus.file(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in made))
    imported = litmus("bench", "import", litmus.folder / "cases.jsonl", "--format", "jsonl")
    assert imported.status == 0, imported.err
    ran = litmus(
        *("run", "--rung", "bare", "--base-url", server.base_url, "--model", "fixture-large")
    )
    assert ran.status == 0, ran.err
    assert litmus("label", "import", litmus.folder / "labels.jsonl").status == 0
    return litmus


def ladder(litmus) -> tuple[Any, ...]:
    [rung] = litmus("ladder", "--json").data["rungs"]
    return rung["n"], rung["passed"], rung["verdicts"], rung["judged"]


def test_a_judge_that_always_says_pass_changes_nothing(answered, no_controls):
    assert ladder(answered) == (30, 15, 30, 0)
    found = answered("judge", "--model", "yes", "--json").data
    assert found.keys() == KEYS
    assert found["judge"] == {"provider": "custom", "model": "yes"}
    assert (found["judged"], found["failed"], found["skipped"]) == (CASES, 0, 0)
    assert (found["agreement"]["n"], found["agreement"]["kappa"]) == (30, 0)
    assert found["agreement"]["table"]["fail"] == {"pass": 15, "partial": 0, "fail": 0}
    assert found["trusted"] is False and "says “pass” to every answer" in found["why"]

    assert ladder(answered) == (30, 15, 30, 0)
    told = answered("judge")
    assert "36 had been before" in told.out and found["why"] in told.out
    no_controls(told)
    assert "by the judge" not in answered("ladder").out


def test_a_judge_that_agrees_decides_what_has_no_label(answered):
    found = answered("judge", "--model", "fair", "--json").data
    assert found["trusted"] is True
    assert ladder(answered) == (36, 18, 36, 6)
    assert "bare: 6 of 36 by the judge, κ 1.00 (1.00–1.00)" in answered("ladder").out
    judge = answered("ladder", "--json").data["judge"]
    assert judge.keys() == {"provider", "model", "trusted", "why", "agreement"}
    assert judge["agreement"]["n"] == 30


def test_what_cannot_be_judged_is_told(answered, server):
    assert answered("judge").refused().startswith("No judge is chosen yet; name one with")
    found = answered("judge", "--model", "silent")
    assert found.status == 1
    assert "36 of 36 answers got no verdict: The judge's reply cannot be used" in found.err
    own = answered("judge", "--model", "fixture-large", "--rung", "bare", "--concurrency", "9")
    assert "fixture-large judges itself: 36 of these answers are its own" in own.err
    none = answered("judge", "--model", "yes", "--rung", "context")
    assert none.status == 0 and none.out.startswith("There is nothing to judge")
    server.only_listed = True
    assert "has no model “fair”" in answered("judge", "--model", "fair").refused()
