"""Judgements: what there is to judge, which labels measure a judge, and what counts."""

from __future__ import annotations

from typing import Any

import pytest

from store import benchmarks, judgements, labels, overview, runs, sessions
from store.judgements import Ruling
from store.records import Answer, Variant, Verdict

Home = Any  # tests/store/conftest.py


@pytest.fixture
def judge(home: Home) -> Variant:
    """The session's judge, not trusted yet."""
    return home.write(judgements.choose, home.session.id, Variant("bare", "openai", "judge"))


@pytest.fixture
def rule(home: Home, judge: Variant):
    def keep(answer: Answer, verdict: Verdict | None, reason: str = "why") -> None:
        home.write(
            judgements.keep,
            *(home.session.id, judge.id, answer.revision_id, answer.answer_hash),
            Ruling(verdict, None if verdict is None else 0.5, reason, (), None),
        )

    return keep


def trust(home: Home, trusted: bool = True) -> None:
    home.write(judgements.set_trusted, home.session.id, trusted)


def shared(home: Home) -> dict[tuple[Verdict, Verdict], int]:
    found = home.read(judgements.shared, home.session.id)
    assert found is not None
    return found


def test_a_judgement_counts_after_a_label_and_before_the_assertions(home, rule):
    [case] = home.cases("one")
    answer = home.answer(case, grade="fail")
    rule(answer, "partial")
    assert home.get(answer).verdict == "fail"
    assert home.get(answer).judgement.reason == "why"
    trust(home)
    assert home.get(answer).verdict == "partial"
    home.label(answer, "pass")
    assert home.get(answer).verdict == "pass"


def test_rates_glyphs_and_what_waits_follow_the_trust(home, rule):
    variant = home.variant()
    cases = home.cases("one", "two", "three")
    answers = [home.answer(case, f"text {case.id}", variant) for case in cases]
    rule(answers[0], "pass")
    rule(answers[1], None, "no JSON")

    def found() -> tuple[Any, ...]:
        tally = home.read(overview.tally, home.session.id, variant.id)
        rows = home.read(overview.case_rows, home.session.id, variant.id, 9, 0)
        waits = home.read(overview.next_unlabelled, home.session.id, variant.id, -1)
        return tally.scores, tally.unlabelled, tally.judged, [row.verdict for row in rows], waits

    assert found() == ((), 3, 0, [None] * 3, cases[0].id)
    trust(home)
    # A reply that cannot be used is no verdict, also of a trusted judge.
    assert found() == (((1, 1.0, 1),), 2, 1, ["pass", None, None], cases[1].id)
    home.label(answers[0], "fail")
    assert found() == (((1, 0.0, 1),), 2, 0, ["fail", None, None], cases[1].id)


def test_only_labels_given_blind_are_shared(home, rule):
    cases = home.cases("before", "while hidden", "seen and undone", "once trusted", "from a file")
    answers = [home.answer(case, f"text {case.id}") for case in cases]
    home.label(answers[0], "pass")
    for answer in answers:
        rule(answer, "pass")
    assert shared(home) == {("pass", "pass"): 1}
    home.label(answers[1], "fail")
    assert shared(home) == {("pass", "pass"): 1, ("fail", "pass"): 1}

    home.label(answers[2], "fail")
    assert shared(home)["fail", "pass"] == 2
    home.write(labels.undo, home.session.id)
    assert shared(home)["fail", "pass"] == 1
    # The person has read the judge's verdict by now.
    home.label(answers[2], "pass")
    assert shared(home) == {("pass", "pass"): 1, ("fail", "pass"): 1}

    trust(home)
    home.label(answers[3], "pass")
    home.label(answers[4], "fail", source="import")
    assert shared(home) == {("pass", "pass"): 1, ("fail", "pass"): 2}


def test_a_judgement_that_comes_after_the_label_is_shared_with_it(home, rule):
    [case] = home.cases("one")
    answer = home.answer(case)
    home.label(answer, "partial")
    rule(answer, "fail")
    assert shared(home) == {("partial", "fail"): 1}
    rule(answer, "partial")  # judged anew
    assert shared(home) == {("partial", "partial"): 1}
    rule(answer, None)
    assert shared(home) == {}


def test_identical_answers_are_judged_once_and_the_newest_counts(home, judge, rule):
    one, other = home.variant("small"), home.variant("large")
    case, gone = home.cases("one", "gone")
    first = home.answer(case, "same", one)
    home.answer(case, "same  ", other)
    home.answer(case, "old", other, epoch=2)
    newest = home.answer(case, "new", other, epoch=2, model="large-2026")
    home.answer(case, "half", other, epoch=3, status="cut")
    home.answer(gone, "gone", one)
    home.write(benchmarks.remove, gone.id)
    rule(first, "pass")

    found = home.read(judgements.candidates, home.session.id, judge.id)
    assert [(item.answer_hash, item.alike, item.judged) for item in found] == [
        (first.answer_hash, 2, True),
        (newest.answer_hash, 1, False),
    ]
    assert [item.models for item in found] == [("large", "small"), ("large", "large-2026")]
    read = home.read
    assert read(judgements.candidates, home.session.id, judge.id, rung="context") == []
    assert read(judgements.candidates, home.session.id, judge.id, split="train") == []


def test_another_judge_begins_without_trust_and_the_first_finds_its_own_again(home, judge, rule):
    [case] = home.cases("one")
    answer = home.answer(case)
    home.label(answer, "pass")
    rule(answer, "pass")
    trust(home)
    other = home.write(judgements.choose, home.session.id, Variant("bare", "openai", "other"))
    assert home.get(answer).judgement is None
    state = home.read(judgements.state, home.session.id)
    assert (state.judge, state.trusted, state.judged, state.shared) == (other, False, 0, {})
    home.write(judgements.choose, home.session.id, judge)
    assert shared(home) == {("pass", "pass"): 1}


def test_what_judging_cost_is_spent_in_the_session(home, judge):
    run = home.write(judgements.start, home.session.id, judge.id)
    home.write(judgements.spend, run, 0.25)
    home.write(judgements.spend, run, None)
    home.write(judgements.end, run, "finished")
    assert home.read(sessions.spent, home.session.id) == (0.25, 1)
    assert home.read(overview.summaries, [home.session.id])[home.session.id].unpriced == 1
    # A judge is no variant of the session's own.
    assert home.read(runs.variants_of, home.session.id) == []


def test_a_session_without_a_judge_has_nothing_to_weigh(home):
    assert home.read(judgements.shared, home.session.id) is None
    assert home.read(judgements.judge_of, home.session.id) is None
