"""What waits in the label queue, and second looks at what has a label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store import benchmarks, labels, overview, queue


@pytest.fixture
def waits(home):
    """Return the texts of the answers that wait, sorted."""

    def texts(*, graded: bool = False) -> list[str]:
        found = home.read(queue.waiting, home.session.id, graded=graded)
        return sorted(home.read(queue.item, answer_id).answer.text for answer_id in found)

    return texts


def revise(home, case, **changes):
    draft = replace(home.read(benchmarks.get, case.id).draft, **changes)
    return home.write(benchmarks.revise, case.id, draft)


def test_every_whole_answer_without_a_label_waits_identical_ones_once(home, waits):
    one, two = home.cases("one", "two")
    small = home.variant("small")
    home.answer(one, "the same")
    home.answer(one, "the  same\n", small)
    home.answer(two, "the same", small)
    home.answer(two, "labelled", epoch=2)
    home.label(home.answer(two, "labelled", small, epoch=3), "pass")
    for status in ("stopped", "interrupted", "cut", "failed"):
        home.answer(one, status, status=status)
    home.ask(two, epoch=4)
    assert waits() == ["the same", "the same"]
    found = home.read(queue.waiting, home.session.id, graded=False)
    assert [home.read(queue.item, answer_id).alike for answer_id in found] == [2, 1]


def test_what_the_checks_graded_waits_only_on_request(home, waits):
    (case,) = home.cases("one")
    home.answer(case, "graded", grade="fail")
    home.answer(case, "open", epoch=2)
    assert waits() == ["open"]
    assert waits(graded=True) == ["graded", "open"]


def test_only_current_revisions_of_cases_that_are_there_and_sound_wait(home, waits):
    cases = home.cases("revised", "removed", "bad", "other session", "said bad")
    for case in cases:
        home.answer(case, case.prompt)
    revise(home, cases[0], prompt="asked in another way")
    home.write(benchmarks.remove, cases[1].id)
    bad = revise(home, cases[2], tags=("x", "repair"))
    home.answer(bad, "bad, asked anew")
    revise(home, cases[4], tags=('not a "repair"', "repairs"))
    home.answer(home.read(benchmarks.get, cases[4].id), "fine")
    assert waits() == ["fine", "other session"]
    assert home.read(queue.waiting, home.session.id + 1, graded=True) == []
    assert not home.read(queue.any_answer, home.session.id + 1)
    assert home.read(queue.any_answer, home.session.id)


def test_an_undone_label_lets_the_answer_wait_again(home, waits):
    (case,) = home.cases("one")
    home.label(home.answer(case, "answer"), "fail")
    assert waits() == []
    home.write(labels.undo, home.session.id)
    assert waits() == ["answer"]


def test_a_bad_case_counts_for_nothing(home):
    good, bad = home.cases("good", "bad")
    variant = home.variant()
    for case in (good, bad):
        home.label(home.answer(case, case.prompt, variant), "pass")
    bad = revise(home, bad, tags=("repair",))
    home.answer(bad, "open", variant)
    tally = home.read(overview.tally, home.session.id, variant.id)
    assert (tally.scores, tally.unlabelled) == (((1, 1.0, 1),), 0)
    rows = home.read(overview.case_rows, home.session.id, variant.id, 9, 0)
    assert [row.sound for row in rows] == [True, False]
    assert home.read(overview.next_unlabelled, home.session.id, variant.id, -1) is None
    bad = revise(home, bad, tags=())
    home.answer(bad, "open", variant)
    assert home.read(overview.tally, home.session.id, variant.id).unlabelled == 1


def test_a_reason_is_taken_back_together_with_its_verdict(home):
    (case,) = home.cases("one")
    answer = home.answer(case, "answer")
    label_id = home.label(answer, "fail", note="why")
    for reason in ("m", "f"):
        label_id = home.write(labels.give_reason, label_id, reason)
        standing = home.read(labels.standing, answer.revision_id, answer.answer_hash)
        assert (standing.id, standing.verdict) == (label_id, "fail")
        assert (standing.reason, standing.note) == (reason, "why")
    home.write(labels.undo, home.session.id)
    assert home.get(answer).label is None
    assert home.write(labels.undo, home.session.id) is None


def test_a_second_look_replaces_nothing_and_is_undone_in_its_turn(home):
    cases = home.cases(*"abc")
    answers = [home.answer(case, case.prompt) for case in cases]
    first, second, _ = [home.label(answer, "pass") for answer in answers]
    home.write(queue.look_again, home.session.id, first, "fail", "hm")
    home.write(queue.give_reason, first, "r")
    assert home.get(answers[0]).label == "pass"
    assert home.read(queue.labels_and_looks, home.session.id) == (3, 1)
    (look,) = home.read(queue.looks, home.session.id)
    assert (look.first, look.second, look.differs) == ("pass", "fail", True)
    undone = home.write(queue.undo, home.session.id)
    assert (undone.look, undone.label_id, undone.note) == (True, first, "hm")
    assert home.read(queue.looks, home.session.id) == []
    undone = home.write(queue.undo, home.session.id)
    assert (undone.look, undone.answer_hash) == (False, answers[2].answer_hash)
    home.write(queue.look_again, home.session.id, second, "pass")
    assert [home.write(queue.undo, home.session.id).look for _ in range(3)] == [True, False, False]
    assert home.write(queue.undo, home.session.id) is None


def test_a_look_at_a_label_that_was_undone_measures_nothing(home):
    (case,) = home.cases("one")
    label_id = home.label(home.answer(case, "answer"), "pass")
    home.write(queue.look_again, home.session.id, label_id, "fail")
    home.write(labels.undo, home.session.id)
    assert home.read(queue.looks, home.session.id) == []
    assert home.read(queue.labels_and_looks, home.session.id) == (0, 0)


def test_a_later_label_settles_two_that_differ(home):
    (case,) = home.cases("one")
    answer = home.answer(case, "answer")
    label_id = home.label(answer, "pass")
    home.write(queue.look_again, home.session.id, label_id, "fail")
    home.label(answer, "fail")
    (look,) = home.read(queue.looks, home.session.id)
    assert (look.first, look.second, look.differs) == ("pass", "fail", False)


def test_the_newest_labels_and_those_looked_at_are_not_looked_at_again(home):
    cases = home.cases(*map(str, range(9)))
    answers = [home.answer(case, case.prompt) for case in cases]
    given = [home.label(answer, "pass") for answer in answers]
    home.label(answers[3], "fail")  # the older label of this one does not stand
    home.write(queue.look_again, home.session.id, given[5], "pass")
    revise(home, cases[4], tags=("repair",))
    found = home.read(queue.for_second_look, home.session.id, skip=3, limit=4)
    assert found == [(given[6], answers[6].id)]
    found = home.read(queue.for_second_look, home.session.id, skip=3, limit=99)
    assert sorted(label for label, _ in found) == [*given[:3], given[6]]


def test_chosen_answers_that_still_wait_keep_their_order(home):
    one, two, gone = home.cases("one", "two", "gone")
    small = home.variant("small")
    first = home.answer(one, "the same")
    alike = home.answer(one, "the  same", small)
    other = home.answer(two, "graded", grade="fail")
    done = home.answer(two, "labelled", small)
    lost = home.answer(gone, "gone")
    chosen = [lost.id, done.id, other.id, alike.id, first.id, 999]
    home.label(done, "pass")
    home.write(benchmarks.remove, gone.id)
    assert home.read(queue.still_waiting, chosen) == [other.id, first.id]
    assert home.read(queue.still_waiting, chosen, one.id) == [first.id]
    assert home.read(queue.still_waiting, []) == []
