"""An open session: its set-up and variants, its documents, its cases and their verdicts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer
from lab.desk import Desk
from lab.engine import Engine
from lab.events import Answered, Event
from lab.grading.assertions import ExpectationError
from lab.setup import Setup
from store import runs, sessions
from store.errors import StoreError
from store.reading import read
from store.records import Answer, Assertion, Case, CaseDraft, Expectation, Variant

Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]
Ask = Callable[..., Awaitable[list[Event]]]


async def reopened(desk: Desk) -> Desk:
    session = await desk.database.read(sessions.named, desk.session.name)
    return await Desk.open(desk.engine, session)


async def answered(desk: Desk, events: list[Event]) -> list[Answer]:
    return [event.answer for event in events if isinstance(event, Answered)]


@pytest.fixture
async def papers(desk: Desk, tmp_path: Path) -> Desk:
    """The desk with two documents in its context, `a.md` and `b.md`, and `c.md` beside it."""
    for name in ("a", "b", "c"):
        path = tmp_path / f"{name}.md"
        path.write_text(f"The text of {name}.")
        await desk.add_document(read(path), attach=name != "c")
    return desk


def attached(desk: Desk) -> list[str]:
    return [item.name for item in desk.documents if item.attached is not None]


# -- the set-up ---------------------------------------------------------------------------


async def test_a_session_is_found_as_it_was_left(desk: Desk) -> None:
    setup = Setup("groq", "m", "context", "", "Be brief.", {"temperature": 0.5, "stop": ["x"]})
    desk.state["case"], desk.state["draft"] = 7, "half a ques\ud800tion\n"
    await desk.choose(setup)
    again = await reopened(desk)
    assert again.setup == setup
    assert again.state["case"] == 7
    assert again.state["draft"].startswith("half a ques")


async def test_a_new_session_begins_with_the_last_set_up_and_bare(
    engine: Engine, desk: Desk
) -> None:
    await desk.choose(Setup("groq", "m", "context", system="Be brief."))
    new = await Desk.open(engine, await engine.database.write(sessions.create, "new"))
    assert new.setup == Setup("groq", "m", "bare", system="Be brief.")
    assert "setup" not in new.state  # until it chooses for itself


@pytest.mark.parametrize(
    ("typed", "cap"), [("2.50", 2.5), (" $ 3 ", 3.0), ("", None), ("0", 0.0), ("$", None)]
)
async def test_the_cap_as_it_is_typed(desk: Desk, typed: str, cap: float | None) -> None:
    await desk.set_cap(typed)
    assert desk.session.cap_usd == (await reopened(desk)).session.cap_usd == cap


@pytest.mark.parametrize("typed", ["-1", "nan", "inf", "five", "1,50", "1e999"])
async def test_a_cap_that_is_no_amount_is_refused(desk: Desk, typed: str) -> None:
    before = desk.session.cap_usd
    with pytest.raises(StoreError, match=r"is no amount of US dollars; type one such as 5\.00"):
        await desk.set_cap(typed)
    assert (await reopened(desk)).session.cap_usd == before


# -- variants -----------------------------------------------------------------------------


async def test_the_order_and_the_names_of_documents_make_a_variant(
    papers: Desk, variant: Make, tmp_path: Path
) -> None:
    hashes = [variant(rung="context").hash]
    assert variant(rung="bare").documents == ()
    await papers.move_document(papers.documents[1].id, -1)
    assert attached(papers) == ["b.md", "a.md"]
    hashes.append(variant(rung="context").hash)
    await papers.attach(papers.documents[0].id, False)
    hashes.append(variant(rung="context").hash)
    (tmp_path / "renamed.md").write_text("The text of a.")
    await papers.remove_document(papers.documents[0].id)
    await papers.add_document(read(tmp_path / "renamed.md"), attach=True)
    assert attached(papers) == ["renamed.md"]
    hashes.append(variant(rung="context").hash)
    assert len(set(hashes)) == 4
    await papers.remove_document(papers.documents[0].id)
    for name in ("a", "b"):
        await papers.add_document(read(tmp_path / f"{name}.md"), attach=False)
    for name in ("a.md", "b.md"):
        await papers.attach(next(d.id for d in papers.documents if d.name == name), True)
    assert variant(rung="context").hash == hashes[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "other"},
        {"provider": "openai"},
        {"base_url": ""},
        {"system": "Be brief."},
        {"parameters": {"temperature": 0}},
        {"rung": "context"},
    ],
)
async def test_whatever_changes_the_question_makes_a_variant(
    desk: Desk, variant: Make, changes: dict[str, Any]
) -> None:
    assert variant(**changes).hash != variant().hash
    assert variant(**changes).hash == variant(**changes).hash


async def test_the_order_of_parameters_makes_none(desk: Desk, variant: Make) -> None:
    one, other = {"temperature": 0, "top_p": 1}, {"top_p": 1, "temperature": 0}
    assert variant(parameters=one).hash == variant(parameters=other).hash


async def test_a_variants_counterpart(papers: Desk, variant: Make) -> None:
    assert papers.sibling() == variant(rung="context")
    papers.setup = replace(papers.setup or Setup("", ""), rung="context")
    assert papers.sibling() == variant(rung="bare")
    papers.setup = replace(papers.setup, rung="bare")
    for document in papers.documents[:2]:
        await papers.attach(document.id, False)
    assert papers.sibling() is None  # there is nothing to put into the context
    papers.setup = None
    assert papers.sibling() is papers.variant() is None


async def test_what_was_sent_can_be_shown(
    server: FixtureServer, papers: Desk, add: Add, run: Ask
) -> None:
    papers.setup = replace(papers.setup or Setup("", ""), rung="context", system="Be brief.")
    [case] = await add("What?")
    events = await run([case])
    [answer] = await answered(papers, events)
    variant = await papers.stored_variant(papers.variant() or Variant("bare", "", ""))
    assert variant.id == answer.variant_id
    sent = await papers.sent(case, variant)
    assert server.chats[0]["messages"] == sent
    assert sent[0]["content"].index("text of a") < sent[0]["content"].index("text of b")
    # It stays what it was though the documents change.
    await papers.remove_document(papers.documents[0].id)
    assert await papers.sent(case, variant) == sent
    assert (await papers.answer(case, variant)) == answer


# -- cases and their answers --------------------------------------------------------------


@pytest.fixture
async def judged(
    server: FixtureServer, desk: Desk, run: Ask, variant: Make
) -> tuple[Case, Variant]:
    """A case that two variants answered with “Paris”, twice the first; one is labelled."""
    server.answers = {"capital": "Paris"}
    draft = CaseDraft("The capital?", expectation=Expectation("Lyon"), tags=("x",))
    await desk.add_cases([draft])
    [case] = await desk.cases()
    await run([case], "fixture-small")
    [answer] = await answered(desk, await run([case]))
    await run([case], fresh=True)
    assert answer.grade == "fail"
    await desk.label(answer, "partial", reason="f")
    return case, await desk.stored_variant(variant())


async def test_a_new_expectation_grades_the_answers_anew(
    server: FixtureServer, desk: Desk, run: Ask, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    asked = len(server.chats)
    revised = await desk.revise(case, replace(case.draft, expectation=Expectation("Paris")))
    assert (revised.number, revised.revision_id != case.revision_id) == (2, True)
    answer = await desk.answer(revised, variant)
    assert answer and (answer.text, answer.grade, answer.label) == ("Paris", "pass", None)
    assert {item.rate and item.rate.passed for item in await desk.standings()} == {1}
    await run([revised])
    assert len(server.chats) == asked  # nothing is asked again
    before = await desk.answer(case, variant)
    assert before and (before.grade, before.label) == ("fail", "partial")


async def test_a_label_stays_where_the_expectation_does(
    desk: Desk, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    revised = await desk.revise(case, replace(case.draft, tags=("y",)))
    assert revised.number == 2
    answer = await desk.answer(revised, variant)
    assert answer and (answer.grade, answer.label) == ("fail", "partial")


async def test_a_new_prompt_is_asked_anew(
    desk: Desk, run: Ask, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    revised = await desk.revise(case, replace(case.draft, prompt="The capital, please?"))
    assert await desk.answer(revised, variant) is None
    assert await desk.missing([revised], variant, 1) == 1
    [answer] = await answered(desk, await run([revised]))
    assert (answer.text, answer.label) == ("Paris", None)


async def test_earlier_turns_are_part_of_the_prompt(
    desk: Desk, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    turns = ({"role": "user", "content": "Speak of France."},)
    revised = await desk.revise(case, replace(case.draft, messages=turns))
    assert await desk.answer(revised, variant) is None


async def test_nothing_changed_makes_no_revision(desk: Desk, judged: tuple[Case, Variant]) -> None:
    case, _ = judged
    assert await desk.revise(case, case.draft) == case


async def test_an_expectation_that_cannot_be_checked_changes_nothing(
    desk: Desk, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    broken = Expectation(assertions=(Assertion("regex", "("),))
    with pytest.raises(ExpectationError):
        await desk.revise(case, replace(case.draft, expectation=broken))
    assert await desk.case(case.id) == case
    answer = await desk.answer(case, variant)
    assert answer and answer.grade == "fail"


async def test_the_same_answer_in_a_later_run_is_labelled_already(
    desk: Desk, run: Ask, judged: tuple[Case, Variant]
) -> None:
    case, variant = judged
    [answer] = await answered(desk, await run([case], "fixture-other"))
    assert answer.label == "partial"
    undone = await desk.undo()
    assert undone and undone.verdict == "partial"
    for model in (variant, await desk.database.read(runs.get_variant, answer.variant_id)):
        again = await desk.answer(case, model)
        assert again and again.label is None
    assert await desk.undo() is None


async def test_how_many_a_run_would_ask(desk: Desk, add: Add, run: Ask, variant: Make) -> None:
    cases = await add("a", "b")
    assert await desk.missing(cases, variant(), 2) == 4  # it never ran
    await run(cases[:1])
    stored = await desk.stored_variant(variant())
    assert await desk.missing(cases, stored, 2) == 3
    assert await desk.missing(cases, stored, 2, fresh=True) == 4
    assert await desk.variants() == [stored]


async def test_moving_through_the_cases(desk: Desk, add: Add) -> None:
    cases = await add(*"abcd")
    await desk.remove_case(cases[1].id)
    assert await desk.place(cases[2].id) == (3, 1)
    assert [await desk.case_at(place) for place in range(4)] == [
        *(cases[0].id, cases[2].id, cases[3].id, cases[3].id)
    ]
    await desk.restore_case(cases[1].id)
    assert await desk.place(cases[2].id) == (4, 2)
    assert [row.prompt for row in await desk.rows(0, 1, 2)] == ["b", "c"]


async def test_the_next_answer_that_waits_for_a_verdict(
    desk: Desk, add: Add, run: Ask, variant: Make
) -> None:
    cases = await add(*"abc")
    answers = {a.case_id: a for a in await answered(desk, await run(cases))}
    stored = await desk.stored_variant(variant())
    assert await desk.next_unlabelled(stored, cases[0].position) == cases[1].id
    await desk.label(answers[cases[1].id], "pass")
    assert await desk.next_unlabelled(stored, cases[0].position) == cases[2].id
    assert await desk.next_unlabelled(stored, cases[2].position) == cases[0].id
    for case in (cases[0], cases[2]):
        await desk.label(answers[case.id], "fail")
    assert await desk.next_unlabelled(stored, cases[0].position) is None


async def test_a_bad_case_is_not_asked_until_it_is_mended(desk: Desk) -> None:
    await desk.add_cases([CaseDraft("sound"), CaseDraft("bad", tags=("repair",))])
    assert [case.prompt for case in await desk.cases_to_ask()] == ["sound"]
    [_, bad] = await desk.cases("test")
    await desk.revise(bad, replace(bad.draft, prompt="mended", tags=()))
    assert [case.prompt for case in await desk.cases_to_ask()] == ["sound", "mended"]
