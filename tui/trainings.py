"""Trainings while the app is open: each is started and followed in one place, for all to hear."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.prices import format_cost
from store import jobs as kept
from store.errors import PlainError

if TYPE_CHECKING:
    from lab.engine import Engine
    from lab.tuning.jobs import Pace, TuningEvent
    from store.jobs import Job

Say = Callable[[str, bool], None]
"""Shows a sentence; the second argument tells whether something went wrong."""

NOTICES = 20
"""Sentences about following a job that are kept; nobody else has them."""


@dataclass(frozen=True, slots=True)
class NoLongerFollowed:
    """A job is followed no more: it has ended, or it cannot be followed, and `why`."""

    job_id: int
    why: str = ""


Listener = Callable[[Any], bool]
"""Hears each event; returns whether the person sees there what it says."""


class Trainings:
    """The jobs that this app follows, of whatever session; they go on by themselves without it.

    `run` puts a coroutine to work until the app is left.
    """

    def __init__(
        self, engine: Engine, run: Callable[[Coroutine[Any, Any, None]], object], say: Say
    ) -> None:
        self._engine, self._run, self._say = engine, run, say
        self._followed: set[int] = set()
        self._listeners: list[Listener] = []
        self._notices: dict[int, deque[tuple[float, str]]] = defaultdict(
            lambda: deque(maxlen=NOTICES)
        )
        self._why: dict[int, str] = {}
        self.pace: Pace | None = None
        """How often jobs are looked at, where it is not as usual."""

    # -- Hearing ----------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Have every event told to a listener from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        self._listeners.remove(listener)

    def is_followed(self, job_id: int) -> bool:
        """Tell whether a job is started or followed here at this moment."""
        return job_id in self._followed

    def notices(self, job_id: int) -> list[tuple[float, str]]:
        """Return what was to be known about following a job, with when; the oldest first."""
        return list(self._notices.get(job_id, ()))

    def why(self, job_id: int) -> str:
        """Return why a job could not be started or followed here; empty where nothing is wrong."""
        return self._why.get(job_id, "")

    # -- Following --------------------------------------------------------------------

    async def follow_open(self) -> None:
        """Follow every session's jobs that have not ended, wherever they were started."""
        found = await self._engine.database.read(kept.open_jobs)
        if not found:
            return
        from lab.tuning import jobs

        for job in found:
            # The app may have been killed between a trainer's start and its record.
            if job.backend == "local" and job.state == "preparing":
                async for event in jobs.look(self._engine, job):
                    if event.job.state != "preparing":
                        self.follow(event.job)
        for job in await jobs.pick_up(self._engine):
            self.follow(job)

    def follow(self, job: Job) -> None:
        """Follow a job to its end, unless it is followed already."""
        self._take(job, starting=False)

    def start(self, job: Job) -> None:
        """Start a kept job, or go on with one, and follow it to its end."""
        self._take(job, starting=True)

    def _take(self, job: Job, *, starting: bool) -> None:
        if job.id not in self._followed:
            self._followed.add(job.id)
            self._why.pop(job.id, None)
            self._run(self._attend(job, starting=starting))

    async def _attend(self, job: Job, *, starting: bool) -> None:
        from lab.tuning import jobs

        why = ""
        try:
            if starting:
                job = await self._hear(job, jobs.start(self._engine, job))
            if not job.ended:
                job = await self._hear(job, jobs.follow(self._engine, job, self.pace))
        except PlainError as error:
            why = str(error)
        finally:
            self._followed.discard(job.id)
        if why:
            self._why[job.id] = why
            self._notices[job.id].append((time.time(), why))
        seen = self._tell(NoLongerFollowed(job.id, why))
        if seen:
            return
        if why:
            self._say(why, True)
        elif job.ended:
            self._say(end_text(job), job.state == "failed")

    async def _hear(self, job: Job, happening: AsyncGenerator[TuningEvent]) -> Job:
        """Tell all that happens; return the job as it is then."""
        from lab.tuning.jobs import JobNoticed

        async with aclosing(happening) as events:
            async for event in events:
                job = event.job
                if isinstance(event, JobNoticed):
                    self._notices[job.id].append((time.time(), event.sentence))
                seen = self._tell(event)
                if isinstance(event, JobNoticed) and not seen:
                    self._say(event.sentence, False)
        return job

    def _tell(self, event: TuningEvent | NoLongerFollowed) -> bool:
        seen = [listener(event) for listener in list(self._listeners)]
        return any(seen)


def end_text(job: Job) -> str:
    """Return how a job has ended, in one sentence that says where to go on."""
    if job.state == "succeeded":
        return (
            f"Job {job.id} has made {job.tuned_model} (cost: {format_cost(job.cost_usd)}); F5 on "
            "its session's bench holds it against its base."
        )
    if job.state == "cancelled":
        return f"Job {job.id} was cancelled; F5 on its session's bench tells more."
    return job.error or f"Job {job.id} has failed and gave no reason."
