"""`litmus answers import`: what it prints, what the ladder then shows, and how it says no."""

from __future__ import annotations

import json

from lab.interop import answer_formats
from tui.verbs import answer_words

CASES = """\
{"id": "capital", "prompt": "What is the capital?", "expected": "contains: Paris"}
{"id": "river", "prompt": "Which river?", "expected": "contains: Seine"}
"""
ANSWERS = """\
id,prompt,expected,answer,label,cost_usd,latency_s,mood
capital,What is the capital?,,It is Paris.,,0.001,1.5,glad
river,,,The Thames,,0.001,0.5,
,Which tower?,,Eiffel,pass,0.001,1,
"""


def made(litmus):
    litmus("new", "one")
    litmus("answers", "import", litmus.file("cases.jsonl", _with_answer(CASES)), *GIVEN)
    return litmus.file("answers.csv", ANSWERS)


GIVEN = ("--rung", "bare", "--model", "their-model")


def _with_answer(cases: str) -> str:
    rows = [{**json.loads(line), "answer": "first"} for line in cases.splitlines()]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_answers_come_in_and_the_ladder_counts_them(litmus):
    path = made(litmus)
    told = litmus("answers", "import", path, *GIVEN, "--dry-run", "--json")
    done = litmus("answers", "import", path, *GIVEN, "--json")
    assert done.data == told.data
    assert done.data == {
        "session": "one",
        "format": "csv",
        "answers": 3,
        "known_answers": 0,
        "replaced_answers": 2,
        "known_cases": 2,
        "new_cases": 1,
        "labels": 1,
        "skipped": 0,
        "variants": [
            {
                "rung": "bare",
                "provider": "imported",
                "served_by": None,
                "model": "their-model",
                "system": "",
                "parameters": {},
                "answers": 3,
            }
        ],
        "notes": ["not understood: mood"],
    }
    [rung] = litmus("ladder", "--json").data["rungs"]
    assert (rung["n"], rung["passed"], rung["model"]) == (3, 2, "their-model")
    assert (round(rung["cost_usd"], 6), rung["seconds"]) == (0.003, 3.0)
    [session] = litmus("sessions", "--json").data["sessions"]
    assert session["cost_usd"] == 0

    again = litmus("answers", "import", path, *GIVEN)
    assert "Nothing new for one: 3 answers are there already." in again.out
    assert again.err == "Not understood: mood.\n"


def test_what_was_done_is_said_in_a_line(litmus):
    path = made(litmus)
    told = litmus("answers", "import", path, *GIVEN, "--provider", "openai", "--dry-run")
    assert told.out.splitlines() == [
        "Would import into one (csv): 3 answers; 2 known cases, 1 new case; 1 label.",
        "  bare  their-model  3 answers",
    ]


def test_what_is_lacking_or_wrong_is_one_sentence(litmus):
    path = made(litmus)
    assert "give --rung bare" in litmus("answers", "import", path).refused()
    assert "--model" in litmus("answers", "import", path, "--rung", "bare").refused()
    bad = litmus.file("bad.csv", "id,prompt,answer\ncapital,Something else?,x\n")
    said = litmus("answers", "import", bad, *GIVEN).refused()
    assert said.startswith("Line 2 of bad.csv: the case “capital” asks")
    assert "cannot be read" in litmus("answers", "import", "none.csv", *GIVEN).refused()
    assert "invalid choice" in litmus("answers", "import", path, "--rung", "top").refused()


def test_an_imported_model_is_not_asked(litmus):
    made(litmus)
    for rung in ("bare", "context"):
        said = litmus("run", "--rung", rung).refused()
        assert said.startswith("The answers of their-model were imported")
    assert litmus("run", "--rung", "bare", "--dry-run").refused()


def test_every_format_that_is_read_can_be_named():
    assert answer_words.FORMATS == answer_formats.FORMATS
