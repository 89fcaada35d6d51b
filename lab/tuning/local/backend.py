"""Fine-tuning on this machine: a trainer process that outlives the Litmus that started it.

The job's folder, `LITMUS_HOME/tuning/<id>`, is all that both know of each other: any later
Litmus finds the job again by it, see `lab.tuning.trainer.running` and `lab.tuning.local.follow`.
"""

from __future__ import annotations

import asyncio
import errno
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import weights
from lab.embedded import model_name
from lab.setup import Setup
from lab.tuning import adapter, settings
from lab.tuning.examples.dataset import Example
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, Pace, TuningError, TuningEvent
from lab.tuning.local import launching, pace
from lab.tuning.local.follow import Reader
from lab.tuning.trainer import running
from lab.tuning.trainer.checkpoints import last_checkpoint
from lab.tuning.trainer.heavy import all_installed
from lab.tuning.trainer.training_spec import SPEC, Spec, SpecProblem, from_values
from lab.tuning.wish import Wish
from store import jobs
from store.jobs import Job
from store.tuned import Tuned

if TYPE_CHECKING:
    from lab.engine import Engine

_TRAINING, _VALIDATION = "training.jsonl", "validation.jsonl"


def missing() -> str | None:
    """Return one sentence on what has to be installed, None when nothing has."""
    if all_installed():
        return None
    return (
        "Training on this machine needs an extra that is not installed (1 GB, and several more "
        "where pip chooses torch for a GPU): pip install 'litmus-bench[tune]'."
    )


def refuse_without_extra() -> None:
    """Raise TuningError where something has to be installed."""
    if lack := missing():
        raise TuningError(lack)


def refuse(wish: Wish) -> None:
    """Raise TuningError where this machine cannot do it."""
    refuse_without_extra()
    if wish.provider != "embedded":
        raise TuningError(
            f"A model of {wish.provider} cannot be trained on this machine; choose --provider "
            "embedded, and with --model a GGUF file, a model's folder or an id on Hugging Face."
        )
    if wish.format != "sft":
        raise TuningError("Training on this machine takes right answers only; use --method sft.")
    _refuse_tuned(wish.model)
    settings.refuse_unknown("local", wish.options)
    _settings(wish.options)


async def price(engine: Engine, wish: Wish, examples: Sequence[Example]) -> Mapping[str, Any]:
    """Return that it costs no money, how many tokens it goes through at most, and its time.

    `low_s` and `high_s` are seconds, both None where nobody can know; `seconds_by` is what they
    rest on, see `lab.tuning.local.pace.Ahead`.
    """
    spec = _settings(wish.options, examples=len(examples), epochs=wish.epochs)
    tokens = sum(each.tokens for each in examples) / max(1, len(examples))
    earlier = await engine.database.read(jobs.trained, wish.model)
    time = pace.ahead(
        spec,
        tokens,
        earlier,
        heldout=wish.validation > 0,
        embedded=wish.model == model_name(Path(weights.SMOLLM2.file_name)),
    )
    return {
        "low_usd": 0.0,
        "high_usd": 0.0,
        "low_tokens": 0,
        "high_tokens": round(spec.batch * spec.max_steps * tokens),
        "low_s": time.low_s,
        "high_s": time.high_s,
        "seconds_by": time.by,
    }


async def start(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Start a job's trainer, or go on where it was stopped or died.

    One that works already is only taken up. Raises TuningError and SpecProblem.
    """
    refuse_without_extra()
    folder = _folder(engine, job)
    files = await engine.database.read(jobs.training, job.id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        async with launching.alone(folder):
            # Another Litmus may have started it meanwhile, and it may even have ended.
            job = await engine.database.read(jobs.get, job.id)
            if job.state != "succeeded" and not await _at_work(folder):
                spec = await asyncio.to_thread(_prepare, folder, job, files)
                await launching.launch(folder, spec)
    except OSError as error:
        raise TuningError(_unstarted(folder, error)) from error
    if job.state != "succeeded":
        job = await engine.database.write(
            jobs.update, job.id, state="running", folder=str(folder), error=""
        )
    yield JobChanged(job)
    if not files[1]:
        yield JobNoticed(
            job,
            "No examples are held back to validate with, so it trains to the last step and keeps "
            "that; with --validation 20% it keeps the best, and stops when it is good enough.",
        )


async def resume(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Go on with a job that was cancelled or has failed, from its last checkpoint.

    Raises TuningError as `start`, and where it has succeeded.
    """
    if job.state == "succeeded":
        raise TuningError(f"Job {job.id} has succeeded; there is nothing to go on with.")
    async for event in start(engine, job):
        yield event


async def follow(engine: Engine, job: Job, pace: Pace) -> AsyncGenerator[TuningEvent]:
    """Read the job's folder again and again until the job has ended."""
    reader = Reader(_folder(engine, job))
    while True:
        async for event in _look(engine, job, reader):
            job = event.job
            yield event
        if job.ended or job.state == "preparing":
            return
        await pace.sleep(pace.least_s)


async def look(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Read once what is new in the job's folder, keep it and yield it."""
    async for event in _look(engine, job, Reader(_folder(engine, job))):
        yield event


async def cancel(engine: Engine, job: Job) -> Job:
    """Stop a job's trainer, which keeps a checkpoint first; return the job as it is then.

    One that does not stop within a minute and a half is ended without.
    """
    folder = _folder(engine, job)
    if folder.is_dir():  # else it was never started
        async with launching.alone(folder):
            await launching.stop(folder)
    async for event in look(engine, job):
        job = event.job
    if job.state == "succeeded":
        raise TuningError(f"Job {job.id} has ended already: {job.state}.")
    return await engine.database.write(jobs.update, job.id, state="cancelled", cost_usd=0.0)


def setup(job: Job, model: str, base_url: str = "") -> Setup:
    """Return what asks a job's model, under the system prompt that it was trained with.

    That is the embedded server, or one at `base_url` that the person runs with the adapter.
    """
    folder = Path(job.folder)
    found = adapter.read(folder)
    if found is None and not base_url:
        raise TuningError(
            f"The adapter in {folder / adapter.PEFT} is none that the embedded server can load; "
            f"serve it, such as with `vllm serve {job.base_model} --enable-lora --lora-modules "
            f"NAME={folder / adapter.PEFT}`, or what `litmus tune merge` makes of it, and "
            "ask it there with --base-url URL --model NAME."
        )
    name = model or (found.model if found else "")
    if not name:
        raise TuningError(f"Name the tuned model with --model, as it is served at {base_url}.")
    made = (found.base_model, found.adapter_sha256) if found else _made(job, folder)
    return Setup(
        "custom" if base_url else "embedded",
        name,
        "tuned",
        base_url,
        job.plan.get("system", ""),
        job.plan.get("parameters", {}),
        tuned=Tuned(*made, job.training_sha256),
    )


def _made(job: Job, folder: Path) -> tuple[str, str]:
    """Return an adapter's base and hash, where only peft reads it."""
    return job.base_model, adapter.sha256_of(folder / adapter.PEFT / adapter.PEFT_WEIGHTS)


def _folder(engine: Engine, job: Job) -> Path:
    # It is known before it is kept: a start may have been broken off between the two.
    return Path(job.folder or adapter.jobs_folder(engine.database.home) / str(job.id))


def _unstarted(folder: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return (
            f"The disk that holds {folder} is full; free some room, and `litmus tune start "
            "--resume` goes on."
        )
    return f"The training cannot be started in {folder}: {error.strerror or error}."


async def _at_work(folder: Path) -> bool:
    return await asyncio.to_thread(running.is_running, folder)


async def _look(engine: Engine, job: Job, reader: Reader) -> AsyncGenerator[TuningEvent]:
    if job.ended:
        return
    if job.state == "preparing" and not await _at_work(reader.folder):
        yield JobNoticed(
            job, f"Job {job.id} is not started yet; `litmus tune start --resume` goes on with it."
        )
        return
    launching.reap()
    told, standing = await asyncio.to_thread(reader.look)
    if told:
        # Another Litmus that follows may have kept some; only these are looked up.
        known = await engine.database.read(jobs.keys, job.id, [event.key for event in told])
        fresh = [event for event in told if event.key not in known]
        await engine.database.write(jobs.tell, job.id, fresh)
        for event in fresh:
            yield JobTold(job, event)
    if standing.state != job.state:
        yield JobChanged(
            await engine.database.write(
                jobs.update,
                job.id,
                state=standing.state,
                folder=str(reader.folder),
                error=standing.error,
                tuned_model=standing.model or None,
                cost_usd=0.0 if standing.state in jobs.ENDED else None,
            )
        )


def _prepare(folder: Path, job: Job, files: tuple[str, str]) -> Spec:
    """Write what the trainer reads. Where it has a checkpoint its settings stay as they were."""
    running.forget(folder)
    plan = job.plan
    spec = _settings(
        plan.get("options", {}),
        base=_base(job.base_model),
        validation=_VALIDATION if files[1] else "",
        assertions=plan.get("validation_assertions", []),
        seed=plan.get("seed") or 0,
        examples=len(files[0].splitlines()),
        epochs=plan.get("epochs"),
    )
    if last_checkpoint(folder) is None:
        for name, text in ((_TRAINING, files[0]), (_VALIDATION, files[1])):
            (folder / name).write_bytes(text.encode())
        (folder / SPEC).write_text(spec.to_json(), encoding="utf-8")
    return spec


def _base(model: str) -> str:
    """Return what to train: the embedded model's file by its name, else what is named."""
    gguf = weights.weights_path()
    if model != model_name(gguf):
        return model
    if lack := weights.missing_weights():
        raise TuningError(f"{lack} Ask the embedded model once, which fetches them.")
    return str(gguf)


def _refuse_tuned(model: str) -> None:
    if "+" in model and not Path(model).exists():
        raise TuningError(f"{model} is tuned already; name the base model with --model.")


def _settings(
    options: Mapping[str, Any], *, examples: int = 0, epochs: int | None = None, **more: Any
) -> Spec:
    """Return the trainer's settings. Raises TuningError for options that it does not have."""
    values: dict[str, Any] = {"base": "embedded", **more, **options}
    try:
        spec = from_values(values)
        if epochs and "max_steps" not in options:
            values["max_steps"] = max(1, math.ceil(examples / spec.batch)) * epochs
        return from_values(values)
    except SpecProblem as error:
        raise TuningError(str(error)) from error
