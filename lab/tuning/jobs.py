"""Fine-tuning jobs of any backend: started, followed, cancelled, and found again.

What a job tells comes as small frozen events, kept in the store before they are yielded, so
that the app and the command line show the same and one that dies loses nothing. What each kind
of `JobEvent` has as its data:

- `status`: `state`, the backend's own word, and what belongs to it (`file`, `model`)
- `metrics`: `loss`, and where they are told `validation_loss`, `accuracy`, `steps` (of how
  many), `lr`, `s_per_step`
- `heldout`: `right` of `of` validation examples
- `message`: `text`, a sentence, and `level`
- `result`: `state`, `model`
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from lab.prices import format_cost
from store import jobs, tuned
from store.errors import NotFound, PlainError
from store.jobs import Backend, Job, JobEvent

if TYPE_CHECKING:
    from lab.engine import Engine
    from lab.setup import Setup
    from lab.tuning.wish import Wish

BACKENDS: dict[Backend, str] = {
    "hosted": "lab.tuning.hosted.backend",
    "local": "lab.tuning.local.backend",
}
"""The module of each backend, imported when it is first needed."""


class TuningError(PlainError):
    """A job cannot be started or followed; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class JobChanged:
    """The job stands otherwise than before: its state, its error, what it made."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobTold:
    """The job told something new."""

    job: Job
    event: JobEvent


@dataclass(frozen=True, slots=True)
class JobNoticed:
    """Something about following the job that the person should know, in one sentence."""

    job: Job
    sentence: str


TuningEvent = JobChanged | JobTold | JobNoticed


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a job is looked at: `least_s` seconds apart after news, up to `most_s` without.

    `sleep` waits for that many seconds.
    """

    least_s: float = 2.0
    most_s: float = 30.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def slower(self, wait_s: float) -> float:
        """Return how long to wait after a look that brought nothing, in seconds."""
        return min(self.most_s, wait_s * 1.5)


class Runner(Protocol):
    """What the module of a backend does. Its generators keep what they yield first."""

    def refuse(self, wish: Wish) -> None:
        """Raise TuningError where this backend cannot do it, before anything is kept."""
        ...

    async def price(self, engine: Engine, wish: Wish, examples: Any) -> Mapping[str, Any]:
        """Return what of the plan says what it will cost: `low_usd`, `high_usd` and more."""
        ...

    def start(self, engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
        """Start a job that is `preparing`, or go on with a start that was broken off."""
        ...

    def follow(self, engine: Engine, job: Job, pace: Pace) -> AsyncGenerator[TuningEvent]:
        """Yield what happens until the job has ended."""
        ...

    def look(self, engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
        """Yield what is new at this moment."""
        ...

    async def cancel(self, engine: Engine, job: Job) -> Job:
        """Stop a job; return it as it is then."""
        ...

    def setup(self, job: Job, model: str, base_url: str = "") -> Setup:
        """Return what asks the model that a job made; `model` is a name given to it since.

        `base_url` is a server that the person runs it at; reads files.
        """
        ...


def backend(name: Backend) -> Runner:
    """Return a backend. Raises TuningError where this Litmus has none of that name."""
    if name not in BACKENDS:
        raise TuningError(f"This Litmus has no backend “{name}”; choose {' or '.join(BACKENDS)}.")
    return cast(Runner, import_module(BACKENDS[name]))


async def start(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Start a kept job, or go on with a start that was broken off.

    Raises PlainError where it is refused; the job is kept with the reason, `failed` where
    trying again would not help.
    """
    async for event in backend(job.backend).start(engine, job):
        yield event


async def follow(engine: Engine, job: Job, pace: Pace | None = None) -> AsyncGenerator[TuningEvent]:
    """Yield what happens to a job until it has ended; stopping to listen changes nothing.

    Raises PlainError where it cannot be followed, as with a refused key; while a server is
    only gone it is waited for.
    """
    async for event in backend(job.backend).follow(engine, job, pace or Pace()):
        yield event


async def look(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Yield what is new of a job at this moment. Raises as `follow`, and where nobody answers."""
    async for event in backend(job.backend).look(engine, job):
        yield event


async def cancel(engine: Engine, job: Job) -> Job:
    """Stop a job and return it as it is then. Raises TuningError where it has ended already."""
    if job.ended:
        raise TuningError(f"Job {job.id} has ended already: {job.state}.")
    return await backend(job.backend).cancel(engine, job)


async def pick_up(engine: Engine) -> list[Job]:
    """Return the jobs that have not ended, the oldest first, for each to be followed again."""
    found = await engine.database.read(jobs.open_jobs)
    return [job for job in found if job.backend in BACKENDS and job.state != "preparing"]


def end_text(job: Job) -> str:
    """Return how a job has ended, in one sentence that says what to do next."""
    if job.state == "succeeded" and not job.tuned_model:
        return (
            f"Job {job.id} has made an adapter that the embedded server cannot load, in "
            f"{job.folder}/adapter; serve it, for one with vLLM's --lora-modules, and `litmus run "
            "--rung tuned --base-url URL --model NAME` asks it the test cases."
        )
    if job.state == "succeeded":
        return (
            f"Job {job.id} has made {job.tuned_model} (cost: {format_cost(job.cost_usd)}); "
            "`litmus run --rung tuned` asks it the test cases."
        )
    if job.state == "cancelled":
        return f"Job {job.id} was cancelled; `litmus tune start` starts another."
    return job.error or f"Job {job.id} has failed and gave no reason."


async def tuned_setup(
    engine: Engine, session_id: int, model: str = "", base_url: str = ""
) -> Setup:
    """Return what asks the model of a session's newest job that succeeded.

    `model` is the name under which the provider serves it, where that is another, or the
    server at `base_url`, where the person runs one. Raises NotFound where no job has succeeded,
    TuningError where the name must be told or is the base's.
    """
    job = await engine.database.read(tuned.last_made, session_id)
    if job is None:
        raise NotFound(
            "There is no tuned model yet; `litmus tune start` trains one, and `litmus tune status` "
            "says how far it is."
        )
    if model == job.base_model:
        raise TuningError(
            f"{model} is the base model and not the tuned one; leave out --model, or ask the base "
            "with --rung bare."
        )
    setup = await asyncio.to_thread(backend(job.backend).setup, job, model, base_url)
    if setup.tuned is None:
        return setup
    manifest = job.plan.get("manifest", {})
    leaks = len(manifest.get("leaks", [])) if manifest.get("leaks_allowed") else 0
    return replace(setup, tuned=replace(setup.tuned, leaks=leaks))
