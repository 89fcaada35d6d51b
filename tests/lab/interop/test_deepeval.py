"""DeepEval's goldens: as it saves them, in camel case, and as a table with joined contexts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.interop import deepeval
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Source, SourceText, Wishes
from store.records import Evidence, Expectation

FILES = Path(__file__).with_name("files")


def read(name: str) -> ImportResult:
    return deepeval.read(Source(FILES / name, (FILES / name).read_text()), Wishes())


def parse(value: Any, wishes: Wishes | None = None) -> ImportResult:
    text = value if isinstance(value, str) else json.dumps(value)
    return deepeval.read(Source(Path("d.json"), text), wishes or Wishes())


def test_goldens_as_they_are_saved() -> None:
    result = read("deepeval_goldens.json")
    keeper, when = result.cases
    assert keeper.expectation == Expectation("Pia Holt")
    assert keeper.evidence == (Evidence("bells.md 1", None, 0, 8, "Pia Holt"),)
    assert keeper.metadata == {"level": 1, "name": "keeper", "source_file": "bells.md"}
    assert result.documents[1] == SourceText("port.md 1", "Osmund lies by the sea.")
    assert (when.prompt, when.metadata) == ("When do they ring?", {})
    assert result.unknown == ()


def test_camel_case_and_conversations() -> None:
    single, conversation = read("deepeval_camel.json").cases
    assert single.expectation == Expectation("Ewan Reed")
    assert conversation.prompt == "What colour is it?"
    assert [turn["content"] for turn in conversation.messages] == ["Hello", "Hi"]
    assert conversation.expectation == Expectation("green")


def test_a_table_with_joined_contexts() -> None:
    result = read("deepeval_table.csv")
    assert [each.text for each in result.documents] == [
        "Pia Holt keeps the bells.",
        "She lives in Osmund.",
        "They ring at noon; never at night.",
    ]
    assert result.cases[0].metadata == {"level": 1}
    assert [note.line for note in result.notes if "answers import" in note.what] == [3]
    old = deepeval.read(Source(Path("d.csv"), "input,context\nQ,a b;c d\n"), Wishes())
    assert [each.text for each in old.documents] == ["a b", "c d"]


def test_expected_tools_are_not_checked() -> None:
    golden = {"input": "Q", "expected_tools": [{"name": "search"}]}
    assert [note.what for note in parse([golden]).notes] == ["expected tools are not checked"]
    with pytest.raises(ImportProblem, match=r"Line 1 .* expected tools are not checked"):
        parse([golden], Wishes(strict=True))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('[{"input": "a"},\n {"input": "b"', r"^Line 2 of d\.json: "),
        ([{"expected_output": "a"}], r"^Line 1 of d\.json: there is no input"),
        ([{"input": ["a"]}], r"^Line 1 of d\.json: input is a list"),
        ([{"input": "a", "context": [{"b": [1]}, [2]]}], "context holds a list"),
        ([{"input": "a", "additional_metadata": [1]}], "additional_metadata is a list"),
        ([{"scenario": "A visitor asks."}], "a scenario without turns holds no question to ask"),
        ({"goldens": [{"input": "a"}, 3]}, r"^goldens\[1\] of d\.json: it is a number"),
        ({"goldens": [{"input": "a"}, {}]}, r"^goldens\[1\] of d\.json: there is no input"),
        ({"goldens": [], "test_cases": 3}, r"^test_cases of d\.json: it is a number"),
        ('{"goldens": [{"input": "a"},\n', r"^Line 1 of d\.json: "),
    ],
)
def test_what_is_wrong_is_named_by_its_place(value: Any, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        parse(value)
