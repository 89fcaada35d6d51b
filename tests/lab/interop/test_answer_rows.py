"""Answers in tables and in JSON: names, numbers, and what is refused with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.interop.answer_formats import read_answers
from lab.interop.answer_rows import read_rows
from lab.interop.answers import AnswerFile
from lab.interop.files import ImportProblem
from lab.interop.source import Source
from store.records import Expectation, Usage

Read = Callable[..., AnswerFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a file of this name and content."""

    def of(name: str, content: str | bytes, format: str = "") -> AnswerFile:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_answers(path, format)

    return of


def test_a_table_with_every_column(read: Read) -> None:
    file = read(
        "answers.csv",
        "id,prompt,expected,answer,label,cost_usd,latency_s,epoch,model,rung,input_tokens,"
        "output_tokens,mood\r\n"
        'a,A?,contains: x,"one,\r\ntwo",Y,$0.5,1.25,2.0,m,RAG,10,20,glad\r\n'
        "b,,,'=1+1,,,,,,,,,\r\n",
    )
    first, second = file.rows
    assert (file.format, file.unknown) == ("csv", ("mood",))
    assert (first.where, first.key, first.prompt, first.answer) == (
        "line 2",
        "a",
        "A?",
        "one,\ntwo",
    )
    assert first.expectation.assertions[0].value == "x"
    assert (first.label, first.cost_usd, first.latency_s, first.epoch) == ("pass", 0.5, 1.25, 2)
    assert (first.model, first.rung, first.usage) == ("m", "rag", Usage(10, 20))
    assert (second.where, second.answer, second.cost_usd, second.epoch) == (
        "line 4",
        "=1+1",
        None,
        None,
    )


@pytest.mark.parametrize("name", ["output", "Response", "completion", "actual_output"])
def test_other_names_for_the_same(read: Read, name: str) -> None:
    file = read("answers.tsv", f"question\t{name}\tverdict\tlatency_ms\nA?\tx\tn\t1500\n")
    [row] = file.rows
    assert (row.prompt, row.answer, row.label, row.latency_s) == ("A?", "x", "fail", 1.5)


def test_a_json_list_and_lines_read_alike(read: Read) -> None:
    rows = [{"id": 7, "prompt": "A?", "answer": "x"}, {"id": 8, "prompt": "B?", "output": ""}]
    lines = read("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    listed = read("a.json", json.dumps(rows, indent=1))
    assert [row.key for row in lines.rows] == ["7", "8"]
    assert [(r.key, r.prompt, r.answer) for r in lines.rows] == [
        (r.key, r.prompt, r.answer) for r in listed.rows
    ]


def test_what_the_benchmark_expects_may_be_no_text(read: Read) -> None:
    [row] = read("a.jsonl", '{"prompt": "2+2?", "target": 4, "answer": "4"}\n').rows
    assert row.expectation == Expectation("4")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "id,label\na,pass\n", "Line 1 of a.csv: no column is named answer"),
        ("a.csv", "answer,label\nx,pass\n", "Line 1 of a.csv: no column is named id or prompt"),
        ("a.csv", "id,answer,response\na,x,y\n", "answer and response are both there"),
        ("a.csv", "id,answer\na,x\nb,x,y\n", "Line 3 of a.csv: 3 cells"),
        ("a.csv", 'id,answer\na,"x\n', "Line 2 of a.csv: a quote opens here"),
        ("a.csv", "id,answer,epoch\na,x,0\n", "Line 2 of a.csv: epoch must be a whole number"),
        ("a.csv", "id,answer,cost\na,x,cheap\n", "Line 2 of a.csv: cost_usd is “cheap”"),
        ("a.csv", "id,answer,cost\na,x,nan\nb,x,inf\n", "Line 3 of a.csv: cost_usd is “inf”"),
        ("a.csv", "id,answer\n", "a.csv holds no answers"),
        ("a.jsonl", '{"id": "a", "answer": "x"}\n{"id": "b", "ans', "Line 2 of a.jsonl: not whole"),
        ("a.jsonl", '{"id": "a"}\n', "Line 1 of a.jsonl: there is no answer"),
        ("a.jsonl", '{"id": "a", "answer": null}\n', "Line 1 of a.jsonl: there is no answer"),
        ("a.jsonl", '{"id": "a", "answer": ["x"]}\n', "answer is a list, and must be text"),
        ("a.jsonl", '{"answer": "x"}\n', "neither an id nor a prompt"),
        ("a.jsonl", '{"id": "a", "answer": "x", "epoch": true}\n', "epoch is true or false"),
        ("a.jsonl", '{"id": "a", "answer": "x", "messages": ["hi"]}\n', "messages must hold turns"),
        ("a.csv", "", "a.csv is empty"),
    ],
)
def test_bad_files_name_the_line_and_the_reason(
    read: Read, name: str, content: str, says: str
) -> None:
    with pytest.raises(ImportProblem) as refused:
        read(name, content)
    assert says in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_the_results_of_promptfoo_are_told_from_rows(read: Read) -> None:
    result = {
        "promptIdx": 0,
        "testIdx": 0,
        "vars": {},
        "prompt": {"raw": "A?"},
        "provider": {"id": "openai:gpt-4o"},
        "response": {"output": "x"},
    }
    whole = json.dumps({"results": {"version": 3, "results": [result]}})
    for name, content in (("a.json", whole), ("a.jsonl", json.dumps(result) + "\n")):
        file = read(name, content)
        assert (file.format, file.rows[0].answer, file.rows[0].model) == (
            "promptfoo",
            "x",
            "gpt-4o",
        )


def test_a_format_that_is_not_known_or_not_the_files(read: Read) -> None:
    with pytest.raises(ImportProblem, match="no format; take one of csv, jsonl"):
        read("a.csv", "id,answer\na,x\n", "excel")
    with pytest.raises(ImportProblem, match="no eval log of Inspect"):
        read("a.jsonl", '{"id": "a", "answer": "x"}\n', "inspect")
    with pytest.raises(ImportProblem, match="no database"):
        read("a.jsonl", '{"id": "a", "answer": "x"}\n', "llm")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text("01.,-$e naif", max_size=6))
def test_any_answer_is_read_as_it_is_and_any_number_is_read_or_refused(
    answer: str, number: str
) -> None:
    line = json.dumps({"id": "a", "answer": answer, "cost_usd": number, "epoch": number})
    try:
        [row] = read_rows(Source(Path("a.jsonl"), line), lined=True).rows
    except ImportProblem as problem:
        assert str(problem).startswith("Line 1 of a.jsonl: ")
        return
    assert row.answer == answer
    assert row.cost_usd is None or row.cost_usd >= 0
    assert row.epoch is None or row.epoch >= 1
