"""Which examples a benchmark gives, and why a train case gives none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.interop import formats
from lab.tuning.examples.dataset import Dataset, Example, Recipe, build, folded
from store.records import Assertion, CaseDraft, Expectation, Rung
from store.training import JudgedAnswer
from tests.lab.tuning.corpora import material

Verdict = Literal["pass", "fail"]


def draft(text: str = "", *checks: tuple[str, str], prompt: str = "Who?", **more: Any) -> CaseDraft:
    assertions = tuple(Assertion(kind, value) for kind, value in checks)
    return CaseDraft(prompt, expectation=Expectation(text, assertions), **more)


def answer(
    text: str,
    verdict: Verdict = "pass",
    *,
    case: int = 1,
    number: int = 1,
    rung: Rung = "bare",
    finish: str = "stop",
) -> JudgedAnswer:
    return JudgedAnswer(number, case, verdict, text, rung, "m", finish)


def made(*drafts: CaseDraft, answers: tuple[JudgedAnswer, ...] = (), **recipe: Any) -> Dataset:
    return build(material(drafts, [], answers), Recipe(**recipe))


def only(dataset: Dataset) -> Example:
    assert not dataset.left_out
    [example] = dataset.examples
    return example


def kinds(dataset: Dataset) -> dict[str, str]:
    return {item.case.key: item.kind for item in dataset.left_out}


def test_an_example_is_the_prompt_and_what_is_expected():
    earlier = ({"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"})
    example = only(made(draft(" Paris\n", messages=earlier), system=" Be brief. "))
    assert [*example.messages] == [
        {"role": "system", "content": "Be brief."},
        *earlier,
        {"role": "user", "content": "Who?"},
    ]
    assert (example.answer, example.source, example.rejected) == ("Paris", "expected", "")
    assert (example.tokens, example.exact) == (6, False)  # told as an estimate


def test_test_cases_give_no_examples():
    dataset = build(material([], [draft("Paris")]), Recipe())
    assert (dataset.examples, dataset.left_out) == ((), ())
    assert [case.key for case in dataset.tests] == ["x1"]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (draft("", ("equals", " 42 ")), "42"),
        (draft("The answer is 42.", ("equals", "42")), "42"),
        (draft("Marit Oldroyd", ("icontains", "Oldroyd")), "Marit Oldroyd"),
        (draft("One line\nand another"), "One line\nand another"),
        (draft("yes", ("llm-rubric", "is it polite?")), "yes"),
    ],
)
def test_what_is_expected_as_a_whole(wanted, text):
    assert only(made(wanted)).answer == text


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (draft(), "no_answer"),
        (draft("", ("contains", "Paris")), "not_whole"),
        (draft("", ("not-equals", "Paris")), "not_whole"),
        (draft("", ("equals", "a"), ("equals", "b")), "not_whole"),
        (draft("", ("equals", " ")), "not_whole"),
        (draft("It names the capital", ("contains", "Paris")), "unlike_its_checks"),
        (draft("Paris", tags=("repair",)), "bad_case"),
        (draft("Paris", prompt=" \n"), "messages"),
        (draft("Paris", messages=({"role": "tool", "content": "{}"},)), "messages"),
    ],
)
def test_why_a_case_gives_none(wanted, kind):
    dataset = made(wanted)
    assert (dataset.examples, kinds(dataset)) == ((), {"t1": kind})
    assert not dataset.left_out[0].reason.endswith(".")


def test_the_newest_passed_answer_takes_the_place_of_what_is_not_whole():
    passed = (answer("Paris, of course.", number=7), answer("Paris", number=3))
    example = only(made(draft("", ("contains", "Paris")), answers=passed))
    assert (example.answer, example.source) == ("Paris, of course.", "passed")


def test_where_answers_come_from_can_be_chosen():
    both = made(draft("Paris"), answers=(answer("It is Paris."),))
    assert only(both).answer == "Paris"
    passed = made(draft("Paris"), answers=(answer("It is Paris."),), source="passed")
    assert only(passed).answer == "It is Paris."
    assert kinds(made(draft("Paris"), source="passed")) == {"t1": "no_answer"}
    lacking = made(draft(), answers=(answer("Paris"),), source="expected")
    assert lacking.left_out[0].reason == "it has no expectation; write one"


@pytest.mark.parametrize(
    ("given_answer", "kind"),
    [
        (answer(" \n"), "empty_answer"),
        (answer("The capital is", finish="length"), "cut"),
        (answer("Paris [1].", rung="rag"), "cites"),
    ],
)
def test_passed_answers_that_cannot_be_trained_on(given_answer, kind):
    assert kinds(made(draft(), answers=(given_answer,))) == {"t1": kind}
    older = made(draft(), answers=(given_answer, answer("Paris")))
    assert only(older).answer == "Paris"


def test_brackets_are_a_citation_only_where_passages_were_given():
    assert only(made(draft(), answers=(answer("x[1]"),))).answer == "x[1]"
    assert only(made(draft(), answers=(answer("Paris.", rung="rag"),))).answer == "Paris."


def test_the_same_example_comes_once():
    same = made(draft("Paris"), draft(" paris ", prompt="WHO?"), draft("Paris", prompt="Where?"))
    assert [example.case.key for example in same.examples] == ["t1", "t3"]
    assert same.left_out[0].reason == "it is the same example as “t1”"
    other = made(draft("Paris"), draft("Rome"))
    assert len(other.examples) == 2


def test_what_is_longer_than_the_window_is_left_out():
    long = draft("Paris", prompt="word " * 4000)
    known: dict[str, Any] = {"model": "gpt-4o", "provider": "openai"}
    assert only(made(long, **known)).exact
    assert kinds(made(long, window=3000, **known)) == {"t1": "too_long"}
    assert "4,00" in made(long, window=3000, **known).left_out[0].reason
    # An estimate may err, and forbids nothing that may fit.
    assert only(made(long, window=4500, model="some")).tokens > 4500


def test_a_preference_is_a_passed_answer_beside_a_failed_one():
    given_answers = (
        *(answer("Rome", "fail", number=9), answer("Lyon", "fail", number=8)),
        *(answer("Paris!", number=7), answer("Paris", number=6)),
    )
    example = only(made(draft("Paris"), answers=given_answers, format="dpo"))
    assert (example.answer, example.rejected, example.source) == ("Paris!", "Rome", "passed")
    for kept, lacking in (
        (given_answers[:2], "no passed answer that"),
        (given_answers[2:], "no failed answer that"),
        ((), "no passed and no failed answer that"),
    ):
        [item] = made(draft("Paris"), answers=kept, format="dpo").left_out
        assert item.kind == "no_pair" and lacking in item.reason


def test_the_demo_gives_an_example_for_each_train_case():
    from lab.demo import fixtures

    cases = formats.read(fixtures() / "benchmark.jsonl").cases
    train = [case for case in cases if case.split == "train"]
    dataset = build(material(train, []), Recipe())
    assert not dataset.left_out
    assert dataset.examples[0].answer == "Tobias Venn"
    assert len(dataset.examples) == len(train) == 12


@given(st.text())
def test_folding_twice_changes_nothing(text):
    # NFKC after case folding may leave one more step; two are enough for every text.
    once = folded(folded(text))
    assert folded(once) == once
    assert once == once.strip()


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "X ", "y"])), max_size=9)
)
def test_each_train_case_is_an_example_or_is_told(rows):
    drafts = [draft(text, prompt=prompt) for prompt, text in rows]
    dataset = made(*drafts)
    told = [item.case.key for item in (*dataset.examples, *dataset.left_out)]
    assert sorted(told) == sorted(f"t{place}" for place in range(1, len(rows) + 1))
    contents = {(each.case.prompt, folded(each.answer)) for each in dataset.examples}
    assert len(contents) == len(dataset.examples)
    assert made(*drafts) == dataset
    assert made(*[replace(each, tags=("repair",)) for each in drafts]).examples == ()
