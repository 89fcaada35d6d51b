"""Ragas' columns, of today and before 0.2, from JSONL and from a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.interop import ragas
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Source, Wishes
from store.records import Evidence, Expectation

FILES = Path(__file__).with_name("files")


def read(name: str) -> ImportResult:
    return ragas.read(Source(FILES / name, (FILES / name).read_text()), Wishes())


def parse(*rows: Any, wishes: Wishes | None = None) -> ImportResult:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return ragas.read(Source(Path("r.jsonl"), text), wishes or Wishes())


def test_a_dataset_of_today() -> None:
    result = read("ragas_today.jsonl")
    first, second = result.cases
    assert first.expectation == Expectation("Pia Holt")
    assert first.evidence == (Evidence("context 1", None, 0, 8, "Pia Holt"),)
    assert [each.text for each in result.documents] == [
        "Pia Holt keeps the bells of Osmund.",
        "Osmund lies by the sea.",
    ]
    assert second.prompt == "What colour?"
    assert [turn["role"] for turn in second.messages] == ["user", "assistant"]
    assert any("litmus answers import" in note.what for note in result.notes)


def test_a_table_from_before() -> None:
    result = read("ragas_before.csv")
    assert [case.expectation.text for case in result.cases] == ["at noon", "Ewan Reed"]
    assert [each.text for each in result.documents] == [
        "It rings at noon.",
        "The keeper's hut is near.",
        "Ewan Reed cast it.",
    ]
    assert all(case.evidence == () for case in result.cases)  # a retriever found them
    assert result.unknown == ("faithfulness",)


def test_contexts_without_an_answer_are_what_the_question_was_made_from() -> None:
    row = {"question": "When?", "contexts": ["It rings at noon."], "ground_truths": ["noon"]}
    (case,) = parse(row).cases
    assert case.evidence == (Evidence("context 1", None, 12, 16, "noon"),)


def test_rubrics_are_not_checked() -> None:
    row = {"user_input": "Q", "rubrics": {"score1_description": "bad"}}
    assert [note.what for note in parse(row).notes] == ["Ragas' rubrics are not checked"]
    with pytest.raises(ImportProblem, match=r"Line 1 .* Ragas' rubrics are not checked"):
        parse(row, wishes=Wishes(strict=True))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"user_input": "a', "not whole JSON"),
        ({"reference": "a"}, "there is no user_input"),
        ({"user_input": {"a": 1}}, "user_input is an object"),
        ({"user_input": [{"type": "robot", "content": "a"}]}, "has “robot” as its role"),
        ({"user_input": "a", "reference": [{"b": 1}]}, "reference holds an object"),
        ({"user_input": "a", "reference_contexts": [["b"]]}, "reference_contexts holds a list"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(row: Any, reason: str) -> None:
    with pytest.raises(ImportProblem, match=rf"^Line 2 of r\.jsonl: .*{reason}"):
        parse({"user_input": "a", "reference": "b"}, row)
