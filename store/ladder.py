"""What the ladder keeps: the task's economics, pinned variants, and verdicts that were told."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from store.errors import NotFound
from store.records import Rung


@dataclass(frozen=True, slots=True)
class ToldVerdict:
    """A verdict on a step as it was told; `facts` is what it rested on, JSON-ready."""

    id: int
    from_id: int
    to_id: int
    told_at: float
    benchmark: str
    state: str
    facts: dict[str, Any]


def economics(connection: sqlite3.Connection, session_id: int) -> dict[tuple[str, str], float]:
    """Return what was typed, by (rung, name); the rung is empty for the session's own."""
    rows = connection.execute(
        "SELECT rung, name, value FROM economics WHERE session_id = ?", (session_id,)
    )
    return {(rung, name): value for rung, name, value in rows}


def set_economics(
    connection: sqlite3.Connection, session_id: int, rung: str, name: str, value: float | None
) -> None:
    """Keep one value; None forgets it."""
    if value is None:
        connection.execute(
            "DELETE FROM economics WHERE session_id = ? AND rung = ? AND name = ?",
            (session_id, rung, name),
        )
        return
    connection.execute(
        "INSERT INTO economics (session_id, rung, name, value) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (session_id, rung, name) DO UPDATE SET value = excluded.value",
        (session_id, rung, name, value),
    )


def embedding_spent(connection: sqlite3.Connection, session_id: int) -> tuple[float, int]:
    """Return US dollars spent on embeddings, and how many batches had no known price."""
    row = connection.execute(
        "SELECT coalesce(sum(cost_usd), 0), coalesce(sum(unpriced), 0) FROM collections"
        " WHERE session_id = ?",
        (session_id,),
    ).fetchone()
    return float(row[0]), int(row[1])


def pins(connection: sqlite3.Connection, session_id: int) -> set[int]:
    """Return the ids of the variants that are pinned, at most one for a rung."""
    rows = connection.execute("SELECT variant_id FROM pins WHERE session_id = ?", (session_id,))
    return {variant_id for (variant_id,) in rows}


def pin(connection: sqlite3.Connection, session_id: int, variant_hash: str) -> Rung:
    """Let a variant that ran in the session stand for its rung; return the rung.

    `variant_hash` may be its beginning. Raises NotFound where it names none, or several.
    """
    rows = connection.execute(
        "SELECT DISTINCT v.id, v.rung FROM variants AS v JOIN runs AS r ON r.variant_id = v.id"
        " WHERE r.session_id = ? AND substr(v.hash, 1, ?) = ?"
        " AND NOT coalesce(json_extract(v.retrieval, '$.oracle'), 0)",
        (session_id, len(variant_hash), variant_hash),
    ).fetchall()
    if len(rows) != 1 or not variant_hash:
        many = "Several variants" if len(rows) > 1 else "No variant that ran here"
        raise NotFound(
            f"{many} of that name (“{variant_hash[:40]}”); `litmus ladder --json` lists them."
        )
    [(variant_id, rung)] = rows
    connection.execute(
        "INSERT INTO pins (session_id, rung, variant_id) VALUES (?, ?, ?)"
        " ON CONFLICT (session_id, rung) DO UPDATE SET variant_id = excluded.variant_id",
        (session_id, rung, variant_id),
    )
    return rung


def unpin(connection: sqlite3.Connection, session_id: int, rung: Rung) -> None:
    """Let the best variant stand for a rung again."""
    connection.execute("DELETE FROM pins WHERE session_id = ? AND rung = ?", (session_id, rung))


def tell_verdict(
    connection: sqlite3.Connection,
    session_id: int,
    *,
    from_id: int,
    to_id: int,
    benchmark: str,
    state: str,
    facts: dict[str, Any],
) -> None:
    """Keep a verdict that was told, unless the last one on that step rests on the same."""
    text = json.dumps(facts, sort_keys=True)
    last = connection.execute(
        "SELECT state, benchmark, facts FROM verdicts"
        " WHERE session_id = ? AND from_id = ? AND to_id = ? ORDER BY id DESC LIMIT 1",
        (session_id, from_id, to_id),
    ).fetchone()
    if last == (state, benchmark, text):
        return
    connection.execute(
        "INSERT INTO verdicts (session_id, from_id, to_id, told_at, benchmark, state, facts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (session_id, from_id, to_id, time.time(), benchmark, state, text),
    )


def told_verdicts(
    connection: sqlite3.Connection, session_id: int, limit: int = 50
) -> list[ToldVerdict]:
    """Return the verdicts that were told in a session, the newest first."""
    rows = connection.execute(
        "SELECT id, from_id, to_id, told_at, benchmark, state, facts FROM verdicts"
        " WHERE session_id = ? ORDER BY id DESC LIMIT ?",
        (session_id, limit),
    )
    return [ToldVerdict(*row[:6], facts=json.loads(row[6])) for row in rows]
