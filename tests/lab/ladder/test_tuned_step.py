"""What training on this machine costs, as the verdict on the step to the tuned rung says it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lab.desk import Desk
from lab.ladder.economics import keep_economics
from lab.ladder.reading import Ladder
from store import jobs
from store.jobs import JobDraft, JobEvent

Fill = Callable[..., Awaitable[None]]
Read = Callable[[], Awaitable[Ladder]]


async def trained(desk: Desk, seconds: float) -> None:
    draft = JobDraft("local", "embedded", "m1", "{}\n")
    job = await desk.database.write(jobs.create, desk.session.id, draft)
    told = [
        JobEvent("1", 0.0, "status", None, {"state": "loading"}),
        JobEvent("2", seconds, "result", None, {"state": "succeeded"}),
    ]
    await desk.database.write(jobs.tell, job.id, told)


async def test_hours_without_a_price_are_named(desk: Desk, fill: Fill, ladder: Read) -> None:
    await fill("bare", "n" * 20 + "y" * 10, cost=0.0)
    await fill("context", "n" * 18 + "y" * 12, cost=0.0)
    await fill("tuned", "y" * 30, cost=0.0)
    [_, step] = (await ladder()).steps[:2]
    assert "training here" not in step.verdict.sentence  # none was done
    await trained(desk, 1800.0)
    first, step = (await ladder()).steps[:2]
    said = "it costs nothing more; its 30 minutes of training here are counted as free."
    assert step.verdict.sentence.endswith(said) and step.verdict.plain.endswith(said)
    assert "training here" not in first.verdict.sentence


async def test_hours_with_a_price_must_come_back(desk: Desk, fill: Fill, ladder: Read) -> None:
    await fill("bare", "n" * 20 + "y" * 10, cost=0.0)
    await fill("tuned", "y" * 30, cost=0.0)
    await trained(desk, 1800.0)
    await desk.database.write(keep_economics, desk.session.id, {"machine": 3.0, "volume": 10.0})
    [step] = (await ladder()).steps
    assert step.returns.upfront == 1.5
    assert "at 10 answers a month the $1.50 upfront are back within 7 days" in step.verdict.sentence
    assert "counted as free" not in step.verdict.sentence
    # Half an hour at a price that no gain of 120 answers brings back.
    await desk.database.write(keep_economics, desk.session.id, {"machine": 1000.0})
    [step] = (await ladder()).steps
    assert step.verdict.state == "STAY" and "$500.00 upfront" in step.verdict.sentence
