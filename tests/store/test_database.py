"""The file, its threads, and what a person is told when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import benchmarks, database, labels, sessions, upkeep
from store.database import Database
from store.records import CaseDraft

WRITE_MANY = """
import sys
from pathlib import Path
from store import sessions
from store.database import Database
database = Database(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    database.write_now(sessions.create, f"{sys.argv[2]} {number}")
database.close()
"""


def insert_and_fail(connection: sqlite3.Connection) -> None:
    sessions.create(connection, "lost")
    sessions.create(connection, "lost too")
    raise RuntimeError("halfway")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX modes")
def test_nobody_else_can_read_the_files(home):
    files = {path.name: path.stat().st_mode & 0o777 for path in home.folder.glob("litmus.db*")}
    assert {name: files[name] for name in ("litmus.db", "litmus.db-wal", "litmus.db-shm")} == {
        "litmus.db": 0o600,
        "litmus.db-wal": 0o600,
        "litmus.db-shm": 0o600,
    }
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_both_kinds_of_connection_are_set_up(home):
    def pragmas(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "foreign_keys", "query_only")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert home.write(pragmas) == ["wal", 1, 0]
    assert home.read(pragmas) == ["wal", 1, 1]
    with pytest.raises(sqlite3.IntegrityError):
        home.write(labels.add, home.session.id, 99, "hash", "pass")


def test_a_reader_cannot_write(home, refused):
    assert "cannot write" in refused(home.read, sessions.create, "two")
    assert len(home.read(sessions.page)) == 1


def test_one_thread_writes_in_the_order_of_the_calls(home):
    seen: list[tuple[int, int]] = []

    def note(_: sqlite3.Connection, number: int) -> None:
        seen.append((threading.get_ident(), number))

    for future in [home.database.submit(note, number) for number in range(20)]:
        future.result()
    assert [number for _, number in seen] == list(range(20))
    assert len({thread for thread, _ in seen}) == 1


def test_a_failing_write_keeps_nothing(home):
    with pytest.raises(RuntimeError, match="halfway"):
        home.write(insert_and_fail)
    assert [item.name for item in home.read(sessions.page)] == ["one"]
    home.write(sessions.create, "next")


async def test_a_cancelled_wait_does_not_cancel_the_write(home):
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        entered.set()
        assert go_on.wait(10)
        sessions.create(connection, "kept")

    waiting = asyncio.create_task(home.database.write(slow))
    behind = asyncio.create_task(home.database.write(sessions.create, "kept too"))
    await asyncio.to_thread(entered.wait, 10)
    waiting.cancel()
    behind.cancel()
    await asyncio.gather(waiting, behind, return_exceptions=True)
    assert waiting.cancelled() and behind.cancelled()
    go_on.set()
    await home.database.write(sessions.create, "last")
    names = [item.name for item in await home.database.read(sessions.page)]
    assert sorted(names) == ["kept", "kept too", "last", "one"]


async def test_a_read_does_not_wait_for_a_write(home):
    go_on = threading.Event()
    writing = home.database.submit(lambda _: go_on.wait(10))
    async with asyncio.timeout(5):
        assert (await home.database.read(sessions.last)).name == "one"
    go_on.set()
    assert writing.result()


def test_close_finishes_what_was_handed_in(home):
    go_on = threading.Event()
    home.database.submit(lambda _: go_on.wait(10))
    for number in range(200):
        home.database.submit(sessions.create, f"late {number}")
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(home.database.close)
        go_on.set()
        closing.result()
    assert not list(home.folder.glob("*-wal"))
    again = Database(home.folder)
    assert len(again.read_now(sessions.page, -1)) == 201
    again.close()


def test_two_processes_write_at_once(home, child):
    writers = [child(WRITE_MANY, home.folder, name) for name in ("left", "right")]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for number in range(20):
        home.write(sessions.create, f"here {number}")
    for writer in writers:
        _, error = writer.communicate(timeout=60)
        assert writer.returncode == 0, error
    assert len(home.read(sessions.page, -1)) == 1 + 20 + 200
    assert home.read(upkeep.integrity) == []


# -- What a person is told -----------------------------------------------------------


def test_a_home_that_cannot_be_made(tmp_path, refused):
    (tmp_path / "file").write_text("here already")
    home = tmp_path / "file" / "home"
    assert refused(Database, home) == (
        f"Litmus cannot write to {home} (not a directory); "
        "give it another folder with --home or LITMUS_HOME."
    )
    (tmp_path / "litmus.db").mkdir()
    assert f"cannot write to {tmp_path} (is a directory)" in refused(Database, tmp_path)


@pytest.mark.parametrize("content", [b"a shopping list\n", bytes(range(256)) * 64])
def test_a_file_that_is_no_database(tmp_path, refused, content):
    path = tmp_path / "litmus.db"
    path.write_bytes(content)
    assert "damaged or no Litmus database" in refused(Database, tmp_path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", [0, 1, 99])
def test_the_database_of_another_program_is_left_as_it_is(tmp_path, refused, version):
    path = tmp_path / "litmus.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = path.read_bytes()
    assert "another program's database" in refused(Database, tmp_path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["litmus.db"]


def test_a_newer_file_is_refused(home, refused):
    home.database.close()
    path = home.folder / "litmus.db"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    assert "was written by a newer Litmus" in refused(Database, home.folder)
    assert path.read_bytes() == before


def test_a_locked_file_is_told_and_used_again_later(tmp_path, refused, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MS", 50)
    ours = Database(tmp_path)
    other = sqlite3.connect(tmp_path / "litmus.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "Another program holds" in refused(ours.write_now, sessions.create, "one")
    assert ours.read_now(sessions.last) is None
    other.execute("ROLLBACK")
    ours.write_now(sessions.create, "one")
    other.close()
    ours.close()


@pytest.mark.parametrize("cut", [0.9, 0.5, 0.1])
def test_a_truncated_file_is_told(home, refused, cut):
    home.cases(*(f"{number} " + "word " * 400 for number in range(40)))
    home.database.close()
    path = home.folder / "litmus.db"
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * cut))

    def use() -> None:
        damaged = Database(home.folder)
        try:
            assert damaged.read_now(upkeep.integrity) == []
            damaged.read_now(benchmarks.cases, home.session.id)
        finally:
            damaged.close()

    assert "is damaged or no Litmus database" in refused(use)


def test_corrupt_pages_are_told_by_reads_and_writes(home, refused):
    home.cases("a case")
    pages = home.rows("SELECT rootpage FROM sqlite_master WHERE name IN ('cases', 'sessions')")
    home.database.close()
    with (home.folder / "litmus.db").open("r+b") as file:
        for (page,) in pages:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
    damaged = Database(home.folder)
    assert "is damaged" in refused(damaged.read_now, benchmarks.cases, home.session.id)
    assert "is damaged" in refused(damaged.write_now, sessions.create, "two")
    damaged.close()


def test_a_full_disk_is_told_and_nothing_is_half_kept(home, refused):
    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        benchmarks.add(connection, home.session.id, [CaseDraft("x" * 1_000_000)])

    def free(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1000000")

    assert "is full; free some room" in refused(home.write, fill)
    home.write(free)
    assert home.read(benchmarks.count, home.session.id) == 0
    assert len(home.cases("there is room again")) == 1


def test_a_disk_too_full_to_open_the_file_is_told_as_full(home, refused, monkeypatch):
    def fails(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")  # what SQLite says of its own files

    usage_of = shutil.disk_usage

    def free(number: int) -> None:
        usage = usage_of(home.folder)._replace(free=number)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    free(1 << 30)
    assert "cannot be used (disk I/O error)" in refused(home.read, fails)
    free(4096)
    assert "is full; free some room" in refused(home.read, fails)


def test_a_write_that_sqlite_rolled_back_itself_keeps_its_error(home):
    def clash(connection: sqlite3.Connection) -> None:
        sessions.create(connection, "lost")
        connection.execute(
            "INSERT OR ROLLBACK INTO sessions (name, created_at, opened_at) VALUES ('one', 0, 0)"
        )

    with pytest.raises(sqlite3.IntegrityError):
        home.write(clash)
    assert [item.name for item in home.read(sessions.page)] == ["one"]


def test_a_lone_surrogate_is_refused_and_nothing_is_kept(home, refused):
    drafts = [CaseDraft("fine"), CaseDraft("half a character: \ud83d")]
    said = refused(home.write, benchmarks.add, home.session.id, drafts)
    assert "lone surrogate" in said
    assert home.read(benchmarks.count, home.session.id) == 0
    assert "lone surrogate" in refused(home.read, sessions.named, "\udcff")
