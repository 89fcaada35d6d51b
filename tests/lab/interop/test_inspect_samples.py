"""Inspect's samples: choices as letters, any of several targets, and what is not used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.grading.assertions import grade
from lab.interop import inspect_samples
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Source, Wishes
from store.records import Assertion, CaseDraft, Expectation

FILES = Path(__file__).with_name("files")


def read(name: str) -> ImportResult:
    return inspect_samples.read(Source(FILES / name, (FILES / name).read_text()), Wishes())


def verdict(case: CaseDraft, answer: str) -> str:
    checked = grade(case.expectation, answer)
    assert checked is not None
    return checked.verdict


def test_samples() -> None:
    result = read("inspect_samples.jsonl")
    number, keeper, largest, noon, files = result.cases
    assert number == CaseDraft(
        "How many bells has Osmund?", "1", Expectation("3"), metadata={"topic": "bells"}
    )
    assert keeper.messages == ({"role": "system", "content": "Be brief."},)
    assert keeper.expectation == Expectation("", (Assertion("icontains-any", "Pia Holt, Holt"),))
    assert largest.prompt.startswith("Which is the largest?\n\nA) Marla\nB) Old Tom\nC) Finch\n")
    assert largest.expectation.text == "B) Old Tom"
    assert [verdict(largest, each) for each in ("ANSWER: B", "B) Old Tom")] == ["pass", "pass"]
    assert verdict(largest, "Marla and Old Tom hang there.\nANSWER: A") == "fail"
    assert noon.expectation.text == "A) Marla\nC) Finch"
    assert [verdict(noon, each) for each in ("ANSWER: A, C", "ANSWER: A")] == ["pass", "fail"]
    assert files.expectation == Expectation("bells.txt")
    assert {note.what.split()[2] for note in result.notes if "not used" in note.what} == {
        "sandbox",
        "files",
        "setup",
    }


def test_a_list_and_a_table() -> None:
    smallest, cast = read("inspect_list.json").cases
    assert smallest.expectation.text == "A) Finch"
    assert cast.prompt == "Who cast it?"
    tin, iron = read("inspect_table.csv").cases
    assert tin.metadata == {"topic": "metal"}
    assert (tin.expectation.text, iron.expectation.text) == ("C) Finch", "A) Marla")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"input": "a", "target"', "not whole JSON"),
        ({"target": "a"}, "there is no input"),
        ({"input": [{"role": "user", "content": 1}]}, "is a number, and must be text"),
        ({"input": "a", "target": {"b": 1}}, "target holds an object"),
        ({"input": "a", "target": "D", "choices": ["x", "y"]}, "“D” is none of the 2 choices"),
        ({"input": "a", "target": "A", "choices": {"x": 1}}, "choices is an object, and must be"),
        ({"input": "a", "target": "A", "choices": [{}]}, "choices holds an object"),
        ({"input": "a", "target": "a", "metadata": [1]}, "metadata is a list, and must be an obj"),
        ({"input": "a", "target": "a", "id": 1}, "the id “1” was used in line 1 already"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(row: Any, reason: str) -> None:
    first = json.dumps({"input": "a", "target": "b", "id": 1})
    text = first + "\n" + (row if isinstance(row, str) else json.dumps(row))
    with pytest.raises(ImportProblem, match=rf"^Line 2 of s\.jsonl: .*{reason}"):
        inspect_samples.read(Source(Path("s.jsonl"), text), Wishes())
