"""The rung rag: each case is asked with what the store finds for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.server import FixtureServer
from lab.desk import Desk
from lab.events import Answered, RunFinished
from lab.ladder.standing import chosen as best_of
from lab.prompt import CITE
from lab.rag.promotion import promote
from lab.rag.retrieve import NotPromoted
from lab.setup import Setup
from store.library_records import Indexing, Retrieval
from store.reading import read
from store.records import CaseDraft, Variant

FERRY = "The ferry Grey Tern leaves Penholt at nine in the morning.\n\n" + "It rains. " * 60
BAKERY = "The bakery of Osk sells a rye bread named Kettle.\n\n" + "The sun shines. " * 60


@pytest.fixture
async def store(desk: Desk, server: FixtureServer, tmp_path: Path) -> AsyncIterator[Desk]:
    """A session with two promoted documents and a question about each."""
    for name, text in (("ferry.txt", FERRY), ("bakery.txt", BAKERY)):
        (tmp_path / name).write_text(text)
        await desk.add_document(read(tmp_path / name), attach=False)
    indexing = Indexing(40, embedder="custom", model="fixture-embed", base_url=server.base_url)
    setup = desk.setup
    assert setup
    desk.setup = replace(setup, rung="rag", retrieval=Retrieval(indexing, "keyword", k=1))
    async with aclosing(promote(desk, desk.documents, indexing)) as happening:
        async for _ in happening:
            pass
    await desk.add_cases(
        [CaseDraft("When does the Grey Tern leave?"), CaseDraft("What is the rye bread named?")]
    )
    yield desk


def chosen(desk: Desk) -> Variant:
    variant = desk.variant()
    assert variant
    return variant


async def ask(desk: Desk, variant: Variant) -> list[object]:
    asking = await desk.ask(await desk.cases(), variant)
    return [event async for event in asking.events()]


async def test_each_case_is_given_its_own_passages_and_keeps_them(
    store: Desk, server: FixtureServer
) -> None:
    variant = chosen(store)
    assert [name for name, _ in variant.documents] == ["bakery.txt", "ferry.txt"]
    answers = {
        e.answer.case_id: e.answer for e in await ask(store, variant) if isinstance(e, Answered)
    }
    by_question = {chat["messages"][-1]["content"]: chat for chat in server.chats}
    for case, word, other in zip(
        await store.cases(), ("Grey Tern", "Kettle"), ("Kettle", "Grey Tern"), strict=True
    ):
        messages = by_question[case.prompt]["messages"]
        assert messages[0]["content"].startswith(f"{CITE}\n\n[1] ")
        assert word in messages[0]["content"]
        assert other not in messages[0]["content"]
        [passage] = await store.passages(answers[case.id])
        assert word in passage.text
        assert passage.found[0].keyword_rank == 1
        assert await store.sent(case, await store.stored_variant(variant)) == messages
    rungs = best_of(await store.standings())
    assert list(rungs) == ["rag"]


async def test_what_was_sent_is_shown_as_it_was_after_the_store_has_changed(store: Desk) -> None:
    from lab.rag.demotion import demote

    variant = chosen(store)
    await ask(store, variant)
    [case, _] = await store.cases()
    stored = await store.stored_variant(variant)
    before = await store.sent(case, stored)
    await demote(store, store.documents)
    assert await store.sent(case, stored) == before


async def test_another_way_to_search_is_another_variant(store: Desk) -> None:
    assert store.setup
    other = replace(store.setup, retrieval=replace(store.setup.retrieval, k=2))
    assert other.variant(store.documents).hash != chosen(store).hash
    again = Setup.from_json(other.to_json())
    assert again.variant(store.documents).hash == other.variant(store.documents).hash
    kept = await store.database.read(
        lambda c: c.execute("SELECT count(*) FROM variants").fetchone()
    )
    assert kept == (0,)


async def test_without_a_store_nothing_is_asked(desk: Desk, server: FixtureServer) -> None:
    await desk.add_cases([CaseDraft("When?")])
    assert desk.setup
    desk.setup = replace(desk.setup, rung="rag")
    with pytest.raises(NotPromoted, match="litmus docs promote"):
        await ask(desk, chosen(desk))
    assert not server.chats


async def test_a_store_that_goes_while_it_is_asked_ends_the_run(
    store: Desk, server: FixtureServer
) -> None:
    from lab.rag.demotion import demote

    variant = chosen(store)
    asking = await store.ask(await store.cases(), variant, concurrency=1)
    await demote(store, store.documents)
    events = [event async for event in asking.events()]
    ended = events[-1]
    assert isinstance(ended, RunFinished)
    assert ended.outcome == "failed"
    assert "litmus docs promote" in ended.error
    # The first case's passages were found when the run was prepared.
    assert len(server.chats) == 1
