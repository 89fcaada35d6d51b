"""SQuAD files: contexts as documents, offsets as evidence, and what is wrong named by its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.interop import squad
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Source, SourceText, Stopped, Wishes
from store.records import Assertion, Evidence, Expectation

FILES = Path(__file__).with_name("files")


def parse(value: Any, wishes: Wishes | None = None) -> ImportResult:
    text = value if isinstance(value, str) else json.dumps(value)
    return squad.read(Source(Path("s.json"), text), wishes or Wishes())


def nested(*questions: dict[str, Any], context: Any = "Ida fished in the tarn.") -> dict[str, Any]:
    return {"data": [{"title": "T_1", "paragraphs": [{"context": context, "qas": [*questions]}]}]}


def read(name: str) -> ImportResult:
    return squad.read(Source(FILES / name, (FILES / name).read_text()), Wishes())


def test_version_one() -> None:
    result = read("squad_v1.json")
    first, second, third, fourth = result.cases
    assert result.documents == (
        SourceText("Harbour bells 1", "The bell of Osmund was cast in 1871 by Ewan Reed."),
        SourceText("Harbour bells 2", " Pia Holt keeps it."),
    )
    assert (first.key, first.prompt) == ("b1", "When was the bell cast?")
    assert first.expectation == Expectation("1871")
    assert first.evidence == (Evidence("Harbour bells 1", None, 31, 35, "1871"),)
    any_of = Assertion("icontains-any", "Ewan Reed, Reed")
    assert second.expectation == Expectation("", (any_of,))
    assert [(each.start, each.end) for each in second.evidence] == [(39, 48), (44, 48)]
    assert third.evidence == (Evidence("Harbour bells 2", None, 1, 9, "Pia Holt"),)
    assert fourth.evidence[0].document == "Harbour bells 1"  # the same text is one document
    assert {note.what: note.cases for note in result.notes} == {
        "an answer does not stand in its text, so it is no evidence": 1,
        "an answer's offset was wrong and is put right": 1,
    }


def test_every_offset_holds_its_quote() -> None:
    for name in ("squad_v1.json", "squad_v2.json"):
        result = read(name)
        texts = {each.name: each.text for each in result.documents}
        for item in (item for case in result.cases for item in case.evidence):
            assert texts[item.document][item.start : item.end] == item.quote


def test_a_question_without_an_answer_says_so() -> None:
    result = read("squad_v2.json")
    unanswerable, answerable = result.cases
    assert unanswerable.tags == ("unanswerable",)
    assert unanswerable.expectation.text == squad.UNANSWERABLE
    assert [each.type for each in unanswerable.expectation.assertions] == ["llm-rubric"]
    assert unanswerable.evidence == ()
    assert answerable.tags == ()
    assert result.notes[0].what == "plausible answers to unanswerable questions are not used"


def test_an_answer_is_found_at_the_nearest_place() -> None:
    question = {"question": "Q?", "answers": [{"text": "tarn", "answer_start": 16}]}
    result = parse(nested(question, context="tarn, and the tarn"))
    assert result.cases[0].evidence == (Evidence("T 1 1", None, 14, 18, "tarn"),)


def test_flat_rows() -> None:
    rows = [
        {"context": "In Tarn.", "question": "Where?", "title": "T", "id": "1",
         "answers": {"text": ["Tarn", "in tarn"], "answer_start": [3, 0]}},
        {"context": "In Tarn.", "question": "Who?", "title": "T", "id": "2",
         "answers": {"text": [], "answer_start": []}},
    ]  # fmt: skip
    text = "\n".join(json.dumps(row) for row in rows)
    assert squad.matches(Source(Path("s.jsonl"), text))
    result = parse(text)
    assert result.cases[0].evidence == (Evidence("T 1", None, 3, 7, "Tarn"),)
    assert result.cases[1].tags == ("unanswerable",)
    with pytest.raises(ImportProblem, match=r"^Line 3 of s\.json: there is no context\.$"):
        parse(text + '\n{"question": "Q", "answers": {"text": []}}')


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], r"^s\.json is a list, and must be an object with data\.$"),
        ({}, r"^The whole of s\.json: there is no data\.$"),
        ({"data": [{"title": "T"}]}, r"^data\[0\] of s\.json: there is no paragraphs\.$"),
        ({"data": [{"paragraphs": {}}]}, r"^data\[0\] .*an object, not a list, as its paragraphs"),
        ({"data": [{"paragraphs": [7]}]}, r"^data\[0\]\.paragraphs\[0\] .*is a number, and must"),
        (nested({"answers": []}), r"paragraphs\[0\]\.qas\[0\] of s\.json: there is no question\.$"),
        (nested({"question": " "}), r"qas\[0\] of s\.json: the question is empty"),
        (nested({"question": "Q"}, context=3), r"qas\[0\] .*context is a number, and must be text"),
        (nested({"question": "Q", "answers": {"text": 3}}), r"text is a number, and must be a"),
        (nested({"question": "Q", "answers": [{"text": None}]}), r"an answer's text is null"),
        (
            nested({"question": "Q", "answers": [{"text": "a", "answer_start": "3"}]}),
            r"qas\[0\] of s\.json: answer_start is text, and must be a whole number",
        ),
        (nested({"question": "Q", "is_impossible": "no"}), r"is_impossible is text"),
        (
            nested({"question": "Q", "id": "a"}, {"question": "R", "id": "a"}),
            r"qas\[1\] of s\.json: the id “a” was used in data\[0\]\.paragraphs\[0\]\.qas\[0\]",
        ),
        (nested(), r"^s\.json holds no cases"),
        ('{"data": [\n{"title": "T",', r"^Line 2 of s\.json: not whole JSON"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(value: Any, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        parse(value)


def test_a_person_can_stop_it() -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        told.append((done, of))
        raise Stopped

    many = nested(*({"question": f"Q{number}"} for number in range(1200)))
    with pytest.raises(Stopped):
        parse(many, Wishes(progress=progress))
    assert told == [(500, 1200)]
