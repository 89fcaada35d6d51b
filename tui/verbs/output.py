"""What the command line prints: data on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from tui.safe import one_line, visible


def prepare() -> None:
    """Make the streams take any text, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str = "") -> None:
    """Print a line of what was asked for, safe for a terminal."""
    sys.stdout.write(visible(text) + "\n")


def raw(text: str) -> None:
    """Print data as it is, for another program to read."""
    sys.stdout.write(text)


def data(value: Any) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def complain(sentence: str) -> None:
    """Print one plain sentence on stderr."""
    sys.stderr.write(f"litmus: {one_line(sentence, 1000)}\n")


def note(sentence: str) -> None:
    """Print something by the way on stderr."""
    sys.stderr.write(one_line(sentence, 1000) + "\n")


def hush() -> None:
    """Let nothing more be written, now that nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Progress:
    """One line on stderr that is written over; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = 0
        self._live = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Put a text in place of the last one."""
        if not self._live:
            return
        line = one_line(text, 100)
        sys.stderr.write("\r" + line + " " * max(0, self._shown - len(line)))
        sys.stderr.flush()
        self._shown = len(line)

    def done(self) -> None:
        """Take the line away."""
        if self._live and self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
            self._shown = 0


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print rows in columns; the columns in `right` are aligned to the right."""
    safe = [[one_line(cell, 100) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in safe) for column in range(len(safe[0]))]
    for row in safe:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
