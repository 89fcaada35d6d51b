"""Whether the file is sound."""

from __future__ import annotations

import sqlite3


def integrity(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own checks find wrong; empty when the file is sound."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    faults = [fault for fault in found if fault != "ok"]
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        faults.append(f"a row of {table} points to a {parent} that is not there")
    return faults
