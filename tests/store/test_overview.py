"""Windows and counts over many answers, and that they touch no more than they show."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from store import benchmarks, grades, overview, owners, runs, sessions
from store.overview import CaseRow, Summary, Tally


def tally(home, variant, split="test") -> Tally:
    return home.read(overview.tally, home.session.id, variant.id, split)


def test_the_case_list_is_a_window_of_where_each_case_stands(home):
    cases = home.cases("graded", "labelled", "cut", "never asked", "\0" + "é" * 999, split="train")
    variant = home.variant()
    home.answer(cases[0], variant=variant, grade="fail")
    home.label(home.answer(cases[1], variant=variant, grade="fail"), "pass")
    home.answer(cases[2], variant=variant, grade="pass")
    home.answer(cases[2], variant=variant, epoch=2, status="cut")
    home.answer(cases[3], variant=home.variant("other"))
    rows = home.read(overview.case_rows, home.session.id, variant.id, 99, 0)
    assert [(row.status, row.verdict) for row in rows] == [
        ("done", "fail"),
        ("done", "pass"),
        ("cut", None),
        (None, None),
        (None, None),
    ]
    prompt = ("\0" + "é" * 999)[:300]
    last = CaseRow(cases[4].id, cases[4].revision_id, prompt, "train", None, None)
    assert rows[4] == last
    home.write(benchmarks.remove, cases[1].id)
    window = home.read(overview.case_rows, home.session.id, variant.id, 2, 1)
    assert [row.case_id for row in window] == [cases[2].id, cases[3].id]


def test_a_tally_counts_epochs_partials_and_what_is_not_judged(home):
    cases = home.cases("a", "b", "c", "d")
    variant = home.variant()
    for epoch, verdict in enumerate(("pass", "partial", "fail"), start=1):
        home.answer(
            cases[0], variant=variant, epoch=epoch, grade=verdict, cost_usd=0.25, latency_s=2.0
        )
    home.label(home.answer(cases[1], "b", variant, grade="fail", cost_usd=0.0), "partial")
    home.answer(cases[2], variant=variant, grade="pass", latency_s=0.5)
    home.answer(cases[2], variant=variant, epoch=2)
    home.answer(cases[3], variant=variant)
    assert tally(home, variant) == Tally(
        scores=((1, 0.5, 1), (1, 1.0, 1), (3, 1.5, 1)),
        unlabelled=2,
        cost_usd=0.75,
        unpriced=3,
        seconds=6.5,
    )


def test_a_tally_counts_only_what_stands(home):
    asked_anew, edited, removed = home.cases("a", "b", "c")
    (train,) = home.cases("d", split="train")
    variant = home.variant()
    for case in (asked_anew, edited, removed, train):
        home.answer(case, variant=variant, grade="fail", cost_usd=1.0, latency_s=1.0)
    home.answer(asked_anew, "better", variant, grade="pass", cost_usd=0.5, latency_s=1.0)
    home.answer(asked_anew, "broken o", variant, status="cut", cost_usd=9.0)
    home.answer(asked_anew, variant=home.variant("other"), grade="fail")
    home.write(benchmarks.revise, edited.id, replace(edited.draft, prompt="B"))
    home.write(benchmarks.remove, removed.id)
    assert tally(home, variant) == Tally(((1, 1.0, 1),), 0, 0.5, 0, 1.0)
    assert tally(home, variant, "train") == Tally(((1, 0.0, 1),), 0, 1.0, 0, 1.0)
    assert tally(home, home.variant("never ran")) == Tally((), 0, 0.0, 0, 0.0)


def test_the_next_unlabelled_is_the_next_in_the_list_and_then_from_its_start(home):
    cases = home.cases("0", "1 graded", "2", "3 cut", "4 removed", "5 labelled", "6", "7 new")
    variant = home.variant()
    session = home.session.id
    answers = [home.answer(case, case.prompt, variant) for case in cases[:7]]
    home.write(grades.keep_grade, answers[1].id, "assertions", "fail", ())
    home.answer(cases[3], variant=variant, status="cut")
    home.write(benchmarks.remove, cases[4].id)
    home.label(answers[5], "fail")

    def walk(after: int, steps: int) -> list[int]:
        seen: list[int] = []
        for _ in range(steps):
            found = home.read(overview.next_unlabelled, session, variant.id, after)
            case = home.read(benchmarks.get, found)
            after = case.position
            seen.append(after)
        return seen

    assert walk(-1, 4) == [0, 2, 6, 0]
    assert walk(2, 1) == [6]
    home.label(answers[0], "pass")
    home.label(answers[6], "pass")
    assert walk(7, 1) == [2]
    home.label(answers[2], "pass")
    assert home.read(overview.next_unlabelled, session, variant.id, 2) is None
    home.write(sessions.create, "other")
    home.write(benchmarks.restore, cases[4].id)
    assert walk(5, 1) == [4]


def test_a_session_in_numbers(home):
    first, _ = home.cases("a", "b")
    home.answer(first, cost_usd=0.25)
    other = home.write(sessions.create, "other")
    found = home.read(overview.summaries, [home.session.id, other.id])
    assert found == {home.session.id: Summary(2, 0.25, 0), other.id: Summary(0, 0.0, 0)}
    assert found[home.session.id].known_cost_usd == 0.25
    home.answer(first)
    assert home.read(overview.summaries, [home.session.id])[1].known_cost_usd is None


def work(home, call: Callable[..., Any], *args: Any) -> int:
    """Return how many steps SQLite's machine takes for a call, in tens."""

    def count(connection: sqlite3.Connection) -> int:
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1

        connection.set_progress_handler(step, 10)
        call(connection, *args)
        connection.set_progress_handler(None, 10)
        return steps

    return home.write(count)


def test_what_is_stored_elsewhere_makes_nothing_dearer(home):
    """A screen pays for what it shows: no list or count goes through a whole table."""
    variant = home.variant()
    for number in range(10):
        home.write(sessions.create, f"early {number}")
    for case in home.cases(*map(str, range(20))):
        home.label(home.answer(case, case.prompt, variant), "pass")
    (waiting,) = home.cases("waits")
    home.answer(waiting, variant=variant)
    session = home.session.id
    calls: dict[str, tuple[Any, ...]] = {
        "first paint: sessions.last": (sessions.last,),
        "first paint: sessions.page": (sessions.page, 5),
        "first paint: summaries": (overview.summaries, [session]),
        "first paint: recover": (owners.recover, home.folder),
        "case list": (overview.case_rows, session, variant.id, 10, 5),
        "next unlabelled": (overview.next_unlabelled, session, variant.id, 0),
        "tally": (overview.tally, session, variant.id),
        "the answer shown": (runs.latest, variant.id, waiting.revision_id),
    }
    before = {name: work(home, *call) for name, call in calls.items()}

    for number in range(40):
        late = home.write(sessions.create, f"late {number}")
    home.write(sessions.touch, session)
    here, home.session = home.session, late
    for case in home.cases(*map(str, range(100))):
        home.label(home.answer(case, f"other {case.prompt}"), "pass")
    after = {name: work(home, *call) for name, call in calls.items()}
    # A tree of many rows may be a level deeper; nothing else may cost more.
    dearer = {name: (before[name], after[name]) for name in calls if after[name] > before[name] + 2}
    assert dearer == {}

    home.session = here
    for case in home.cases(*map(str, range(100))):
        home.answer(case, variant=variant)
    assert work(home, *calls["case list"]) <= after["case list"] + 2
    assert work(home, *calls["next unlabelled"]) <= after["next unlabelled"] + 2
