"""Eval logs of Inspect, in JSON and in its own zip, and its files of ratings."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import zstandard

from lab.interop.answer_formats import read_answers
from lab.interop.answers import AnswerFile
from lab.interop.files import ImportProblem
from lab.interop.inspect_scores import verdict_of
from store.records import Usage

ANSWER = {"role": "assistant", "content": "It is Paris.", "source": "generate"}
SAMPLE: dict[str, Any] = {
    "id": "capital",
    "epoch": 1,
    "input": "Capital of France?",
    "target": "Paris",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Capital of France?", "source": "input"},
        ANSWER,
    ],
    "output": {
        "model": "gpt-4o-2024",
        "choices": [{"message": ANSWER, "stop_reason": "stop"}],
        "usage": {"input_tokens": 20, "output_tokens": 5, "total_tokens": 25},
        "time": 0.5,
    },
    "scores": {"includes": {"value": "C"}},
    "model_usage": {
        "openai/gpt-4o": {
            "input_tokens": 15,
            "output_tokens": 5,
            "total_tokens": 25,
            "input_tokens_cache_read": 5,
            "total_cost": 0.01,
        },
        "openai/judge": {"input_tokens": 900, "output_tokens": 90, "total_tokens": 990},
    },
    "total_time": 9.0,
    "working_time": 7.0,
    "completed_at": "2026-01-01T10:00:00+00:00",
}
LOG: dict[str, Any] = {
    "version": 2,
    "status": "success",
    "eval": {
        "model": "openai/gpt-4o",
        "model_generate_config": {"temperature": 0.0, "top_p": None},
        "dataset": {"sample_ids": ["capital", "river"]},
    },
    "plan": {"steps": [{"solver": "system_message"}, {"solver": "generate"}]},
}

Write = Callable[..., Path]


def sample(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(SAMPLE), **changes}


@pytest.fixture
def log(tmp_path: Path) -> Write:
    """Write a log with these samples."""

    def written(*samples: dict[str, Any], **changes: Any) -> Path:
        path = tmp_path / "log.json"
        path.write_text(json.dumps({**LOG, **changes, "samples": list(samples)}, indent=1))
        return path

    return written


def test_a_sample_is_an_answer_with_what_it_took(log: Write) -> None:
    file = read_answers(log(sample()))
    [row] = file.rows
    assert (file.format, row.where, row.key, row.epoch) == (
        "inspect",
        "sample capital, epoch 1",
        "capital",
        1,
    )
    assert (row.prompt, row.answer, row.system) == (
        "Capital of France?",
        "It is Paris.",
        "Be brief.",
    )
    assert row.expectation.text == "Paris"
    assert (row.provider, row.model, row.resolved_model) == ("openai", "gpt-4o", "gpt-4o-2024")
    assert row.parameters == {"temperature": 0.0}
    # Of the model that was asked, and not of the one that judged it.
    assert (row.usage, row.cost_usd, row.latency_s) == (Usage(20, 5, None, 5), 0.01, 0.5)
    assert row.answered_at == 1767261600.0


def test_a_machines_score_is_no_label_and_a_persons_is(log: Write) -> None:
    rated = sample(
        scores={
            "includes": {"value": "I"},
            "precomputed_scores": {"value": "C", "explanation": "well put"},
        }
    )
    unclear = sample(epoch=2, scores={"precomputed_scores": {"value": 0.7}})
    file = read_answers(log(rated, unclear))
    assert [(row.label, row.note) for row in file.rows] == [("pass", "well put"), (None, "")]
    assert [(note.what.split(" are")[0], note.cases) for note in file.notes] == [
        ("scores by includes", 1),
        ("scores that", 1),
    ]
    named = read_answers(log(rated), scorer="includes")
    assert [row.label for row in named.rows] == ["fail"]


def test_samples_stand_in_the_order_of_their_dataset(log: Write) -> None:
    river = sample(id="river", input="Which river?")
    file = read_answers(log(sample(epoch=2), river, sample()))
    assert [(row.key, row.epoch) for row in file.rows] == [
        ("capital", 1),
        ("river", 1),
        ("capital", 2),
    ]


def test_turns_choices_parts_and_texts_that_stand_apart(log: Write) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "attachment://f00"},
    ]
    parts = [
        {"type": "reasoning", "reasoning": "Hm."},
        {"type": "text", "text": "The "},
        {"type": "text", "text": "Seine"},
    ]
    output = {"choices": [{"message": {"content": parts}, "stop_reason": "max_tokens"}]}
    file = read_answers(
        log(
            sample(input=turns, attachments={"f00": "Which river?"}, output=output, messages=turns),
            sample(id="mc", input="Pick", choices=["red", "blue"], target="B"),
        )
    )
    chat, chosen = file.rows
    assert (chat.prompt, [turn["content"] for turn in chat.messages]) == (
        "Which river?",
        ["Hi", "Hello"],
    )
    assert (chat.answer, chat.reasoning, chat.finish_reason) == ("The Seine", "Hm.", "length")
    assert "A) red" in chosen.prompt and chosen.expectation.text == "B) blue"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"error": {"message": "out of memory"}}, "ended in an error (out of memory)"),
        ({"invalidation": {"author": "me"}}, "marked as invalid"),
        ({"output": {"choices": []}}, "without an output"),
        ({"output": {"choices": [{}], "error": "moderated"}}, "provider (moderated)"),
        ({"input": ""}, "no case here"),
    ],
)
def test_a_sample_without_an_answer_says_why(log: Write, changes: Any, says: str) -> None:
    [row] = read_answers(log(sample(**changes))).rows
    assert says in row.error


def test_other_solvers_make_another_variant(log: Write) -> None:
    steps = [{"solver": "chain_of_thought"}, {"solver": "generate"}]
    [row] = read_answers(log(sample(), plan={"steps": steps})).rows
    assert row.parameters["solvers"] == "chain_of_thought, generate"


def test_several_calls_take_the_time_of_all(log: Write) -> None:
    [row] = read_answers(log(sample(messages=[ANSWER, ANSWER]))).rows
    assert row.latency_s == 7.0


def test_a_sample_that_is_none_is_named(log: Write) -> None:
    with pytest.raises(ImportProblem, match=r"Sample 2 of log.json: an object without an id"):
        read_answers(log(sample(), {"input": "x"}))
    with pytest.raises(ImportProblem, match=r"log.json holds no answers"):
        read_answers(log())


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **files: Any) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, value in files.items():
            made.writestr(name.replace("__", "/") + ".json", json.dumps(value))
    return path


def test_the_zip_reads_as_the_json(log: Write, tmp_path: Path) -> None:
    packed = archive(
        tmp_path / "log.eval",
        header=LOG,
        samples__river_epoch_1=sample(id="river"),
        samples__capital_epoch_1=sample(),
        summaries=[],
    )
    assert read_answers(packed).rows == read_answers(log(sample(), sample(id="river"))).rows
    begun = archive(tmp_path / "begun.eval", _journal__start=LOG, samples__capital=sample())
    assert [row.model for row in read_answers(begun).rows] == ["gpt-4o"]


def test_a_zip_that_is_no_log_or_broken(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="no eval log of Inspect"):
        read_answers(archive(tmp_path / "other.zip", notes="x"))
    whole = archive(tmp_path / "log.eval", header=LOG, samples__capital=sample()).read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("bent", whole[:60] + whole[61:])):
        path = tmp_path / f"{name}.eval"
        path.write_bytes(content)
        with pytest.raises(ImportProblem, match="no whole eval log"):
            read_answers(path)


def zstandard_zip(path: Path, compress: Callable[[bytes], bytes]) -> Path:
    """Write a log as Inspect does now: stored by us, marked as method 93 in both its headers."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        for name, value in (("header.json", LOG), ("samples/1.json", sample())):
            plain = json.dumps(value).encode()
            entry = zipfile.ZipInfo(name)
            made.writestr(entry, compress(plain))
            entry.compress_type, entry.file_size = 93, len(plain)
    data = bytearray(path.read_bytes())
    for name in (b"header.json", b"samples/1.json"):
        place = data.index(name)
        data[place - 30 + 8 : place - 30 + 10] = (93).to_bytes(2, "little")
    path.write_bytes(bytes(data))
    return path


def test_a_zip_in_zstandard_is_read(tmp_path: Path) -> None:
    path = zstandard_zip(tmp_path / "log.eval", zstandard.ZstdCompressor().compress)
    assert [row.answer for row in read_answers(path).rows] == ["It is Paris."]
    path = zstandard_zip(tmp_path / "bent.eval", lambda plain: plain)
    with pytest.raises(ImportProblem, match="no whole eval log"):
        read_answers(path)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("C", "pass"),
        (1, "pass"),
        (True, "pass"),
        ("yes", "pass"),
        ("P", "partial"),
        (0.5, "partial"),
        ("I", "fail"),
        ("N", "fail"),
        (0.0, "fail"),
        (False, "fail"),
        (0.7, None),
        (4, None),
        ("good", None),
        ({"help": 1}, None),
        (None, None),
    ],
)
def test_what_a_score_says(value: object, verdict: str | None) -> None:
    assert verdict_of(value) == verdict


def rated(path: Path, *records: object) -> AnswerFile:
    path.write_text(json.dumps(records))
    return read_answers(path)


def test_a_file_of_ratings(tmp_path: Path) -> None:
    file = rated(
        tmp_path / "ratings.json",
        {"id": 7, "value": "C", "epoch": 2, "explanation": "good"},
        {"id": "b", "value": 0, "answer": "42"},
        {"id": "c", "value": 3},
    )
    assert file.format == "inspect-scores"
    assert [(r.key, r.epoch, r.label, r.answer, r.note, r.rating) for r in file.rows] == [
        ("7", 2, "pass", None, "good", True),
        ("b", None, "fail", "42", "", True),
    ]
    assert [note.cases for note in file.notes] == [1]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"id": None, "value": "C"}, "there is no id"),
        ({"id": "a", "value": None}, "there is no value"),
        ({"id": "a", "value": "C", "epoch": "2"}, "epoch must be a whole number"),
        ({"id": ["a"], "value": "C"}, "id is a list"),
    ],
)
def test_a_rating_that_is_none_is_named(tmp_path: Path, record: object, says: str) -> None:
    with pytest.raises(ImportProblem, match=f"Line 1 of ratings.json: {says}"):
        rated(tmp_path / "ratings.json", record)
