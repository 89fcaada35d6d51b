"""The child processes in which files are read, as their parent sees them.

A child (`store.reader_worker`) reads one file after the other for as long as all goes well.
After any trouble the next file gets a new one, so that nothing which a file did to its
reader can reach another file.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from store.child import Child, ChildError
from store.reading_errors import ReadingError

WORKER = "store.reader_worker"


class Stop:
    """Ends reads that run in other threads: they raise a `ReadingError` at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[Child] = set()
        self._is_set = False

    def set(self) -> None:
        """End the reads that run now and refuse those that come."""
        with self._lock:
            self._is_set = True
            for child in self._children:
                child.end()

    def is_set(self) -> bool:
        return self._is_set

    def add(self, child: Child) -> None:
        """Let `set` end a child."""
        with self._lock:
            self._children.add(child)
            if self._is_set:
                child.end()

    def remove(self, child: Child) -> None:
        """Forget a child that has ended."""
        with self._lock:
            self._children.discard(child)


class Reader:
    """Reads files in a child process, one at a time. For one thread at a time."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._child: Child | None = None

    def ask(
        self, path: Path, request: dict[str, Any], *, timeout_s: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return what the child says of a file, and the file's text in UTF-8.

        Raises ReadingError when there is no answer within the time.
        """
        if self._stop.is_set():
            raise ReadingError(path, "stopped")
        fresh = self._child is None
        try:
            child = self._child or self._start()
            reply, text = child.ask(request, timeout_s=timeout_s)
        except ChildError as error:
            self.close()
            if self._stop.is_set():
                raise ReadingError(path, "stopped") from error
            if not fresh and error.reason == "died":
                # Perhaps of what was before: the file is owed a child of its own.
                return self.ask(path, request, timeout_s=timeout_s)
            raise ReadingError(path, error.reason, error.detail, timeout_s=timeout_s) from error
        if not reply.get("again"):
            self.close()
        return reply, text

    def close(self) -> None:
        """End the child process, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.end()
            self._stop.remove(child)

    def _start(self) -> Child:
        # It is given absolute paths, and its own folder is one that is there.
        child = self._child = Child(WORKER, folder=Path(__file__).parent)
        self._stop.add(child)
        return child
