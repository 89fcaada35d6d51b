"""What a judge says of answers, its runs, and how it agrees with the person's labels.

A judgement belongs to a judge, a case revision and the hash of the normalised answer, so
that identical answers are judged once.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from store import runs
from store.benchmarks import SOUND
from store.records import Rung, Split, Variant, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that could be judged: one of those to a case revision that are the same.

    `judged` where this judge has been asked about it. `models` are the models that gave it,
    as they were asked for and as they named themselves.
    """

    answer_id: int
    case_id: int
    revision_id: int
    answer_hash: str
    judged: bool
    alike: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judgement to keep; without a verdict `reason` says why there is none. US dollars."""

    verdict: Verdict | None
    score: float | None
    reason: str
    checks: tuple[tuple[str, str, bool, str], ...]
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class JudgeState:
    """A session's judge, None where none is chosen, and what it has done there.

    `judged` and `unusable` count its judgements with and without a verdict; `shared` counts
    (person's blind label, judge's verdict) over the answers that have both.
    """

    judge: Variant | None
    trusted: bool
    judged: int
    unusable: int
    shared: dict[tuple[Verdict, Verdict], int]


def candidates(
    connection: sqlite3.Connection,
    session_id: int,
    judge_id: int,
    *,
    split: Split | None = "test",
    rung: Rung | None = None,
) -> list[Candidate]:
    """Return what there is to judge, in the benchmark's order.

    That is the newest whole answer of each variant and epoch to a case as it stands now.
    """
    rows = connection.execute(
        "SELECT max(a.id), a.case_id, a.revision_id, a.answer_hash, count(*),"
        " json_group_array(v.model), json_group_array(a.model),"
        " EXISTS (SELECT 1 FROM judgements AS j WHERE j.revision_id = a.revision_id"
        "  AND j.answer_hash = a.answer_hash AND j.judge_id = ?)"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.status = 'done'"
        " JOIN variants AS v ON v.id = a.variant_id"
        f" WHERE c.session_id = ? AND c.removed_at IS NULL AND {SOUND}"
        " AND (? IS NULL OR r.split = ?) AND (? IS NULL OR v.rung = ?)"
        " AND NOT EXISTS (SELECT 1 FROM answers AS n WHERE n.variant_id = a.variant_id"
        "  AND n.revision_id = a.revision_id AND n.epoch = a.epoch AND n.id > a.id"
        "  AND n.status = 'done')"
        " GROUP BY a.revision_id, a.answer_hash ORDER BY c.position, max(a.id)",
        (judge_id, session_id, split, split, rung, rung),
    )
    return [
        Candidate(
            *row[:4],
            judged=bool(row[7]),
            alike=row[4],
            models=tuple(sorted({*json.loads(row[5]), *json.loads(row[6])} - {""})),
        )
        for row in rows
    ]


def start(connection: sqlite3.Connection, session_id: int, judge_id: int) -> int:
    """Begin a run of a judge, whose cost is counted with it; return its id."""
    cursor = connection.execute(
        "INSERT INTO judge_runs (session_id, judge_id, started_at) VALUES (?, ?, ?)",
        (session_id, judge_id, time.time()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end(connection: sqlite3.Connection, run_id: int, outcome: str) -> None:
    """Note how a run of a judge ended: `finished`, `stopped`, `budget` or `failed`."""
    connection.execute(
        "UPDATE judge_runs SET finished_at = ?, outcome = ? WHERE id = ?",
        (time.time(), outcome, run_id),
    )


def spend(connection: sqlite3.Connection, run_id: int, cost_usd: float | None) -> None:
    """Count what one call of a judge cost, in US dollars, None where that is not known."""
    connection.execute(
        "UPDATE judge_runs SET cost_usd = cost_usd + ?, unpriced = unpriced + ? WHERE id = ?",
        (cost_usd or 0.0, int(cost_usd is None), run_id),
    )


def keep(
    connection: sqlite3.Connection,
    session_id: int,
    judge_id: int,
    revision_id: int,
    answer_hash: str,
    ruling: Ruling,
) -> None:
    """Store what a judge says of an answer, in place of what it said of it before."""
    connection.execute(
        "INSERT INTO judgements (session_id, judge_id, revision_id, answer_hash, verdict, score,"
        " cost_usd, created_at, reason, checks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (revision_id, answer_hash, judge_id) DO UPDATE SET"
        " verdict = excluded.verdict, score = excluded.score, cost_usd = excluded.cost_usd,"
        " created_at = excluded.created_at, reason = excluded.reason, checks = excluded.checks",
        (
            session_id,
            judge_id,
            revision_id,
            answer_hash,
            ruling.verdict,
            ruling.score,
            ruling.cost_usd,
            time.time(),
            ruling.reason,
            json.dumps(ruling.checks),
        ),
    )


def carry_over(connection: sqlite3.Connection, old_revision: int, new_revision: int) -> None:
    """Let a case's judgements stand for its new revision, which asks and expects the same."""
    connection.execute(
        "INSERT OR IGNORE INTO judgements (session_id, judge_id, revision_id, answer_hash,"
        " verdict, score, cost_usd, created_at, reason, checks)"
        " SELECT session_id, judge_id, ?, answer_hash, verdict, score, cost_usd, created_at,"
        " reason, checks FROM judgements WHERE revision_id = ?",
        (new_revision, old_revision),
    )


def choose(connection: sqlite3.Connection, session_id: int, judge: Variant) -> Variant:
    """Make a variant the session's judge, not trusted yet, and return it with its id."""
    kept = runs.keep_variant(connection, judge)
    connection.execute(
        "UPDATE sessions SET judge_id = ?, judge_trusted = 0 WHERE id = ? AND judge_id IS NOT ?",
        (kept.id, session_id, kept.id),
    )
    return kept


def judge_of(connection: sqlite3.Connection, session_id: int) -> Variant | None:
    """Return the session's judge, or None where none is chosen."""
    judge_id = _judge_id(connection, session_id)
    return None if judge_id is None else runs.get_variant(connection, judge_id)


def state(connection: sqlite3.Connection, session_id: int) -> JudgeState:
    """Return the session's judge and what it has done."""
    judge = judge_of(connection, session_id)
    if judge is None:
        return JudgeState(None, False, 0, 0, {})
    all_of_them, with_verdict = connection.execute(
        "SELECT count(*), count(verdict) FROM judgements WHERE session_id = ? AND judge_id = ?",
        (session_id, judge.id),
    ).fetchone()
    trusted = connection.execute(
        "SELECT judge_trusted FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    return JudgeState(
        judge,
        bool(trusted[0]),
        with_verdict,
        all_of_them - with_verdict,
        shared(connection, session_id) or {},
    )


def shared(
    connection: sqlite3.Connection, session_id: int
) -> dict[tuple[Verdict, Verdict], int] | None:
    """Count (person's blind label, judge's verdict) of the answers that have both.

    None where the session has no judge, which costs nothing to find out.
    """
    judge_id = _judge_id(connection, session_id)
    if judge_id is None:
        return None
    rows = connection.execute(
        "SELECT label, verdict, count(*) FROM judgements WHERE session_id = ? AND judge_id = ?"
        " AND label IS NOT NULL AND verdict IS NOT NULL GROUP BY label, verdict",
        (session_id, judge_id),
    )
    return {
        cast(tuple[Verdict, Verdict], (label, verdict)): count for label, verdict, count in rows
    }


def set_trusted(connection: sqlite3.Connection, session_id: int, trusted: bool) -> bool:
    """Say whether the session's judge counts; return whether that is news."""
    cursor = connection.execute(
        "UPDATE sessions SET judge_trusted = ? WHERE id = ? AND judge_trusted <> ?",
        (int(trusted), session_id, int(trusted)),
    )
    return cursor.rowcount > 0


def in_sight(
    connection: sqlite3.Connection, session_id: int, revision_id: int, answer_hash: str
) -> bool:
    """Return whether the person may know the judge's verdict on an answer.

    It is shown once the judge is trusted, and else once the answer has a label: so also
    after an undo.
    """
    row = connection.execute(
        "SELECT s.judge_trusted OR EXISTS (SELECT 1 FROM labels AS l"
        "  WHERE l.revision_id = j.revision_id AND l.answer_hash = j.answer_hash)"
        " FROM sessions AS s JOIN judgements AS j ON j.judge_id = s.judge_id"
        "  AND j.revision_id = ? AND j.answer_hash = ? AND j.verdict IS NOT NULL"
        " WHERE s.id = ?",
        (revision_id, answer_hash, session_id),
    ).fetchone()
    return row is not None and bool(row[0])


def _judge_id(connection: sqlite3.Connection, session_id: int) -> int | None:
    row: Sequence[int | None] | None = connection.execute(
        "SELECT judge_id FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    return row[0] if row else None
