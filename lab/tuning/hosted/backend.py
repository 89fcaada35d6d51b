"""Fine-tuning at a provider with OpenAI's API: files, jobs, events. Azure's is the same.

A job is kept before anything is sent, and each step of its start at once, so that a start that
was broken off is gone on with: nothing is uploaded or created twice where it can be helped.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.checking.findings import count
from lab.setup import Setup
from lab.tuning import settings
from lab.tuning.examples.checks import FEWEST
from lab.tuning.examples.dataset import Example
from lab.tuning.hosted import training_prices
from lab.tuning.hosted.api import Api, Remote
from lab.tuning.hosted.events import checkpoint_of, event_of
from lab.tuning.hosted.refusals import Gone, Refused
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, Pace, TuningError, TuningEvent
from lab.tuning.wish import Wish
from store import jobs
from store.jobs import Job, JobEvent
from store.tuned import Tuned

if TYPE_CHECKING:
    from lab.engine import Engine

# What has an API of its own, so that files would be left behind before it refused.
_OTHERWISE = ("together", "mistral", "fireworks")
_BACK = "The server answers again."


def refuse(wish: Wish) -> None:
    """Raise TuningError where no provider could do it."""
    if wish.provider in ("embedded", "imported"):
        raise TuningError(
            "The embedded model is trained by no provider; train it here with --backend local, or "
            "name one with --provider and --model."
        )
    if wish.provider in _OTHERWISE:
        raise TuningError(
            f"The fine-tuning of {wish.provider} is not of OpenAI's shape, which is the one that "
            "Litmus speaks; choose another provider."
        )
    settings.refuse_unknown("hosted", wish.options)
    settings.hyperparameters(wish.options, method=wish.format, epochs=wish.epochs)


async def price(engine: Engine, wish: Wish, examples: Sequence[Example]) -> Mapping[str, Any]:
    """Return what the training will cost, as a range.

    Raises ProviderError, such as for no key, and TuningError where too few examples are left.
    """
    if len(examples) < FEWEST:
        raise TuningError(
            f"Only {count(len(examples), 'example')} would be left to train on, and it takes at "
            f"least {FEWEST}; hold back fewer with --validation."
        )
    client = await engine.client(wish.provider, wish.base_url)
    epochs = settings.epochs_of(wish.options, wish.epochs)
    found = training_prices.ahead(client.endpoint.prices, wish.model, examples, epochs)
    return {
        "low_usd": found.low_usd,
        "high_usd": found.high_usd,
        "low_tokens": found.low_tokens,
        "high_tokens": found.high_tokens,
    }


async def start(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Upload the files and create the job at the provider; see `lab.tuning.jobs.start`."""
    api = Api(await engine.client(job.provider, job.base_url))
    try:
        async for event in _start(engine, api, job):
            yield event
    except Refused as error:
        # With another key the same start can be gone on with.
        state = None if error.key else "failed"
        changed = await engine.database.write(jobs.update, job.id, state=state, error=str(error))
        yield JobChanged(changed)
        raise
    except Gone as error:
        sentence = (
            f"{str(error).rstrip('.')}; the job is kept, and `litmus tune start --resume` goes on."
        )
        yield JobChanged(await engine.database.write(jobs.update, job.id, error=sentence))
        raise Gone(sentence) from error


async def _start(engine: Engine, api: Api, job: Job) -> AsyncGenerator[TuningEvent]:
    database = engine.database
    before = await database.read(jobs.events, job.id, kinds=("status",))
    uploaded = {e.data.get("role"): str(e.data.get("file")) for e in before if "file" in e.data}
    for role, text in zip(
        ("training", "validation"), await database.read(jobs.training, job.id), strict=True
    ):
        if not text or role in uploaded:
            continue
        content = text.encode()
        name = f"litmus-{job.training_sha256[:16]}-{role}.jsonl"
        sending = JobEvent(f"sending:{role}", time.time(), "status", None, {"state": "sending"})
        broken_off = not await database.write(jobs.tell, job.id, [sending])
        file = await api.find_file(name, len(content)) if broken_off else ""
        uploaded[role] = file or await api.upload(name, content)
        data = {"state": "uploaded", "role": role, "file": uploaded[role]}
        event = JobEvent(f"file:{role}", time.time(), "status", None, data)
        await database.write(jobs.tell, job.id, [event])
        yield JobTold(job, event)
    creating = JobEvent("creating", time.time(), "status", None, {"state": "creating"})
    broken_off = not await database.write(jobs.tell, job.id, [creating])
    remote = await api.find_job(uploaded["training"]) if broken_off else None
    if remote is None:
        remote, left_out = await api.create(
            job.base_model, uploaded["training"], _wishes(job, uploaded.get("validation", ""))
        )
        for name in left_out:
            yield JobNoticed(
                job, f"{api.endpoint.label} does not take {name}; the job goes on without it."
            )
    job = await database.write(jobs.update, job.id, state="queued", remote=remote.id, error="")
    yield JobChanged(job)


def _wishes(job: Job, validation_file: str) -> dict[str, Any]:
    """Return what a job is created with besides its model and its examples."""
    plan = job.plan
    kind = "dpo" if plan.get("method") == "dpo" else "supervised"
    method: dict[str, Any] = {"type": kind}
    chosen = settings.hyperparameters(
        plan.get("options", {}), method=plan.get("method", "sft"), epochs=plan.get("epochs")
    )
    if chosen:
        method[kind] = {"hyperparameters": chosen}
    found = {
        "method": method,
        "validation_file": validation_file,
        "seed": plan.get("seed"),
        "suffix": plan.get("suffix"),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


async def follow(engine: Engine, job: Job, pace: Pace) -> AsyncGenerator[TuningEvent]:
    """Look again and again until the job has ended; a server that is gone is waited for."""
    wait, gone = pace.least_s, False
    while True:
        news = False
        try:
            async for event in look(engine, job):
                if gone:
                    yield JobNoticed(job, _BACK)
                news, gone, job = True, False, event.job
                yield event
            if gone:
                gone = False
                yield JobNoticed(job, _BACK)
        except Gone as error:
            if not gone:
                gone = True
                yield JobNoticed(job, f"{str(error).rstrip('.')}; Litmus keeps looking.")
        if job.ended or job.state == "preparing":
            return
        wait = pace.least_s if news else pace.slower(wait)
        await pace.sleep(wait)


async def look(engine: Engine, job: Job) -> AsyncGenerator[TuningEvent]:
    """Ask once how the job stands, keep what is new and yield it."""
    if job.ended:
        return
    if job.state == "preparing":
        yield JobNoticed(
            job,
            f"Job {job.id} is not with the provider yet; where nothing is sending it any more, "
            "`litmus tune start --resume` goes on with it.",
        )
        return
    api = Api(await engine.client(job.provider, job.base_url))
    database = engine.database
    known = await database.read(jobs.keys, job.id)
    try:
        remote = await api.job(job.remote)
        told = [event_of(each) for each in await api.events(job.remote, known)]
        ends = remote.state in jobs.ENDED
        if told or ends:
            told += map(checkpoint_of, await api.checkpoints(job.remote))
    except Refused as error:
        if error.key:
            raise
        changed = await database.write(jobs.update, job.id, state="failed", error=str(error))
        yield JobChanged(changed)
        return
    told.append(
        JobEvent(f"status:{remote.status}", time.time(), "status", None, {"state": remote.status})
    )
    fresh = [event for event in told if event.key not in known]
    await database.write(jobs.tell, job.id, fresh)
    for event in fresh:
        yield JobTold(job, event)
    if remote.state not in (None, job.state):
        async for event in _change(engine, api, job, remote):
            yield event


async def _change(
    engine: Engine, api: Api, job: Job, remote: Remote
) -> AsyncGenerator[TuningEvent]:
    """Keep that a job stands otherwise than before."""
    state, error = remote.state, ""
    if state == "succeeded" and not remote.model:
        state, error = "failed", f"{api.endpoint.label} names no model that the job has made."
    elif state == "failed":
        error = _why(api, remote)
    price = training_prices.per_token(api.endpoint.prices, job.base_model)
    cost = None if price is None or remote.tokens is None else price * remote.tokens
    if price == 0.0:
        cost = 0.0
    if state == "succeeded":
        data = {"state": state, "model": remote.model, "trained_tokens": remote.tokens}
        event = JobEvent("result", time.time(), "result", None, data)
        await engine.database.write(jobs.tell, job.id, [event])
        yield JobTold(job, event)
    yield JobChanged(
        await engine.database.write(
            jobs.update,
            job.id,
            state=state,
            error=error,
            tuned_model=remote.model or None,
            cost_usd=cost if state in jobs.ENDED else None,
        )
    )


def _why(api: Api, remote: Remote) -> str:
    label, said = api.endpoint.label, remote.error.rstrip(".") or "it gave no reason"
    if remote.error_code in ("invalid_training_file", "invalid_validation_file"):
        return (
            f"{label} rejected the examples: {said}; `litmus tune export` writes the file to "
            "look at."
        )
    return f"The training at {label} failed: {said}."


async def cancel(engine: Engine, job: Job) -> Job:
    """Cancel a job at the provider; one that was never sent is only given up here."""
    remote = job.remote or await _lost(engine, job)
    if remote:
        job = await engine.database.write(jobs.update, job.id, remote=remote)
        api = Api(await engine.client(job.provider, job.base_url))
        try:
            await api.cancel(remote)
        except Refused as error:
            # It may have ended meanwhile, which says more than that it cannot be cancelled.
            async for event in look(engine, job):
                job = event.job
            if job.ended:
                raise TuningError(f"Job {job.id} has ended already: {job.state}.") from error
            raise
    return await engine.database.write(jobs.update, job.id, state="cancelled")


async def _lost(engine: Engine, job: Job) -> str:
    """Return the provider's id of a job whose creation was never answered, empty for none."""
    told = {event.key: event for event in await engine.database.read(jobs.events, job.id)}
    if "creating" not in told:
        return ""
    api = Api(await engine.client(job.provider, job.base_url))
    found = await api.find_job(str(told["file:training"].data["file"]))
    return found.id if found else ""


def setup(job: Job, model: str, base_url: str = "") -> Setup:
    """Return what asks a job's model, under the system prompt that it was trained with."""
    if base_url:
        raise TuningError("The tuned model is asked where it was trained; leave out --base-url.")
    if job.provider == "azure" and not model:
        raise TuningError(
            f"Azure serves {job.tuned_model} only where it is deployed; deploy it, and name the "
            "deployment with --model."
        )
    return Setup(
        job.provider,
        model or job.tuned_model,
        "tuned",
        job.base_url,
        job.plan.get("system", ""),
        job.plan.get("parameters", {}),
        tuned=Tuned(job.base_model, job.remote, job.training_sha256),
    )
