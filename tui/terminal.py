"""A terminal that may go away while the app still writes to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class Outlasting:
    """A text file to which writing does nothing once it is gone.

    Textual's writer thread dies of an error, as the first write to a closed window gives;
    its short queue then fills, and the event loop waits on it for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def outlasting_terminal() -> Iterator[None]:
    """While this lasts, what the app paints on (`sys.__stderr__`) may go away unnoticed."""
    painted = sys.__stderr__
    if painted is None:
        yield
        return
    sys.__stderr__ = cast(TextIO, Outlasting(painted))  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = painted  # type: ignore[misc]
