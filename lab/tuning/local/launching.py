"""Starting a trainer process and stopping it; both wait until it has come to that."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from lab.tuning.jobs import TuningError
from lab.tuning.local.follow import LOG
from lab.tuning.trainer import running
from lab.tuning.trainer.training_spec import SPEC, Spec
from store.child import importing

_START_S = 60.0
# A step of a large model, and then a checkpoint, may take that long.
_STOP_S = 90.0
_LOOK_S = 0.05
_LOCK = "start.lock"

# Trainers that this process started, so that the system need not keep their remains.
_children: list[subprocess.Popen[bytes]] = []


@asynccontextmanager
async def alone(folder: Path) -> AsyncGenerator[None]:
    """Hold a folder while a trainer is started or stopped there, one Litmus at a time.

    Who waited must look again whether one is at work. Raises OSError.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            await asyncio.sleep(_LOOK_S)
    try:
        yield
    finally:
        lock.release()


async def launch(folder: Path, spec: Spec) -> None:
    """Start a trainer in a folder, and wait until it has taken it; OSError where it cannot.

    Raises TuningError where it is not at work within a minute.
    """
    child = await asyncio.to_thread(_spawn, folder, spec)
    _children.append(child)
    # Where it ended at once, its folder says why.
    if not await _comes(lambda: running.is_running(folder) or child.poll() is not None, _START_S):
        child.kill()
        raise TuningError(
            f"The trainer did not start within {_START_S:g} seconds; close other programs and "
            "try again."
        )


async def stop(folder: Path) -> None:
    """Stop the trainer in a folder, if there is one; within a minute and a half, or hard."""

    def stopped() -> bool:
        return not running.is_running(folder)

    await asyncio.to_thread(running.tell_to_stop, folder)
    if not await _comes(stopped, _STOP_S):
        await asyncio.to_thread(running.kill, folder)
        await _comes(stopped, _STOP_S)


def reap() -> None:
    """Let the system forget the trainers that have ended."""
    for child in [each for each in _children if each.poll() is not None]:
        _children.remove(child)


async def _comes(true: Callable[[], bool], within_s: float) -> bool:
    """Wait until something is true, for so many seconds at most; return whether it is."""
    end = time.monotonic() + within_s
    while True:
        found = await asyncio.to_thread(true)
        if found or time.monotonic() >= end:
            return found
        await asyncio.sleep(_LOOK_S)


def _spawn(folder: Path, spec: Spec) -> subprocess.Popen[bytes]:
    here = [sys.executable, "-P", "-m"]
    if spec.accelerate:
        here += ["accelerate.commands.launch", "--config_file", spec.accelerate, "-m"]
    environment = importing(os.environ)
    environment["OMP_NUM_THREADS"] = str(spec.threads)
    # Threads that spin while they wait made two of them ten times slower on a busy machine.
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS"):
        environment.setdefault(name, "1")
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(
            [*here, "lab.tuning.trainer", str(folder / SPEC)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,  # closing the terminal does not reach it
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
