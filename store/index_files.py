"""The files of the index in a home folder, and what they tell without opening it.

`chroma` is Chroma's folder, `chroma.lock` is held by whoever has it open, `chroma.owner` says
who that is. `chroma.clean` is there while nobody has it open and every chunk in it was found;
it describes the index, so that a change by somebody else shows.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, cast

FOLDER = "chroma"
LOCK = "chroma.lock"
OWNER = "chroma.owner"
STAMP = "chroma.clean"
BROKEN = "chroma.broken-"
KEPT_BROKEN = 2
_ROOM_BYTES = 1 << 20

Json = dict[str, Any]


def owner(home: Path) -> Json:
    """Return who last said that they have the index: `pid`, `host`, `since` in Unix time.

    Empty when nobody does. One that was killed did not take it back, so ask `held` too.
    """
    return _read(home / OWNER)


def held(home: Path) -> bool:
    """Return whether a running Litmus has the index open."""
    from filelock import FileLock, Timeout

    if not (home / LOCK).exists():
        return False
    lock = FileLock(home / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def stamp(home: Path) -> Json:
    """Return what the index was like when it was last closed properly; empty otherwise."""
    return _read(home / STAMP)


def files(home: Path) -> Json:
    """Return each file of Chroma's folder with its size and the time of its last change."""
    folder = home / FOLDER
    found = ((file.relative_to(folder), file.stat()) for file in folder.rglob("*"))
    return {path.as_posix(): [stat.st_size, stat.st_mtime_ns] for path, stat in sorted(found)}


def closed_properly(home: Path, url: str = "") -> bool:
    """Return whether the index is as it was when it was last closed, every chunk found.

    A server, where `url` names one, is not asked.
    """
    told = stamp(home)
    if url:
        return told.get("url") == url
    return bool(told) and told.get("files") == files(home)


def check_room(home: Path) -> None:
    """Raise OSError where the home folder cannot be written, or the disk is full."""
    probe = home / f"{LOCK}.room"
    try:
        probe.write_bytes(b"\0" * _ROOM_BYTES)
    finally:
        probe.unlink(missing_ok=True)


def set_aside(home: Path) -> None:
    """Rename Chroma's folder, and keep only the last few that were renamed."""
    folder = home / FOLDER
    if folder.exists() or folder.is_symlink():
        folder.rename(home / f"{BROKEN}{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    for old in sorted(home.glob(f"{BROKEN}*"))[:-KEPT_BROKEN]:
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink(missing_ok=True)


def _read(path: Path) -> Json:
    try:
        told: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("Json", told) if isinstance(told, dict) else {}
