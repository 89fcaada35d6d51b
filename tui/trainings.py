"""Trainings that go on while the app is open: followed again, and told when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from store import jobs as kept
from store.errors import PlainError

if TYPE_CHECKING:
    from lab.engine import Engine
    from store.jobs import Job

Say = Callable[[str, bool], None]
"""Shows a sentence; the second argument tells whether something went wrong."""


async def follow_open(engine: Engine, say: Say) -> None:
    """Follow every session's jobs that have not ended, wherever they were started.

    To be cancelled when the app is left; the jobs go on by themselves.
    """
    if not await engine.database.read(kept.open_jobs):
        return
    from lab.tuning import jobs

    found = await jobs.pick_up(engine)
    await asyncio.gather(*(_follow(engine, job, say) for job in found))


async def _follow(engine: Engine, job: Job, say: Say) -> None:
    from lab.tuning import jobs

    try:
        async for event in jobs.follow(engine, job):
            job = event.job
            if isinstance(event, jobs.JobNoticed):
                say(event.sentence, False)
    except PlainError as error:
        say(str(error), True)
        return
    if job.ended:
        say(jobs.end_text(job), job.state == "failed")
