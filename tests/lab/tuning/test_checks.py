"""What is said of a dataset before anything is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lab.tuning.examples.checks import Finding, check, shares
from lab.tuning.examples.leakage import Firewall
from store.records import CaseDocument, CaseDraft, Evidence, Expectation
from tests.lab.tuning.corpora import dataset


def found(train: Sequence[Any], test: Sequence[Any] = (("a test", "x"),)) -> dict[str, Finding]:
    made = dataset(train, test)
    return {each.kind: each for each in check(made, Firewall(made).look())}


def rows(*answers: str) -> list[tuple[str, str]]:
    return [(f"Question of {place}th?", answer) for place, answer in enumerate(answers)]


def test_ten_different_examples_are_fine():
    assert found(rows(*"abcdefghij")) == {}


def test_fewer_than_ten_forbid_training():
    few = found(rows(*"abcdefghi"))["too_few"]
    assert few.severity == "must"
    assert few.sentence == "9 examples from 9 train cases; training needs at least 10."
    assert few.repair == "litmus bench set ID --split train"
    lacking = found(rows(*"abcdefghi", "", ""))["too_few"]
    assert lacking.sentence.startswith("9 examples from 11 train cases")
    assert lacking.repair.startswith("label more answers")


def test_a_leak_forbids_training_and_names_what_repairs_it():
    leak = found([*rows(*"abcdefghij"), ("a test", "x")])["leak"]
    assert (leak.severity, [case.key for case in leak.cases]) == ("must", ["t11", "x1"])
    assert leak.sentence.startswith("1 test case is too much like an example")
    assert "litmus bench remove ID" in leak.repair


def test_without_test_cases_nothing_would_show_a_gain():
    assert found(rows(*"abcdefghij"), [])["no_tests"].severity == "should"


def test_the_same_question_with_two_answers():
    conflict = found([*rows(*"abcdefghij"), ("question  of 3TH?", "z")])["conflict"]
    assert conflict.sentence == "“t4”, “t11” ask the same and are given different answers."


def test_shares_of_few_short_answers():
    classes = found(rows(*"AAAABBBBCC"), [("a test", "B")])
    assert set(classes) == {"classes"}
    assert classes["classes"].severity == "info"
    assert classes["classes"].sentence == (
        "3 different answers: most often “A” (40%), least often “C” (20%)."
    )
    uneven = found(rows(*"AAAAAAAABB"), [("a test", "C")])
    assert uneven["classes"].severity == "should"
    assert [case.key for case in uneven["untaught"].cases] == ["x1"]
    assert "one_answer" in found(rows(*"AAAAAAAAAA"))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("aA bbb", [("a", 2), ("b", 3)]),
        ("abc", []),
        ("", []),
    ],
)
def test_what_counts_as_a_class(answers, told):
    given = rows(*answers.replace(" ", ""))
    counted = [(each.answer, each.examples) for each in shares(dataset(given, []).examples)]
    assert sorted(counted) == told


def test_long_answers_are_no_classes():
    long = "a sentence of some more words than that"
    assert shares(dataset(rows(*[long] * 4, *"AAAA"), []).examples) == []


def test_conversations_that_chat_templates_refuse():
    def after(*roles: str) -> CaseDraft:
        turns = tuple({"role": role, "content": "so"} for role in roles)
        return CaseDraft("And?", messages=turns, expectation=Expectation("x"))

    fine = [after(), after("system"), after("user", "assistant")]
    odd = [after("user"), after("assistant"), after("user", "system", "assistant")]
    roles = found([*fine, *odd])["roles"]
    assert [case.key for case in roles.cases] == ["t4", "t5", "t6"]
    assert roles.severity == "should"


def test_documents_in_common_are_told_and_are_no_leak():
    def resting(prompt: str, start: int, end: int, **more: Any) -> CaseDraft:
        spans = (Evidence("notes.md", None, start, end), Evidence("other.md"))
        return CaseDraft(prompt, expectation=Expectation(prompt), evidence=spans, **more)

    own = (CaseDocument("notes.md", "0" * 64), CaseDocument("other.md", "1" * 64, used=False))
    train = [resting("Who sails?", 0, 10, documents=own), resting("Who cooks?", 90, 99)]
    told = found(train, [resting("What flies?", 8, 20), resting("When is it?", 20, 90)])
    assert set(told) == {"too_few", "shared_documents", "documents_left_out"}
    assert told["shared_documents"].sentence == (
        "2 test cases rest on a document that examples rest on too (notes.md, other.md), 1 on an "
        "overlapping passage; that is no leak."
    )
    assert [case.key for case in told["documents_left_out"].cases] == ["t1"]
