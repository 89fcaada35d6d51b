"""Tuned models: what they are made of, which job made the last one, and what they cost."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.jobs import Job


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a tuned model is: the model that it was made from, and what made it.

    `made_by` is the provider's id of the job, or the SHA-256 of a local adapter;
    `training_sha256` is of the training file's bytes. `leaks` is how many pairs of an example
    and a test case are too much alike, which the person allowed.
    """

    base_model: str
    made_by: str
    training_sha256: str
    leaks: int = 0


def last_made(connection: sqlite3.Connection, session_id: int) -> Job | None:
    """Return the session's newest job that succeeded, or None."""
    from store.jobs import listed

    done = (job for job in listed(connection, session_id) if job.state == "succeeded")
    return next(done, None)


def spent(connection: sqlite3.Connection, session_id: int) -> float | None:
    """Return US dollars that a session's tuned models have cost, None where not all is known.

    A job that made no model counts where its cost is known.
    """
    total, unknown = connection.execute(
        "SELECT coalesce(sum(cost_usd), 0), coalesce(sum(state = 'succeeded' AND cost_usd IS NULL),"
        " 0) FROM tuning_jobs WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    return None if unknown else float(total)


def hours(connection: sqlite3.Connection, session_id: int) -> float:
    """Return for how many hours this machine has trained for a session.

    What its trainers told counts, from each start to the last word after it; not the time in
    which they were stopped.
    """
    (seconds,) = connection.execute(
        "SELECT coalesce(sum(at - before), 0) FROM (SELECT e.at,"
        " lag(e.at) OVER (PARTITION BY e.job_id ORDER BY e.at, e.id) AS before,"
        " e.kind = 'status' AND json_extract(e.data, '$.state') = 'loading' AS begins"
        " FROM tuning_events AS e JOIN tuning_jobs AS j ON j.id = e.job_id"
        " WHERE j.session_id = ? AND j.backend = 'local') WHERE NOT begins",
        (session_id,),
    ).fetchone()
    return float(seconds) / 3600


def is_tuned(connection: sqlite3.Connection, session_id: int, model: str) -> bool:
    """Tell whether a job of the session made this model."""
    row = connection.execute(
        "SELECT 1 FROM tuning_jobs WHERE session_id = ? AND tuned_model = ? AND tuned_model <> ''",
        (session_id, model),
    ).fetchone()
    return row is not None
