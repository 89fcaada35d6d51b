"""Full-text search: what is found, once, and that any text can be looked for."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import benchmarks, runs, search, sessions, upkeep


@pytest.fixture
def find(home):
    """Return (kind, excerpt) of what is found."""

    def found(words: str, **options) -> list[tuple[str, str]]:
        return [(h.kind, h.excerpt) for h in home.read(search.everything, words, **options)]

    return found


def test_sessions_prompts_and_answers_are_found(home, find):
    home.write(sessions.create, "Invoices 2024", "total of each invoice")
    first, second = home.cases("The total of invoice 8812?", "Who signed it?")
    home.answer(second, "The invoice was signed by Ada.")
    assert find("invoice") == [
        ("session", "total of each invoice"),
        ("prompt", "The total of invoice 8812?"),
        ("answer", "The invoice was signed by Ada."),
    ]
    hit = home.read(search.everything, "8812")[0]
    assert (hit.session_id, hit.session, hit.case_id) == (home.session.id, "one", first.id)
    assert find("INVOICE signed") == [("answer", "The invoice was signed by Ada.")]
    assert find("  ") == find("invoice nowhere") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("notice peri", True),
        ("notice p", False),
        ("notic period", False),
        ("überarb", True),
        ("UBERARBEITET", True),
        ("合", True),
        ("合同", True),
        ("don't", True),
        ("t don", True),
        ("x", True),
        ("14.03.2024", True),
        ("notice AND period", False),
        ("notice OR nowhere", False),
        ('"notice"', True),
        ("notice*", True),
        ("answer: notice", False),
        ("-notice", True),
        ("NEAR(notice period)", False),
        ("^notice !!!", True),
        ("%", False),
    ],
)
def test_words_are_words_and_the_last_may_be_begun(home, find, words, found):
    (case,) = home.cases("?")
    home.answer(case, "Notice period überarbeitet; don't sign before 14.03.2024: 合同已签 x")
    assert [kind for kind, _ in find(words)] == ["answer"] * found


def test_a_session_is_found_by_any_part_of_its_name(home, find):
    home.write(sessions.create, "50% off_peak", "a\\b")
    assert [find(words) for words in ("0%", "f_p", "a\\b")] == [[("session", "a\\b")]] * 3
    assert find("0_") == find("50%%") == []


hostile = st.text(
    alphabet=st.sampled_from("\"'*^:-+(){}[]\\%_ \0\ud83d\u202e\né" + string.ascii_letters)
    | st.characters(),
    max_size=40,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile)
def test_any_text_can_be_looked_for(home, words):
    home.read(search.everything, words)


def test_a_whole_page_can_be_looked_for(home, find):
    (case,) = home.cases("?")
    home.answer(case, "clause " * 400)
    assert len(find("clause " * 20_000)) == 1
    assert find("x" * 200_000) == find('"' * 100_000) == []


def test_text_with_controls_is_found(home, find):
    (case,) = home.cases("?")
    home.answer(case, "before\0after \x1b[31mred\u202e evil")
    for words in ("before", "after", "31mred", "evil"):
        assert len(find(words)) == 1, words


def test_a_removed_case_is_not_found(home, find):
    (case,) = home.cases("a prompt of wood")
    home.answer(case, "an answer of wood")
    home.write(benchmarks.remove, case.id)
    assert find("wood") == []
    home.write(benchmarks.restore, case.id)
    assert len(find("wood")) == 2


def test_an_edited_case_is_found_as_it_stands_and_its_carried_answer_once(home, find):
    (case,) = home.cases("the amber question")
    home.answer(case, "an amber answer")
    revised = home.write(
        benchmarks.revise, case.id, replace(case.draft, prompt="the amber and jade question")
    )
    home.write(runs.carry_over, case.revision_id, revised.revision_id)
    assert find("amber") == [
        ("prompt", "the amber and jade question"),
        ("answer", "an amber answer"),
    ]


def test_an_updated_answer_is_found_once_and_by_its_last_text(home, find):
    (case,) = home.cases("?")
    answer_id = home.ask(case)
    assert find("ivory") == []
    home.write(runs.finish, answer_id, runs.Finish("cut", "ivory half"))
    home.write(runs.finish, answer_id, runs.Finish("done", "ivory whole"))
    assert find("ivory") == [("answer", "ivory whole")]
    assert find("half") == []
    home.write(runs.finish, answer_id, runs.Finish("done", ""))
    assert find("ivory") == []
    assert home.read(upkeep.integrity) == []


def test_a_page_of_hits_has_the_newest_and_room_for_answers(home, find):
    cases = home.cases(*(f"copper {number}" for number in range(8)))
    for case in cases[:3]:
        home.answer(case, f"answer: {case.prompt}")
    assert find("copper", limit=4) == [
        ("prompt", "copper 7"),
        ("prompt", "copper 6"),
        ("answer", "answer: copper 2"),
        ("answer", "answer: copper 1"),
    ]
    assert len(find("copper", limit=10)) == 10
    assert [kind for kind, _ in find("copper", limit=10)].count("answer") == 3
