"""What a training can go on from: the checkpoints in its folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

_CHECKPOINT = "checkpoint-"
_STATE = "trainer_state.json"


def last_checkpoint(folder: Path) -> tuple[int, Path] | None:
    """Return the step and the folder of a job's newest whole checkpoint, None without one.

    The trainer's state is written last; a checkpoint without it was torn, by a kill or a full
    disk.
    """
    found = [(_step(path), path) for path in folder.glob(f"{_CHECKPOINT}*") if _is_whole(path)]
    return max(found) if found else None


def drop_torn(folder: Path) -> None:
    """Delete the checkpoints that nothing can go on from, which take room all the same."""
    for path in folder.glob(f"{_CHECKPOINT}*"):
        if not _is_whole(path):
            shutil.rmtree(path, ignore_errors=True)


def drop_checkpoints(folder: Path) -> None:
    """Delete what a training could go on from; that it had got there stays on record."""
    for path in folder.glob(f"{_CHECKPOINT}*/*"):
        if path.name != _STATE and path.is_file():
            path.unlink(missing_ok=True)


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.removeprefix(_CHECKPOINT)
    return int(number) if number.isdecimal() else -1


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return _step(checkpoint) >= 0
