"""Whether a trainer is at work in a job's folder, and how it is told to stop.

It holds a lock file for as long as it lives, which the system lets go of however it ends. So
its process id, which stands beside, is only believed while the lock is held: a recycled one is
never taken for it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filelock import BaseFileLock

STOP = "stop"
_LOCK = "trainer.lock"
_PROCESS = "process.json"
# Who only looks takes the lock too, for an instant: one that is held longer is a trainer's.
_LOOK_S = 0.02
_CLAIM_S = 2.0
_held: list[BaseFileLock] = []


def claim(folder: Path) -> bool:
    """Take a folder for this process until it ends; return whether it was free."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK, timeout=_CLAIM_S)
    try:
        lock.acquire()
    except Timeout:
        return False
    _held.append(lock)
    (folder / STOP).unlink(missing_ok=True)
    # A launcher of several processes is told to stop as well, and passes it on.
    launcher = os.getppid() if "RANK" in os.environ else 0
    draft = folder / f"{_PROCESS}.part"
    draft.write_text(json.dumps({"pid": os.getpid(), "launcher": launcher}), encoding="utf-8")
    draft.replace(folder / _PROCESS)
    return True


def is_running(folder: Path) -> bool:
    """Return whether a trainer is at work in a folder."""
    from filelock import FileLock, Timeout

    if not (folder / _LOCK).exists():
        return False
    lock = FileLock(folder / _LOCK, timeout=_LOOK_S)
    try:
        lock.acquire(poll_interval=_LOOK_S / 4)
    except Timeout:
        return True
    lock.release()
    return False


def forget(folder: Path) -> None:
    """Forget who was last at work in a folder, before another is started there."""
    (folder / _PROCESS).unlink(missing_ok=True)
    (folder / STOP).unlink(missing_ok=True)


def pid(folder: Path) -> int | None:
    """Return the process id of the trainer at work in a folder, None where there is none."""
    processes = _processes(folder)
    return processes[0] if processes else None


def tell_to_stop(folder: Path) -> None:
    """Ask the trainer at work in a folder to keep a checkpoint and end."""
    if sys.platform == "win32":  # a signal would end it at once there
        (folder / STOP).touch()
        return
    _signal(_processes(folder), signal.SIGTERM)


def kill(folder: Path) -> None:
    """End the trainer at work in a folder at once; what its last checkpoint holds is kept."""
    _signal(_processes(folder), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _signal(processes: list[int], sign: int) -> None:
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, sign)


def _processes(folder: Path) -> list[int]:
    if not is_running(folder):
        return []
    try:
        said: Any = json.loads((folder / _PROCESS).read_text(encoding="utf-8"))
        return [int(said[name]) for name in ("pid", "launcher") if said[name]]
    except (OSError, ValueError, LookupError, TypeError):
        return []  # it is starting
