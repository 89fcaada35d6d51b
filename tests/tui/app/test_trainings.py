"""A training that goes on: the app follows it again, and says how it has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.desk import Desk
from lab.tuning import jobs, wish
from lab.tuning.jobs import Pace
from lab.tuning.trainer import running
from store import jobs as kept
from store import sessions
from store.records import CaseDraft, Expectation
from tui.trainings import NoLongerFollowed


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


async def test_a_job_is_followed_once_and_told_to_all_who_listen(
    open_bench, started, engine, server, monkeypatch
):
    server.tuning.hold = "running"
    async with open_bench("Where does the Orm rise?"):
        job = await started()
    # The app follows it by itself soon after it has opened.
    follows: list[int] = []
    follow = jobs.follow

    def counted(engine, job, pace=None):
        follows.append(job.id)
        return follow(engine, job, pace)

    monkeypatch.setattr(jobs, "follow", counted)
    async with open_bench() as person:
        trainings = person.app.trainings
        trainings.pace = Pace(0.01, 0.01)
        heard: list[list[object]] = [[], []]
        listeners = [lambda event, to=to: bool(to.append(event)) for to in heard]
        for listener in listeners:
            trainings.listen(listener)
        trainings.follow(job)
        await trainings.follow_open()
        trainings.follow(job)
        await person.until(lambda: len(heard[0]) > 2)
        trainings.unlisten(listeners[1])
        left_at = len(heard[1])
        server.tuning.hold = ""
        await person.until_said("has made ft:fixture-large")
        assert follows == [job.id]
        assert heard[0][: len(heard[1])] == heard[1] and len(heard[1]) == left_at
        assert isinstance(heard[0][-1], NoLongerFollowed) and heard[0][-1].why == ""
        assert not trainings.is_followed(job.id)
        assert any("F5 on its session's bench" in said for said in person.said)


async def test_who_sees_it_elsewhere_is_not_told_once_more(open_bench, started, server):
    async with open_bench("Where does the Orm rise?"):
        job = await started()
    async with open_bench() as person:
        trainings, ended = person.app.trainings, []
        trainings.pace = Pace(0.01, 0.01)

        def seen(event) -> bool:
            ended.append(event)
            return True

        trainings.listen(seen)
        trainings.follow(job)
        await person.until(lambda: ended and isinstance(ended[-1], NoLongerFollowed))
        assert person.said == []


async def test_a_start_goes_on_to_the_end_and_a_refusal_is_told(open_bench, engine, server):
    async with open_bench("Where does the Orm rise?") as person:
        trainings = person.app.trainings
        trainings.pace = Pace(0.01, 0.01)
        draft = kept.JobDraft("hosted", "custom", "m", "{}\n", base_url=server.base_url)
        for closed, said in ((True, "no fine-tuning job"), (False, "has made ft:m")):
            server.tuning.closed = closed
            job = await engine.database.write(kept.create, person.session.id, draft)
            trainings.start(job)
            await person.until_said(said)
            await person.until(lambda job=job: not trainings.is_followed(job.id))
            assert bool(trainings.why(job.id)) == closed
        sentences = [sentence for _, sentence in trainings.notices(job.id - 1)]
        assert sentences == [trainings.why(job.id - 1)]


async def test_a_trainer_whose_start_was_never_recorded_is_found(
    open_bench, engine, tmp_path, monkeypatch
):
    async with open_bench("one") as person:
        session_id = person.session.id
    draft = kept.JobDraft("local", "embedded", "m", "{}\n")
    job = await engine.database.write(kept.create, session_id, draft)
    folder = engine.database.home / "tuning" / str(job.id)
    folder.mkdir(parents=True)
    assert running.claim(folder)
    lock = running._held.pop()
    try:
        async with open_bench() as person:
            trainings = person.app.trainings
            trainings.pace = Pace(0.01, 0.01)
            await trainings.follow_open()
            assert trainings.is_followed(job.id)
            lock.release()
            await person.until_said("The trainer ended without saying why")
    finally:
        lock.release()
