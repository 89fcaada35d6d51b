"""The session's cap holds, however long the answers get."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import Fault
from lab.ask import Client, Endpoint
from lab.desk import Desk
from lab.events import Answered, Asked, BudgetReached, Event, Failed, RunFinished
from lab.limits import Hold, Limits, Purse
from lab.metering import Meter, set_aside
from lab.run import OVER_CAP, Plan, Run
from lab.tokens import count
from store.records import Case, Usage, Variant

PRICED = "gpt-4o"  # US dollars 2.5 and 10 for a million tokens in and out
OUT = 10e-6
HELD = 4000
"""Tokens of an answer that is longer than anyone reckons with."""

Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]


@pytest.fixture
async def priced(server: FixtureServer, endpoint: Endpoint) -> AsyncIterator[Client]:
    server.reply = lambda body: " ".join(["word"] * HELD)
    client = Client(replace(endpoint, prices="openai"))
    yield client
    await client.close()


async def spend(
    desk: Desk, client: Client, variant: Variant, cases: list[Case], cap: float, **plan: Any
) -> list[Event]:
    asked = Plan(desk.session.id, variant, cases, cap_usd=cap, **plan)
    run = Run(desk.database, client, "me", asked)
    return [event async for event in run.events()]


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("at_once", [1, 8])
async def test_an_answer_that_grows_past_the_cap_is_ended_there(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client, at_once: int
) -> None:
    cases = await add(*"abcdefghij")
    events = await spend(desk, priced, variant(model=PRICED), cases, 0.02, concurrency=at_once)
    [failed] = only(events, Failed)
    assert (failed.answer.status, failed.error) == ("stopped", OVER_CAP)
    assert 1900 < len(failed.answer.text.split()) < 2000  # nearly all that the cap buys
    # What came is paid for, and counted though the server did not say what it was.
    assert failed.answer.cost_usd == pytest.approx(0.0195, rel=0.03)
    assert await desk.spent() == (failed.answer.cost_usd, 0)
    assert len(server.chats) == 1  # nothing was known, so the first went alone
    [reached], end = only(events, BudgetReached), events[-1]
    assert reached.spent_usd <= reached.cap_usd
    assert isinstance(end, RunFinished) and end.outcome == "budget"


async def test_with_more_money_it_goes_on_and_keeps_to_that(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    cases = await add(*"abcdefghij")
    asked = variant(model=PRICED)
    await spend(desk, priced, asked, cases, 0.02, concurrency=8)
    events = await spend(desk, priced, asked, cases, 0.25, concurrency=8)
    spent, unpriced = await desk.spent()
    assert spent <= 0.25 and unpriced == 0
    assert len(only(events, Answered)) == 5  # 0.04 each, and 0.02 were gone
    assert [event.outcome for event in only(events, RunFinished)] == ["budget"]
    rest = await spend(desk, priced, asked, cases, 9.0, concurrency=8)
    assert len(only(rest, Answered)) == 5


async def test_eight_at_once_that_all_outgrow_what_was_reckoned(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    short = await add("short")
    server.reply = lambda body: " ".join(["word"] * 300)
    asked = variant(model=PRICED)
    await spend(desk, priced, asked, short, 1.0)  # it knows 300 tokens now
    server.reply, server.chunk_delay = (lambda body: " ".join(["word"] * HELD)), 0.0001
    cases = await add(*"abcdefghij")
    events = await spend(desk, priced, asked, cases, 0.1, concurrency=8)
    spent, unpriced = await desk.spent()
    assert 0.09 < spent <= 0.1 and unpriced == 0
    assert server.most_live == 8
    assert {event.error for event in only(events, Failed)} == {OVER_CAP}
    assert len(only(events, Answered)) < 3
    kept = [event.answer.text for event in only(events, Failed)]
    assert all(text.startswith("word word") for text in kept)


async def test_the_first_of_a_priced_run_goes_alone_and_the_others_after_it(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.reply, server.chunk_delay = (lambda body: "one two three"), 0.01
    live: list[int] = []
    asked = Plan(desk.session.id, variant(model=PRICED), await add(*"abcdef"), cap_usd=1.0)
    async for event in Run(desk.database, priced, "me", replace(asked, concurrency=4)).events():
        if isinstance(event, Asked):
            live.append(server.live)
    assert live[0] <= 1 and server.most_live == 4
    # A single question need not wait for anything, and what is known need not be learnt.
    server.most_live = 0
    events = await spend(
        desk, priced, variant(model=PRICED, system="x"), await add("g"), 1.0, concurrency=4
    )
    assert len(only(events, Answered)) == 7 and server.most_live == 4


async def test_a_bound_on_the_answer_needs_no_watching(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    asked = variant(model=PRICED, parameters={"max_tokens": 1000})  # 0.01
    cases = await add(*"abcd")
    events = await spend(desk, priced, asked, cases, 0.0301, concurrency=8)
    assert [event.answer.usage.completion for event in only(events, Answered)] == [1000] * 3
    assert only(events, Failed) == []
    assert (await desk.spent())[0] <= 0.0301


async def test_an_answer_in_one_piece_is_kept_by_what_it_costs(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.chunk_size = 0
    events = await spend(desk, priced, variant(model=PRICED), await add("a", "b"), 0.02)
    [failed] = only(events, Failed)
    assert failed.answer.cost_usd == pytest.approx(HELD * OUT, rel=0.01)
    assert len(server.chats) == 1  # it was too late for this one, and there is no next


async def test_what_a_cut_answer_cost_is_counted(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.reply, server.fault_after = (lambda body: " ".join(["word"] * 300)), 200
    server.fail_next(Fault.CUT)
    events = await spend(desk, priced, variant(model=PRICED), await add("a"), 1.0)
    [cut], [whole] = only(events, Failed), only(events, Answered)
    assert cut.answer.cost_usd == pytest.approx(200 * OUT, rel=0.02)
    assert whole.answer.cost_usd == pytest.approx(300 * OUT, rel=0.01)
    assert (await desk.spent())[0] == pytest.approx(cut.answer.cost_usd + whole.answer.cost_usd)


# -- the meter by itself ------------------------------------------------------------------


async def metered(cap: float, *, others: float = 0.0) -> tuple[Meter, Hold, Purse]:
    variant = Variant("bare", "openai", PRICED)
    limits = Limits(variant, window=None, prices="openai")
    purse = Purse()
    if others:
        assert await purse.reserve(others, cap)
    messages = [{"role": "user", "content": "one two three"}]
    hold = await set_aside(purse, limits, messages, cap, alone=False)
    assert hold is not None
    return Meter(limits, messages, hold), hold, purse


async def test_more_is_set_aside_as_an_answer_grows() -> None:
    meter, hold, purse = await metered(0.05)
    assert hold.amount == pytest.approx(0.005, rel=0.05)
    assert all(meter.add(" word") for _ in range(480))
    assert hold.amount == pytest.approx(0.005, rel=0.05)
    assert all(meter.add(" word") for _ in range(1000))
    assert 0.0148 < hold.amount < 0.018
    hold.release()
    assert purse.room(0.05) == 0.05


async def test_the_last_of_the_room_is_used_before_it_ends() -> None:
    meter, hold, purse = await metered(0.02, others=0.005)
    came = next(number for number in range(10_000) if not meter.add(" word"))
    assert 1450 < came < 1500  # of 0.015
    assert purse.room(0.02) == 0.0 and hold.amount == pytest.approx(0.015)


async def test_characters_of_several_tokens_are_not_underrated() -> None:
    meter, hold, _ = await metered(0.02)
    came = next(number for number in range(10_000) if not meter.add("\U0001f9ff"))
    tokens = count("\U0001f9ff" * came, PRICED, "openai").tokens
    assert came < tokens < 2000  # what 0.02 buys
    assert hold.amount == pytest.approx(0.02)


def test_learning_ends_the_dark() -> None:
    variant = Variant("bare", "openai", PRICED)
    limits = Limits(variant, window=None, prices="openai")
    assert limits.in_the_dark and limits.most == 500
    limits.learn(Usage(completion=None))
    assert not limits.in_the_dark
    limits.learn(Usage(completion=900))
    assert limits.most == 900
    free = Limits(replace(variant, provider="ollama"), window=None, prices="ollama")
    unknown = Limits(variant, window=None, prices="http://127.0.0.1:9/v1")
    assert not free.in_the_dark and not unknown.in_the_dark
