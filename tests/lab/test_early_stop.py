"""A run may stop once nothing to come could change the verdict; the ladder says the same."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.server import FixtureServer
from lab.desk import Desk
from lab.early_stop import Watch, confirm, watch
from lab.events import Answered, Event, RunFinished, Settled
from lab.foresight import settled_text
from lab.ladder.economics import Economics, keep_economics
from lab.ladder.reading import read_step
from lab.ladder.standing import Standing
from lab.ladder.telling import tell_ladder
from lab.ladder.verdict import clears
from lab.statistics.evidence import e_value_of_counts
from store import ladder, runs
from store.database import Database
from store.outcomes import Outcome
from store.records import Answer, Case, Document, Rung, Usage, Variant, Verdict

Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]
Read = Callable[..., Awaitable[Document]]


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def ask(desk: Desk, cases: list[Case], variant: Variant, **plan: Any) -> list[Event]:
    run = await desk.ask(cases, variant, **{"concurrency": 1, **plan})
    return [event async for event in run.events()]


@pytest.fixture
async def papers(desk: Desk, read: Read) -> None:
    """A document in the context, which the server knows that it was given."""
    document = await read("papers.md", "The papers.")
    await desk.attach(document.id, True)


def says(bare: str, context: str) -> Callable[[dict[str, Any]], str]:
    """Answer one thing with the papers, and another one without."""
    return lambda body: context if body["messages"][0]["role"] == "system" else bare


@pytest.fixture
def climbed(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, papers: None
) -> Callable[..., Awaitable[list[Event]]]:
    """Run bare on some cases, and then the rung context as it is asked for."""

    async def ran(cases: int, bare: str, context: str, **plan: Any) -> list[Event]:
        server.reply = says(bare, context)
        found = await add(*(f"case {n}" for n in range(cases)), expect="Paris")
        await ask(desk, found, variant())
        server.requests.clear()
        return await ask(desk, found, variant(rung="context"), **plan)

    return ran


Climbed = Callable[..., Awaitable[list[Event]]]


# -- over HTTP ----------------------------------------------------------------------------


async def test_the_gate_is_passed_and_it_is_said_once(climbed: Climbed) -> None:
    events = await climbed(12, "Rome", "Paris")
    [settled] = only(events, Settled)
    # Seven gained and none lost is an e-value of 31.9, six are 18.1.
    assert only(events[: events.index(settled)], Answered)[-1] == only(events, Answered)[6]
    assert (settled.state, settled.left, settled.saved_usd) == ("CLIMB", 5, None)
    assert re.match(r"CLIMB .*to context: 7 more right in 7 cases", settled.sentence)
    assert len(only(events, Answered)) == 12  # it only says so


async def test_told_to_it_stops_and_the_ladder_says_the_same(
    desk: Desk, server: FixtureServer, climbed: Climbed, variant: Make
) -> None:
    events = await climbed(12, "Rome", "Paris", stop_early=True)
    [settled], end = only(events, Settled), events[-1]
    assert isinstance(end, RunFinished) and end.outcome == "settled"
    assert (len(server.chats), settled.left) == (7, 5)
    found = await tell_ladder(desk)
    assert found.steps[0].verdict.sentence == settled.sentence
    rows = await desk.database.read(lambda c: c.execute("SELECT outcome FROM runs").fetchall())
    assert rows == [("finished",), ("settled",)]
    # Running again asks the rest, and says at once that there was no need to.
    rest = await ask(desk, await desk.cases(), variant(rung="context"))
    assert len(only(rest, Answered)) == 5
    assert only(rest, Settled)[0].left == 4


async def test_what_is_under_way_comes_to_its_end(server: FixtureServer, climbed: Climbed) -> None:
    server.chunk_delay = 0.01
    events = await climbed(40, "Rome", "It is Paris.", stop_early=True, concurrency=8)
    [settled] = only(events, Settled)
    answered = only(events, Answered)
    assert {event.answer.status for event in answered} == {"done"}
    assert len(answered) + settled.left == 40 and len(answered) == len(server.chats) < 20


async def test_a_step_that_can_never_pay_is_over_after_three_answers(
    desk: Desk, server: FixtureServer, climbed: Climbed
) -> None:
    await desk.database.write(
        keep_economics,
        desk.session.id,
        {"value": 0.01},
        {("bare", "price"): 0.0, ("context", "price"): 5.0},
    )
    events = await climbed(12, "Rome", "Paris", stop_early=True)
    [settled] = only(events, Settled)
    assert (settled.state, settled.left, len(server.chats)) == ("STAY", 9, 3)
    assert re.match(r"STAY with bare: not even a context that is always right", settled.sentence)


async def test_a_climb_that_has_got_out_of_reach_is_no_verdict_but_is_told(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, papers: None
) -> None:
    """The rung below is right on the first ten, and only the last sixteen can be gained."""

    def reply(body: dict[str, Any]) -> str:
        early = int(body["messages"][-1]["content"].split()[1]) < 10
        return "Paris" if early and body["messages"][0]["role"] != "system" else "Rome"

    server.reply = reply
    cases = await add(*(f"case {n}" for n in range(26)), expect="Paris")
    await ask(desk, cases, variant())
    events = await ask(desk, cases, variant(rung="context"), stop_early=True)
    lost = len(only(events, Answered))
    assert not clears(e_value_of_counts(16, lost), 1) and clears(e_value_of_counts(16, lost - 1), 1)
    [settled] = only(events, Settled)
    found = await tell_ladder(desk)
    assert settled.state == found.steps[0].verdict.state
    assert not settled.fixed
    assert settled.sentence.startswith("CLIMB to context is out of reach in this run: even if")
    assert settled.left == 26 - lost


async def test_staying_for_sure_is_a_verdict(desk: Desk, climbed: Climbed) -> None:
    """The rung below is right everywhere, so that nothing can be gained."""
    events = await climbed(20, "Paris", "Rome", stop_early=True)
    [settled] = only(events, Settled)
    found = await tell_ladder(desk)
    assert settled.state == found.steps[0].verdict.state == "STAY"
    assert settled.sentence == found.steps[0].verdict.sentence
    assert 10 < settled.left < 17


async def test_a_benchmark_too_small_for_a_climb_settles_nothing(climbed: Climbed) -> None:
    assert only(await climbed(5, "Rome", "Rome", stop_early=True), Settled) == []


async def test_there_is_nothing_to_stop_with_the_last_answer(climbed: Climbed) -> None:
    assert only(await climbed(7, "Rome", "Paris", stop_early=True), Settled) == []


async def test_what_makes_the_verdict_another_ones_is_not_followed(
    desk: Desk, add: Add, variant: Make, climbed: Climbed
) -> None:
    await climbed(12, "Rome", "Paris")
    cases = await desk.cases()
    above = variant(rung="context")
    # Asked anew, what is there until the last answer is old.
    assert only(await ask(desk, cases, above, fresh=True), Settled) == []
    # With another system prompt it is not the rung alone that differs.
    assert only(await ask(desk, cases, variant(rung="context", system="x")), Settled) == []
    # A rung below with nothing below it.
    assert only(await ask(desk, cases, variant(model="fixture-small")), Settled) == []
    # Another variant stands for the rung.
    await desk.database.write(ladder.pin, desk.session.id, above.hash)
    other = variant(rung="context", model="fixture-small")
    assert only(await ask(desk, cases, other), Settled) == []


async def test_trying_many_variants_asks_for_more(
    desk: Desk, variant: Make, climbed: Climbed
) -> None:
    await climbed(14, "Rome", "Paris")
    second = variant(rung="context", model="fixture-small")
    events = await ask(desk, await desk.cases(), second, stop_early=True)
    # 40 instead of 20: eight gained are 56.8, seven were 31.9.
    assert len(only(events, Answered)) == 8


async def test_the_store_is_read_at_the_start_and_in_the_end_only(
    desk: Desk, climbed: Climbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    read = Database.read

    async def counted(self: Database, function: Any, *given: Any, **named: Any) -> Any:
        called.append(function)
        return await read(self, function, *given, **named)

    monkeypatch.setattr(Database, "read", counted)
    await climbed(20, "Rome", "Paris")
    assert (called.count(watch), called.count(confirm)) == (1, 1)


# -- the watch by itself ------------------------------------------------------------------


def answer(case_id: int, verdict: Verdict | None, epoch: int = 1) -> Answer:
    return Answer(
        *(0, 0, 2, case_id, case_id, epoch, 1, "done", "", "", "", "m"),
        usage=Usage(),
        cost_usd=None,
        first_token_s=None,
        latency_s=None,
        started_at=0.0,
        sent_hash="",
        answer_hash="",
        grade=verdict,
    )


def watching(
    before: dict[int, Verdict | None], epochs: int = 1, economics: Economics | None = None
) -> Watch:
    def made(rung: Rung, key: int) -> Variant:
        return Variant(rung, "custom", "m", id=key)

    return Watch(
        Standing(made("bare", 1), None, 0, None, 0.0),
        made("context", 2),
        [Outcome(case, 1, case, verdict, "") for case, verdict in before.items()],
        [],
        pending=[(case, epoch) for epoch in range(1, epochs + 1) for case in before],
        economics=economics or Economics(),
        tried=1,
    )


def test_what_waits_for_a_label_could_still_be_right() -> None:
    """Nine are lost, and thirty that nobody has judged could all be gained."""
    below: dict[int, Verdict | None] = {n: "pass" if n < 9 else "fail" for n in range(40)}
    seen = watching(below)
    assert [seen.heard(answer(case, "fail"), 40) for case in range(9)] == [None] * 9
    assert [seen.heard(answer(case, None), 40) for case in range(9, 39)] == [None] * 30
    judged = watching(below)
    told = [judged.heard(answer(case, "fail"), 40 - case) for case in range(39)]
    [suspected] = [each for each in told if each is not None][:1]
    assert suspected.best and "out of reach" in suspected.out_of_reach


def test_what_is_suspected_and_not_confirmed_is_suspected_less_often() -> None:
    seen = watching(dict.fromkeys(range(100), "fail"))
    told = [seen.heard(answer(case, "pass"), 99 - case) for case in range(100)]
    suspected = [place for place, each in enumerate(told) if each is not None]
    assert suspected[0] == 6 and 5 < len(suspected) < 40


def test_cases_that_the_rung_below_never_answered_tell_nothing() -> None:
    seen = watching(dict.fromkeys(range(8), "fail"))
    assert [seen.heard(answer(case, "pass"), 9) for case in range(50, 70)] == [None] * 20


def test_epochs_are_one_case() -> None:
    """A gain in one of two epochs is half a gain, and the other one is open until it comes."""
    seen = watching(dict.fromkeys(range(12), "fail"), epochs=2)
    told = [seen.heard(answer(case, "pass"), 99) for case in range(7)]
    assert [each is not None for each in told] == [False] * 6 + [True]
    assert not told[6] or not told[6].best


async def test_it_follows_the_ladder_answer_by_answer(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, papers: None
) -> None:
    """Whatever the answers are, CLIMB is suspected when the ladder says it, and not before."""
    draw = random.Random(4)
    right = {f"case {n}": (draw.random() < 0.3, draw.random() < 0.9) for n in range(30)}

    def reply(body: dict[str, Any]) -> str:
        bare, context = right[body["messages"][-1]["content"]]
        found = context if body["messages"][0]["role"] == "system" else bare
        return "Paris" if found else "Rome"

    server.reply = reply
    cases = await add(*right, expect="Paris")
    await ask(desk, cases, variant())
    above = variant(rung="context")
    first = await desk.stored_variant(variant())
    run = await desk.ask(cases, above, concurrency=1)
    # The run is over before it is looked at, or the store would be ahead of what is told.
    answers = [event.answer async for event in run.events() if isinstance(event, Answered)]
    assert len(answers) == len(cases)
    above = await desk.stored_variant(above)
    pairs = [(case.id, 1) for case in cases]
    read, session = desk.database.read, desk.session
    seen = await read(_as_it_was, above, 0, lambda c: watch(c, session.id, above, pairs))
    assert seen is not None
    climbed = 0
    for answer in answers:
        step = await read(
            _as_it_was, above, answer.id, lambda c: read_step(c, session, first.hash, above.hash)
        )
        suspected = seen.heard(answer, 1_000_000)
        seen._fewest_left = float("inf")
        climb = suspected is not None and not suspected.best
        assert climb == (step.verdict.state == "CLIMB")
        climbed += climb
    assert 0 < climbed < len(answers)


def _as_it_was(connection: Any, variant: Variant, last: int, look: Any) -> Any:
    """Look at the store as it was before any answer of a variant came after the answer `last`."""
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("BEGIN")
    connection.execute(
        "UPDATE answers SET status = 'cut' WHERE variant_id = ? AND id > ?", (variant.id, last)
    )
    found = look(connection)
    connection.execute("ROLLBACK")
    connection.execute("PRAGMA query_only = ON")
    return found


@pytest.mark.parametrize(
    ("fixed", "saved", "stops", "text"),
    [
        (True, 0.2134, "esc", "fixed: S. 18 answers left; esc stops and saves about $0.21."),
        (True, None, "Ctrl+C", "The verdict is fixed: S. 18 answers left; Ctrl+C stops."),
        (True, 0.0, "", "The verdict is fixed: S. Stopped here; that leaves out 18 answers."),
        (False, 0.5, "", "S. Stopped here; that leaves out 18 answers and saves about"),
    ],
)
def test_the_sentence(fixed: bool, saved: float | None, stops: str, text: str) -> None:
    assert text in settled_text(Settled("CLIMB", fixed, "S.", 18, saved), stops)


async def test_the_run_of_an_oracle_has_no_step(desk: Desk, variant: Make) -> None:
    from lab.rag.oracle import oracle_of

    stored = await desk.database.write(runs.keep_variant, oracle_of(variant(rung="rag")))
    assert await desk.database.read(watch, desk.session.id, stored, [(1, 1)]) is None
