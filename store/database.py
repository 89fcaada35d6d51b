"""One SQLite file: a thread that owns the only writing connection, and readers beside it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from store import migrations
from store.errors import StoreError

# What the functions of this package take; other packages only pass it on.
Connection = sqlite3.Connection

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2
BUSY_MS = 10_000
_BESIDE = 1 << 16


class Database:
    """`litmus.db` in a home folder.

    Functions of this package take a connection as their first argument. `write` runs one
    on the writer thread inside a transaction; `read` runs one on a reading thread. Both
    are awaitable, so that the event loop never waits for the disk; `write_now` and
    `read_now` are for callers that have no event loop.
    """

    def __init__(self, home: Path) -> None:
        """Open, creating or migrating where that is due.

        Raises StoreError when the folder cannot be written, the file is no database, or
        it was made by a newer Litmus.
        """
        self.home = home
        self.path = home / "litmus.db"
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._connection = _open(self.path)
        self._write = ThreadPoolExecutor(1, thread_name_prefix="litmus-writer")
        self._read = ThreadPoolExecutor(READERS, thread_name_prefix="litmus-reader")

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(connection, …)` in a transaction on the writer thread.

        Cancelling the wait does not cancel the write.
        """
        return await asyncio.shield(asyncio.wrap_future(self.submit(function, *args, **kwargs)))

    def write_now(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like `write`, and wait for it."""
        return self.submit(function, *args, **kwargs).result()

    def submit(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[T]:
        """Hand a write to the writer thread and go on; writes keep their order."""
        return self._write.submit(self._transact, lambda c: function(c, *args, **kwargs))

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(connection, …)` on a reading thread."""
        call = self._read.submit(self._look, lambda c: function(c, *args, **kwargs))
        return await asyncio.wrap_future(call)

    def read_now(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like `read`, and wait for it."""
        return self._read.submit(self._look, lambda c: function(c, *args, **kwargs)).result()

    def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        self._write.shutdown(wait=True)
        self._read.shutdown(wait=True)
        for reader in self._readers:
            reader.close()
        self._connection.close()

    def _transact(self, call: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        with _told(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = call(connection)
                connection.execute("COMMIT")
                return result
            except BaseException:
                # A full disk or a broken file makes SQLite roll back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _look(self, call: Callable[[sqlite3.Connection], T]) -> T:
        with _told(self.path):
            return call(self._reader())

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            with self._lock:
                self._readers.append(connection)
            _set_up(connection)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
        return connection


def _open(path: Path) -> sqlite3.Connection:
    """Return the writing connection to a file that is there, ours and up to date."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The file is made by us first, so that nobody else can read it for a moment.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with _told(path):
            connection = _connect(path)
            try:
                # Nothing is written before it is known that the file is ours.
                if _version(connection, path) < migrations.LATEST:
                    _migrate(connection, path)
                _set_up(connection)
            except BaseException:
                connection.close()
                raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreError(
            f"Litmus cannot write to {path.parent} ({reason}); "
            "give it another folder with --home or LITMUS_HOME."
        ) from error
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )


def _set_up(connection: sqlite3.Connection) -> None:
    # WAL with NORMAL loses nothing when the process dies; only a power cut can cost the
    # last moments, and never the file.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the number of migrations in the file, 0 for a new one.

    Raises StoreError when it is another program's, or a newer Litmus's.
    """
    # In this order, since another process may be making the file meanwhile.
    new = migrations.is_new(connection)
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != migrations.APPLICATION_ID and not new:
        raise StoreError(
            f"{path} is another program's database; move it away or use another --home."
        )
    if version > migrations.LATEST:
        raise StoreError(
            f"{path} was written by a newer Litmus (its version is {version}, this program "
            f"knows {migrations.LATEST}); upgrade litmus-bench, or use another --home."
        )
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    from filelock import FileLock

    with FileLock(f"{path}.migrating"):
        version = _version(connection, path)
        if version == migrations.LATEST:
            return
        if version > 0:
            _back_up(connection, path.with_name(f"{path.name}.v{version}.backup"))
        _set_up(connection)
        migrations.apply(connection)


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    os.close(os.open(target, os.O_RDWR | os.O_CREAT, 0o600))
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    finally:
        copy.close()


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn what SQLite raises into StoreError; a broken constraint stays the caller's."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise StoreError(_plain(error, path)) from error
    except UnicodeEncodeError as error:
        raise StoreError(
            "The text holds half a character (a lone surrogate), which no file can keep; "
            "take it out and try again."
        ) from error


def _plain(error: sqlite3.Error, path: Path) -> str:
    """Say in one sentence what SQLite's error means for the person."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"Another program holds {path} for writing; close it and try again."
    if "full" in text or ("I/O" in text and _no_room(path)):
        return f"The disk that holds {path} is full; free some room and try again."
    if "readonly" in text or "unable to open" in text:
        return f"Litmus cannot write to {path}; give it another folder with --home."
    if "not a database" in text or "malformed" in text:
        return f"{path} is damaged or no Litmus database; move it away or use another --home."
    return f"The database {path} cannot be used ({text}); `litmus doctor` examines it."


def _no_room(path: Path) -> bool:
    """Return whether the disk has no room even for what SQLite puts beside the file.

    It does not tell that as a full disk.
    """
    try:
        return shutil.disk_usage(path.parent).free < _BESIDE
    except OSError:
        return False
