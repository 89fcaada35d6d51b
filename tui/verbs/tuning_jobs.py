"""`litmus tune start`, `status` and `cancel`: trainings, as they go on."""

from __future__ import annotations

import argparse

from lab.desk import Desk
from lab.engine import Engine
from lab.tuning import jobs as tuning
from lab.tuning import wish as wishes
from lab.tuning.hosted.refusals import Gone
from lab.tuning.jobs import JobNoticed, Pace
from store import jobs
from store.database import Database
from store.errors import NotFound, PlainError
from store.jobs import Job
from tui.verbs import output
from tui.verbs.tuning import report_json
from tui.verbs.tuning_start import to_start
from tui.verbs.tuning_status import job_json, say_end, say_jobs
from tui.verbs.tuning_watched import Watched
from tui.verbs.working import Work, desk_of, with_engine

INTERRUPTED = 130


def start(options: argparse.Namespace) -> int:
    """Train a model on the train cases, and follow the job to its end."""
    watched = Watched()

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        try:
            job = await to_start(desk, options)
        except wishes.NotReady as error:
            if options.json:
                started = {"session": desk.session.name, "started": False}
                output.data(started | report_json(error.report))
            output.complain(str(error))
            return 1
        if job is None:
            output.note("Nothing was sent.")
            return 1
        watched.job = job
        await watched.hear(tuning.start(engine, job))
        if options.detach:
            return await _detached(engine.database, desk, watched.job, options)
        await watched.hear(tuning.follow(engine, watched.job, _pace(options)))
        return await _ended(engine.database, desk, watched.job, options)

    return _until_interrupted(options, work, watched)


def status(options: argparse.Namespace) -> int:
    """Print how the trainings of a session stand; with --follow, wait for one to end."""
    watched = Watched()

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        database = engine.database
        found = await database.read(jobs.listed, desk.session.id)
        if options.job is not None:
            found = [await job_named(database, desk, options.job)]
        if options.follow:
            job = next((job for job in found if not job.ended), found[0] if found else None)
            if job is None:
                raise NotFound("There is no job to follow; `litmus tune start` starts one.")
            watched.job = job
            await watched.hear(tuning.follow(engine, job, _pace(options)))
            return await _ended(database, desk, watched.job, options)
        for job in reversed(found):
            if not job.ended:
                await _look(engine, job)
        found = [await database.read(jobs.get, job.id) for job in found]
        rows = [(job, await database.read(jobs.events, job.id)) for job in found]
        if options.json:
            listed = [job_json(job, told) for job, told in rows]
            output.data({"session": desk.session.name, "jobs": listed})
        else:
            say_jobs(rows)
        return 0

    return _until_interrupted(options, work, watched)


def cancel(options: argparse.Namespace) -> int:
    """Stop a training: the one that is named, or the newest that has not ended."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        if options.job is not None:
            job = await job_named(engine.database, desk, options.job)
        else:
            found = await engine.database.read(jobs.listed, desk.session.id)
            job = next((job for job in found if not job.ended), None)
            if job is None:
                raise NotFound("There is no job to cancel; all of them have ended.")
        job = await tuning.cancel(engine, job)
        if options.json:
            told = await engine.database.read(jobs.events, job.id)
            output.data({"session": desk.session.name, "job": job_json(job, told)})
        else:
            output.say(f"Job {job.id} is cancelled.")
        return 0

    return with_engine(options, work)


def _until_interrupted(options: argparse.Namespace, work: Work, watched: Watched) -> int:
    try:
        return with_engine(options, work)
    except KeyboardInterrupt:
        job = watched.job
        if job is None:
            raise
        if job.state == "preparing":
            output.complain("Stopped before it was sent; `litmus tune start --resume` goes on.")
        else:
            output.complain(
                f"Job {job.id} goes on; `litmus tune status --follow` follows it, and "
                "`litmus tune cancel` stops it."
            )
        return INTERRUPTED


def _pace(options: argparse.Namespace) -> Pace:
    return Pace(options.every, options.every) if options.every else Pace()


async def _look(engine: Engine, job: Job) -> None:
    """Catch up with a job; where that fails, what is kept is shown and why it is old is told."""
    try:
        async for event in tuning.look(engine, job):
            if isinstance(event, JobNoticed):
                output.note(event.sentence)
    except Gone as error:
        output.note(f"{str(error).rstrip('.')}; this is how it stood when it was last heard of.")
    except PlainError as error:
        output.note(f"Job {job.id} could not be looked at: {error}")


async def job_named(database: Database, desk: Desk, number: int) -> Job:
    """Return a session's job by its number. Raises NotFound."""
    job = await database.read(jobs.get, number)
    if job.session_id != desk.session.id:
        raise NotFound(f"Job {number} is of another session; name it with --session.")
    return job


async def _detached(
    database: Database, desk: Desk, job: Job | None, options: argparse.Namespace
) -> int:
    assert job is not None
    if options.json:
        told = await database.read(jobs.events, job.id)
        output.data({"session": desk.session.name, "job": job_json(job, told)})
    else:
        output.say(
            f"Job {job.id} is started ({job.remote or job.folder}); `litmus tune status --follow` "
            "follows it."
        )
    return 0


async def _ended(
    database: Database, desk: Desk, job: Job | None, options: argparse.Namespace
) -> int:
    """Print how a job that was followed has ended; return the exit status."""
    assert job is not None
    if options.json:
        told = await database.read(jobs.events, job.id)
        output.data({"session": desk.session.name, "job": job_json(job, told)})
        if job.error:
            output.complain(job.error)
    else:
        say_end(job)
    return 0 if job.state == "succeeded" else 1
