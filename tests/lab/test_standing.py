"""Where the variants stand, and which of them a rung is compared by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.server import FixtureServer
from lab.desk import Desk
from lab.events import Answered, Event
from lab.ladder.standing import Standing, chosen
from lab.statistics.rates import rate_of
from store.records import Case, Rung, Variant

Add = Callable[..., Awaitable[list[Case]]]
Ask = Callable[..., Awaitable[list[Event]]]


def standing(
    rung: Rung, model: str, passed: int | None, n: int = 10, *, pinned: bool = False
) -> Standing:
    rate = None if passed is None else rate_of([[1.0]] * passed + [[0.0]] * (n - passed))
    return Standing(Variant(rung, "custom", model), rate, 0, None, 1.0, pinned=pinned)


def models(found: list[Standing]) -> dict[str, str]:
    return {rung: item.variant.model for rung, item in chosen(found).items()}


def test_a_rung_is_its_best_variant_by_lower_bound() -> None:
    found = [
        standing("context", "last used", 7),
        standing("bare", "small and sure", 80, 100),
        standing("context", "best", 9),
        standing("bare", "a lucky few", 3, 3),
    ]
    assert models(found) == {"bare": "small and sure", "context": "best"}
    assert list(chosen(found)) == ["bare", "context"]


def test_a_pinned_variant_goes_before_a_better_one() -> None:
    pinned = standing("bare", "pinned", 2, pinned=True)
    assert models([standing("bare", "best", 9), pinned]) == {"bare": "pinned"}
    assert models([standing("context", "best", 9), pinned]) == {"bare": "pinned", "context": "best"}


def test_among_the_unjudged_the_last_used_stands() -> None:
    found = [standing("bare", "last", None), standing("bare", "first", None)]
    assert models(found) == {"bare": "last"}
    assert models([*found, standing("bare", "all wrong", 0)]) == {"bare": "all wrong"}
    assert models([]) == {}


async def test_a_standing_counts_verdicts_time_and_cost(
    server: FixtureServer, desk: Desk, add: Add, run: Ask
) -> None:
    server.answers = {"right": "yes"}
    await add("right 1", "right 2", "wrong", expect="yes")
    cases = await add("open")
    events = await run(cases)
    variant = await desk.stored_variant(events[0].variant)  # type: ignore[union-attr]
    found = await desk.standing(variant)
    assert found.rate and (found.rate.n, found.rate.passed) == (3, 2)
    assert (found.unlabelled, found.rung, found.cost_usd) == (1, "bare", None)
    answered = [event.answer for event in events if isinstance(event, Answered)]
    assert found.seconds == pytest.approx(sum(answer.latency_s or 0 for answer in answered))

    of: dict[int, Any] = {answer.case_id: answer for answer in answered}
    await desk.label(of[cases[2].id], "partial")  # a person's verdict wins over the machine's
    await desk.label(of[cases[3].id], "pass")
    found = await desk.standing(variant)
    assert found.rate and (found.rate.n, found.rate.passed) == (4, 3.5)
    assert found.unlabelled == 0
    assert await desk.standings() == [found]


async def test_epochs_of_a_case_are_one_case(
    server: FixtureServer, desk: Desk, add: Add, run: Ask
) -> None:
    replies = iter(["yes", "no", "yes", "yes"])
    server.reply = lambda body: next(replies)
    events = await run(await add("a", "b", expect="yes"), epochs=2, concurrency=1)
    found = await desk.standing(await desk.stored_variant(events[0].variant))  # type: ignore
    assert found.rate and (found.rate.n, found.rate.passed) == (2, 1.5)
