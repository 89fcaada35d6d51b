"""Sessions: made, listed, found again, and kept where the person left them."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from store.errors import Conflict, NotFound
from store.records import DEFAULT_CAP_USD, Session

_COLUMNS = "id, name, task, created_at, opened_at, cap_usd, state"


def create(
    connection: sqlite3.Connection,
    name: str,
    task: str = "",
    cap_usd: float | None = DEFAULT_CAP_USD,
) -> Session:
    """Make a session and return it. Raises Conflict when the name is taken."""
    now = time.time()
    try:
        connection.execute(
            "INSERT INTO sessions (name, task, created_at, opened_at, cap_usd)"
            " VALUES (?, ?, ?, ?, ?)",
            (name, task, now, now, cap_usd),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(
            f"There is a session “{name}” already; resume it, or choose another name."
        ) from error
    return named(connection, name)


def named(connection: sqlite3.Connection, name: str) -> Session:
    """Return the session of that name. Raises NotFound."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM sessions WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"There is no session “{name}”; `litmus sessions` lists what there is.")
    return _session(row)


def get(connection: sqlite3.Connection, session_id: int) -> Session:
    """Return a session by its id. Raises NotFound."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    if row is None:
        raise NotFound("That session is no longer there.")
    return _session(row)


def last(connection: sqlite3.Connection) -> Session | None:
    """Return the session that was used last, or None where there is none yet."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM sessions ORDER BY opened_at DESC, id DESC LIMIT 1"
    ).fetchone()
    return _session(row) if row else None


def page(connection: sqlite3.Connection, limit: int = 200, offset: int = 0) -> list[Session]:
    """Return sessions, the last used first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM sessions ORDER BY opened_at DESC, id DESC LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [_session(row) for row in rows]


def touch(connection: sqlite3.Connection, session_id: int) -> None:
    """Note that a session is in use now."""
    connection.execute("UPDATE sessions SET opened_at = ? WHERE id = ?", (time.time(), session_id))


def save_state(connection: sqlite3.Connection, session_id: int, state: dict[str, Any]) -> None:
    """Keep the cursor, the drafts and the choices of a session."""
    text = json.dumps(state).encode("utf-8", "replace").decode()
    connection.execute("UPDATE sessions SET state = ? WHERE id = ?", (text, session_id))


def set_cap(connection: sqlite3.Connection, session_id: int, cap_usd: float | None) -> None:
    """Set the most that a session may spend, in US dollars; None lifts the cap."""
    connection.execute("UPDATE sessions SET cap_usd = ? WHERE id = ?", (cap_usd, session_id))


def spent(connection: sqlite3.Connection, session_id: int) -> tuple[float, int]:
    """Return US dollars spent so far, and how many calls had no known price.

    That is what the answers cost, what judging them did, what embedding documents did, and
    what fine-tuning did.
    """
    row = connection.execute(
        "SELECT coalesce(sum(cost_usd), 0), coalesce(sum(unpriced), 0) FROM ("
        "SELECT cost_usd, unpriced FROM runs WHERE session_id = ?"
        " UNION ALL SELECT cost_usd, unpriced FROM judge_runs WHERE session_id = ?"
        " UNION ALL SELECT cost_usd, unpriced FROM collections WHERE session_id = ?"
        " UNION ALL SELECT cost_usd, state = 'succeeded' AND cost_usd IS NULL FROM tuning_jobs"
        "  WHERE session_id = ?)",
        (session_id, session_id, session_id, session_id),
    ).fetchone()
    return float(row[0]), int(row[1])


def setting(connection: sqlite3.Connection, key: str) -> Any:
    """Return a setting of the program, or None."""
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return json.loads(row[0]) if row else None


def save_setting(connection: sqlite3.Connection, key: str, value: Any) -> None:
    """Keep a setting of the program; the value is JSON-ready."""
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )


def _session(row: tuple[Any, ...]) -> Session:
    identity, name, task, created_at, opened_at, cap_usd, state = row
    return Session(identity, name, task, created_at, opened_at, cap_usd, json.loads(state))
