"""Training files: what stands in them, and that they are written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.tuning.examples.checks import check
from lab.tuning.examples.dataset import Dataset, Example, Recipe, build
from lab.tuning.examples.export import ExportProblem, LeaksFound, export, line, split
from lab.tuning.examples.leakage import Firewall
from lab.tuning.examples.report import Report
from store.records import Case, CaseDraft
from tests.lab.tuning import corpora
from tests.lab.tuning.test_checks import rows
from tests.lab.tuning.test_dataset import answer, draft


def report(made: Dataset) -> Report:
    leaks = Firewall(made).look()
    return Report(made, tuple(leaks), tuple(check(made, leaks)))


def of(train: Sequence[Any], test: Sequence[Any] = (("a test", "x"),), **recipe: Any) -> Report:
    return report(build(corpora.material(train, test), Recipe(**recipe)))


def lines(path: Path) -> list[Any]:
    return [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]


def manifest(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".manifest.json").read_text(encoding="utf-8"))


def example(prompt: str, text: str, rejected: str = "", key: str = "k") -> Example:
    case = Case(1, 1, key, 1, 1, 1, CaseDraft(prompt))
    return Example(case, ({"role": "user", "content": prompt},), text, "expected", rejected)


def test_supervised_lines(tmp_path):
    done = export(of([draft("Zürich", prompt="Où?")], system="Brief."), tmp_path / "x.jsonl")
    [value] = lines(tmp_path / "x.jsonl")
    assert value == {
        "messages": [
            {"role": "system", "content": "Brief."},
            {"role": "user", "content": "Où?"},
            {"role": "assistant", "content": "Zürich"},
        ]
    }
    content = (tmp_path / "x.jsonl").read_bytes()
    assert "Zürich".encode() in content and content.endswith(b"}\n")
    assert done.training.sha256 == hashlib.sha256(content).hexdigest()
    assert (done.training.bytes, done.training.examples) == (len(content), 1)
    told = manifest(tmp_path / "x.jsonl")
    assert told["training"]["sha256"] == done.training.sha256
    assert (told["format"], told["cases"], told["validation"]) == ("sft", ["t1"], None)
    assert told["leaks_allowed"] is False


def test_preference_lines(tmp_path):
    given_answers = (answer("Paris"), answer("Rome", "fail"))
    material = corpora.material([draft("Paris")], [], given_answers)
    export(report(build(material, Recipe("dpo"))), tmp_path / "x.jsonl")
    assert lines(tmp_path / "x.jsonl") == [
        {
            "input": {"messages": [{"role": "user", "content": "Who?"}]},
            "preferred_output": [{"role": "assistant", "content": "Paris"}],
            "non_preferred_output": [{"role": "assistant", "content": "Rome"}],
        }
    ]


def test_the_same_dataset_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        export(of(rows(*"abcdefghij")), tmp_path / name / "x.jsonl", validation=0.3)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["x.jsonl", "x.manifest.json", "x.validation.jsonl"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_validation_holds_back_its_share_by_the_ids_hash(tmp_path):
    whole = of(rows(*"abcdefghij"))
    done = export(whole, tmp_path / "x.jsonl", validation=0.2)
    assert done.validation and (done.training.examples, done.validation.examples) == (8, 2)
    held = lines(tmp_path / "x.validation.jsonl")
    kept = lines(tmp_path / "x.jsonl")
    assert len(kept) == 8 and not [each for each in held if each in kept]
    # With one case more, at most one example changes sides.
    before = {each.case.key for each in split(whole.dataset.examples, 0.2)[1]}
    after = {each.case.key for each in split(of(rows(*"abcdefghijk")).dataset.examples, 0.2)[1]}
    assert len(before - after) <= 1
    again = export(whole, tmp_path / "x.jsonl")
    assert again.stale == tmp_path / "x.validation.jsonl"


@given(st.integers(2, 40), st.floats(0.001, 0.999))
def test_both_parts_have_examples_and_together_they_are_all(count, share):
    examples = [example(f"{place}", "x", key=f"k{place}") for place in range(count)]
    examples = [
        Example(Case(place, 1, each.case.key, place, 1, 1, each.case.draft), (), "x", each.source)
        for place, each in enumerate(examples)
    ]
    kept, held = split(examples, share)
    assert kept and held
    assert sorted(each.case.id for each in (*kept, *held)) == list(range(count))
    assert [*held] == sorted(held, key=lambda each: each.case.id)


def test_a_leak_forbids_the_export_unless_it_is_allowed(tmp_path):
    leaking = of([*rows(*"abcdefghij"), ("A TEST", "x")])
    with pytest.raises(LeaksFound, match=r"Nothing was written: 1 pair leaks; .* --allow-leaks"):
        export(leaking, tmp_path / "x.jsonl")
    assert not [*tmp_path.iterdir()]
    export(leaking, tmp_path / "x.jsonl", allow_leaks=True)
    told = manifest(tmp_path / "x.jsonl")
    assert told["leaks_allowed"] is True
    assert told["leaks"] == [
        {"train": "t11", "test": "x1", "kind": "normalised", "similarity": 1.0}
    ]
    assert told["training"]["examples"] == 11


@pytest.mark.parametrize(
    ("name", "share", "says"),
    [
        ("x.json", 0.0, "must end in .jsonl; x.json does not"),
        ("-", 0.0, "must end in .jsonl"),
        ("gone/x.jsonl", 0.0, "no such file or directory"),
        ("folder.jsonl", 0.0, "it is a folder"),
        ("a\0b.jsonl", 0.0, "Cannot write"),
    ],
)
def test_what_cannot_be_written(tmp_path, name, share, says):
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(ExportProblem, match=says):
        export(of(rows("a", "b")), tmp_path / name, validation=share)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.jsonl"]


def test_nothing_is_left_where_the_last_file_cannot_be_written(tmp_path):
    (tmp_path / "x.manifest.json").mkdir()
    with pytest.raises(ExportProblem, match=r"x\.manifest\.json \(it is a folder\)"):
        export(of(rows("a", "b")), tmp_path / "x.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["x.manifest.json"]


def test_a_file_that_is_there_is_replaced_and_a_link_stays_one(tmp_path):
    real, link = tmp_path / "real.jsonl", tmp_path / "x.jsonl"
    real.write_text("old")
    link.symlink_to(real)
    export(of(rows("a", "b")), link)
    assert link.is_symlink() and len(lines(real)) == 2


def test_no_example_and_one_too_few():
    with pytest.raises(ExportProblem, match="no example to write; `litmus tune check` says why"):
        export(of([draft()]), Path("x.jsonl"))
    with pytest.raises(ExportProblem, match="leave out --validation"):
        export(of([draft("a")]), Path("x.jsonl"), validation=0.5)


@given(st.text(), st.text(min_size=1), st.text())
def test_an_example_is_one_line_whatever_is_in_it(prompt, text, rejected):
    made = line(example(prompt, text, rejected))
    assert made.splitlines() == [made]
    value = json.loads(made)
    if rejected:
        assert value["non_preferred_output"][0]["content"] == rejected
        assert value["input"]["messages"][-1]["content"] == prompt
    else:
        assert value["messages"][-2]["content"] == prompt
        assert value["messages"][-1] == {"role": "assistant", "content": text}
