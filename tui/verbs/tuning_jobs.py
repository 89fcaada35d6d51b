"""`litmus tune start`, `status` and `cancel`: trainings, as they go on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from lab.checking.findings import count
from lab.desk import Desk
from lab.engine import Engine
from lab.forecast import range_text
from lab.tuning import jobs as tuning
from lab.tuning import wish as wishes
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, Pace, TuningError, TuningEvent
from lab.tuning.refusals import Gone
from store import jobs
from store.database import Database
from store.errors import NotFound, PlainError
from store.jobs import Job, JobDraft
from tui.verbs import output
from tui.verbs.tuning import report_json
from tui.verbs.tuning_status import job_json, say_end, say_jobs
from tui.verbs.working import Work, desk_of, with_engine

INTERRUPTED = 130
HELD_BACK = 0.2


def start(options: argparse.Namespace) -> int:
    """Train a model on the train cases, and follow the job to its end."""
    watched = _Watched()

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        try:
            job = await _to_start(desk, options)
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
    watched = _Watched()

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        database = engine.database
        found = await database.read(jobs.listed, desk.session.id)
        if options.job is not None:
            found = [await _named(database, desk, options.job)]
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
            job = await _named(engine.database, desk, options.job)
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


class _Watched:
    """A job as its events say that it stands, shown on stderr as they come."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self._progress = output.Progress()

    async def hear(self, happening: AsyncGenerator[TuningEvent]) -> None:
        """Show events until there are no more."""
        try:
            async with aclosing(happening) as events:
                async for event in events:
                    self._show(event)
        finally:
            self._progress.done()

    def _show(self, event: TuningEvent) -> None:
        before, self.job = self.job, event.job
        match event:
            case JobChanged(job) if not job.ended and (before is None or before.state != job.state):
                self._note(f"Job {job.id} is {job.state}.")
            case JobTold(_, told) if told.kind == "metrics":
                steps = told.data.get("steps")
                of = f" of {steps}" if steps else ""
                loss = told.data.get("loss", told.data.get("validation_loss"))
                self._progress.show(f"Step {told.step}{of}, loss {loss:.4g}")
            case JobTold(_, told) if told.kind == "heldout":
                self._note(f"Step {told.step}: {told.data['right']} of {told.data['of']} right.")
            case JobTold(_, told) if told.kind == "message":
                self._note(str(told.data.get("text", "")))
            case JobTold(_, told) if told.data.get("state") == "paused":
                self._note("The provider has paused the job; it goes on when it is resumed there.")
            case JobNoticed(_, sentence):
                self._note(sentence)
            case _:
                pass

    def _note(self, text: str) -> None:
        self._progress.done()
        output.note(text)


def _until_interrupted(options: argparse.Namespace, work: Work, watched: _Watched) -> int:
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


def _validation(options: argparse.Namespace) -> float:
    """Return the share to hold back: a local training keeps its best step by it, and stops."""
    if options.validation is not None:
        return options.validation
    return HELD_BACK if options.backend == "local" else 0.0


async def _to_start(desk: Desk, options: argparse.Namespace) -> Job | None:
    """Return the job to start, None where the person does not want it."""
    if options.resume:
        return await wishes.unsent(desk)
    if options.method == "dpo" and options.source:
        raise TuningError(
            "--from is for --method sft; a preference is a passed answer beside a failed one."
        )
    wish = replace(
        wishes.wish_for(
            desk,
            options.backend,
            provider=options.provider or "",
            base_url=options.base_url or "",
            model=options.model or "",
        ),
        format=options.method,
        source=None if options.source in (None, "both") else options.source,
        epochs=options.epochs,
        seed=options.seed,
        suffix=options.suffix or "",
        validation=_validation(options),
        allow_leaks=options.allow_leaks,
    )
    tuning.backend(wish.backend).refuse(wish)
    progress = output.Progress()
    report = await wishes.examine_for(
        desk, wish, lambda what, done, of: progress.show(f"{what}: {done:,} of {of:,}")
    )
    progress.done()
    draft = await wishes.draft(desk, wish, report)
    twin = await wishes.alike(desk, draft)
    if twin is not None and twin.state != "preparing":
        raise TuningError(
            f"Job {twin.id} trains the same model on the same examples already; "
            "`litmus tune status --follow` follows it."
        )
    await wishes.refuse_over_cap(desk, draft, options.budget)
    if not _agreed(draft, options):
        return None
    if twin is not None:
        output.note(f"Job {twin.id} was never started; going on with it.")
        return twin
    return await wishes.keep(desk, draft)


def _agreed(draft: JobDraft, options: argparse.Namespace) -> bool:
    """Say what it will cost; ask a person at a terminal whether to go on."""
    price = draft.plan["price"]
    examples = count(draft.plan["examples"], "example")
    cost = range_text(price["low_usd"], price["high_usd"])
    what = f"Training {draft.base_model} on {examples}: price {cost}."
    if options.yes:
        output.note(what)
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TuningError(f"{what[:-1]}; start it with --yes.")
    output.note(what)
    sys.stderr.write("Start it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


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


async def _named(database: Database, desk: Desk, number: int) -> Job:
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
