"""Fine-tuning jobs as they are printed: a table, a last line, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.ladder.telling import when
from lab.prices import format_cost
from lab.tuning.jobs import end_text
from store.jobs import Job, JobEvent
from tui.verbs import output


def say_jobs(rows: Sequence[tuple[Job, Sequence[JobEvent]]]) -> None:
    """Print jobs in a table, and beneath it why some have failed."""
    if not rows:
        output.say("There is no fine-tuning job yet; `litmus tune start` starts one.")
        return
    heads = ("job", "state", "backend", "base", "step", "loss", "cost", "started", "tuned model")
    table: list[Sequence[str]] = [heads]
    for job, told in rows:
        last = _last(told)
        table.append(
            (
                str(job.id),
                job.state,
                job.backend if job.backend == "local" else job.provider,
                job.base_model,
                _step(last),
                f"{last.data['loss']:.4g}" if last and "loss" in last.data else "",
                format_cost(job.cost_usd) if job.ended else "",
                when(job.created_at),
                job.tuned_model,
            )
        )
    output.table(table, right=(0, 4, 5, 6))
    for job, _ in rows:
        if job.error:
            output.say(f"Job {job.id}: {job.error}")


def say_end(job: Job) -> None:
    """Print how a job that was followed stands."""
    if job.state == "succeeded":
        output.say(end_text(job))
    elif job.ended:
        output.complain(end_text(job))


def job_json(job: Job, told: Sequence[JobEvent]) -> dict[str, Any]:
    """Return a job as JSON-ready values.

    Times are in seconds since the epoch, costs in US dollars and None where they are not known.
    """
    plan = job.plan
    last = _last(told)
    return {
        "id": job.id,
        "backend": job.backend,
        "provider": job.provider,
        "base_url": job.base_url,
        "base_model": job.base_model,
        "state": job.state,
        "remote": job.remote,
        "folder": job.folder,
        "tuned_model": job.tuned_model,
        "error": job.error,
        "cost_usd": job.cost_usd,
        "price": plan.get("price"),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "finished_at": job.finished_at,
        "method": plan.get("method"),
        "epochs": plan.get("epochs"),
        "seed": plan.get("seed"),
        "options": plan.get("options", {}),
        "examples": plan.get("examples"),
        "validation_examples": plan.get("validation_examples"),
        "leaks_allowed": plan.get("leaks_allowed", False),
        "training_sha256": job.training_sha256,
        "step": last.step if last else None,
        "steps": last.data.get("steps") if last else None,
        "curve": [
            {
                "step": event.step,
                "loss": event.data.get("loss"),
                "validation_loss": event.data.get("validation_loss"),
            }
            for event in told
            if event.kind == "metrics"
        ],
        "heldout": [
            {"step": event.step, "right": event.data.get("right"), "of": event.data.get("of")}
            for event in told
            if event.kind == "heldout"
        ],
        "checkpoints": [
            {"step": event.step, "model": event.data.get("model")}
            for event in told
            if event.kind == "status" and event.data.get("state") == "checkpoint"
        ],
        "messages": [
            {
                "at": event.at,
                "level": event.data.get("level", "info"),
                "text": event.data.get("text", ""),
            }
            for event in told
            if event.kind == "message"
        ],
    }


def _last(told: Sequence[JobEvent]) -> JobEvent | None:
    return next((event for event in reversed(told) if event.kind == "metrics"), None)


def _step(event: JobEvent | None) -> str:
    if event is None or event.step is None:
        return ""
    return f"{event.step}/{event.data['steps']}" if event.data.get("steps") else str(event.step)
