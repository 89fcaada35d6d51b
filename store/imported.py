"""Answers that were made elsewhere, written as a run that has happened already."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store import labels
from store.grades import keep_grade
from store.records import Verdict, answer_hash
from store.runs import Finish

OUTCOME = "imported"


@dataclass(frozen=True, slots=True)
class Kept:
    """What tells an answer that is stored from another one. Units as in `Finish`."""

    answer_hash: str
    cost_usd: float | None
    first_token_s: float | None
    latency_s: float | None
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, slots=True)
class ImportedAnswer:
    """An answer to a case revision, made elsewhere at `at` (seconds since 1970)."""

    case_id: int
    revision_id: int
    epoch: int
    at: float
    end: Finish


def gone(connection: sqlite3.Connection, session_id: int) -> set[str]:
    """Return the ids of the cases that were taken out of a session's benchmark."""
    rows = connection.execute(
        "SELECT key FROM cases WHERE session_id = ? AND removed_at IS NOT NULL", (session_id,)
    )
    return {key for (key,) in rows}


def newest(connection: sqlite3.Connection, variant_id: int) -> dict[tuple[int, int], Kept]:
    """Return a variant's newest whole answers by (revision, epoch)."""
    rows = connection.execute(
        "SELECT revision_id, epoch, answer_hash, cost_usd, first_token_s, latency_s,"
        " prompt_tokens, completion_tokens FROM answers"
        " WHERE variant_id = ? AND status = 'done' ORDER BY id",
        (variant_id,),
    )
    return {(revision_id, epoch): Kept(*rest) for revision_id, epoch, *rest in rows}


def verdicts(
    connection: sqlite3.Connection, answers: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], Verdict]:
    """Return the verdicts that stand, of these (revision, answer hash)."""
    found: dict[tuple[int, str], Verdict] = {}
    for revision_id, hashed in answers:
        if standing := labels.standing(connection, revision_id, hashed):
            found[revision_id, hashed] = standing.verdict
    return found


def revisions(connection: sqlite3.Connection, case_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return each case's id with that of its current revision, in the order given."""
    query = "SELECT id, revision_id FROM cases WHERE id = ?"
    return [connection.execute(query, (case_id,)).fetchone() for case_id in case_ids]


def keep(
    connection: sqlite3.Connection,
    session_id: int,
    variant_id: int,
    benchmark: str,
    answers: Sequence[ImportedAnswer],
) -> None:
    """Store a variant's answers as one run, with their grades.

    The run itself costs nothing: what the answers cost was not spent in this session, and
    does not count against its cap.
    """
    now = time.time()
    cursor = connection.execute(
        "INSERT INTO runs (session_id, variant_id, benchmark, started_at, finished_at, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (session_id, variant_id, benchmark, now, now, OUTCOME),
    )
    # The ids are chosen here, since many rows go in at once; nobody else writes meanwhile.
    first: int = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM answers").fetchone()[0]
    connection.executemany(
        "INSERT INTO answers (id, run_id, variant_id, case_id, revision_id, epoch, attempt,"
        " status, owner, model, prompt_tokens, completion_tokens, reasoning_tokens,"
        " cached_tokens, cost_usd, first_token_s, latency_s, started_at, sent_hash, answer_hash,"
        " finish_reason, text, reasoning)"
        " VALUES (?, ?, ?, ?, ?, ?, 1, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?)",
        (
            (
                number,
                cursor.lastrowid,
                variant_id,
                each.case_id,
                each.revision_id,
                each.epoch,
                each.end.status,
                each.end.model,
                each.end.usage.prompt,
                each.end.usage.completion,
                each.end.usage.reasoning,
                each.end.usage.cached,
                each.end.cost_usd,
                each.end.first_token_s,
                each.end.latency_s,
                each.at,
                answer_hash(each.end.text),
                each.end.finish_reason,
                each.end.text,
                each.end.reasoning,
            )
            for number, each in enumerate(answers, first)
        ),
    )
    for number, each in enumerate(answers, first):
        if each.end.grade is not None:
            keep_grade(connection, number, "assertions", each.end.grade, each.end.checks)
