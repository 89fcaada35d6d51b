"""The demo's session, and its ladder."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.server import FixtureServer
from lab import demo
from lab.desk import Desk
from lab.engine import Engine
from lab.events import Answered
from lab.ladder.standing import chosen
from lab.rag.promotion_events import DocumentPromoted
from lab.setup import Setup
from lab.weights import fetch_weights
from store import sessions
from store.errors import NotFound
from store.library_records import Indexing, Retrieval


async def test_the_session_is_made_of_the_fixtures(engine: Engine) -> None:
    desk = await demo.prepare(engine, start_model=False)
    assert (desk.session.name, desk.session.task) == (demo.QUESTIONS.session, demo.QUESTIONS.task)
    assert (len(await desk.cases("test")), len(await desk.cases("train"))) == (24, 12)
    assert [(item.name, item.attached) for item in desk.documents] == [
        ("notes.md", 0),
        ("ticket-office.txt", 1),
        ("handbook.pdf", None),
    ]
    assert len(desk.documents[2].pages) >= 10
    assert desk.setup is None


async def test_it_is_made_once(engine: Engine) -> None:
    first = await demo.prepare(engine, start_model=False)
    [case, *_] = await first.cases()
    await first.remove_case(case.id)
    await first.attach(first.documents[1].id, False)
    again = await demo.prepare(engine, start_model=False)
    assert again.session.id == first.session.id
    assert len(await again.cases(None)) == 35
    assert [item.attached is None for item in again.documents] == [False, True, True]


async def test_every_expectation_of_the_demo_can_be_met(engine: Engine) -> None:
    from lab.grading.assertions import grade

    desk = await demo.prepare(engine, start_model=False)
    for case in await desk.cases(None):
        graded = grade(case.expectation, case.expectation.text)
        assert graded and graded.verdict == "pass", case.key
        wrong = grade(case.expectation, "I do not know.")
        assert wrong and wrong.verdict == "fail", case.key


async def test_the_ladder_is_climbed_on_the_same_cases(
    engine: Engine, server: FixtureServer
) -> None:
    desk = await demo.prepare(engine, start_model=False)
    by_prompt = {case.prompt: case.expectation.text for case in await desk.cases()}

    def reply(body: dict[str, list[dict[str, str]]]) -> str:
        """Know the answer where a document, or a passage, that holds it was sent."""
        system, question = body["messages"][0]["content"], body["messages"][-1]["content"]
        knows = "Document: notes.md" in system or "[1] " in system
        return by_prompt[question] if knows else "I do not know."

    server.reply = reply
    indexing = Indexing(96, embedder="custom", model="fixture-embed", base_url=server.base_url)
    retrieval = Retrieval(indexing, "keyword", k=3)
    setup = Setup("custom", "fixture-large", base_url=server.base_url, system=demo.QUESTIONS.system)
    desk.setup = replace(setup, retrieval=retrieval)
    promoted: list[str] = []

    def note(event: object) -> None:
        if isinstance(event, DocumentPromoted):
            promoted.append(event.name)

    async for asking in demo.climb(desk, note):
        assert len([e async for e in asking.events() if isinstance(e, Answered)]) == 24
    rungs = chosen(await desk.standings())
    assert [(rung, item.rate and item.rate.passed) for rung, item in rungs.items()] == [
        ("bare", 0),
        ("context", 24),
        ("rag", 24),
    ]
    assert sorted(promoted) == ["handbook.pdf", "notes.md", "ticket-office.txt"]
    sent = [chat["messages"][0]["content"] for chat in server.chats]
    assert sum("Document: ticket-office.txt" in system for system in sent) == 24
    assert not any("handbook" in system for system in sent[:48])
    assert any("] handbook.pdf, page " in system for system in sent[48:])


async def test_the_demo_of_the_last_rung_has_cases_to_train_on(engine: Engine) -> None:
    desk = await demo.prepare(engine, demo.TICKETS, start_model=False)
    assert desk.session.name == "demo-tickets" != demo.QUESTIONS.session
    splits = Counter(case.draft.split for case in await desk.cases(None))
    assert splits == {"train": 60, "test": 30}
    [paper] = desk.documents
    text = (demo.fixtures() / "documents" / "desks.md").read_text()
    codes = {case.expectation.text for case in await desk.cases()}
    # What the model is trained to say stands in the context: knowledge is not what it lacks.
    assert (paper.name, paper.attached is not None) == ("desks.md", True)
    assert len(codes) == 5 and all(code in text for code in codes)


async def test_without_a_model_it_says_so(engine: Engine) -> None:
    desk = await demo.prepare(engine, start_model=False)
    desk.setup = None
    with pytest.raises(NotFound, match="no model yet"):
        await anext(demo.climb(desk))


async def test_missing_files_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "__file__", str(tmp_path / "lab" / "demo.py"))
    with pytest.raises(NotFound, match="install litmus-bench anew"):
        demo.fixtures()
    inside = tmp_path / "lab" / "fixtures"
    inside.mkdir(parents=True)
    (inside / "benchmark.jsonl").touch()
    assert demo.fixtures() == inside


@pytest.mark.embedded
async def test_the_embedded_model_answers_a_question_of_the_demo(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITMUS_GGUF", str(await fetch_weights()))
    paid = Setup("openai", "gpt-4o")  # what was used last in another session
    await engine.database.write(sessions.save_setting, "setup", paid.to_json())
    desk = await demo.prepare(engine)
    assert desk.setup and desk.setup.provider == "embedded"
    assert desk.setup.parameters["max_tokens"] == demo.QUESTIONS.answer_tokens
    cases = [case for case in await desk.cases() if "by hand" in case.draft.tags][:2]
    asking = await desk.ask(cases, replace(desk.setup, rung="context").variant(desk.documents))
    answers = [e.answer async for e in asking.events() if isinstance(e, Answered)]
    assert len(answers) == 2
    for answer in answers:
        assert answer.text and answer.grade and answer.cost_usd == 0.0
        assert answer.usage.prompt and answer.usage.prompt > 200  # the documents were read
        assert answer.usage.completion and answer.usage.completion <= demo.QUESTIONS.answer_tokens
    session = await engine.database.read(sessions.named, demo.QUESTIONS.session)
    again = await Desk.open(engine, session)
    assert again.setup == desk.setup
