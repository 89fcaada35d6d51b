"""OpenAI evals' samples and hosted rows, in the shapes that real files have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.grading.assertions import grade
from lab.interop import openai_evals
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Source, Wishes
from store.records import Assertion, CaseDraft, Expectation

FILES = Path(__file__).with_name("files")


def read(name: str, wishes: Wishes | None = None) -> ImportResult:
    return openai_evals.read(Source(FILES / name, (FILES / name).read_text()), wishes or Wishes())


def parse(*rows: Any, wishes: Wishes | None = None) -> ImportResult:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return openai_evals.read(Source(Path("s.jsonl"), text), wishes or Wishes())


def test_samples_in_all_shapes() -> None:
    result = read("openai-evals_samples.jsonl")
    plain, few_shot, text, letter, continued, image = result.cases
    assert plain == CaseDraft(
        "What colour is the harbour bell of Osmund?",
        expectation=Expectation("green"),
        messages=({"role": "system", "content": "Answer in one word."},),
    )
    assert few_shot.prompt == "Which season does it ring in?"
    assert few_shot.messages == (
        {"role": "system", "content": "Answer in few words."},
        {"role": "user", "content": "Who keeps the bell?"},
        {"role": "assistant", "content": "Pia Holt"},
    )
    assert few_shot.expectation == Expectation(
        "", (Assertion("icontains-any", "autumn, the fall"),)
    )
    assert text == CaseDraft("The bell was cast in ", expectation=Expectation("1871"))
    assert letter.prompt == "Which is a bell? A. gong B. oar"
    checks = [grade(letter.expectation, answer) for answer in ("A. gong", "Any oar")]
    assert [check.verdict for check in checks if check] == ["pass", "fail"]
    assert continued == CaseDraft("Finish the line.\n\nRing out,")
    assert image == CaseDraft("What is on the bell?", "crest", Expectation("a heron"))
    assert result.by_hand == 1
    assert result.unknown == ()
    assert {(note.what, note.line) for note in result.notes} >= {
        ("example turns are sent as user and assistant messages, without their names", 2),
        ("a system message without a user's after it is asked as the prompt", 4),
        ("messages after the last user message are asked at the end of the prompt", 5),
        ("a sample without an ideal is labelled by hand", 5),
        ("an image in a message is not sent; only its text is", 6),
    }


def test_a_system_message_after_the_examples_is_the_prompt() -> None:
    turns = [
        {"role": "system", "name": "example_user", "content": "One?"},
        {"role": "system", "name": "example_assistant", "content": "Two."},
        {"role": "system", "content": "Three?"},
    ]
    (case,) = parse({"input": turns, "ideal": "four"}).cases
    assert case.prompt == "Three?"
    assert [turn["role"] for turn in case.messages] == ["user", "assistant"]


def test_samples_that_a_model_graded() -> None:
    result = read("openai-evals_graded.jsonl")
    joke, long, kind = (case.expectation for case in result.cases)
    assert joke == Expectation("", (Assertion("llm-rubric", "Is it funny?"),))
    assert long == Expectation("It is green and hangs by the harbour.")
    assert kind == Expectation()
    assert result.unknown == ("choice_strings",)
    assert any("litmus answers import" in note.what for note in result.notes)
    with pytest.raises(ImportProblem, match=r"^Line 3 of .*: a sample without an ideal"):
        read("openai-evals_graded.jsonl", Wishes(strict=True))


def test_hosted_rows_by_their_usual_names() -> None:
    result = read("openai-evals_hosted.jsonl")
    first, second = result.cases
    assert first == CaseDraft(
        "Who rings the bell?",
        expectation=Expectation("Pia Holt"),
        metadata={"place": {"name": "Osmund"}, "level": 2},
    )
    assert second.prompt == "When does it ring?"
    assert result.columns == (("prompt", "question"), ("expected", "correct_answer"))
    assert [note.line for note in result.notes if "answers import" in note.what] == [2]


def test_hosted_rows_with_templates() -> None:
    template = "In {{ item.place.name }}: {{item.question}} ({{item.level}})"
    columns = {"prompt": template, "expected": "{{item.correct_answer}}"}
    result = read("openai-evals_hosted.jsonl", Wishes(columns))
    assert result.cases[0].prompt == "In Osmund: Who rings the bell? (2)"
    assert result.cases[1].expectation == Expectation("at noon")
    flat = parse({"q": "Who?", "a": "Pia"}, wishes=Wishes({"prompt": "Say: {{item.q}}"}))
    assert flat.cases[0].prompt == "Say: Who?"
    beside = {
        "item": {"q": "Who?", "a": "Pia"},
        "input": [
            {"role": "system", "content": "Be {{item.a}}."},
            {"role": "user", "content": "{{item.q}}"},
        ],
        "ideal": "{{item.a}}",
    }
    (case,) = parse(beside).cases
    assert (case.prompt, case.messages[0]["content"]) == ("Who?", "Be Pia.")
    assert case.expectation == Expectation("Pia")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"input": "a", "ideal": ', r"not whole JSON"),
        ({"ideal": "a"}, "there is no input"),
        ({"input": 3, "ideal": "a"}, "input is a number, and must be text or a list of messages"),
        ({"input": " ", "ideal": "a"}, "the prompt is empty"),
        ({"input": [], "ideal": "a"}, "input holds no text"),
        ({"input": ["a"], "ideal": "a"}, "input holds text, and must be text or hold messages"),
        ({"input": [{"content": "a"}], "ideal": "a"}, "a message in input has null as its role"),
        ({"input": [{"role": "judge", "content": "a"}]}, "has “judge” as its role"),
        ({"input": [{"role": "user"}], "ideal": "a"}, "a message in input has no content"),
        ({"input": [{"role": "user", "content": 3}]}, "content of a message in input is a number"),
        ({"input": "a", "ideal": {"b": 1}}, "ideal holds an object, and must be text or a list"),
        ({"item": 3}, "item is a number, and must be an object"),
        ({"item": {"x": "a"}}, "the item has no question; name it with --map"),
        (
            {"item": {"x": "a"}, "input": "{{item.y.z}}"},
            r"cannot be filled: \{\{item.y.z\}\} has no value",
        ),
        (
            {"item": {"x": "a"}, "input": "{{sample.x}}"},
            r"cannot be filled: \{\{sample\}\} has no value",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_line(row: Any, reason: str) -> None:
    with pytest.raises(ImportProblem, match=rf"^Line 2 of s\.jsonl: .*{reason}"):
        parse({"input": "a", "ideal": "b"}, row)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ImportProblem, match="there is no query to read as the prompt"):
        parse({"input": "a", "ideal": "b"}, wishes=Wishes({"prompt": "query"}))
