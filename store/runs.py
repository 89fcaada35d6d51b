"""Variants, runs and answers; the journal of answers that are still streaming."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from store import answer_chunks
from store.answer_rows import ANSWER, answer_of
from store.errors import NotFound
from store.grades import keep_grade
from store.library_records import Passage, Retrieval
from store.records import Answer, Status, Usage, Variant, Verdict, answer_hash
from store.tuned import Tuned

_VARIANT = (
    "v.id, v.rung, v.provider, v.model, v.base_url, v.system, v.parameters, v.documents,"
    " v.retrieval, v.tuned"
)

# Whether the variant of an answer is given the documents of its case. What was imported was
# asked elsewhere, with documents that nobody here knows.
_GIVEN = (
    "(SELECT v.rung = 'context' AND v.provider <> 'imported' FROM variants AS v"
    " WHERE v.id = answers.variant_id)"
)


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended. Times in seconds, cost in US dollars, None where not known."""

    status: Status
    text: str
    reasoning: str = ""
    error: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    first_token_s: float | None = None
    latency_s: float | None = None
    finish_reason: str = ""
    grade: Verdict | None = None
    checks: tuple[tuple[str, str, bool, str], ...] = ()


def keep_variant(connection: sqlite3.Connection, variant: Variant) -> Variant:
    """Store a variant where it is new, and return it with its id."""
    connection.execute(
        "INSERT OR IGNORE INTO variants (hash, rung, provider, base_url, model, system,"
        " parameters, documents, retrieval, tuned, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            variant.hash,
            variant.rung,
            variant.provider,
            variant.base_url,
            variant.model,
            variant.system,
            json.dumps(variant.parameters),
            json.dumps(variant.documents),
            json.dumps(asdict(variant.retrieval) if variant.retrieval else {}),
            json.dumps(asdict(variant.tuned) if variant.tuned else {}),
            time.time(),
        ),
    )
    row = connection.execute(
        f"SELECT {_VARIANT} FROM variants AS v WHERE v.hash = ?", (variant.hash,)
    ).fetchone()
    return _variant(row)


def find_variant(connection: sqlite3.Connection, variant: Variant) -> Variant | None:
    """Return the stored variant of the same content, or None when it never ran."""
    row = connection.execute(
        f"SELECT {_VARIANT} FROM variants AS v WHERE v.hash = ?", (variant.hash,)
    ).fetchone()
    return _variant(row) if row else None


def get_variant(connection: sqlite3.Connection, variant_id: int) -> Variant:
    """Return a variant by its id."""
    row = connection.execute(
        f"SELECT {_VARIANT} FROM variants AS v WHERE v.id = ?", (variant_id,)
    ).fetchone()
    return _variant(row)


def variants_of(connection: sqlite3.Connection, session_id: int) -> list[Variant]:
    """Return the variants that ran in a session, the last used first.

    An oracle is not among them: it was given the evidence, which no rung is.
    """
    rows = connection.execute(
        f"SELECT {_VARIANT} FROM variants AS v JOIN"
        " (SELECT variant_id, max(id) AS latest FROM runs WHERE session_id = ?"
        "  GROUP BY variant_id) AS used ON used.variant_id = v.id"
        " WHERE NOT coalesce(json_extract(v.retrieval, '$.oracle'), 0) ORDER BY used.latest DESC",
        (session_id,),
    )
    return [_variant(row) for row in rows]


def start(connection: sqlite3.Connection, session_id: int, variant_id: int, benchmark: str) -> int:
    """Begin a run of a variant, pinned to the benchmark's revision; return its id."""
    cursor = connection.execute(
        "INSERT INTO runs (session_id, variant_id, benchmark, started_at) VALUES (?, ?, ?, ?)",
        (session_id, variant_id, benchmark, time.time()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end(connection: sqlite3.Connection, run_id: int, outcome: str) -> None:
    """Note how a run ended: `finished`, `stopped`, `budget`, `failed` or `settled`.

    What it asked for and did not finish is kept as stopped.
    """
    _close_open(connection, "run_id", run_id, "stopped")
    connection.execute(
        "UPDATE runs SET finished_at = ?, outcome = ? WHERE id = ?",
        (time.time(), outcome, run_id),
    )


def missing(
    connection: sqlite3.Connection,
    variant_id: int,
    revision_ids: Sequence[int],
    epochs: int,
    since: float = 0.0,
) -> list[tuple[int, int]]:
    """Return the (revision, epoch) pairs that have no whole answer under a variant yet.

    Only answers count that were asked for from `since` on, in seconds since the epoch.
    """
    done = set[tuple[int, int]]()
    for revision_id in revision_ids:
        done.update(
            (revision_id, epoch)
            for (epoch,) in connection.execute(
                "SELECT epoch FROM answers WHERE variant_id = ? AND revision_id = ?"
                " AND status = 'done' AND started_at >= ?",
                (variant_id, revision_id, since),
            )
        )
    return [
        (revision_id, epoch)
        for epoch in range(1, epochs + 1)
        for revision_id in revision_ids
        if (revision_id, epoch) not in done
    ]


def ask(
    connection: sqlite3.Connection,
    *,
    run_id: int,
    variant_id: int,
    case_id: int,
    revision_id: int,
    epoch: int,
    attempt: int,
    owner: str,
    sent_hash: str,
    passages: Sequence[Passage] = (),
) -> int:
    """Note that an answer is being asked for, with what was retrieved for it; return its id."""
    cursor = connection.execute(
        "INSERT INTO answers (run_id, variant_id, case_id, revision_id, epoch, attempt, status,"
        " owner, started_at, sent_hash) VALUES (?, ?, ?, ?, ?, ?, 'asking', ?, ?, ?)",
        (run_id, variant_id, case_id, revision_id, epoch, attempt, owner, time.time(), sent_hash),
    )
    assert cursor.lastrowid is not None
    answer_chunks.keep(connection, cursor.lastrowid, passages)
    return cursor.lastrowid


def journal(connection: sqlite3.Connection, deltas: Iterable[tuple[int, str, str]]) -> None:
    """Append what has streamed in since the last time: (answer id, text, reasoning)."""
    connection.executemany(
        "INSERT INTO journal (answer_id, text, reasoning) VALUES (?, ?, ?)", deltas
    )


def finish(connection: sqlite3.Connection, answer_id: int, end: Finish) -> Answer:
    """Store how an answer ended, with its grade, drop its journal, and return it."""
    usage = end.usage
    connection.execute(
        "UPDATE answers SET status = ?, text = ?, reasoning = ?, error = ?, model = ?,"
        " prompt_tokens = ?, completion_tokens = ?, reasoning_tokens = ?, cached_tokens = ?,"
        " cost_usd = ?, first_token_s = ?, latency_s = ?, answer_hash = ?,"
        " finish_reason = ? WHERE id = ?",
        (
            end.status,
            end.text,
            end.reasoning,
            end.error,
            end.model,
            usage.prompt,
            usage.completion,
            usage.reasoning,
            usage.cached,
            end.cost_usd,
            end.first_token_s,
            end.latency_s,
            answer_hash(end.text),
            end.finish_reason,
            answer_id,
        ),
    )
    connection.execute("DELETE FROM journal WHERE answer_id = ?", (answer_id,))
    # A call that failed before its first token is not counted as one of unknown price.
    begun = bool(end.text or end.reasoning or end.status == "done")
    unpriced = end.cost_usd is None and begun
    connection.execute(
        "UPDATE runs SET cost_usd = cost_usd + ?, unpriced = unpriced + ?"
        " WHERE id = (SELECT run_id FROM answers WHERE id = ?)",
        (end.cost_usd or 0.0, int(unpriced), answer_id),
    )
    if end.grade is not None:
        keep_grade(connection, answer_id, "assertions", end.grade, end.checks)
    return get(connection, answer_id)


def carry_over(
    connection: sqlite3.Connection,
    old_revision: int,
    new_revision: int,
    *,
    in_context: bool = True,
    elsewhere: bool = True,
) -> list[tuple[int, str]]:
    """Copy whole answers to a case's new revision, whose prompt is the old one's.

    The newest answer of each variant and epoch is copied, without its grade, and remembers
    where it came from. `in_context` takes those of variants to which the case's documents
    are given, `elsewhere` all others. Returns (id, text) of the copies.
    """
    copied = (
        "run_id, variant_id, case_id, epoch, attempt, status, owner, text, reasoning, error,"
        " model, prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens, cost_usd,"
        " first_token_s, latency_s, started_at, sent_hash, answer_hash, finish_reason"
    )
    connection.execute(
        f"INSERT INTO answers (revision_id, carried_from, {copied})"
        f" SELECT ?, id, {copied} FROM answers WHERE id IN (SELECT max(id) FROM answers"
        " WHERE revision_id = ? AND status = 'done' GROUP BY variant_id, epoch)"
        f" AND CASE WHEN {_GIVEN} THEN ? ELSE ? END",
        (new_revision, old_revision, in_context, elsewhere),
    )
    answer_chunks.copy(connection, new_revision)
    return connection.execute(
        "SELECT id, text FROM answers WHERE revision_id = ?", (new_revision,)
    ).fetchall()


def interrupt(connection: sqlite3.Connection, owner: str) -> int:
    """Put together what a dead process had journalled; return the number of its answers."""
    return _close_open(connection, "owner", owner, "interrupted")


def _close_open(
    connection: sqlite3.Connection, column: str, value: str | int, status: Status
) -> int:
    rows = connection.execute(
        f"SELECT id FROM answers WHERE status = 'asking' AND {column} = ?", (value,)
    ).fetchall()
    for (answer_id,) in rows:
        text, reasoning = streamed(connection, answer_id)
        finish(connection, answer_id, Finish(status, text, reasoning))
    return len(rows)


def streamed(connection: sqlite3.Connection, answer_id: int) -> tuple[str, str]:
    """Return text and reasoning that the journal holds of an answer."""
    rows = connection.execute(
        "SELECT text, reasoning FROM journal WHERE answer_id = ? ORDER BY id", (answer_id,)
    ).fetchall()
    return "".join(row[0] for row in rows), "".join(row[1] for row in rows)


def get(connection: sqlite3.Connection, answer_id: int) -> Answer:
    """Return an answer with its standing label and grade. Raises NotFound."""
    row = connection.execute(f"{ANSWER} WHERE a.id = ?", (answer_id,)).fetchone()
    if row is None:
        raise NotFound("That answer is no longer there.")
    return answer_of(row)


def latest(connection: sqlite3.Connection, variant_id: int, revision_id: int) -> Answer | None:
    """Return the newest answer of a variant to a case revision, whole or not, or None."""
    row = connection.execute(
        f"{ANSWER} WHERE a.variant_id = ? AND a.revision_id = ? ORDER BY a.id DESC LIMIT 1",
        (variant_id, revision_id),
    ).fetchone()
    return answer_of(row) if row else None


def answers_of_run(connection: sqlite3.Connection, run_id: int) -> list[Answer]:
    """Return all answers of a run in the order in which they were asked for."""
    rows = connection.execute(f"{ANSWER} WHERE a.run_id = ? ORDER BY a.id", (run_id,))
    return [answer_of(row) for row in rows]


def _variant(row: Sequence[Any]) -> Variant:
    identity, rung, provider, model, base_url, system, parameters, documents, *more = row
    retrieved, made = map(json.loads, more)
    return Variant(
        rung=rung,
        provider=provider,
        model=model,
        base_url=base_url,
        system=system,
        parameters=json.loads(parameters),
        documents=tuple(tuple(each) for each in json.loads(documents)),
        retrieval=Retrieval.from_json(retrieved) if retrieved else None,
        tuned=Tuned(**made) if made else None,
        id=identity,
    )
