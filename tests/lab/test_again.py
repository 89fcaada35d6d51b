"""Whether a verdict still stands on today's model: both its variants asked anew."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import Fault
from lab.desk import Desk
from lab.events import Event
from lab.ladder.again import Asking, Finding, begin, conclude, price, runs_of, state_text, step_name
from lab.ladder.telling import tell_ladder, told
from store import runs, sessions
from store.errors import NotFound
from store.ladder import ToldVerdict
from store.records import Case, CaseDraft, Document, Variant, Verdict

Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]
Read = Callable[..., Awaitable[Document]]
Reply = Callable[[dict[str, Any]], str]


def says(bare: str, context: str) -> Reply:
    """Answer one thing with the papers, and another one without."""
    return lambda body: context if body["messages"][0]["role"] == "system" else bare


async def ask_all(desk: Desk, asking: Asking, limit: int | None = None) -> list[Event]:
    """Ask anew, at most so many answers of each variant."""
    heard: list[Event] = []
    for run in await runs_of(desk, asking, concurrency=1):
        begun = len(heard)
        async for event in run.events():
            heard.append(event)
            if limit and sum(type(each).__name__ == "Answered" for each in heard[begun:]) == limit:
                run.stop()
        if limit:
            break
    return heard


async def again(desk: Desk) -> Finding:
    asking = await begin(desk)
    await ask_all(desk, asking)
    return await conclude(desk, asking)


@pytest.fixture
async def climbed(desk: Desk, server: FixtureServer, add: Add, variant: Make, read: Read) -> Desk:
    """A session in which CLIMB was told, of eight cases."""
    document = await read("papers.md", "The papers.")
    await desk.attach(document.id, True)
    server.reply = says("Rome", "Paris")
    server.resolved = {"fixture-large": "fixture-large-2025-01-01"}
    cases = await add(*(f"case {n}" for n in range(8)), expect="Paris")
    for rung in ("bare", "context"):
        run = await desk.ask(cases, variant(rung=rung))
        assert [event async for event in run.events()]
    assert (await tell_ladder(desk)).steps[0].verdict.state == "CLIMB"
    server.requests.clear()
    return desk


async def test_without_a_verdict_there_is_nothing_to_ask(desk: Desk) -> None:
    with pytest.raises(NotFound, match="litmus ladder"):
        await begin(desk)


async def test_a_verdict_that_stands(climbed: Desk, server: FixtureServer) -> None:
    asking = await begin(climbed)
    assert (asking.verdict.state, asking.epochs, asking.resumed) == ("CLIMB", (1, 1), False)
    assert step_name(asking.variants) == "bare → context"
    assert (await price(climbed, asking)).left == 16
    assert server.requests == []
    await ask_all(climbed, asking)
    assert (await price(climbed, asking)).left == 0
    found = await conclude(climbed, asking)
    assert found.stands is True
    assert re.match(r"The verdict still stands: CLIMB .*to context: 8 more right", found.sentence)
    assert len(server.chats) == 16
    bare, context = found.sides
    assert bare.then and bare.now and (bare.then.rate, bare.now.rate) == (0.0, 0.0)
    assert context.change and (context.change.gained, context.change.lost) == (0, 0)
    assert context.models == (("fixture-large-2025-01-01",),) * 2
    # What is concluded is begun from the start the next time.
    assert (await price(climbed, await begin(climbed))).left == 16


async def test_a_verdict_that_no_longer_stands(climbed: Desk, server: FixtureServer) -> None:
    server.reply = says("It is Paris now", "Paris")
    server.resolved = {"fixture-large": "fixture-large-2026-01-01"}
    found = await again(climbed)
    assert found.stands is False
    assert found.sentence.startswith("It no longer stands: was CLIMB, is now NEED ")
    bare, context = found.sides
    assert bare.change and (bare.change.gained, bare.change.n) == (8, 8)
    assert bare.models == (("fixture-large-2025-01-01",), ("fixture-large-2026-01-01",))
    assert context.change and context.change.gained == 0
    newest = (await told(climbed))[0]
    assert newest.state == found.step.verdict.state == "NEED_MORE"


async def test_what_was_begun_is_gone_on_with(climbed: Desk, server: FixtureServer) -> None:
    asking = await begin(climbed)
    await ask_all(climbed, asking, limit=3)
    # A ladder that was looked at meanwhile tells of old and new answers together.
    server.reply = says("Paris", "Paris")
    await tell_ladder(climbed)
    resumed = await begin(climbed)
    assert (resumed.resumed, resumed.verdict, resumed.since) == (
        *(True, asking.verdict, asking.since),
    )
    asked = len(server.chats)
    left = (await price(climbed, resumed)).left
    assert left == 13
    await ask_all(climbed, resumed)
    assert len(server.chats) - asked == left
    found = await conclude(climbed, resumed)
    bare = found.sides[0]
    assert bare.then and bare.then.rate == 0.0  # the old answers, not those of the first try
    assert bare.change and bare.change.gained == 5


async def test_it_can_be_begun_anew(climbed: Desk) -> None:
    asking = await begin(climbed)
    await ask_all(climbed, asking, limit=3)
    afresh = await begin(climbed, anew=True)
    assert not afresh.resumed and afresh.since > asking.since
    assert (await price(climbed, afresh)).left == 16


async def test_an_answer_that_did_not_come_is_still_to_come(
    climbed: Desk, server: FixtureServer
) -> None:
    asking = await begin(climbed)
    server.fail_next(Fault.CONTEXT_OPENAI)
    await ask_all(climbed, asking)
    assert (await price(climbed, asking)).left == 1


async def test_new_answers_that_wait_for_a_label_keep_it_open(
    climbed: Desk, server: FixtureServer
) -> None:
    """Cases that only a person can judge: what was labelled stays so where the text is the same."""
    for case in await climbed.cases():
        await climbed.revise(case, CaseDraft(case.prompt))
    bare, context = (await begin(climbed)).variants
    labels: list[tuple[Verdict, Variant]] = [("fail", bare), ("pass", context)]
    for verdict, variant in labels:
        for case in await climbed.cases():
            answer = await climbed.answer(case, variant)
            assert answer and answer.status == "done"
            await climbed.label(answer, verdict)
    assert (await tell_ladder(climbed)).steps[0].verdict.state == "CLIMB"

    same = await again(climbed)
    assert same.stands is True

    server.reply = says("Rome", "Paris it is")
    before = len(await told(climbed))
    found = await again(climbed)
    assert (found.stands, found.waiting) == (None, 8)
    assert "8 new answers wait for a label" in found.sentence
    assert len(await told(climbed)) == before  # nothing is told of it

    for case in await climbed.cases():
        answer = await climbed.answer(case, context)
        assert answer and answer.label is None
        await climbed.label(answer, "pass")
    asked = len(server.chats)
    concluded = await again(climbed)
    assert concluded.stands is True and concluded.asking.resumed
    assert len(server.chats) == asked


async def test_every_epoch_is_asked_anew(
    climbed: Desk, server: FixtureServer, variant: Make
) -> None:
    cases = await climbed.cases()
    run = await climbed.ask(cases, variant(rung="context"), epochs=2)
    assert [event async for event in run.events()]
    asking = await begin(climbed)
    assert asking.epochs == (1, 2)
    assert (await price(climbed, asking)).left == 24


async def test_imported_answers_cannot_be_asked_again(climbed: Desk) -> None:
    def as_imported(connection: Any) -> None:
        connection.execute("UPDATE variants SET provider = 'imported' WHERE rung = 'bare'")

    await climbed.database.write(as_imported)
    with pytest.raises(NotFound, match="made elsewhere and imported"):
        await begin(climbed)


async def test_a_benchmark_that_is_gone(climbed: Desk) -> None:
    for case in await climbed.cases():
        await climbed.remove_case(case.id)
    with pytest.raises(NotFound, match="no test cases"):
        await begin(climbed)


async def test_what_it_costs_is_known_from_the_answers_there_are(
    climbed: Desk, server: FixtureServer
) -> None:
    def priced(connection: Any) -> None:
        connection.execute("UPDATE answers SET cost_usd = 0.01 * variant_id")

    await climbed.database.write(priced)
    asking = await begin(climbed)
    ahead = await price(climbed, asking)
    assert ahead.expected_usd == pytest.approx(8 * 0.01 + 8 * 0.02)
    assert ahead.low_usd == pytest.approx(ahead.high_usd) and ahead.fits is None
    assert (await price(climbed, asking, cap_usd=0.12)).fits == 8


async def test_the_mark_is_of_one_session(climbed: Desk) -> None:
    await ask_all(climbed, await begin(climbed), limit=1)
    other = await climbed.database.write(sessions.create, "other")
    desk = await Desk.open(climbed.engine, other)
    with pytest.raises(NotFound, match="No verdict has been told"):
        await begin(desk)


def test_states_in_words() -> None:
    def verdict(state: str, **facts: Any) -> ToldVerdict:
        return ToldVerdict(1, 1, 2, 0.0, "", state, facts)

    assert state_text(verdict("CLIMB")) == "CLIMB"
    assert state_text(verdict("NEED_MORE", need_cases=14)) == "NEED 14 MORE"
    assert state_text(verdict("NEED_MORE", need_cases=None)) == "NEED MORE"


async def test_both_models_are_named_where_they_differ(desk: Desk, variant: Make) -> None:
    first = await desk.database.write(runs.keep_variant, variant(model="a"))
    second = await desk.database.write(runs.keep_variant, variant(model="b", rung="context"))
    assert step_name((first, second)) == "bare (a) → context (b)"
