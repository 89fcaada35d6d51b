"""The tables of `litmus.db`, as migrations that are each applied once and never edited.

Their SQL stands in `store/schema`, numbered in their order. Each runs in one transaction
together with the record of it (sqlite-utils' migrations).
`user_version` counts them, so that a start with nothing to do costs one pragma.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

# Tells our files from other programs', which count their versions in `user_version` too.
APPLICATION_ID = 0x4C69746D

_SCHEMA = Path(__file__).parent / "schema"
_NAMES = ("foundation", "judge", "library", "ladder", "tuning", "tuned")

STEPS: tuple[tuple[str, str], ...] = tuple(
    (name, (_SCHEMA / f"{number}_{name}.sql").read_text(encoding="utf-8"))
    for number, name in enumerate(_NAMES, start=1)
)
LATEST = len(STEPS)


def is_new(connection: sqlite3.Connection) -> bool:
    """Return whether nothing is in the file, or only the start of a first migration."""
    query = "SELECT count(*) FROM sqlite_master WHERE tbl_name <> '_sqlite_migrations'"
    return connection.execute(query).fetchone() == (0,)


def apply(connection: sqlite3.Connection) -> None:
    """Bring the file up to `LATEST`, each step in one transaction with its record."""
    from sqlite_utils import Database, Migrations

    migrations = Migrations("litmus")
    for number, (name, script) in enumerate(STEPS, start=1):
        migrations(name=name)(_step(connection, number, script))
    migrations.apply(Database(connection))


def _step(connection: sqlite3.Connection, number: int, script: str) -> Callable[[object], None]:
    def step(_db: object, /) -> None:
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")

    step.__name__ = f"step_{number}"
    return step


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
