"""What the rest of a run costs: told by a pilot, by earlier answers, or by the prompts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import mean, stdev
from typing import Any

import pytest

from fixtures.server import FixtureServer
from lab.desk import Desk
from lab.events import Answered, Event, Priced
from lab.forecast import Forecast, about_text, pilot_of, price_ahead, range_text, rest_text
from lab.limits import USUAL_ANSWER_TOKENS
from lab.setup import Setup
from store.library_records import Indexing, Retrieval
from store.records import Case, CaseDraft, Variant
from store.taken import Taken

Add = Callable[..., Awaitable[list[Case]]]
Ask = Callable[..., Awaitable[list[Event]]]

PRICED = "gpt-4o"  # US dollars 2.5 and 10 for a million tokens in and out
IN, OUT = 2.5e-6, 10e-6


@pytest.fixture
def priced(
    desk: Desk, server: FixtureServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Variant]:
    """Let the session ask the server as Azure OpenAI, whose prices are known anywhere."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "hunter2-0123456789")
    desk.setup = Setup("azure", PRICED, base_url=server.base_url)

    def made(**changes: Any) -> Variant:
        assert desk.setup
        return Setup(**{**desk.setup.to_json(), "retrieval": Retrieval(), **changes}).variant([])

    return made


def words(count: int) -> str:
    return " ".join(["word"] * count)


def of_length(body: dict[str, Any]) -> str:
    """Answer with as many words as the question says."""
    return words(int(body["messages"][-1]["content"]))


async def ask(desk: Desk, cases: list[Case], variant: Variant, **plan: Any) -> list[Event]:
    run = await desk.ask(cases, variant, **plan)
    return [event async for event in run.events()]


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


# -- from costs to a range ----------------------------------------------------------------


def test_three_answers_give_the_range_from_the_cheapest_to_the_dearest() -> None:
    forecast = Forecast(concurrency=4)
    for cost, seconds in ((0.01, 2.0), (0.03, 4.0), (0.02, 3.0)):
        forecast.add(cost, seconds)
    rest = forecast.rest(33)
    assert (rest.left, rest.fits) == (33, None)
    assert rest.low_usd == pytest.approx(0.33) and rest.high_usd == pytest.approx(0.99)
    assert rest.expected_usd == pytest.approx(0.66)
    assert rest.seconds == pytest.approx(3.0 * 33 / 4)


def test_many_answers_give_a_prediction_interval_within_the_extremes() -> None:
    costs = [0.01 + 0.001 * (number % 7) for number in range(21)]
    rest = Forecast([Taken(cost, 1.0, 9) for cost in costs]).rest(30)
    t = 2.086  # 20 degrees of freedom
    half = t * stdev(costs) * (30 + 30 * 30 / 21) ** 0.5
    assert rest.low_usd == pytest.approx(30 * mean(costs) - half, rel=1e-3)
    assert rest.high_usd == pytest.approx(30 * mean(costs) + half, rel=1e-3)
    assert 30 * min(costs) < (rest.low_usd or 0) < (rest.high_usd or 0) < 30 * max(costs)


def test_costs_that_are_all_alike_give_a_point() -> None:
    rest = Forecast([Taken(0.02, 1.0, 9)] * 40).rest(10)
    assert rest.low_usd == pytest.approx(0.2) == rest.high_usd


def test_an_unknown_price_has_no_range_and_free_is_free() -> None:
    unknown = Forecast()
    for cost in (0.01, None, 0.01):
        unknown.add(cost, 1.0)
    rest = unknown.rest(9)
    assert (rest.low_usd, rest.expected_usd, rest.high_usd, rest.fits) == (None,) * 4
    assert rest.seconds == pytest.approx(9.0)
    free = Forecast([Taken(0.0, 1.0, 9)] * 3).rest(9, room_usd=0.0)
    assert (free.low_usd, free.high_usd, free.fits) == (0.0, 0.0, None)


@pytest.mark.parametrize(("room", "fits"), [(0.2, None), (0.1, 5), (0.0, 0)])
def test_the_cap_leaves_room_for_some(room: float, fits: int | None) -> None:
    assert Forecast([Taken(0.02, None, None)] * 3).rest(9, room_usd=room).fits == fits


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (None, None, "unknown"),
        (0.0, 0.0, "free"),
        (0.354, 0.476, "$0.35–0.48"),
        (0.35, 0.48, "$0.35–0.48"),
        (0.0012, 0.0034, "$0.0012–0.0034"),
        (0.0, 0.3, "up to $0.30"),
        (0.3501, 0.3502, "about $0.35"),
        (0.002, 0.00201, "about $0.0020"),
        (0.00001, 0.00001, "<$0.0001"),
        (12.0, 1500.0, "$12.00–1,500.00"),
    ],
)
def test_ranges_as_people_read_them(low: float | None, high: float | None, text: str) -> None:
    assert range_text(low, high) == text


def test_the_sentence_on_the_rest() -> None:
    assert rest_text(Priced(33, 0.354, 0.4, 0.476, 40.0, 12), "m") == (
        "The other 33 answers will cost $0.35–0.48 and take about 40 s; the cap leaves room for "
        "about 12 of them."
    )
    assert rest_text(Priced(1, None, None, None, 1.0, None), "m") == (
        "What the other answer will cost is unknown: no price is known for m."
    )
    assert "will be free and take about 2 min." in rest_text(Priced(9, 0, 0, 0, 125, None), "m")
    assert (about_text(0.2134), about_text(0.00213)) == ("$0.21", "$0.0021")


async def test_a_pilot_is_the_shortest_the_middle_and_the_longest(add: Add) -> None:
    cases = await add("xxxx", "x", "xxxxx", "xx", "xxx")
    assert [case.prompt for case in pilot_of(cases)] == ["x", "xxx", "xxxxx"]
    assert pilot_of(cases[:2]) == [cases[1], cases[0]]


# -- while a run is under way -------------------------------------------------------------


async def test_a_run_is_priced_once_by_its_first_three_answers(
    server: FixtureServer, desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    server.reply = of_length
    cases = await add("100", "200", "300", *["150"] * 7)
    run = await desk.ask(cases, priced(), concurrency=1)
    rests: list[Priced | None] = []
    events: list[Event] = []
    async for event in run.events():
        events.append(event)
        if isinstance(event, Answered):
            rests.append(run.rest)
    [told] = only(events, Priced)
    assert [type(event) for event in events[: events.index(told)]].count(Answered) == 3
    assert told.left == 7 and told.fits is None
    assert told.low_usd == pytest.approx(7 * (IN + 100 * OUT))
    assert told.expected_usd == pytest.approx(7 * (IN + 200 * OUT))
    assert told.high_usd == pytest.approx(7 * (IN + 300 * OUT))
    assert told.seconds and told.seconds > 0
    # Known at any time from then on, and less as answers come.
    assert rests[:2] == [None, None] and len(rests) == 10
    assert run.rest and (run.rest.left, run.rest.high_usd) == (0, 0.0)
    # The pilot's answers are answers as any other.
    assert len(server.chats) == len(only(events, Answered)) == 10


async def test_three_answers_or_fewer_are_not_priced(add: Add, run: Ask) -> None:
    cases = await add("a", "b", "c", "d")
    assert only(await run(cases[:3]), Priced) == []
    assert only(await run(cases), Priced) == []  # of which one is missing
    events = await run(cases, fresh=True, concurrency=1)
    [told] = only(events, Priced)
    assert (told.left, told.low_usd, told.expected_usd, told.high_usd) == (1, None, None, None)


async def test_it_tells_where_the_cap_is_reached(
    server: FixtureServer, desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    server.reply = lambda body: words(400)  # 0.004
    cases = await add(*"abcdefghij")
    events = await ask(desk, cases, priced(), concurrency=1, cap_usd=0.0205)
    [told] = only(events, Priced)
    assert (told.left, told.fits) == (7, 2)


async def test_earlier_answers_of_the_variant_make_the_range_better(
    server: FixtureServer, desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    server.reply = of_length
    cases = await add("100", "300", *["200"] * 18)
    await ask(desk, cases[:12], priced())
    [told] = only(await ask(desk, cases, priced(), concurrency=1), Priced)
    # By its own three answers alone it would be a point.
    assert told.left == 5
    assert 5 * 100 * OUT < told.low_usd < 5 * 200 * OUT < told.high_usd < 5 * 300 * OUT


# -- before anything is asked -------------------------------------------------------------


async def test_nothing_known_is_reckoned_from_the_prompts(
    server: FixtureServer, desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    cases = await add("one two three", "one two three")
    ahead = await price_ahead(desk, priced(), cases)
    assert (ahead.left, ahead.seconds) == (2, None)
    assert ahead.low_usd == pytest.approx(2 * (3 * IN + OUT))
    assert ahead.high_usd == pytest.approx(2 * (3 * IN + USUAL_ANSWER_TOKENS * OUT))
    bounded = await price_ahead(desk, priced(parameters={"max_tokens": 40}), cases, epochs=3)
    assert bounded.left == 6
    assert bounded.high_usd == pytest.approx(6 * (3 * IN + 40 * OUT))
    capped = await price_ahead(desk, priced(), cases, cap_usd=0.004)
    assert capped.fits == 1
    assert server.requests == []


async def test_what_the_store_may_give_is_in_the_most(
    desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    cases = await add("one two three")
    bare = await price_ahead(desk, priced(), cases)
    chunks = Retrieval(Indexing(chunk_tokens=100), k=5)
    rag = await price_ahead(desk, priced(rung="rag", retrieval=chunks), cases)
    assert rag.low_usd == bare.low_usd
    assert (rag.high_usd or 0) - (bare.high_usd or 0) == pytest.approx(500 * IN)


async def test_earlier_answers_say_it_better(
    server: FixtureServer, desk: Desk, add: Add, priced: Callable[..., Variant]
) -> None:
    server.reply = of_length
    cases = await add("100", "200", "300", "100", "100")
    await ask(desk, cases[:3], priced())
    variant = await desk.stored_variant(priced())
    ahead = await price_ahead(desk, variant, cases)
    assert ahead.left == 2 and ahead.seconds
    assert ahead.low_usd == pytest.approx(2 * (IN + 100 * OUT))
    assert ahead.high_usd == pytest.approx(2 * (IN + 300 * OUT))
    assert (await price_ahead(desk, variant, cases, fresh=True)).left == 5


async def test_without_a_price_it_is_unknown_and_a_local_model_is_free(
    desk: Desk, add: Add, variant: Callable[..., Variant]
) -> None:
    cases = await add("a", "b")
    unknown = await price_ahead(desk, variant(), cases)
    assert (unknown.left, unknown.low_usd, unknown.high_usd) == (2, None, None)
    local = Setup("ollama", "llama3").variant([])
    free = await price_ahead(desk, local, cases)
    assert (free.low_usd, free.high_usd) == (0.0, 0.0)


async def test_no_key_is_needed_to_price(
    desk: Desk, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITMUS_API_KEY", raising=False)
    ahead = await price_ahead(desk, Setup("openai", PRICED).variant([]), await add("one"))
    assert ahead.low_usd


async def test_a_prompt_in_an_unknown_vocabulary_allows_for_the_estimate(
    desk: Desk, add: Add
) -> None:
    cases = await add("word " * 4000)
    ahead = await price_ahead(desk, Setup("mistral", "mistral-large-latest").variant([]), cases)
    assert ahead.low_usd and ahead.high_usd and ahead.high_usd > 1.4 * ahead.low_usd


async def test_train_cases_are_no_part_of_it(desk: Desk, priced: Callable[..., Variant]) -> None:
    await desk.add_cases([CaseDraft("a"), CaseDraft("b", split="train")])
    assert (await price_ahead(desk, priced(), await desk.cases_to_ask())).left == 1
