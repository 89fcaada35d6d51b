"""What is to be trained, and the job that is kept of it before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.embedded import model_name
from lab.prices import format_cost
from lab.tuning import jobs as tuning_jobs
from lab.tuning.examples.dataset import Format, Recipe, Source
from lab.tuning.examples.export import file_of, lines, manifest_of, split
from lab.tuning.examples.report import Progress, Report, examine, quiet
from lab.tuning.jobs import TuningError
from lab.tuning.local.heldout import assertions_of
from lab.weights import weights_path
from store import jobs
from store.jobs import Backend, Job, JobDraft

if TYPE_CHECKING:
    from lab.desk import Desk


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants trained. `model` is the base, `format` also names the method.

    `epochs` None leaves their number to the backend. `validation` is the share of examples
    that are held back. `parameters` are sent with each question to the tuned model. `options`
    are the backend's own.
    """

    backend: Backend
    provider: str
    model: str
    base_url: str = ""
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    format: Format = "sft"
    source: Source | None = None
    epochs: int | None = None
    seed: int | None = None
    suffix: str = ""
    validation: float = 0.0
    allow_leaks: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


def held_back(backend: Backend) -> float:
    """Return the share of the examples that a backend holds back unless the person says otherwise.

    A local training keeps its best step by them, and stops.
    """
    return 0.2 if backend == "local" else 0.0


class NotReady(TuningError):
    """The examples must not be trained on; `report` says why in full."""

    def __init__(self, sentence: str, report: Report) -> None:
        super().__init__(sentence)
        self.report = report


def wish_for(
    desk: Desk, backend: Backend, *, provider: str = "", base_url: str = "", model: str = ""
) -> Wish:
    """Return a wish on the session's set-up, or on another provider.

    Raises TuningError where it is not known what to train.
    """
    setup = desk.setup
    if not provider and base_url:
        provider = "custom"
    if backend == "local" and not provider:
        # What is asked elsewhere cannot be trained here; what runs here can.
        provider = "embedded"
        if setup is None or setup.provider != provider:
            model = model or model_name(weights_path())
    here = setup is not None and provider in ("", setup.provider)
    if setup is not None and here and base_url in ("", setup.base_url):
        where = (setup.provider, base_url or setup.base_url)
        model = model or setup.model
    else:
        where = (provider, base_url)
    if not where[0] or not model:
        raise TuningError("Name the model to train with --provider and --model.")
    same = setup is not None and setup.provider == where[0]
    return Wish(
        backend,
        where[0],
        model,
        where[1],
        system=setup.system if setup else "",
        parameters=dict(setup.parameters) if setup and same else {},
    )


async def examine_for(desk: Desk, wish: Wish, progress: Progress = quiet) -> Report:
    """Make the examples for a wish and look at them, as `litmus tune check` does."""
    window = None
    if desk.setup is not None:
        there = replace(
            desk.setup, provider=wish.provider, base_url=wish.base_url, model=wish.model
        )
        window = await desk.engine.known_window(there)
    recipe = Recipe(wish.format, wish.source, wish.system, wish.model, wish.provider, window)
    return await examine(desk, recipe, progress)


async def draft(desk: Desk, wish: Wish, report: Report) -> JobDraft:
    """Return the job of a wish, priced; nothing is kept or sent.

    Raises NotReady where something forbids to train on the examples, and TuningError where
    the backend cannot do it.
    """
    runner = tuning_jobs.backend(wish.backend)
    runner.refuse(wish)
    _refuse_unready(report, wish.allow_leaks)
    kept, held = split(report.dataset.examples, wish.validation)
    training, validation = lines(kept), lines(held)
    manifest = manifest_of(
        report,
        file_of(Path("training.jsonl"), kept, training),
        file_of(Path("validation.jsonl"), held, validation) if held else None,
        allow_leaks=wish.allow_leaks,
    )
    by_assertions = wish.backend == "local" and held
    plan: dict[str, Any] = {
        "method": wish.format,
        "epochs": wish.epochs,
        "seed": wish.seed,
        "suffix": wish.suffix,
        "system": wish.system,
        "parameters": dict(wish.parameters),
        "options": dict(wish.options),
        "examples": len(kept),
        "validation_examples": len(held),
        "validation_assertions": (
            await asyncio.to_thread(assertions_of, held) if by_assertions else []
        ),
        "leaks_allowed": manifest["leaks_allowed"],
        "manifest": manifest,
        "price": dict(await runner.price(desk.engine, wish, kept)),
    }
    return JobDraft(
        wish.backend,
        wish.provider,
        wish.model,
        training.decode(),
        validation.decode(),
        wish.base_url,
        plan=plan,
    )


async def keep(desk: Desk, draft: JobDraft) -> Job:
    """Keep a job before it is started."""
    return await desk.database.write(jobs.create, desk.session.id, draft)


async def alike(desk: Desk, draft: JobDraft) -> Job | None:
    """Return the session's open job that trains the same model on the same bytes, or None.

    One with other options is another training.
    """
    digest = sha256(draft.training.encode()).hexdigest()
    wanted = (draft.backend, draft.provider, draft.base_url, draft.base_model, digest)
    for job in await desk.database.read(jobs.listed, desk.session.id):
        had = (job.backend, job.provider, job.base_url, job.base_model, job.training_sha256)
        same = had == wanted and job.plan.get("options", {}) == draft.plan.get("options", {})
        if same and not job.ended:
            return job
    return None


async def unsent(desk: Desk) -> Job:
    """Return the session's newest job that can go on: not started, or a local one that stopped.

    Raises TuningError where there is none.
    """
    for job in await desk.database.read(jobs.listed, desk.session.id):
        stopped = job.backend == "local" and job.state in ("cancelled", "failed")
        if job.state == "preparing" or stopped:
            return job
    raise TuningError("No start was broken off here; leave out --resume to start a new job.")


async def refuse_over_cap(desk: Desk, draft: JobDraft, cap_usd: float | None = None) -> None:
    """Raise TuningError where even the least price would pass the session's cap.

    `cap_usd` goes before the session's own, in US dollars.
    """
    cap = desk.session.cap_usd if cap_usd is None else cap_usd
    least = draft.plan["price"].get("low_usd")
    if cap is None or not least:
        return
    spent, _ = await desk.spent()
    if spent + least > cap:
        raise TuningError(
            f"Training would cost at least {format_cost(least)}, and of the session's cap of "
            f"${cap:.2f} {format_cost(max(0.0, cap - spent))} is left; allow more with --budget."
        )


def _refuse_unready(report: Report, allow_leaks: bool) -> None:
    for finding in report.findings:
        if finding.severity != "must":
            continue
        if finding.kind != "leak":
            raise NotReady(
                f"Nothing was sent: {finding.sentence[:1].lower()}{finding.sentence[1:]}", report
            )
    if report.leaks and not allow_leaks:
        pairs = len(report.leaks)
        raise NotReady(
            f"Nothing was sent: {'1 pair leaks' if pairs == 1 else f'{pairs:,} pairs leak'}; "
            "move or remove cases, or use --allow-leaks, which the job and its receipt will tell.",
            report,
        )
