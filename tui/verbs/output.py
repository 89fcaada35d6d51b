"""What the command line prints: data on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from store.errors import PlainError
from tui.safe import one_line, visible


class OutputError(PlainError):
    """What was asked for cannot be printed."""


def prepare() -> None:
    """Make the streams take any text, whatever the terminal's encoding, or if there is none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str = "") -> None:
    """Print a line of what was asked for, safe for a terminal."""
    _write(visible(text).replace("\n", "␊") + "\n")


def marked(text: str, spans: Iterable[tuple[int, int]], *, indent: str = "") -> None:
    """Print a text as one paragraph, its `spans` of characters in bold where that can be shown.

    On a terminal it is broken between words at the terminal's width.
    """
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    bold = {at for start, end in spans for at in range(start, end)} if live else set[int]()
    width = shutil.get_terminal_size().columns - 1 if live else sys.maxsize
    line, used = indent, len(indent)
    for word in re.finditer(r"\S+", text):
        room = len(visible(word[0])) + 1
        if used + room > width and used > len(indent):
            _write(line.rstrip() + "\n")
            line, used = indent, len(indent)
        line += _word(word[0], word.start(), bold) + " "
        used += room
    _write(line.rstrip() + "\n")


def _word(word: str, start: int, bold: set[int]) -> str:
    parts = groupby(enumerate(word, start), key=lambda item: item[0] in bold)
    shown = ((strong, visible("".join(char for _, char in part))) for strong, part in parts)
    return "".join(f"\x1b[1m{part}\x1b[22m" if strong else part for strong, part in shown)


def raw(text: str) -> None:
    """Print data as it is, in UTF-8 as files have it, for another program to read."""
    flush()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    _write(text, flush=True)


def data(value: Any) -> None:
    """Print one JSON object."""
    _write(json.dumps(value, indent=2) + "\n")


def complain(sentence: str) -> None:
    """Print one plain sentence on stderr."""
    sys.stderr.write(f"litmus: {one_line(sentence, 1000)}\n")


def note(sentence: str) -> None:
    """Print something by the way on stderr."""
    sys.stderr.write(one_line(sentence, 1000) + "\n")


def flush() -> None:
    """Write out what was printed. Raises OutputError, and BrokenPipeError as `_write` does."""
    _write("", flush=True)


def _write(text: str, *, flush: bool = False) -> None:
    """Write to stdout. Raises OutputError, or BrokenPipeError where the reader went away."""
    try:
        sys.stdout.write(text)
        if flush:
            sys.stdout.flush()
    except OSError as error:
        # Else the interpreter would try once more at its end, and complain in its own way.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"Cannot write to standard output ({reason}).") from error


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
        _write("  ".join(cells).rstrip() + "\n")
