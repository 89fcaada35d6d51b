"""The engine: which model is asked, what it may cost and take, and the embedded one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import Fault
from lab import embedded, providers
from lab.ask import Client, Endpoint
from lab.desk import Desk
from lab.engine import Engine, warm_up
from lab.events import Answered, BudgetReached, Event, Failed, RunFinished
from lab.failures import AskError
from lab.limits import Limits, Purse
from lab.run import Plan, Run
from lab.setup import Setup
from lab.weights import fetch_weights
from store import runs, sessions
from store.records import Answer, Case, Variant

PRICED = "gpt-4o"  # US dollars 2.5 and 10 for a million tokens in and out
AN_ANSWER = 400  # tokens, which cost 0.004
PRESETS = providers.load()

Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]
Ask = Callable[..., Awaitable[list[Event]]]


# -- what it may cost ---------------------------------------------------------------------


@pytest.fixture
async def priced(server: FixtureServer, endpoint: Endpoint) -> AsyncIterator[Client]:
    """A client whose answers cost what OpenAI's do, and are each 400 tokens long."""
    server.reply = lambda body: " ".join(["word"] * AN_ANSWER)
    client = Client(replace(endpoint, prices="openai"))
    yield client
    await client.close()


async def spend(
    desk: Desk,
    client: Client,
    variant: Variant,
    cases: list[Case],
    cap: float | None,
    purse: Purse | None = None,
    **plan: Any,
) -> list[Event]:
    asked = Plan(desk.session.id, variant, cases, cap_usd=cap, **plan)
    run = Run(desk.database, client, "me", asked, purse=purse)
    return [event async for event in run.events()]


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("limit", [1, 8])
async def test_a_run_stops_before_the_call_that_could_pass_the_cap(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client, limit: int
) -> None:
    cases = await add(*"abcdefghij")
    # 500 tokens are reckoned with, 0.005: after four answers there is room for no fifth.
    events = await spend(desk, priced, variant(model=PRICED), cases, 0.0205, concurrency=limit)
    costs = [event.answer.cost_usd for event in only(events, Answered)]
    assert costs == [pytest.approx(0.0040025)] * 4
    [reached] = only(events, BudgetReached)
    assert (reached.spent_usd, reached.cap_usd) == (pytest.approx(0.01601), 0.0205)
    assert only(events, RunFinished)[0].outcome == "budget"
    assert len(server.chats) == 4
    assert await desk.spent() == (pytest.approx(0.01601), 0)

    # What was spent before counts too; a higher cap goes on with what is missing.
    again = await spend(desk, priced, variant(model=PRICED), cases, 0.0205, concurrency=limit)
    assert (len(only(again, Answered)), len(only(again, BudgetReached))) == (0, 1)
    rest = await spend(desk, priced, variant(model=PRICED), cases, 5.0, concurrency=limit)
    assert len(only(rest, Answered)) == 6


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_a_bound_on_the_answer_bounds_its_price(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client, name: str
) -> None:
    cases = await add(*"abc")
    asked = variant(model=PRICED, parameters={name: 2000})  # 0.02 at most
    events = await spend(desk, priced, asked, cases, 0.019)
    assert (only(events, Answered), server.chats) == ([], [])
    events = await spend(desk, priced, asked, cases, 0.0245, concurrency=8)
    assert len(only(events, Answered)) == 2  # 0.004 spent and 0.02 to come fit, 0.008 do not


async def test_longer_answers_are_learnt_from(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.reply = lambda body: " ".join(["word"] * 2000)  # 0.02
    events = await spend(
        desk, priced, variant(model=PRICED), await add(*"abc"), 0.03, concurrency=1
    )
    assert len(only(events, Answered)) == 1


async def test_runs_of_a_session_share_its_cap(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    cases, purse = await add(*"abcdefghij"), Purse()
    server.chunk_delay = 0.0002
    both = await asyncio.gather(
        *(spend(desk, priced, variant(model=PRICED, system=s), cases, 0.0205, purse) for s in "xy")
    )
    assert sum(len(only(events, Answered)) for events in both) == 4
    assert (await desk.spent())[0] <= 0.0205


async def test_who_waits_for_room_is_not_asked_once_the_run_has_failed(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.fail_next(Fault.UNAUTHORIZED)
    cases = await add(*"abcd")
    events = await spend(desk, priced, variant(model=PRICED), cases, 0.0055, concurrency=4)
    assert only(events, RunFinished)[0].outcome == "failed"
    assert len(server.chats) == 1


def test_a_run_under_way_is_ahead_of_the_store() -> None:
    purse = Purse()
    purse.open(1.0)
    purse.spent += 0.5  # not stored yet when the second begins
    purse.open(1.0)
    assert purse.spent == 1.5
    purse.close()
    purse.close()
    purse.open(2.0)
    assert purse.spent == 2.0


async def test_the_engine_gives_them_one_purse(
    engine: Engine, desk: Desk, add: Add, variant: Make
) -> None:
    cases = await add("a")
    first, second = [await desk.ask(cases, variant(model=model)) for model in ("a", "b")]
    assert first._purse is second._purse


async def test_an_unknown_price_is_no_price(desk: Desk, add: Add, run: Ask) -> None:
    events = await run(await add("a", "b"), cap_usd=0.000001)
    assert [event.answer.cost_usd for event in only(events, Answered)] == [None, None]
    assert await desk.spent() == (0.0, 2)


async def test_what_is_free_is_asked_though_the_cap_is_passed(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, endpoint: Endpoint
) -> None:
    cases = await add("a")
    free = Client(replace(endpoint, prices="ollama"))
    purse = Purse()
    purse.open(9.0)
    events = await spend(desk, free, variant(), cases, 5.0, purse)
    await free.close()
    assert [event.answer.cost_usd for event in only(events, Answered)] == [0.0]


async def test_a_build_that_no_list_knows_costs_what_its_model_costs(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, priced: Client
) -> None:
    server.resolved = {PRICED: "build-20260901-xyz"}
    events = await spend(desk, priced, variant(model=PRICED), await add("a"), None)
    [answered] = only(events, Answered)
    assert answered.answer.model == "build-20260901-xyz"
    assert answered.answer.cost_usd == pytest.approx(0.0040025)


# -- what it may take ---------------------------------------------------------------------


async def test_a_prompt_that_cannot_fit_is_refused_before_it_is_sent(
    desk: Desk, server: FixtureServer, add: Add, run: Ask
) -> None:
    server.models = [{"id": "fixture-large", "max_model_len": 100}]
    events = await run(await add("short", "much too long " * 100))
    [failed] = only(events, Failed)
    assert failed.error.startswith("The prompt has about ")
    assert "the window of fixture-large holds 100; shorten the case" in failed.error
    assert failed.answer.status == "failed"
    assert len(only(events, Answered)) == len(server.chats) == 1


def test_a_window_is_counted_exactly_where_the_vocabulary_is_known() -> None:
    variant = Variant("bare", "openai", "gpt-4o")
    limits = Limits(variant, window=10, prices="openai")
    limits.refuse_too_long([{"role": "user", "content": " word" * 10}])
    with pytest.raises(AskError, match=r"The prompt has 11 tokens and the window of gpt-4o"):
        limits.refuse_too_long([{"role": "user", "content": " word" * 11}])
    with pytest.raises(AskError, match=r"The prompt has \d+ tokens"):
        limits.refuse_too_long([{"role": "user", "content": "🙃🧿" * 5}])


@pytest.mark.parametrize(
    ("listed", "window"),
    [
        ({"id": "m", "meta": {"n_ctx": 512}}, 512),
        ({"id": "m", "max_model_len": 1024}, 1024),
        ({"id": "m"}, None),
        ({"id": "other", "max_model_len": 1024}, None),
    ],
)
async def test_a_server_of_ones_own_says_its_window(
    engine: Engine, server: FixtureServer, listed: dict[str, Any], window: int | None
) -> None:
    server.models = [listed]
    asked = Variant("bare", "custom", "m", server.base_url)
    assert await engine.window(asked) == window
    before = len(server.requests)
    assert await engine.window(asked) == window
    assert len(server.requests) == before  # asked once
    assert await engine.known_window(Setup("custom", "m", base_url=server.base_url)) == window


async def test_the_tables_say_the_window_of_a_known_model(
    engine: Engine, server: FixtureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert (await engine.window(Variant("bare", "openai", PRICED)) or 0) >= 100_000
    assert (await engine.known_window(Setup("openai", PRICED)) or 0) >= 100_000
    assert server.requests == []


@pytest.mark.parametrize("provider", ["ollama", "custom"])
async def test_a_server_without_a_list_of_models_is_asked_all_the_same(
    desk: Desk, server: FixtureServer, add: Add, variant: Make, provider: str
) -> None:
    server.models = None
    asking = await desk.ask(await add("a"), variant(provider=provider))
    assert len(only([event async for event in asking.events()], Answered)) == 1


# -- which model --------------------------------------------------------------------------


@pytest.fixture
def nothing_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server of whoever runs the tests be found."""

    async def none() -> list[Any]:
        return []

    monkeypatch.setattr(providers, "detect_local", none)


async def test_the_best_model_that_is_offered(
    engine: Engine, server: FixtureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    third, second = PRESETS["openai"].best[2], PRESETS["openai"].best[1]
    server.models = ["whisper-1", third, second, "davinci"]
    assert await engine.best_model("openai") == second
    server.models = ["whisper-1", "davinci"]
    assert await engine.best_model("openai") == "whisper-1"
    server.models = []
    with pytest.raises(AskError, match="openai offers no model; load one there, or name one"):
        await engine.best_model("openai")


async def test_a_new_session_begins_with_the_key_that_is_found(
    engine: Engine, server: FixtureServer, nothing_local: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    best = PRESETS["openai"].best[0]
    server.models = ["davinci", best]
    assert (await engine.default_setup()).model == best
    named = await engine.default_setup(model="davinci")
    assert (named.provider, named.model, named.rung) == ("openai", "davinci", "bare")
    last = Setup("groq", "some-model", system="Be brief.", parameters={"temperature": 0})
    await engine.database.write(sessions.save_setting, "setup", last.to_json())
    assert await engine.default_setup() == last


async def test_without_anything_to_ask_it_is_told_what_to_do(
    engine: Engine, nothing_local: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "missing", lambda gguf=None: "It is not there.")
    with pytest.raises(AskError, match=r"No model was found to ask: set OPENAI_API_KEY") as told:
        await engine.default_setup()
    assert told.value.fatal


async def test_a_provider_has_one_client_until_it_is_forgotten(
    engine: Engine, server: FixtureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = await asyncio.gather(*(engine.client("custom", server.base_url) for _ in range(5)))
    assert len({id(client) for client in several}) == 1
    monkeypatch.setenv("LITMUS_API_KEY", "another")
    assert (await engine.client("custom", server.base_url)).endpoint.api_key != "another"
    await engine.forget("custom", server.base_url)
    assert (await engine.client("custom", server.base_url)).endpoint.api_key == "another"
    await engine.forget("custom", "http://127.0.0.1:9/never-used")


@pytest.mark.parametrize(("provider", "most"), [("openai", 8), ("ollama", 4), ("embedded", 2)])
async def test_how_many_at_once(engine: Engine, provider: str, most: int) -> None:
    assert engine.concurrency(provider) == most


async def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    await engine.close()
    await engine.close()


def test_warming_up_imports_what_the_first_question_needs() -> None:
    import sys

    warm_up()
    assert {"openai", "genai_prices"} <= sys.modules.keys()


# -- the embedded model -------------------------------------------------------------------


@pytest.mark.embedded
async def test_the_embedded_model_is_found_dead_and_asked_again(
    engine: Engine, desk: Desk, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITMUS_GGUF", str(await fetch_weights()))
    setup = await engine.setup_for("embedded")
    desk.setup = replace(setup, parameters={"temperature": 0, "max_tokens": 8})
    cases = await add("What is the capital of France?")

    async def asked(fresh: bool) -> Answer:
        variant = desk.variant()
        assert variant
        asking = await desk.ask(cases, variant, fresh=fresh)
        [answered] = [event async for event in asking.events() if isinstance(event, Answered)]
        return answered.answer

    first = await asked(fresh=False)
    assert (first.cost_usd, first.model) == (0.0, setup.model)
    assert first.text and first.first_token_s
    assert await engine.window(await desk.database.read(runs.get_variant, 1)) == embedded.WINDOW
    pid = engine.embedded.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    second = await asked(fresh=True)
    assert second.text == first.text
    assert engine.embedded.pid != pid
    with pytest.raises(AskError, match="The embedded server has no model “other”"):
        await desk.ask(cases, replace(desk.setup, model="other").variant([]))
