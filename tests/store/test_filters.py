"""Which cases a filter finds, and what the checks are told of the answers."""

from __future__ import annotations

import pytest

from lab.case_filter import FilterProblem, read_filter
from store import benchmarks, checks, filters, overview
from store.benchmarks import REPAIR
from store.filters import Term
from store.records import Assertion, Expectation


@pytest.fixture
def cases(home):
    """Cases in every state, by what stands in their prompts."""
    made = {name: home.cases(name)[0] for name in ("unasked", "waiting", "passed", "failed")}
    [made["tagged"]] = home.cases("About Ferries", tags=("By hand", "x"), split="train")
    [made["bad"]] = home.cases("bad", tags=(REPAIR,))
    wanted = Expectation("Straße", (Assertion("contains", "Étoile"),))
    [made["expecting"]] = home.cases("Where?", expectation=wanted)
    [made["stopped"]] = home.cases("stopped")
    for name in ("waiting", "passed", "failed"):
        answer = home.answer(made[name], text=name)
        if name != "waiting":
            home.label(answer, name.removesuffix("ed"))
    home.answer(made["stopped"], status="stopped")
    return made


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("ferries", "tagged"),
        ("STRASSE", "expecting"),
        ("étoile where", "expecting"),
        ('"where étoile"', ""),
        ('tag:"by hand"', "tagged"),
        ("tag:by", ""),
        ("split:train", "tagged"),
        ("id:2", "waiting"),
        ("is:unlabelled", "waiting"),
        ("is:passed", "passed"),
        ("is:FAIL", "failed"),
        ("is:error", "stopped"),
        ("is:bad", "bad"),
        ("is:unasked", "unasked tagged bad expecting"),
        ("-is:empty", "expecting"),
        ("is:unasked -tag:repair -split:train", "unasked expecting"),
        ("nowhere", ""),
        ("", "unasked waiting passed failed tagged bad expecting stopped"),
    ],
)
def test_a_line_finds_cases(home, cases, line, names):
    variant = home.variant()
    found = home.read(filters.matching, home.session.id, variant.id, read_filter(line))
    by_id = {case.id: name for name, case in cases.items()}
    assert [by_id[case_id] for case_id in found] == names.split()


def test_a_removed_case_is_not_found(home, cases):
    home.write(benchmarks.remove, cases["tagged"].id)
    assert home.read(filters.matching, home.session.id, 0, read_filter("ferries")) == []


@pytest.mark.parametrize("line", ["is:nothing", "split:both", "-is:x"])
def test_an_unknown_state_is_told(line):
    with pytest.raises(FilterProblem, match="is unknown; take one of"):
        read_filter(line)


def test_what_is_no_field_is_a_word():
    assert read_filter("at 5:45 tag:") == (
        Term("word", "at"),
        Term("word", "5:45"),
        Term("word", "tag:"),
    )


def test_lines_of_the_list_are_the_same_with_and_without_a_filter(home, cases):
    variant = home.variant()
    all_rows = home.read(overview.case_rows, home.session.id, variant.id, 20, 0)
    wanted = [cases[name].id for name in ("failed", "waiting")]
    rows = home.read(overview.rows_of, home.session.id, variant.id, wanted)
    assert rows == [row for row in all_rows if row.case_id in wanted]
    assert [row.prompt for row in rows] == ["waiting", "failed"]


# -- What the checks see ------------------------------------------------------------


def test_the_newest_answer_of_each_epoch_is_seen_with_its_verdicts(home):
    [case] = home.cases("one")
    failed = (("contains", "x", False, "y"),)
    home.answer(case, "old", grade="pass")
    answer = home.answer(case, "new", grade="fail", checks=failed)
    home.answer(case, "second", epoch=2, grade="pass")
    home.answer(case, "cut", epoch=3, status="cut")
    home.label(answer, "pass")
    seen = home.read(checks.seen, home.session.id)
    assert [(item.epoch, item.label, item.grade, item.verdict) for item in seen] == [
        (1, "pass", "fail", "pass"),
        (2, None, "pass", "pass"),
    ]
    assert [item.checks for item in seen] == [failed, ()]


def test_answers_to_older_revisions_and_of_removed_cases_are_not_seen(home):
    edited, removed = home.cases("one", "two")
    for case in (edited, removed):
        home.answer(case, grade="pass")
    home.write(benchmarks.revise, edited.id, home.cases("three")[0].draft)
    home.write(benchmarks.remove, removed.id)
    assert home.read(checks.seen, home.session.id) == []
