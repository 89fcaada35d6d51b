"""What a variant's answers took so far: money, time and length."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store.records import Variant

NEWEST = 200
"""How many of the newest answers are looked at; older ones say less of the next."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a whole answer took: US dollars, seconds, tokens; None where not known."""

    cost_usd: float | None
    latency_s: float | None
    tokens: int | None


def taken(connection: sqlite3.Connection, variant_id: int) -> list[Taken]:
    """Return what the newest whole answers of a variant took, in any session.

    Answers that were carried over to a new revision are counted once.
    """
    rows = connection.execute(
        "SELECT cost_usd, latency_s, completion_tokens FROM answers WHERE id IN ("
        " SELECT id FROM answers WHERE variant_id = ? AND status = 'done'"
        " AND carried_from IS NULL ORDER BY id DESC LIMIT ?)",
        (variant_id, NEWEST),
    )
    return [Taken(*row) for row in rows]


def longest(connection: sqlite3.Connection, variant: Variant) -> int | None:
    """Return the tokens of the longest of the newest answers of a variant's model, None if none.

    That is of every variant that asks the same model of the same provider.
    """
    rows = connection.execute(
        "SELECT id FROM variants WHERE provider = ? AND base_url = ? AND model = ?",
        (variant.provider, variant.base_url, variant.model),
    ).fetchall()
    found = [item.tokens for (key,) in rows for item in taken(connection, key)]
    return max((tokens for tokens in found if tokens is not None), default=None)
