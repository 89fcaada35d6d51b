"""What a training tells while it works: one JSON object a line, in a file and on a pipe.

Each line has `kind`, `at` (seconds since the epoch) and, where it is of one, `step`:

- `status`: `state` is `loading`, `ready`, `running` (with `start` and `total` steps),
  `saved` or `cancelled`
- `metrics`: `loss`, `lr`, `s_per_step`, and `steps`, of how many this is one
- `heldout`: `right` of `of` validation examples, and the `seconds` that it took to ask them
- `message`: `text`, a sentence
- `result`: `state` is `succeeded` (with the adapter's record) or `failed` (with `error`)
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

EVENTS = "events.jsonl"
_ROOM = "room-for-the-last-words"
_ROOM_BYTES = 1 << 16
_NOT_DATA = ("kind", "at", "step")


@dataclass(frozen=True, slots=True)
class Told:
    """A line that was read: its place in the file from 1, and what it says."""

    line: int
    at: float
    kind: str
    step: int | None
    data: dict[str, Any]


class Teller:
    """Writes a training's lines. A second process of the same training should have none."""

    def __init__(self, folder: Path, pipe: IO[str] | None = None) -> None:
        """Append to the folder's file, and to `pipe`. Raises OSError."""
        self._pipe = pipe
        # A full disk must still take the sentence that says so.
        self._room = folder / _ROOM
        self._room.write_bytes(bytes(_ROOM_BYTES))
        path = folder / EVENTS
        torn = path.is_file() and not path.read_bytes().endswith((b"\n",)) and path.stat().st_size
        self._file = path.open("ab", buffering=0)
        if torn:  # the process before was killed amid a line
            self._file.write(b"\n")

    def __call__(self, kind: str, step: int | None = None, **data: Any) -> None:
        """Tell something. Raises OSError where it cannot be kept."""
        line = json.dumps({"kind": kind, "at": time.time(), "step": step, **data}) + "\n"
        if self._pipe is not None:
            try:
                self._pipe.write(line)
                self._pipe.flush()
            except OSError:  # whoever listened is gone; the file is what counts
                self._pipe = None
        try:
            self._write(line.encode())
        except OSError as error:
            if error.errno != errno.ENOSPC or not self._room.exists():
                raise
            self._room.unlink()
            self._write(b"\n" + line.encode())  # part of it may be there

    def close(self) -> None:
        """Give back the room that was kept."""
        self._file.close()
        with suppress(OSError):
            self._room.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[self._file.write(data) or 0 :]


def real_stdout() -> IO[str]:
    """Return what standard output was, and point descriptor 1 at standard error.

    Libraries, native ones too, print there whenever they like.
    """
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return pipe


def read(folder: Path, offset: int = 0, line: int = 0) -> tuple[list[Told], int, int]:
    """Return what was told from a byte on, and the byte and the line to go on from.

    Only whole lines count; what is no event is passed over. No file is no events.
    """
    try:
        with (folder / EVENTS).open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset, line
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.split(b"\n")[:-1]
    return list(_told(lines, line)), offset + len(whole), line + len(lines)


def spent_s(folder: Path) -> float:
    """Return how many seconds went into training in a folder, and into looking how it goes.

    All its processes together; what lay between them does not count, nor loading.
    """
    told = read(folder)[0]
    steps = (each.data.get("s_per_step") for each in told if each.kind == "metrics")
    looks = (each.data.get("seconds") for each in told if each.kind == "heldout")
    return sum(each for each in (*steps, *looks) if isinstance(each, int | float))


def _told(lines: list[bytes], before: int) -> Iterator[Told]:
    for place, text in enumerate(lines, before + 1):
        try:
            value: Any = json.loads(text)
        except ValueError:
            continue
        if not isinstance(value, dict):
            continue
        said = cast(dict[str, Any], value)
        kind, at, step = said.get("kind"), said.get("at"), said.get("step")
        if isinstance(kind, str) and isinstance(at, int | float):
            data = {name: each for name, each in said.items() if name not in _NOT_DATA}
            yield Told(place, float(at), kind, step if isinstance(step, int) else None, data)
