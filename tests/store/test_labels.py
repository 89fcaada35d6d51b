"""A person's verdicts: appended, undone by a row of their own, and known again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store import benchmarks, grades, labels, sessions
from store.records import answer_hash


@pytest.fixture
def answer(home):
    (case,) = home.cases("What is the capital?")
    return home.answer(case, "The café\n is in Paris.")


def test_twenty_labels_and_twenty_undos_give_the_start(home):
    verdicts = ("pass", "partial", "fail")
    answers = [home.answer(case, case.prompt) for case in home.cases(*map(str, range(7)))]
    given = [home.label(answers[n % 7], verdicts[n % 3]) for n in range(20)]
    last = [max(n for n in range(20) if n % 7 == place) for place in range(7)]
    assert [home.get(item).label for item in answers] == [verdicts[n % 3] for n in last]
    undone = [home.write(labels.undo, home.session.id) for _ in range(20)]
    assert [label.id for label in undone] == given[::-1]
    assert [label.verdict for label in undone] == [verdicts[n % 3] for n in range(20)][::-1]
    assert [home.get(item) for item in answers] == answers
    assert home.write(labels.undo, home.session.id) is None
    assert home.rows("SELECT count(*), count(verdict) FROM labels") == [(40, 20)]


def test_an_undone_label_lets_the_earlier_one_stand(home, answer):
    home.label(answer, "pass")
    home.label(answer, "pass", reason="f", note="again")
    home.label(answer, "fail", reason="m")
    standing = home.read(labels.standing, answer.revision_id, answer.answer_hash)
    assert (standing.verdict, standing.reason, standing.source) == ("fail", "m", "person")
    seen = [home.get(answer).label]
    for _ in range(3):
        home.write(labels.undo, home.session.id)
        seen.append(home.get(answer).label)
    assert seen == ["fail", "pass", "pass", None]
    home.label(answer, "partial")
    assert home.get(answer).label == "partial"


def test_labels_are_only_ever_appended(home, answer):
    home.label(answer, "pass")
    before = home.rows("SELECT * FROM labels ORDER BY id")
    home.label(answer, "fail")
    home.write(labels.undo, home.session.id)
    home.write(labels.undo, home.session.id)
    assert home.rows("SELECT * FROM labels ORDER BY id")[: len(before)] == before


def test_the_same_answer_in_a_later_run_is_labelled_already(home, answer):
    case = home.read(benchmarks.get, answer.case_id)
    home.label(answer, "partial")
    same = home.answer(case, "  The cafe\u0301 is in\tParis. ", home.variant("other"))
    different = home.answer(case, "The cafe is in Paris.")
    assert (same.label, different.label) == ("partial", None)
    revised = home.write(benchmarks.revise, case.id, replace(case.draft, prompt="Which city?"))
    assert home.answer(revised, answer.text).label is None
    home.write(labels.undo, home.session.id)
    assert home.get(same).label is None


def test_a_label_wins_over_the_grade(home, answer):
    home.write(grades.keep_grade, answer.id, "assertions", "fail", ())
    assert home.get(answer).verdict == "fail"
    home.label(answer, "pass")
    assert (home.get(answer).verdict, home.get(answer).grade) == ("pass", "fail")


def test_labels_are_carried_over_and_undone_with_their_originals(home, answer):
    case = home.read(benchmarks.get, answer.case_id)
    home.label(answer, "fail")
    home.label(answer, "pass", reason="r", note="a note")
    home.label(answer, "partial")
    home.write(labels.undo, home.session.id)
    revisions = [case.revision_id]
    for tag in ("once", "twice"):
        revised = home.write(benchmarks.revise, case.id, replace(case.draft, tags=(tag,)))
        home.write(labels.carry_over, revisions[-1], revised.revision_id)
        revisions.append(revised.revision_id)

    def standing() -> list[str | None]:
        found = [home.read(labels.standing, number, answer.answer_hash) for number in revisions]
        return [label.verdict if label else None for label in found]

    carried = home.read(labels.standing, revisions[-1], answer.answer_hash)
    assert (carried.reason, carried.note, carried.source) == ("r", "a note", "carried")
    assert standing() == ["pass"] * 3
    assert home.write(labels.undo, home.session.id).revision_id == case.revision_id
    assert standing() == ["fail"] * 3
    home.write(labels.undo, home.session.id)
    assert standing() == [None] * 3
    assert home.write(labels.undo, home.session.id) is None


def test_undo_is_a_person_s_own_and_of_one_session(home, answer):
    other = home.write(sessions.create, "other")
    home.label(answer, "pass", source="import")
    assert home.write(labels.undo, home.session.id) is None
    home.label(answer, "fail")
    assert home.write(labels.undo, other.id) is None
    assert home.write(labels.undo, home.session.id).verdict == "fail"
    assert home.get(answer).label == "pass"


def test_standing_labels_are_listed_with_their_answers(home, hostile):
    first, second = home.cases("first", "second", split="test")
    later = home.answer(second, hostile)
    home.label(later, "fail", reason="f", note=hostile)
    again = home.answer(first, "one  text")
    home.answer(first, "one text", home.variant("newest"))
    home.label(again, "fail")
    home.label(again, "pass")
    home.label(home.answer(first, "undone"), "pass")
    home.write(labels.undo, home.session.id)
    found = home.read(labels.labelled_answers, home.session.id)
    assert [(item.case, item.model, item.answer, item.label, item.note) for item in found] == [
        ("1", "newest", "one text", "pass", ""),
        ("2", "model", hostile, "fail", hostile),
    ]
    assert [answer_hash(item.answer) for item in found] == [again.answer_hash, later.answer_hash]
