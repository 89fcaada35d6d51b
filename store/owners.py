"""Which running Litmus is at work on an answer, so that only a dead one's work is recovered.

Each process that asks holds a lock file for as long as it lives; the system lets go of it
however the process ends.
"""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

from store import runs


class Owner:
    """This process, as far as its answers are concerned."""

    def __init__(self, home: Path) -> None:
        """Take a new lock file in `home/owners`."""
        from filelock import FileLock

        folder = home / "owners"
        folder.mkdir(exist_ok=True)
        self.name = uuid.uuid4().hex
        self._lock = FileLock(folder / self.name)
        self._lock.acquire()

    def release(self) -> None:
        """Let go of the lock and remove its file."""
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def recover(connection: sqlite3.Connection, home: Path) -> int:
    """Mark the answers of processes that died as interrupted, their text put together.

    Returns how many there were. Answers of a Litmus that is still running are left alone.
    """
    owners = [
        row[0]
        for row in connection.execute("SELECT DISTINCT owner FROM answers WHERE status = 'asking'")
    ]
    return sum(
        runs.interrupt(connection, owner) for owner in owners if not _alive(home / "owners" / owner)
    )


def _alive(path: Path) -> bool:
    if not path.exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False
