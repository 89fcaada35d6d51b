"""The format of a benchmark file is told from what is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.interop import formats
from lab.interop.files import ImportProblem
from lab.interop.source import Note, Source, Wishes
from tui.verbs import bench_words

CONFIG = """\
prompts: ["Say {{word}}"]
providers: [echo]
tests:
  - vars: {word: hello}
    assert: [{type: contains, value: hello}]
"""
SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Quay",
            "paragraphs": [
                {
                    "context": "The quay was built in 1936.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "When?",
                            "is_impossible": False,
                            "answers": [{"text": "1936", "answer_start": 22}],
                        }
                    ],
                }
            ],
        }
    ],
}
EVALS = {"input": [{"role": "user", "content": "When?"}], "ideal": "1936"}
INSPECT = {"input": "When?", "choices": ["1935", "1936"], "target": "B", "id": 1}
RAGAS = {"user_input": "When?", "retrieved_contexts": ["In 1936."], "reference": "1936"}
DEEPEVAL = {"input": "When?", "expected_output": "1936", "retrieval_context": ["In 1936."]}
OURS = {"question": "When?", "answer": "1936"}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("promptfooconfig.yaml", CONFIG, "promptfoo"),
        ("tests.csv", "word,__expected\nhello,contains: hello\n", "promptfoo-csv"),
        ("dev.json", json.dumps(SQUAD), "squad"),
        ("dev.json", json.dumps(SQUAD, indent=1), "squad"),
        ("samples.jsonl", lines(EVALS), "openai-evals"),
        ("samples.jsonl", lines({"input": "When?", "ideal": "1936"}), "openai-evals"),
        ("hosted.jsonl", lines({"item": {"question": "When?", "answer": "1936"}}), "openai-evals"),
        ("samples.jsonl", lines(INSPECT), "inspect"),
        ("samples.json", json.dumps([INSPECT]), "inspect"),
        ("rag.jsonl", lines(RAGAS), "ragas"),
        ("goldens.json", json.dumps([DEEPEVAL]), "deepeval"),
        ("cases.jsonl", lines(OURS), "jsonl"),
        ("cases.json", json.dumps([OURS], indent=2), "jsonl"),
        ("cases.jsonl", lines({"prompt": "When?", "ideal": "1936"}), "jsonl"),
        ("cases.jsonl", lines({"input": "When?", "expected": "1936"}), "jsonl"),
        ("cases.csv", "question,answer\nWhen?,1936\n", "csv"),
        ("cases.csv", "input,target\nWhen?,1936\n", "csv"),
        ("cases.csv", "text,label\nWhen?,1936\n", "csv"),
        ("cases.tsv", "prompt\texpected\nWhen?\t1936\n", "csv"),
        ("cases.txt", "prompt|expected\nWhen?|1936\n", "csv"),
    ],
)
def test_the_format_is_guessed(name: str, text: str, format: str) -> None:
    found = formats.read_source(Source(Path(name), text))
    assert found.format == format
    assert len(found.cases) == 1
    assert found.columns == () or dict(found.columns)["prompt"]
    named = formats.read_source(Source(Path(name), text), format)
    assert named == found


def test_the_words_of_the_command_line_are_the_formats() -> None:
    assert tuple(formats.READERS) == bench_words.READ
    assert tuple(formats.WRITERS) == bench_words.WRITTEN
    assert all(formats.title(name) for name in formats.READERS)


@pytest.mark.parametrize(
    ("name", "text", "format", "says"),
    [
        ("a.yaml", "colour: red\n", "", "a.yaml is of no format that Litmus knows"),
        ("a.csv", "prompt\nq\n", "xml", "“xml” is no format"),
    ],
)
def test_a_format_that_is_not_known_is_refused(
    name: str, text: str, format: str, says: str
) -> None:
    with pytest.raises(ImportProblem, match=says):
        formats.read_source(Source(Path(name), text), format)


def test_strict_refuses_what_is_not_used() -> None:
    source = Source(Path("a.csv"), "prompt,owner\nq,me\n")
    assert formats.read_source(source).unknown == ("owner",)
    with pytest.raises(ImportProblem, match="what is not used: owner"):
        formats.read_source(source, wishes=Wishes(strict=True))


def test_a_guessed_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("prompt\nnaïve café\nélève\n".encode("cp1252"))
    found = formats.read(path)
    assert [case.prompt for case in found.cases] == ["naïve café", "élève"]
    assert found.notes == (Note("the file is not UTF-8 and its encoding is guessed", None, 2),)
    path.write_text("prompt\nnaïve café\n", encoding="utf-8")
    assert formats.read(path).notes == ()


def test_a_log_of_answers_is_told_from_a_benchmark(tmp_path):
    path = tmp_path / "out.json"
    path.write_text('{\n  "version": 2,\n  "results": [{"vars": {}, "prompt": {"raw": "Why?"}}]\n}')
    with pytest.raises(ImportProblem, match="holds answers, not cases: `litmus answers import`"):
        formats.read(path)
