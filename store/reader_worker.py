"""The child process that reads files into text: `python -m store.reader_worker`.

Its parent is `store.reader_process`. A file can make a parser hang, swell or crash, and here
that costs this process alone. Imports stand where they are used, since every child pays for
them.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Any

_MAX_KEPT_MEMORY = 300_000_000
# What says nothing about the state that this process is in.
_HARMLESS = {
    *("missing", "folder", "special", "permission", "unreadable", "large", "long", "empty"),
    *("blank", "binary", "format", "encrypted", "password", "locked", "scan"),
}


def file_bytes(path: str, max_bytes: int) -> bytes:
    """Return what is in a regular file of at most `max_bytes`."""
    from store.readers.source import Refused

    try:
        # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            known = os.fstat(file.fileno())
            if not stat.S_ISREG(known.st_mode):
                raise Refused("special")
            if known.st_size > max_bytes:
                raise Refused("large")
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise Refused(_why_not_open(path, error), getattr(error, "strerror", "") or "") from error
    if len(data) > max_bytes:
        raise Refused("large")
    if not data:
        raise Refused("empty")
    return data


def _why_not_open(path: str, error: OSError | ValueError) -> str:
    if isinstance(error, (FileNotFoundError, NotADirectoryError, ValueError)):
        return "missing"
    # Each system has its own error for opening a folder.
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir can raise
        return "folder"
    if isinstance(error, PermissionError):
        return "permission"
    return "special" if error.errno == errno.ENXIO else "unreadable"


def read_file(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return what `store.reading.ReadDocument` needs to know of a file, and its text."""
    from hashlib import sha256
    from itertools import accumulate

    from store.readers import kinds
    from store.readers.source import Source

    path: str = request["path"]
    data = file_bytes(path, request["max_bytes"])
    media_type, pages = kinds.pages(Source(path, data, request["max_chars"], request["password"]))
    found = {
        "sha256": sha256(data).hexdigest(),
        "media_type": media_type,
        "bytes": len(data),
        "pages": list(accumulate((len(page) + 1 for page in pages[:-1]), initial=0)),
    }
    return found, "\f".join(pages).encode()


def bound_memory(limit: int) -> None:
    """Limit this process's address space, in bytes, where the system can do that.

    Windows has no such call; there the limits on time, file and text remain.
    """
    if sys.platform == "win32":
        return
    import resource

    for which, most in ((resource.RLIMIT_AS, limit), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        try:
            resource.setrlimit(which, (most if hard < 0 else min(most, hard), hard))
        except (OSError, ValueError):  # macOS refuses a limit under what is mapped already
            continue


def _memory() -> int:
    """Return how many bytes of memory this process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib costs an import
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def handle(request: dict[str, Any], _data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a document or why there is none, and `again` when this process is still sound."""
    from store.readers.source import Refused

    bound_memory(request["max_memory"])
    text = b""
    try:
        document, text = read_file(request)
        reply: dict[str, Any] = {"document": document, "again": _memory() < _MAX_KEPT_MEMORY}
    except Refused as refused:
        again = refused.reason in _HARMLESS and _memory() < _MAX_KEPT_MEMORY
        reply = {"refused": refused.reason, "detail": refused.detail, "again": again}
    except MemoryError:
        reply = {"refused": "memory", "detail": "", "again": False}
    return reply, text


if __name__ == "__main__":
    from store.child import serve

    serve(handle)
