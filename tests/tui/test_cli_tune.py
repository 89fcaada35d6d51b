"""`litmus tune check` and `litmus tune export`, as commands."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

HOSTILE = "m\x1b[31m[/b]\u202e"


def case(key: str, prompt: str, expected: str = "", split: str = "train", **more: object) -> str:
    row = {"id": key, "prompt": prompt, "expected": expected, "split": split, **more}
    return json.dumps(row) + "\n"


def town(place: int) -> str:
    return f"{'ABCDEFGHIJKLMNOPQRST'[place]}holm"


TRAIN = "".join(case(f"t{n}", f"Who is mayor of {town(n)}?", f"Ann {town(n)}") for n in range(10))
TEST = case("x1", "Where does the river Orm rise?", "in the Skarn hills", "test")
LEAK = case("t99", "WHERE does the river Orm rise", "in the Skarn hills")


@pytest.fixture
def bench(litmus):
    """Import cases into the session `one`."""
    assert litmus("new", "one").status == 0

    def imported(text: str) -> None:
        done = litmus("bench", "import", litmus.file("cases.jsonl", text))
        assert done.status == 0, done.err

    return imported


@pytest.fixture
def answered(litmus, bench):
    """A session with a passed and a failed answer to each of ten train cases."""
    bench("".join(case(f"t{n}", f"Who is mayor of {town(n)}?") for n in range(10)) + TEST)
    for label, verdict in (("wrong", "fail"), ("right", "pass")):
        rows = "".join(
            json.dumps(
                {
                    "id": f"t{n}",
                    "prompt": f"Who is mayor of {town(n)}?",
                    "answer": f"{label} {town(n)}",
                    "label": verdict,
                }
            )
            + "\n"
            for n in range(10)
        )
        path = litmus.file("answers.jsonl", rows)
        done = litmus("answers", "import", path, "--rung", "bare", "--model", f"m-{label}")
        assert done.status == 0, done.err
    return litmus


def test_what_can_be_trained_on_is_told(litmus, bench):
    bench(TRAIN + TEST + case("lost", "Which?", "contains: x"))
    done = litmus("tune", "check")
    assert done.status == 0, done.out
    assert done.out.splitlines() == [
        "10 examples from 11 train cases: 10 as expected, 0 as passed.",
        "About 70 tokens (estimated), 7 an example; the model's window is not known.",
        "System prompt: none",
        "1 train case left out:",
        "  lost: nothing says what the whole answer is; label an answer pass, or write it as text",
        "Held against 1 test case by wording and answers; not by meaning: MiniLM's weights are not "
        "here; `litmus docs promote` fetches them.",
        "Ready: 10 examples to train on.",
    ]


def test_the_json_is_what_is_promised(litmus, bench):
    bench(TRAIN + TEST + LEAK + case("lost", "Which?", "contains: x"))
    done = litmus("tune", "check", "--json")
    assert done.status == 1
    found = json.loads(done.out)
    assert list(found) == [
        *("session", "benchmark_revision", "format", "from", "model", "system", "train_cases"),
        *("test_cases", "examples", "expected", "passed", "tokens", "answers", "left_out"),
        *("leaks", "compared_by_meaning", "not_by_meaning", "findings", "ok"),
    ]
    assert (found["train_cases"], found["test_cases"], found["examples"]) == (12, 1, 11)
    assert (found["format"], found["from"], found["ok"]) == ("sft", "both", False)
    assert found["tokens"]["exact"] is False and found["tokens"]["window"] is None
    assert [(item["case"], item["kind"]) for item in found["left_out"]] == [("lost", "not_whole")]
    assert found["leaks"] == [
        {
            "train": "t99",
            "test": "x1",
            "kind": "normalised",
            "similarity": 1.0,
            "train_prompt": "WHERE does the river Orm rise",
            "test_prompt": "Where does the river Orm rise?",
        }
    ]
    [finding] = found["findings"]
    assert (finding["kind"], finding["severity"]) == ("leak", "must")
    assert finding["cases"] == ["t99", "x1"]


def test_a_leak_is_named_and_repaired_by_moving_a_case(litmus, bench, tmp_path):
    bench(TRAIN + TEST + LEAK)
    done = litmus("tune", "check")
    assert done.status == 1
    assert "  t99 → x1: the same prompt but for case, spaces and marks (100%)" in done.out
    assert "    train: WHERE does the river Orm rise\n    test:  Where does" in done.out
    assert "litmus bench set TRAIN_ID --split test" in done.out
    refused = litmus("tune", "export", tmp_path / "x.jsonl")
    assert refused.status == 1 and not (tmp_path / "x.jsonl").exists()
    assert "t99 → x1" in refused.out
    assert refused.err.startswith("litmus: Nothing was written: 1 pair leaks;")
    told = litmus("tune", "export", tmp_path / "x.jsonl", "--json")
    assert (told.status, json.loads(told.out)["written"]) == (1, False)
    assert litmus("bench", "set", "t99", "--split", "test").status == 0
    assert litmus("tune", "check").status == 0
    assert litmus("tune", "export", tmp_path / "x.jsonl").status == 0


def test_allowed_leaks_are_told_in_the_manifest(litmus, bench, tmp_path):
    bench(TRAIN + TEST + LEAK)
    done = litmus("tune", "export", tmp_path / "x.jsonl", "--allow-leaks")
    assert done.status == 0
    assert "1 pair leaks; the manifest says that you allowed it." in done.err
    told = json.loads((tmp_path / "x.manifest.json").read_text())
    assert told["leaks_allowed"] is True
    assert [(leak["train"], leak["test"]) for leak in told["leaks"]] == [("t99", "x1")]


def test_the_file_is_what_its_hash_says(litmus, bench, tmp_path):
    bench(TRAIN + TEST)
    path = tmp_path / "train.jsonl"
    done = litmus("tune", "export", path, "--validation", "20%")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert done.out.splitlines()[0] == f"{path}: 8 examples, sha256 {digest}"
    assert done.out.splitlines()[2] == (
        "0 train cases left out; what the files rest on is in train.manifest.json."
    )
    again = litmus("tune", "export", path, "--validation", "0.2", "--json").data
    assert again["training"]["sha256"] == digest
    assert again["validation"]["examples"] == 2
    value = json.loads(path.read_text().splitlines()[0])
    assert [message["role"] for message in value["messages"]] == ["user", "assistant"]
    whole = litmus("tune", "export", path)
    assert "train.validation.jsonl is from an earlier export" in whole.err


def test_passed_answers_and_preferences(answered, tmp_path):
    found = answered("tune", "check", "--json").data
    assert (found["examples"], found["passed"], found["ok"]) == (10, 10, True)
    assert answered("tune", "check", "--from", "expected").status == 1
    path = tmp_path / "pairs.jsonl"
    assert answered("tune", "export", path, "--format", "dpo").status == 0
    value = json.loads(path.read_text().splitlines()[0])
    assert list(value) == ["input", "preferred_output", "non_preferred_output"]
    assert value["preferred_output"] == [{"role": "assistant", "content": "right Aholm"}]
    assert value["non_preferred_output"] == [{"role": "assistant", "content": "wrong Aholm"}]
    assert answered("tune", "check", "--format", "dpo").status == 0


def test_too_few_examples_answer_no_but_can_be_written(litmus, bench, tmp_path):
    bench(case("t1", "Who?", "Ann") + TEST)
    done = litmus("tune", "check")
    assert (done.status, done.out.splitlines()[-1]) == (1, "Not ready to train on.")
    written = litmus("tune", "export", tmp_path / "x.jsonl")
    assert written.status == 0
    assert "training needs at least 10." in written.err


def test_what_cannot_be_done_is_told_in_a_sentence(litmus, bench, tmp_path):
    assert "There is no example to write" in litmus("tune", "export", "x.jsonl").refused()
    bench(TRAIN)
    for arguments, says in (
        (["export", tmp_path / "x.csv"], "must end in .jsonl"),
        (["export", tmp_path / "gone" / "x.jsonl"], "no such file or directory"),
        (["export", "x.jsonl", "--validation", "1"], "would leave nothing to train on"),
        (["export", "x.jsonl", "--validation", "lots"], "is not a share"),
        (["check", "--format", "dpo", "--from", "passed"], "--from is for --format sft"),
        (["check", "--session", "other"], "other"),
        (["begin"], "invalid choice"),
    ):
        assert says in litmus("tune", *arguments).refused()
    assert [path.name for path in Path(litmus.folder).glob("*.jsonl")] == ["cases.jsonl"]


def test_hostile_texts_are_shown_as_they_are(litmus, bench, no_controls, tmp_path):
    twice = case(f"a{HOSTILE}", f"Who {HOSTILE}?", "x") + case("b", f"who {HOSTILE}?", "y", "test")
    bench(twice + case(f"c{HOSTILE}", HOSTILE, "contains: x"))
    for arguments in (["check"], ["export", tmp_path / "x.jsonl"]):
        done = litmus("tune", *arguments)
        assert done.status == 1 and "→ b" in done.out
        no_controls(done)
    assert litmus("tune", "export", tmp_path / "x.jsonl", "--allow-leaks").status == 0
    value = json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0])
    assert value["messages"][0]["content"] == f"Who {HOSTILE}?"


def test_the_demos_cases_are_ready(litmus):
    from lab.demo import fixtures

    assert litmus("new", "one").status == 0
    litmus("bench", "import", fixtures() / "benchmark.jsonl")
    found = litmus("tune", "check", "--json").data
    assert (found["examples"], found["leaks"], found["ok"]) == (12, [], True)
    assert [finding["kind"] for finding in found["findings"]] == ["shared_documents"]
