"""What a provider tells of a job, as Litmus keeps it; `lab.tuning.jobs` says how."""

from __future__ import annotations

from lab.tuning.hosted.api import Happening
from store.jobs import JobEvent

_METRICS = {
    "train_loss": "loss",
    "valid_loss": "validation_loss",
    "full_valid_loss": "validation_loss",
    "train_mean_token_accuracy": "accuracy",
    "total_steps": "steps",
}


def event_of(each: Happening) -> JobEvent:
    """Return an event as it is kept: `metrics` where it has a loss, else a `message`."""
    data = {
        ours: each.data[theirs]
        for theirs, ours in _METRICS.items()
        if isinstance(each.data.get(theirs), int | float)
    }
    if "loss" in data or "validation_loss" in data:
        return JobEvent(each.id, each.at, "metrics", _step(each), data)
    return JobEvent(
        each.id, each.at, "message", _step(each), {"text": each.text, "level": each.level}
    )


def checkpoint_of(each: Happening) -> JobEvent:
    """Return a checkpoint as it is kept: a `status` with the checkpoint's own model."""
    data = {ours: each.data[theirs] for theirs, ours in _METRICS.items() if theirs in each.data}
    return JobEvent(
        f"checkpoint:{each.id}",
        each.at,
        "status",
        _step(each),
        {"state": "checkpoint", "model": each.text, **data},
    )


def _step(each: Happening) -> int | None:
    step = each.data.get("step")
    return int(step) if isinstance(step, int | float) else None
