"""Fine-tuning jobs and what they told, kept so that any later process can follow them."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from store.errors import NotFound

Backend = Literal["hosted", "local"]
JobState = Literal["preparing", "queued", "running", "succeeded", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("succeeded", "failed", "cancelled")

_COLUMNS = (
    "id, session_id, backend, provider, base_url, base_model, state, remote, folder,"
    " tuned_model, error, cost_usd, created_at, updated_at, finished_at, plan, training_sha256"
)


@dataclass(frozen=True, slots=True)
class JobDraft:
    """A job before it is started. `plan` is JSON-ready; the files are JSONL, whole."""

    backend: Backend
    provider: str
    base_model: str
    training: str
    validation: str = ""
    base_url: str = ""
    folder: str = ""
    plan: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job as it is kept. Times in seconds since the epoch.

    `remote` is what the provider calls it, `folder` where a local one works. `tuned_model` is
    empty until it has succeeded. `cost_usd` is None while it is not known. The training file's
    text is fetched apart, by `training`; `training_sha256` is of its bytes.
    """

    id: int
    session_id: int
    backend: Backend
    provider: str
    base_url: str
    base_model: str
    state: JobState
    remote: str
    folder: str
    tuned_model: str
    error: str
    cost_usd: float | None
    created_at: float
    updated_at: float
    finished_at: float | None
    plan: dict[str, Any]
    training_sha256: str

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something a job told: `kind` is `status`, `metrics`, `heldout`, `message` or `result`.

    `key` is unique within its job; `step` is None where it is of no step.
    """

    key: str
    at: float
    kind: str
    step: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trained:
    """How an earlier local training went: its options, and what its steps and looks took.

    `steps` are seconds each, `looks` too, at held-out examples; `step_tokens` are those that a
    step went through, as they were reckoned beforehand.
    """

    options: dict[str, Any]
    step_tokens: float
    steps: tuple[float, ...]
    looks: tuple[float, ...]


def create(connection: sqlite3.Connection, session_id: int, draft: JobDraft) -> Job:
    """Keep a job that is about to be started, in the state `preparing`."""
    now = time.time()
    cursor = connection.execute(
        "INSERT INTO tuning_jobs (session_id, backend, provider, base_url, base_model, state,"
        " folder, created_at, updated_at, plan, training_sha256, training, validation)"
        " VALUES (?, ?, ?, ?, ?, 'preparing', ?, ?, ?, ?, ?, ?, ?)",
        (
            session_id,
            draft.backend,
            draft.provider,
            draft.base_url,
            draft.base_model,
            draft.folder,
            now,
            now,
            json.dumps(draft.plan, sort_keys=True),
            sha256(draft.training.encode()).hexdigest(),
            draft.training,
            draft.validation,
        ),
    )
    assert cursor.lastrowid is not None
    return get(connection, cursor.lastrowid)


def get(connection: sqlite3.Connection, job_id: int) -> Job:
    """Return a job. Raises NotFound."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM tuning_jobs WHERE id = ?", (job_id,)
    ).fetchone()
    if row is None:
        raise NotFound("That fine-tuning job is no longer there.")
    return _job(row)


def listed(connection: sqlite3.Connection, session_id: int) -> list[Job]:
    """Return a session's jobs, the newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM tuning_jobs WHERE session_id = ? ORDER BY id DESC", (session_id,)
    )
    return [_job(row) for row in rows]


def open_jobs(connection: sqlite3.Connection) -> list[Job]:
    """Return every session's jobs that have not ended, the oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM tuning_jobs WHERE finished_at IS NULL ORDER BY id"
    )
    return [_job(row) for row in rows]


def training(connection: sqlite3.Connection, job_id: int) -> tuple[str, str]:
    """Return a job's training and validation files, whole. Raises NotFound."""
    row = connection.execute(
        "SELECT training, validation FROM tuning_jobs WHERE id = ?", (job_id,)
    ).fetchone()
    if row is None:
        raise NotFound("That fine-tuning job is no longer there.")
    return row[0], row[1]


def update(
    connection: sqlite3.Connection,
    job_id: int,
    *,
    state: JobState | None = None,
    remote: str | None = None,
    folder: str | None = None,
    tuned_model: str | None = None,
    error: str | None = None,
    cost_usd: float | None = None,
) -> Job:
    """Change what is given, and return the job as it is then.

    A job that ends gets its time of ending; one that goes on again loses it.
    """
    changes: dict[str, object] = {
        name: value
        for name, value in (
            ("state", state),
            ("remote", remote),
            ("folder", folder),
            ("tuned_model", tuned_model),
            ("error", error),
            ("cost_usd", cost_usd),
        )
        if value is not None
    }
    now = time.time()
    changes["updated_at"] = now
    if state is not None:
        changes["finished_at"] = now if state in ENDED else None
    names = ", ".join(f"{name} = ?" for name in changes)
    connection.execute(f"UPDATE tuning_jobs SET {names} WHERE id = ?", (*changes.values(), job_id))
    return get(connection, job_id)


def tell(connection: sqlite3.Connection, job_id: int, events: Iterable[JobEvent]) -> int:
    """Keep what a job told, leaving out what is kept already; return how much was new."""
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO tuning_events (job_id, key, at, kind, step, data)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        ((job_id, e.key, e.at, e.kind, e.step, json.dumps(e.data)) for e in events),
    )
    return connection.total_changes - before


def keys(
    connection: sqlite3.Connection, job_id: int, among: Iterable[str] | None = None
) -> set[str]:
    """Return the keys of what a job told that is kept; only those `among` some where given."""
    wanted = None if among is None else json.dumps(list(among))
    rows = connection.execute(
        "SELECT key FROM tuning_events WHERE job_id = ?"
        " AND (? IS NULL OR key IN (SELECT value FROM json_each(?)))",
        (job_id, wanted, wanted),
    )
    return {key for (key,) in rows}


def events(
    connection: sqlite3.Connection, job_id: int, *, kinds: tuple[str, ...] = ()
) -> list[JobEvent]:
    """Return what a job told, the oldest first; only of these kinds where any are given."""
    rows = connection.execute(
        "SELECT key, at, kind, step, data FROM tuning_events WHERE job_id = ?"
        " AND (? = '[]' OR kind IN (SELECT value FROM json_each(?))) ORDER BY at, id",
        (job_id, json.dumps(kinds), json.dumps(kinds)),
    )
    return [JobEvent(*row[:4], data=json.loads(row[4])) for row in rows]


def trained(connection: sqlite3.Connection, base_model: str, *, most: int = 3) -> list[Trained]:
    """Return how the last local trainings of a base went, of any session, the newest first.

    One that never came to a step says nothing.
    """
    rows = connection.execute(
        "SELECT id, plan FROM tuning_jobs WHERE backend = 'local' AND base_model = ?"
        " AND EXISTS (SELECT 1 FROM tuning_events WHERE job_id = tuning_jobs.id"
        " AND kind = 'metrics') ORDER BY id DESC LIMIT ?",
        (base_model, most),
    ).fetchall()
    return [_trained(json.loads(plan), events(connection, job_id)) for job_id, plan in rows]


def _trained(plan: dict[str, Any], told: list[JobEvent]) -> Trained:
    metrics = [event for event in told if event.kind == "metrics"]
    looks = [event for event in told if event.kind == "heldout"]
    tokens = plan.get("price", {}).get("high_tokens", 0)
    return Trained(
        plan.get("options", {}),
        tokens / (metrics[-1].data.get("steps") or 1),
        tuple(each.data["s_per_step"] for each in metrics if "s_per_step" in each.data),
        tuple(each.data["seconds"] for each in looks if "seconds" in each.data),
    )


def _job(row: tuple[Any, ...]) -> Job:
    return Job(*row[:15], plan=json.loads(row[15]), training_sha256=row[16])
