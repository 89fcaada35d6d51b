"""Chroma's client, for the child that owns the index: of a folder, or of a server.

What Chroma and what is under it raise becomes `Refused`, with a reason that
`store.vector_index` has a sentence for.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SERVER_S = 10.0
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Refused(Exception):
    """A request that cannot be met. `reason` is a key of `store.vector_index.SENTENCES`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def folder(path: Path) -> Any:
    """Return the client of a folder, which is made where there is none."""
    import chromadb
    from chromadb.config import Settings

    if path.exists() and not path.is_dir():
        raise Refused("broken", "it is no folder")
    path.mkdir(mode=0o700, exist_ok=True)
    return chromadb.PersistentClient(path, settings=Settings(anonymized_telemetry=False))


def server(url: str) -> Any:
    """Return the client of a Chroma server. Raises Refused."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 8000)
    except ValueError:
        raise Refused("url", _shown(url)) from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.path.strip("/"):
        raise Refused("url", _shown(url))
    if host in ("localhost", "127.0.0.1", "::1"):
        # A proxy for the world outside cannot reach this machine.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = host
    _check_server(url)
    import chromadb
    from chromadb.config import Settings

    return chromadb.HttpClient(
        f"[{host}]" if ":" in host else host,
        port,
        ssl=parts.scheme == "https",
        settings=Settings(anonymized_telemetry=False),
    )


def _shown(url: str) -> str:
    """Return an address without the password that may be in it."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('//')[0]}//…@{tail}" if at else url


def _check_server(url: str) -> None:
    """Raise Refused where there is no server that this client understands."""
    import httpx

    answer = httpx.get(f"{url.rstrip('/')}/api/v2/version", timeout=_SERVER_S)
    if answer.status_code in (401, 403):
        raise Refused("auth", url)
    version = answer.text.strip().strip('"') if answer.is_success else ""
    if not version.startswith("1."):
        raise Refused("version", url)


@contextmanager
def told(url: str) -> Generator[None]:
    """Turn what a library raises into `Refused`."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        # Its libraries are imported only now, since a request can fail before they are needed.
        refused = _refused(error, url)
        if refused is None:
            raise
        raise refused from error


def _refused(error: Exception, url: str) -> Refused | None:
    """Return what an error means, None where it is none of Chroma's nor of the system's."""
    if isinstance(error, OSError):
        reason = "full" if error.errno in _FULL else "permission"
        return Refused(reason, error.strerror or str(error))
    import httpx
    from chromadb.errors import AuthorizationError, ChromaAuthError, ChromaError, NotFoundError

    if isinstance(error, NotFoundError):
        return Refused("missing", str(error))
    if isinstance(error, ChromaAuthError | AuthorizationError):
        return Refused("auth", url)
    if isinstance(error, ChromaError):
        return Refused(_why(str(error)), str(error))
    if isinstance(error, httpx.TimeoutException):
        return Refused("silent", url)
    if isinstance(error, httpx.HTTPError):
        return Refused("down", url)
    # Chroma's client raises just these for an answer that is not Chroma's.
    if url and type(error) in (Exception, ValueError):
        return Refused("version", url)
    return None


def _why(text: str) -> str:
    """Return which refusal Chroma's own error means."""
    said = text.lower()
    if "disk is full" in said or "no space left" in said:
        return "full"
    if "readonly" in said or "read-only" in said or "permission denied" in said:
        return "permission"
    return "broken"
