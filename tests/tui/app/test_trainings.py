"""A training that goes on: the app follows it again, and says how it has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.desk import Desk
from lab.tuning import jobs, wish
from store import jobs as kept
from store import sessions
from store.records import CaseDraft, Expectation


@pytest.fixture
async def started(engine, server, open_bench):
    """Start a hosted job from a session that another process has left meanwhile."""

    async def begun() -> kept.Job:
        session = await engine.database.read(sessions.named, "work")
        desk = await Desk.open(engine, session)
        await desk.add_cases(
            CaseDraft(f"Who is mayor of {town}holm?", "", Expectation(f"Ann {town}"), split="train")
            for town in "ABCDEFGHIJ"
        )
        wanted = replace(wish.wish_for(desk, "hosted"), suffix="orm")
        report = await wish.examine_for(desk, wanted)
        job = await wish.keep(desk, await wish.draft(desk, wanted, report))
        async for event in jobs.start(engine, job):
            job = event.job
        return job

    return begun


async def test_a_job_started_before_is_followed_and_its_end_told(open_bench, started, engine):
    async with open_bench("Where does the Orm rise?"):
        job = await started()
    assert job.state == "queued"
    async with open_bench() as person:
        await person.until_said("has made ft:fixture-large")
    ended = engine.database.read_now(kept.get, job.id)
    assert (ended.state, ended.ended) == ("succeeded", True)
