"""promptfoo's results as answers made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.interop.answers import AnswerRow
from lab.interop.files import ImportProblem
from lab.interop.promptfoo_results import read_results
from lab.interop.source import Source
from store.records import Assertion, Expectation, Usage

RESULT: dict[str, Any] = {
    "promptIdx": 0,
    "testIdx": 0,
    "promptId": "p",
    "prompt": {"raw": "How many days?", "label": "plain"},
    "vars": {"question": "How many days?", "days": "3"},
    "provider": {"id": "openai:chat:gpt-4.1-mini", "label": "mini"},
    "response": {
        "output": "Three.",
        "tokenUsage": {"total": 12, "prompt": 9, "completion": 3},
        "finishReason": "stop",
    },
    "testCase": {"assert": [{"type": "contains", "value": "{{days}}"}], "threshold": 0.5},
    "gradingResult": {"pass": True, "score": 1, "componentResults": []},
    "latencyMs": 1500,
    "cost": 0.002,
    "success": True,
}


def rows(value: object, name: str = "out.json") -> list[AnswerRow]:
    return read_results(Source(Path(name), json.dumps(value)))


def test_a_result_becomes_an_answer() -> None:
    whole = {"evalId": "e", "results": {"version": 3, "timestamp": "2025-01-02T03:04:05.000Z"}}
    whole["results"]["results"] = [RESULT]
    assert rows(whole) == [
        AnswerRow(
            where="result 1",
            answer="Three.",
            prompt="How many days?",
            expectation=Expectation("", (Assertion("contains", "3"),), 0.5),
            provider="openai",
            model="gpt-4.1-mini",
            usage=Usage(prompt=9, completion=3),
            cost_usd=0.002,
            latency_s=1.5,
            finish_reason="stop",
            answered_at=1735787045.0,
        )
    ]


def test_the_older_shapes_and_lines_are_read() -> None:
    assert rows({"results": [RESULT], "stats": {}})[0].answer == "Three."
    assert (
        rows({"version": 2, "results": {"version": 2, "results": [RESULT]}})[0].where == "result 1"
    )
    lines = "\n".join(json.dumps(RESULT) for _ in range(2))
    assert [row.where for row in read_results(Source(Path("o.jsonl"), lines))] == [
        "line 1",
        "line 2",
    ]


def test_messages_ids_and_structured_answers() -> None:
    chat = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"}]
    test = {"metadata": {"litmus": {"id": "a7", "assert": []}}}
    result = {
        **RESULT,
        "prompt": {"raw": json.dumps(chat)},
        "testCase": test,
        "response": {"output": {"a": [1]}, "cached": True},
        "provider": "ollama:chat:llama3:8b",
    }
    (row,) = rows({"results": [result]})
    assert (row.key, row.prompt, row.messages) == ("a7", "Hi", (chat[0],))
    assert row.answer == '{"a": [1]}'
    assert row.latency_s is None  # of an answer out of promptfoo's cache
    assert (row.provider, row.model) == ("ollama", "llama3:8b")


def test_only_a_persons_rating_is_a_label() -> None:
    assert rows({"results": [RESULT]})[0].label is None
    rated = {
        "comment": "Too short",
        "componentResults": [{"pass": False, "assertion": {"type": "human"}}],
    }
    (row,) = rows({"results": [{**RESULT, "gradingResult": rated}]})
    assert (row.label, row.note) == ("fail", "Too short")


def test_a_result_without_an_answer_has_its_error() -> None:
    failed = {**RESULT, "response": None, "error": "429 Too Many Requests"}
    (row,) = rows({"results": [failed]})
    assert (row.answer, row.error) == (None, "429 Too Many Requests")


def test_code_and_files_in_a_results_file_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    test = {"assert": [{"type": "equals", "value": "file://secret.txt"}]}
    text = json.dumps({"results": [{**RESULT, "testCase": test}]})
    (row,) = read_results(Source(tmp_path / "out.json", text))
    assert row.expectation == Expectation()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"results": [', "Line 1 of out.json: not whole JSON"),
        ('{"results": 5}', "it has no results"),
        ('{"results": []}', "holds no results"),
        ('{"results": [5]}', "out.json, result 1: the result is a number"),
        ('{"results": [{"vars": {}}]}', "out.json, result 1: it has no prompt"),
        (
            '{"results": [{"prompt": {"raw": "a"}, "response": 5}]}',
            "result 1: response is a number",
        ),
    ],
)
def test_a_bad_file_says_where_and_why(text: str, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        read_results(Source(Path("out.json"), text))
