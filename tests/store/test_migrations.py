"""Files of every age: made, brought up to date with a backup, or left as they were."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from store import benchmarks, migrations, sessions, upkeep
from store.database import Database

NOW = migrations.LATEST

MORE = """
ALTER TABLE sessions ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';
CREATE INDEX sessions_by_colour ON sessions(colour);
"""
BROKEN = """
CREATE TABLE half (x);
INSERT INTO sessions (name, created_at, opened_at) VALUES ('half', 0, 0);
INSERT INTO nowhere VALUES (1);
"""
OPEN_AND_WRITE = f"""
import sys
from pathlib import Path
from store import migrations, sessions
from store.database import Database
if sys.argv[3] == "upgrade":
    migrations.STEPS += (("more", '''{MORE}'''),)
    migrations.LATEST += 1
print("ready", flush=True)
sys.stdin.readline()
database = Database(Path(sys.argv[1]))
database.write_now(sessions.create, sys.argv[2])
database.close()
"""


@pytest.fixture
def with_step(monkeypatch):
    """Give the program one migration more than the release before it had."""

    def add(script: str) -> None:
        monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS[:NOW], ("more", script)))
        monkeypatch.setattr(migrations, "LATEST", NOW + 1)

    return add


def state(path: Path) -> tuple[int, set[str], list[str]]:
    """Return a file's version, the names in its schema, and its sessions."""
    connection = sqlite3.connect(path)
    try:
        return (
            connection.execute("PRAGMA user_version").fetchone()[0],
            {name for (name,) in connection.execute("SELECT name FROM sqlite_master")},
            [name for (name,) in connection.execute("SELECT name FROM sessions ORDER BY id")],
        )
    finally:
        connection.close()


def test_a_new_file_has_every_step_and_no_backup(home):
    version, names, found = state(home.folder / "litmus.db")
    assert (version, found) == (migrations.LATEST, ["one"])
    assert {"cases", "answers", "labels", "answers_fts"} <= names
    steps = home.rows("SELECT name FROM _sqlite_migrations ORDER BY id")
    assert [name for (name,) in steps] == [name for name, _ in migrations.STEPS]
    assert home.read(upkeep.integrity) == []
    assert not list(home.folder.glob("*.backup"))


def test_an_older_file_is_backed_up_and_upgraded_once(home, with_step):
    home.cases("a prompt that stays")
    home.database.close()
    with_step(MORE)
    for _ in range(2):
        upgraded = Database(home.folder)
        rows = upgraded.read_now(
            lambda connection: connection.execute(
                "SELECT colour, prompt FROM sessions, case_revisions"
            ).fetchall()
        )
        upgraded.close()
        assert rows == [("green", "a prompt that stays")]
    (backup,) = home.folder.glob("*.backup")
    version, names, found = state(backup)
    assert (version, found) == (NOW, ["one"]) and "sessions_by_colour" not in names
    assert os.name == "nt" or backup.stat().st_mode & 0o777 == 0o600


def test_a_failing_step_leaves_the_file_as_it_was(home, with_step, refused):
    home.database.close()
    before = state(home.folder / "litmus.db")
    with_step(BROKEN)
    assert "no such table: nowhere" in refused(Database, home.folder)
    assert state(home.folder / "litmus.db") == before
    with_step(MORE)
    Database(home.folder).close()
    assert state(home.folder / "litmus.db")[0] == NOW + 1


FIRST_RELEASE = """
import sys
from pathlib import Path
from store import migrations
migrations.STEPS, migrations.LATEST = migrations.STEPS[:1], 1
from store.database import Database
from store import sessions
def fill(connection):
    sessions.create(connection, "old")
    connection.execute("INSERT INTO cases (id, session_id, key, position) VALUES (1, 1, 'a', 0)")
    connection.execute(
        "INSERT INTO case_revisions (id, case_id, number, split, hash, created_at, prompt,"
        " messages, expectation, evidence, tags) VALUES (1, 1, 1, 'test', 'x', 0, 'Asked?', '[]',"
        " ?, '[]', '[]')",
        ('{"text": "", "assertions": [{"type": "contains", "value": "x", "tolerance": 0.0}]}',),
    )
    connection.execute("UPDATE cases SET revision_id = 1")
database = Database(Path(sys.argv[1]))
database.write_now(fill)
database.close()
"""


def test_a_benchmark_of_the_first_release_is_read(tmp_path, child):
    process = child(FIRST_RELEASE, tmp_path)
    assert process.communicate(timeout=60)[1] == "" and process.returncode == 0
    assert state(tmp_path / "litmus.db")[::2] == (1, ["old"])
    upgraded = Database(tmp_path)
    [case] = upgraded.read_now(benchmarks.cases, 1)
    assert upgraded.read_now(upkeep.integrity) == []
    upgraded.close()
    [check] = case.expectation.assertions
    assert (case.prompt, check.type, check.weight, check.threshold) == (
        *("Asked?", "contains", 1.0),
        None,
    )
    assert case.draft.metadata == {}


def test_a_first_step_that_failed_is_tried_again(tmp_path, refused, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", (("foundation", BROKEN),))
        assert "no such table: sessions" in refused(Database, tmp_path)
    made = Database(tmp_path)
    assert made.read_now(sessions.last) is None
    made.close()


@pytest.mark.parametrize("kind", ["create", "upgrade"])
def test_processes_that_migrate_at_once(tmp_path, child, kind):
    if kind == "upgrade":
        old = Database(tmp_path)
        old.write_now(sessions.create, "old")
        old.close()
    names = ["first", "second", "third"]
    started = [child(OPEN_AND_WRITE, tmp_path, name, kind) for name in names]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 3
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    version, schema, found = state(tmp_path / "litmus.db")
    assert sorted(found) == sorted(names + ["old"] * (kind == "upgrade"))
    assert (version, "sessions_by_colour" in schema) == (
        (NOW + 1, True) if kind == "upgrade" else (NOW, False)
    )
    if kind == "upgrade":
        (backup,) = tmp_path.glob("*.backup")
        assert state(backup)[::2] == (NOW, ["old"])
