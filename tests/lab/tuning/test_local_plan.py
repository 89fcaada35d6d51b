"""What is kept of a local training before it starts: its time, and how answers are graded."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from lab.desk import Desk
from lab.tuning.local import backend as local
from lab.tuning.wish import Wish, draft, examine_for, keep
from store import jobs
from store.jobs import Job, JobEvent
from store.records import Assertion, CaseDraft, Expectation

WISH = Wish("local", "embedded", "SmolLM2-135M-Instruct")


@pytest.fixture
async def ready(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Job]]:
    """Keep the job of a wish on a session with ten examples, half of them with assertions."""
    monkeypatch.setattr(local, "missing", lambda: None)
    await desk.add_cases(
        CaseDraft(
            f"Who is mayor of {letter}holm?",
            expectation=Expectation(
                f"Ann {letter}", (Assertion("icontains", letter),) if letter < "F" else ()
            ),
            split="train",
        )
        for letter in "ABCDEFGHIJ"
    )

    async def kept(**changes: Any) -> Job:
        wanted = replace(WISH, **{"validation": 0.5, **changes})
        report = await examine_for(desk, wanted)
        return await keep(desk, await draft(desk, wanted, report))

    return kept


async def test_held_out_answers_are_graded_by_their_cases_assertions(
    desk: Desk, ready: Callable[..., Awaitable[Job]]
) -> None:
    job = await ready(allow_leaks=True)
    held = [json.loads(line) for line in (await desk.database.read(jobs.training, job.id))[1]
            .splitlines()]  # fmt: skip
    answers = [each["messages"][-1]["content"] for each in held]
    assert [bool(each) for each in job.plan["validation_assertions"]] == [
        answer < "Ann F" for answer in answers
    ]
    assert 0 < sum(map(bool, job.plan["validation_assertions"])) < 5


async def test_the_time_is_reckoned_by_earlier_trainings(
    desk: Desk, ready: Callable[..., Awaitable[Job]]
) -> None:
    first = await ready(model="my/model", options={"max_steps": 10}, validation=0.0)
    price = first.plan["price"]
    assert (price["low_usd"], price["high_usd"]) == (0.0, 0.0)
    assert (price["low_s"], price["high_s"], price["seconds_by"]) == (None, None, None)
    steps = [
        JobEvent(str(n), float(n), "metrics", n, {"loss": 1.0, "s_per_step": 3.0, "steps": 10})
        for n in range(1, 5)
    ]
    await desk.database.write(jobs.tell, first.id, steps)
    again = await ready(model="my/model", options={"max_steps": 20}, validation=0.0)
    found = again.plan["price"]
    assert found["seconds_by"] == "earlier"
    assert found["low_s"] == found["high_s"] == pytest.approx(60.0, rel=0.01)
    other = await ready(model="other/model", validation=0.0)
    assert other.plan["price"]["seconds_by"] is None
    guessed = (await ready(options={"max_minutes": 2})).plan["price"]
    assert (guessed["seconds_by"], guessed["high_s"]) == ("guess", 120.0)
