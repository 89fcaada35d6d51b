"""The last rung of a demo: the embedded model trained on the session's train cases."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.tuning import jobs as tuning
from lab.tuning import wish as wishes
from lab.tuning.jobs import Pace, TuningEvent
from store import jobs
from store.jobs import Job

if TYPE_CHECKING:
    from lab.desk import Desk

MINUTES = 8.0
"""So long it trains at most; with the weights' conversion and its last words under ten."""


def refuse() -> None:
    """Raise TuningError where nothing can be trained here, in a sentence on what to install."""
    from lab.tuning.local import backend as local

    local.refuse_without_extra()


async def train(desk: Desk, *, seed: int = 0) -> AsyncGenerator[TuningEvent]:
    """Train until the session has a tuned model; a job that was begun goes on.

    Yields nothing where it has one. Raises as `lab.tuning.wish.draft` and
    `lab.tuning.jobs.start` and `follow` do; a job that ends otherwise is told by its last event.
    """
    job = await _begun(desk)
    if job is not None and job.state == "succeeded":
        return
    if job is None:
        job = await _new(desk, seed)
    if job.state not in ("queued", "running"):
        async for event in tuning.start(desk.engine, job):
            job = event.job
            yield event
    async for event in tuning.follow(desk.engine, job, Pace(1.0, 1.0)):
        yield event


async def _begun(desk: Desk) -> Job | None:
    found = await desk.database.read(jobs.listed, desk.session.id)
    here = [job for job in found if job.backend == "local"]
    done = [job for job in here if job.state == "succeeded"]
    return next(iter([*done, *here]), None)


async def _new(desk: Desk, seed: int) -> Job:
    wish = replace(
        wishes.wish_for(desk, "local"),
        validation=wishes.held_back("local"),
        seed=seed,
        options={"max_minutes": MINUTES},
    )
    report = await wishes.examine_for(desk, wish)
    return await wishes.keep(desk, await wishes.draft(desk, wish, report))
