"""The child process that reads one file into text: `python -m store.reader_worker`.

Its parent is `store.reading`. The request comes as JSON on standard input; the reply goes
to standard output as its length in 8 bytes, big-endian, and then that many bytes of JSON.
A file can make a parser hang, swell or crash, and here that costs this process alone.
Imports stand where they are used, since every file read pays for them.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Any, BinaryIO

PREFIX = 8
_MARKDOWN = (".md", ".markdown")


class Refused(Exception):
    """A file that cannot be read. `reason` is a key of `store.reading.SENTENCES`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def file_bytes(path: str, max_bytes: int) -> bytes:
    """Return what is in a regular file of at most `max_bytes`."""
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


def is_pdf(data: bytes, name: str) -> bool:
    """Tell a PDF by its content. Only a `.pdf` may have other bytes before the header."""
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\f\0").startswith(b"%PDF-"):
        return True
    return name.lower().endswith(".pdf") and b"%PDF-" in data[:1024]


def pdf_pages(data: bytes, password: str | None, max_chars: int) -> list[str]:
    """Return the text of each page of a PDF."""
    import struct
    import zlib
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

    from store.decoding import storable

    # pypdf says of broken files that they may raise more than its own errors.
    broken = (
        *(PyPdfError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError),
        *(RuntimeError, TypeError, ValueError, struct.error, zlib.error),
    )
    pages: list[str] = []
    chars = 0
    opened = False
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(password or ""):
            raise Refused("password" if password else "encrypted")
        count = len(reader.pages)
        opened = True
        for page in reader.pages:
            pages.append(storable(page.extract_text()))
            chars += len(pages[-1]) + 1
            if chars > max_chars:
                raise Refused("long")
    except DependencyError as error:
        raise Refused("crypto") from error
    except LimitReachedError as error:
        raise Refused("bomb") from error
    except broken as error:
        raise Refused("page" if opened else "damaged", str(len(pages) + 1)) from error
    if not count:
        raise Refused("damaged")
    if not any(text.strip() for text in pages):
        raise Refused("scan", f"{count} page" if count == 1 else f"{count} pages")
    return pages


def plain_text(data: bytes, max_chars: int) -> str:
    """Return the text of a file in any encoding."""
    from store.decoding import decode

    text = decode(data)
    if text is None:
        raise Refused("binary")
    if len(text) > max_chars:
        raise Refused("long")
    return text


def read_file(request: dict[str, Any]) -> dict[str, Any]:
    """Return what `store.reading.ReadDocument` needs to know of a file."""
    from hashlib import sha256
    from itertools import accumulate

    path: str = request["path"]
    data = file_bytes(path, request["max_bytes"])
    if is_pdf(data, path):
        media_type = "application/pdf"
        pages = pdf_pages(data, request["password"], request["max_chars"])
    else:
        media_type = "text/markdown" if path.lower().endswith(_MARKDOWN) else "text/plain"
        pages = [plain_text(data, request["max_chars"])]
    return {
        "sha256": sha256(data).hexdigest(),
        "media_type": media_type,
        "bytes": len(data),
        "text": "\f".join(pages),
        "pages": list(accumulate((len(page) + 1 for page in pages[:-1]), initial=0)),
    }


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


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"document": read_file(request)}
    except Refused as refused:
        return {"refused": refused.reason, "detail": refused.detail}


def _send(out: BinaryIO, reply: dict[str, Any]) -> None:
    import json

    payload = json.dumps(reply, ensure_ascii=False).encode()
    out.write(len(payload).to_bytes(PREFIX, "big"))
    out.write(payload)
    out.flush()


def main() -> None:
    """Serve one request."""
    import faulthandler
    import json
    import logging

    # What a library prints must not stand in the reply.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    request: dict[str, Any] = json.load(sys.stdin.buffer)
    # The parent keeps the time; should it die, a watchdog thread still ends this process.
    faulthandler.dump_traceback_later(request["timeout_s"] + 5, exit=True)
    bound_memory(request["max_memory"])
    try:
        _send(out, _reply(request))
    except MemoryError:
        _send(out, {"refused": "memory", "detail": ""})


if __name__ == "__main__":
    main()
