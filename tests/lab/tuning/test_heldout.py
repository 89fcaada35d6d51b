"""How answers to held-back examples are graded while a model is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.tuning.examples.dataset import Example
from lab.tuning.examples.export import line
from lab.tuning.local.heldout import assertions_of
from lab.tuning.trainer.training_data import expectations, is_right, read_chats
from store.records import Assertion, Case, CaseDraft, Expectation


def example(expectation: Expectation, answer: str) -> Example:
    case = Case(1, 1, "a", 0, 1, 1, CaseDraft("Who?", "a", expectation))
    return Example(case, ({"role": "user", "content": "Who?"},), answer, "expected")


@pytest.mark.parametrize(
    ("expectation", "answer", "right", "wrong"),
    [
        (Expectation("Ann", (Assertion("icontains", "ann"),)), "Ann", "It is ANN.", "Bo"),
        (
            Expectation(
                "Ann", (Assertion("contains", "Ann"), Assertion("contains", "Bo")), threshold=0.5
            ),
            "Ann",
            "Ann, I think",
            "Cy",
        ),
        (Expectation("", (Assertion("numeric", "7", tolerance=0.5),)), "7", "about 7.2", "8"),
        # From here on nothing but the expected words will do.
        (Expectation("Ann"), "Ann", "Ann", "It is Ann."),
        (Expectation("Ann", (Assertion("llm-rubric", "a mayor"),)), "Ann", "Ann", "It is Ann."),
        (
            Expectation("Ann", (Assertion("icontains", "ann"), Assertion("llm-rubric", "kind"))),
            "Ann",
            "Ann",
            "It is Ann.",
        ),
        (
            Expectation("Ann", (Assertion("latency", threshold=5000.0),)),
            "Ann",
            "Ann",
            "It is Ann.",
        ),
        (Expectation("Ann", (Assertion("not-contains", "Bo"),)), "Ann", "Ann", "It is Ann."),
        (Expectation("", (Assertion("icontains", "ann"),)), "Bo, passed", "Bo, passed", "Ann"),
        (Expectation("", (Assertion("regex", "("),)), "Ann", "Ann", "It is Ann."),
    ],
)
def test_a_case_is_held_against_its_own_assertions_where_they_can_tell(
    tmp_path: Path, expectation: Expectation, answer: str, right: str, wrong: str
) -> None:
    one = example(expectation, answer)
    (tmp_path / "v.jsonl").write_text(line(one) + "\n")
    [wanted] = expectations(read_chats(tmp_path / "v.jsonl"), assertions_of([one]))
    assert is_right(answer, wanted) and is_right(right, wanted)
    assert not is_right(wrong, wanted) and not is_right("", wanted)


def test_each_example_has_its_place() -> None:
    checked = example(Expectation("Ann", (Assertion("icontains", "ann"),)), "Ann")
    plain = example(Expectation("Ann"), "Ann")
    assert assertions_of([plain, checked]) == [
        {},
        {"assertions": [{"type": "icontains", "value": "ann", "tolerance": 0.0}]},
    ]
