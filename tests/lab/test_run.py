"""A run over HTTP: its events, what is kept of it, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import ENORMOUS, HOSTILE, Fault
from lab import streams
from lab.ask import Client, Endpoint
from lab.desk import Desk
from lab.engine import Engine
from lab.events import (
    Answered,
    Asked,
    Delta,
    Event,
    Failed,
    Graded,
    Noticed,
    RunFinished,
    RunStarted,
)
from lab.run import Plan, Run
from store import runs
from store.errors import StoreError
from store.records import Answer, Assertion, Case, CaseDraft, Expectation, Usage, Variant
from store.upkeep import integrity

ROOT = Path(__file__).parents[2]

Add = Callable[..., Awaitable[list[Case]]]
Ask = Callable[..., Awaitable[list[Event]]]
Kept = Callable[[Event], Awaitable[list[Answer]]]
Make = Callable[..., Variant]
Until = Callable[[Callable[[], object]], Awaitable[None]]


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


def only(events: Sequence[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def end_of(events: Sequence[Event]) -> RunFinished:
    assert isinstance(events[-1], RunFinished)
    return events[-1]


async def test_events_come_in_order_and_are_kept(
    server: FixtureServer, add: Add, run: Ask, kept: Kept
) -> None:
    server.reasoning, server.answers = "Hm.", {"capital": "It is Paris."}
    server.resolved, server.first_delay = {"fixture-large": "fixture-large-2"}, 0.05
    cases = await add("What is the capital?", expect="Paris")
    events = await run(cases)
    assert [type(event) for event in events] == [
        *(RunStarted, Asked, Delta, Delta, Delta, Delta, Answered, Graded, RunFinished)
    ]
    began, asked = events[0], events[1]
    assert isinstance(began, RunStarted) and isinstance(asked, Asked)
    assert (began.total, began.todo, began.variant.id > 0) == (1, 1, True)
    assert (asked.case_id, asked.revision_id, asked.epoch) == (cases[0].id, cases[0].revision_id, 1)
    [answer] = await kept(began)
    assert only(events, Answered)[0].answer == answer
    assert (answer.status, answer.text, answer.reasoning) == ("done", "It is Paris.", "Hm.")
    assert (answer.model, answer.usage) == ("fixture-large-2", Usage(4, 4, 1, 0))
    assert answer.cost_usd is None  # nobody knows the price, which is not 0
    assert answer.first_token_s and answer.latency_s
    assert 0.05 <= answer.first_token_s <= answer.latency_s < 5
    assert (answer.grade, answer.checks) == ("pass", (("icontains", "Paris", True, ""),))
    assert end_of(events).outcome == "finished"


async def test_what_the_server_sends_is_stored_as_it_is(
    desk: Desk, add: Add, run: Ask, kept: Kept
) -> None:
    cases = await add("one two three")
    for fault, text in (
        ("hostile", HOSTILE),
        ("enormous", ENORMOUS),
        ("surrogate", "before \ufffd after"),
    ):
        [answer] = await kept((await run(cases, f"fault:{fault}"))[0])
        assert answer.text.encode() == text.encode()
    assert await desk.database.read(integrity) == []


async def test_a_stream_is_journalled_as_it_goes(
    server: FixtureServer, desk: Desk, add: Add, variant: Make, until: Until
) -> None:
    server.chunk_delay, server.reply = 0.01, lambda body: words(2000)
    asking = await desk.ask(await add("a"), variant())
    events: list[Event] = []

    async def watch() -> None:
        events.extend([event async for event in asking.events()])

    watching = asyncio.create_task(watch())
    await until(lambda: server.live)

    def journalled() -> str:
        rows = desk.database.read_now(lambda c: c.execute("SELECT id FROM answers").fetchall())
        return desk.database.read_now(runs.streamed, rows[0][0])[0] if rows else ""

    await until(lambda: len(journalled().split()) > 30)  # of two batches at least
    text = journalled()
    asking.stop()
    await watching
    [failed] = only(events, Failed)
    assert failed.answer.text.startswith(text)
    assert journalled() == ""


# -- how it is stopped --------------------------------------------------------------------


@pytest.fixture
async def long(server: FixtureServer, desk: Desk, add: Add, variant: Make) -> Run:
    """A run of six long answers, three at once."""
    server.chunk_delay, server.reply = 0.01, lambda body: words(2000)
    return await desk.ask(await add(*"abcdef"), variant(), concurrency=3)


async def listen(
    asking: Run, heard: list[Event], until: Callable[[], object] | None = None
) -> None:
    """Hear a run to its end, and stop it when something holds."""
    async for event in asking.events():
        heard.append(event)
        if until and until():
            asking.stop()


def text_of(heard: Sequence[Event], answer: Answer) -> str:
    return "".join(event.text for event in only(heard, Delta) if event.answer_id == answer.id)


async def test_stop_is_quick_and_keeps_everything(
    server: FixtureServer, long: Run, kept: Kept, until: Until
) -> None:
    heard: list[Event] = []
    stopped: list[float] = []

    def all_stream() -> bool:
        begun = len({delta.answer_id for delta in only(heard, Delta)}) == 3
        if begun and not stopped:
            stopped.append(asyncio.get_running_loop().time())
        return begun

    await listen(long, heard, all_stream)
    assert asyncio.get_running_loop().time() - stopped[0] < 1
    assert end_of(heard).outcome == "stopped"
    answers = await kept(heard[0])
    assert [answer.status for answer in answers] == ["stopped"] * 3
    assert all(answer.text == text_of(heard, answer) != "" for answer in answers)
    assert [event.answer for event in only(heard, Failed)] == answers
    assert long.left == 0
    await until(lambda: server.live == 0)
    assert (len(server.chats), server.disconnects) == (3, 3)


async def test_stop_before_the_first_event(server: FixtureServer, long: Run) -> None:
    heard: list[Event] = []
    long.stop()
    await listen(long, heard)
    assert [type(event) for event in heard] == [RunStarted, RunFinished]
    assert isinstance(heard[0], RunStarted) and heard[0].todo == 6
    assert end_of(heard).outcome == "stopped"
    assert server.chats == []


async def test_stop_at_the_first_event(server: FixtureServer, long: Run) -> None:
    heard: list[Event] = []
    await listen(long, heard, lambda: True)
    assert [type(event) for event in heard] == [RunStarted, RunFinished]
    assert server.chats == []


@pytest.mark.parametrize("at", [RunStarted, Asked, Delta])
async def test_closing_the_events_early_stops_the_run(
    long: Run, desk: Desk, kept: Kept, at: type[Event]
) -> None:
    heard: list[Event] = []
    async with aclosing(long.events()) as events:
        async for event in events:
            heard.append(event)
            if isinstance(event, at):
                break
    answers = await kept(heard[0])
    assert all(answer.status == "stopped" for answer in answers)
    assert bool(answers) == (at is not RunStarted)
    rows = await desk.database.read(lambda c: c.execute("SELECT outcome FROM runs").fetchall())
    assert rows == [("stopped",)]


async def test_a_listener_that_is_cancelled_stops_the_run(
    long: Run, kept: Kept, until: Until
) -> None:
    heard: list[Event] = []
    listening = asyncio.create_task(listen(long, heard))
    await until(lambda: only(heard, Delta))
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    answers = await kept(heard[0])
    assert {answer.status for answer in answers} == {"stopped"}
    assert all(answer.text.startswith(text_of(heard, answer)) for answer in answers)


async def test_latency_and_cost_of_an_answer_are_checked(desk: Desk, variant: Make) -> None:
    checks = (Assertion("latency", threshold=1e9), Assertion("cost", threshold=1e9))
    await desk.add_cases([CaseDraft("a", expectation=Expectation(assertions=checks))])
    heard: list[Event] = []
    await listen(await desk.ask(await desk.cases(), variant()), heard)
    [answered] = only(heard, Answered)
    known = answered.answer.cost_usd is not None
    got = "" if known else "cost unknown"
    assert answered.answer.checks == (
        ("latency", "at most 1000000000 ms", True, ""),
        ("cost", "at most $1000000000", known, got),
    )


async def test_a_whole_answer_is_kept_though_the_run_is_stopped_while_it_is_graded(
    desk: Desk, variant: Make, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    grade = streams.grade

    def slow(*given: Any, **took: Any) -> Any:
        begun.set()
        go_on.wait(10)
        return grade(*given, **took)

    monkeypatch.setattr(streams, "grade", slow)
    pattern = Expectation(assertions=(Assertion("regex", "asked"),))
    await desk.add_cases([CaseDraft("a", expectation=pattern)])
    asking = await desk.ask(await desk.cases(), variant())
    heard: list[Event] = []
    listening = asyncio.create_task(listen(asking, heard))
    await until(begun.is_set)
    for _ in range(3):  # as an impatient person does
        asking.stop()
        await asyncio.sleep(0)
    go_on.set()
    await listening
    [answered] = only(heard, Answered)
    assert (answered.answer.status, answered.answer.text) == ("done", "You asked: a")
    assert answered.answer.grade == "pass"
    assert end_of(heard).outcome == "stopped"


CHILD = """
import asyncio, sys
from pathlib import Path
from lab.desk import Desk
from lab.engine import Engine
from lab.setup import Setup
from store import sessions

async def main(home, base_url):
    engine = Engine(Path(home))
    session = await engine.database.read(sessions.named, "test")
    desk = await Desk.open(engine, session)
    variant = Setup("custom", "fixture-large", base_url=base_url).variant([])
    asking = await desk.ask(await desk.cases(), variant, concurrency=2)
    async for event in asking.events():
        pass

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
async def test_kill_9_loses_at_most_the_last_moment(
    server: FixtureServer, engine: Engine, desk: Desk, add: Add, run: Ask, until: Until
) -> None:
    server.chunk_delay = 0.01
    server.reply = lambda body: words(4000 if "long" in body["messages"][-1]["content"] else 5)
    cases = await add("short 1", "short 2", "long 1", "long 2", "long 3")
    [judged] = [event.answer for event in only(await run(cases[:1]), Answered)]
    await desk.label(judged, "partial")

    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(engine.database.home), server.base_url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    def journalled() -> list[str]:
        return desk.database.read_now(
            lambda c: [runs.streamed(c, row[0])[0] for row in c.execute(OPEN).fetchall()]
        )

    await until(lambda: sum(len(text.split()) > 30 for text in journalled()) == 2)
    assert await engine.recover() == 0  # it is alive, and its answers are its own
    before = journalled()
    child.send_signal(signal.SIGKILL)
    await asyncio.to_thread(child.wait)
    assert await engine.recover() == 2
    assert await engine.recover() == 0
    found = [await desk.answer(case, await stored(desk, judged)) for case in cases]
    assert [answer and answer.status for answer in found] == [
        *("done", "done", "interrupted", "interrupted", None)
    ]
    assert [answer and answer.label for answer in found[:2]] == ["partial", None]
    for answer, text in zip(found[2:4], before, strict=True):
        assert answer and answer.text.startswith(text) and words(4000).startswith(answer.text)
    assert await desk.database.read(integrity) == []

    server.reply = None
    events = await run(cases)  # resumed: what was interrupted or never asked
    assert len(only(events, Answered)) == 3


OPEN = "SELECT id FROM answers WHERE status = 'asking' ORDER BY revision_id"


async def stored(desk: Desk, answer: Answer) -> Variant:
    return await desk.database.read(runs.get_variant, answer.variant_id)


# -- what is asked ------------------------------------------------------------------------


async def test_only_what_is_missing_is_asked(server: FixtureServer, add: Add, run: Ask) -> None:
    cases = await add("a", "b", "c")
    server.fail_next(Fault.CONTEXT_OPENAI)
    first = await run(cases, concurrency=1)
    assert (len(only(first, Answered)), len(only(first, Failed))) == (2, 1)
    assert (only(first, Failed)[0].answer.status, end_of(first).outcome) == ("failed", "finished")
    second = await run(cases)
    assert isinstance(second[0], RunStarted) and second[0].todo == 1
    assert [event.answer.case_id for event in only(second, Answered)] == [cases[0].id]
    third = await run(cases)
    assert [type(event) for event in third] == [RunStarted, RunFinished]
    assert len(server.chats) == 4


async def test_epochs_and_asking_anew(server: FixtureServer, add: Add, run: Ask) -> None:
    cases = await add("a", "b")
    await run(cases)
    events = await run(cases, epochs=3)
    assert sorted((e.case_id, e.epoch) for e in only(events, Asked)) == sorted(
        (case.id, epoch) for case in cases for epoch in (2, 3)
    )
    assert len(only(await run(cases, fresh=True, epochs=2), Answered)) == 4
    assert len(server.chats) == 10


@pytest.mark.parametrize("limit", [1, 3])
async def test_no_more_at_once_than_told(
    server: FixtureServer, add: Add, run: Ask, limit: int
) -> None:
    server.chunk_delay = 0.02
    events = await run(await add(*"abcdefghi"), concurrency=limit)
    assert len(only(events, Answered)) == 9
    assert server.most_live == limit


async def test_two_runs_at_once(
    server: FixtureServer, desk: Desk, add: Add, run: Ask, kept: Kept
) -> None:
    server.chunk_delay = 0.003
    cases = await add(*"abcd")
    both = await asyncio.gather(run(cases, "fixture-large"), run(cases, "fixture-small"))
    for events, model in zip(both, ("fixture-large", "fixture-small"), strict=True):
        answers = await kept(events[0])
        assert [(answer.status, answer.model) for answer in answers] == [("done", model)] * 4
    rows = await desk.database.read(
        lambda c: c.execute("SELECT DISTINCT owner FROM answers").fetchall()
    )
    assert len(rows) == 1  # a second one would be taken for dead while it asks


# -- what goes wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_cut_stream_is_kept_and_asked_again(
    server: FixtureServer, add: Add, run: Ask, kept: Kept, times: int
) -> None:
    server.fail_next(Fault.CUT, times)
    events = await run(await add("one two three"))
    answers = await kept(events[0])
    whole = ["done"] if times < 3 else []
    assert [answer.status for answer in answers] == ["cut"] * times + whole
    assert [answer.attempt for answer in answers] == [*range(1, len(answers) + 1)]
    assert [answer.text for answer in answers[:times]] == ["You asked: one"] * times
    assert [event.again for event in only(events, Failed)] == [True, True, False][:times]
    assert all("cut the answer short" in event.error for event in only(events, Failed))
    assert end_of(events).outcome == "finished"
    assert len(server.chats) == min(times + 1, 3)


@pytest.mark.parametrize("fault", [Fault.ENDS_EARLY, Fault.MALFORMED, Fault.STREAM_ERROR])
async def test_so_is_a_stream_that_breaks_otherwise(
    server: FixtureServer, add: Add, run: Ask, kept: Kept, fault: Fault
) -> None:
    server.fail_next(fault)
    answers = await kept((await run(await add("one two three")))[0])
    assert [answer.status for answer in answers] == ["cut", "done"]
    assert answers[0].text == "You asked: one"


async def test_a_stall_keeps_what_came(
    server: FixtureServer, endpoint: Endpoint, desk: Desk, add: Add, variant: Make, kept: Kept
) -> None:
    client = Client(endpoint, timeout_s=0.2)
    plan = Plan(desk.session.id, variant(model="fault:stall"), await add("one two three"))
    events = [event async for event in Run(desk.database, client, "me", plan).events()]
    await client.close()
    [answer] = await kept(events[0])
    assert (answer.status, answer.text) == ("cut", "You asked: one")
    assert "sent nothing" in answer.error


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_wrong_key_ends_the_run_at_its_first_answer(
    server: FixtureServer, add: Add, run: Ask, limit: int
) -> None:
    server.api_key = "another"
    events = await run(await add(*"abcdefgh"), concurrency=limit)
    assert len(server.chats) == len(only(events, Failed)) == limit
    assert end_of(events).outcome == "failed"
    assert end_of(events).error.startswith("Custom server refused the key;")


async def test_nothing_is_asked_again_once_the_run_has_failed(
    server: FixtureServer, add: Add, run: Ask
) -> None:
    server.chunk_delay = 0.02
    server.fail_next(Fault.CUT)
    server.fail_next(Fault.UNAUTHORIZED)
    events = await run(await add(*"abcd"), concurrency=2)
    assert [event.again for event in only(events, Failed)] == [False, False]
    assert len(server.chats) == 2


async def test_one_fault_does_not_end_the_others(
    server: FixtureServer, add: Add, run: Ask, no_retries: None
) -> None:
    server.fail_next(Fault.SERVER_ERROR, 2)
    events = await run(await add(*"abcdef"), concurrency=1)
    assert (len(only(events, Failed)), len(only(events, Answered))) == (2, 4)
    assert end_of(events).outcome == "finished"


async def test_a_storm_of_rate_limits_loses_nothing(
    server: FixtureServer, add: Add, run: Ask
) -> None:
    server.fail_next(Fault.RATE_LIMITED, 24)
    events = await run(await add(*(f"case {n}" for n in range(20))), concurrency=8)
    assert len(only(events, Answered)) == 20
    assert not only(events, Failed)
    assert len(server.chats) == 44


async def test_a_server_that_dies_in_the_middle(
    server: FixtureServer, add: Add, run: Ask, kept: Kept, until: Until, desk: Desk
) -> None:
    server.chunk_delay, server.reply = 0.01, lambda body: words(500)
    cases = await add(*"abcdef")
    running = asyncio.create_task(run(cases, concurrency=2))
    await until(lambda: server.live == 2)
    await until(lambda: desk.database.read_now(journal_rows) >= 2)
    await server.stop()
    async with asyncio.timeout(5):
        events = await running
    assert end_of(events).outcome == "failed"
    assert end_of(events).error.startswith("Nothing answers at 127.0.0.1")
    first = [answer for answer in await kept(events[0]) if answer.attempt == 1]
    assert [answer.status for answer in first] == ["cut", "cut"]
    assert all(answer.text == text_of(events, answer) != "" for answer in first)

    server.chunk_delay = 0
    await server.start()
    assert len(only(await run(cases), Answered)) == 6


def journal_rows(connection: Any) -> int:
    return connection.execute("SELECT count(*) FROM journal").fetchone()[0]


async def test_a_full_disk_is_told_and_nothing_more_is_asked(
    server: FixtureServer, desk: Desk, add: Add, run: Ask
) -> None:
    server.reply = lambda body: "x" * (3_000_000 if len(server.chats) == 1 else 1)
    cases = await add(*(f"case {number}" for number in range(40)))
    await desk.database.write(full_soon)
    with pytest.raises(StoreError, match=r"The disk that holds .* is full"):
        await run(cases, concurrency=2)
    assert len(server.chats) < 40


def full_soon(connection: Any) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 100}")


async def test_what_was_left_out_is_noticed_once(desk: Desk, add: Add, variant: Make) -> None:
    asked = variant(model="fault:no_temperature", parameters={"temperature": 0.5})
    heard: list[Event] = []
    await listen(await desk.ask(await add("a", "b"), asked, concurrency=1), heard)
    [noticed] = only(heard, Noticed)
    assert "does not take temperature 0.5" in noticed.sentence
    assert len(only(heard, Answered)) == 2
