"""Reading files into text, each in a worker process with bounds on time, size and memory.

A file comes from anywhere, and the libraries that parse it can hang, swell or crash on
it. So each file is read by a fresh child process (`store.reader_worker`), and the worst
that it can do is to become a `ReadingError`. Plain text goes the same way: a child costs
some 30 ms, and then a file on a dead network drive cannot hang the program either.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.errors import StoreError
from store.reader_worker import PREFIX

TIMEOUT_S = 60.0
MAX_BYTES = 64_000_000
MAX_CHARS = 20_000_000
MAX_MEMORY = 2 << 30
MAX_FILES = 10_000

SENTENCES = {
    "missing": "{name} is not there; check the path {path}.",
    "folder": "{name} is a folder, not a file; choose the files in it.",
    "special": "{name} is not a regular file; save what it gives into a file first.",
    "permission": "{name} may not be read by you; change its permissions.",
    "unreadable": "{name} cannot be read ({detail}); copy it to another place and try again.",
    "large": "{name} is larger than {max_bytes:,} bytes; split it or take out what is not needed.",
    "long": "{name} has more than {max_chars:,} characters of text; split it.",
    "empty": "{name} is empty; choose a file that has text in it.",
    "binary": "{name} is not text; save it as text, Markdown or PDF.",
    "encrypted": "{name} is encrypted; give its password.",
    "password": "{name} does not open with this password; give another.",
    "crypto": "{name} is encrypted in a way that needs the Python package cryptography; "
    "install it, or save the PDF without a password.",
    "scan": "{name} has {detail} and no text, as scans have; run text recognition (OCR) on it.",
    "damaged": "{name} is a damaged PDF; get it again, or save it anew from a PDF viewer.",
    "page": "{name} is damaged on page {detail}; get it again, or save it anew from a PDF viewer.",
    "bomb": "{name} unpacks to more than is safe to read; save it anew from a PDF viewer.",
    "memory": "{name} needs more than {max_memory:,} bytes of memory to read; split it.",
    "slow": "{name} took longer than {timeout_s:g} s to read; split it, or allow more time.",
    "stopped": "{name} was not read, because reading was stopped; read it again.",
    "died": "{name} made its reader stop ({detail}); save it anew in another format.",
    "start": "{name} was not read: no worker process could start ({detail}); close other programs.",
    "many": "{name} holds more than {max_files:,} files; choose a smaller folder.",
}


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file as text.

    `path` is absolute. `sha256` and `bytes` are of the file as stored. `pages` are the
    character offsets in `text` at which pages begin; a PDF's pages are joined by a form
    feed, any other file is one page. All strings can be stored as UTF-8.
    """

    name: str
    path: str
    sha256: str
    media_type: str
    bytes: int
    text: str
    pages: tuple[int, ...]


class ReadingError(StoreError):
    """A file that was not read. Its str is one sentence that says what to do.

    `reason` is a key of `SENTENCES`; `encrypted` and `password` ask for a password.
    """

    def __init__(self, path: Path, reason: str, detail: str = "", **limits: float) -> None:
        name = path.name or str(path)
        values = {"max_files": MAX_FILES, "max_memory": MAX_MEMORY, **limits}
        super().__init__(
            SENTENCES[reason].format(name=_shown(name), path=_shown(path), detail=detail, **values)
        )
        self.path = path
        self.reason = reason


class Stop:
    """Ends reads that run in other threads: they raise a `ReadingError` at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: set[subprocess.Popen[bytes]] = set()
        self._is_set = False

    def set(self) -> None:
        """End the reads that run now and refuse those that come."""
        with self._lock:
            self._is_set = True
            for worker in self._workers:
                worker.kill()

    def is_set(self) -> bool:
        return self._is_set

    def add(self, worker: subprocess.Popen[bytes]) -> None:
        """Let `set` end a worker."""
        with self._lock:
            self._workers.add(worker)
            if self._is_set:
                worker.kill()

    def remove(self, worker: subprocess.Popen[bytes]) -> None:
        """Forget a worker that has ended."""
        with self._lock:
            self._workers.discard(worker)


def read(
    path: Path,
    *,
    password: str | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
    max_chars: int = MAX_CHARS,
    stop: Stop | None = None,
) -> ReadDocument:
    """Return a file's text; blocks for at most about `timeout_s` seconds.

    What a file is, is told by its content: a PDF is read by pypdf, anything else as text
    in the encoding that fits best. Raises ReadingError when that cannot be done.
    """
    limits = {"timeout_s": timeout_s, "max_bytes": max_bytes, "max_chars": max_chars}
    request = {"path": os.fspath(path), "password": password, "max_memory": MAX_MEMORY, **limits}
    stop = stop or Stop()
    if stop.is_set():
        raise ReadingError(path, "stopped")
    # JSON holds a character in at most 6 bytes.
    reply = _ask_worker(path, request, max_reply=max_chars * 6 + 1_000_000, stop=stop)
    if "refused" in reply:
        raise ReadingError(path, reply["refused"], reply["detail"], **limits)
    found: dict[str, Any] = reply["document"]
    where = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the person named them
    pages = tuple(found.pop("pages"))
    return ReadDocument(name=_stored(where.name), path=_stored(where), pages=pages, **found)


def read_many(
    paths: Iterable[Path],
    *,
    workers: int = 2,
    password: str | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
    stop: Stop | None = None,
) -> Iterator[ReadDocument | ReadingError]:
    """Yield for each path, in the given order, its document or why there is none.

    At most `workers` files are read at a time, and few are read ahead of the consumer.
    Leaving early ends the reads that run, and sets `stop`.
    """
    stop = stop or Stop()

    def outcome(path: Path) -> ReadDocument | ReadingError:
        try:
            return read(
                path, password=password, timeout_s=timeout_s, max_bytes=max_bytes, stop=stop
            )
        except ReadingError as error:
            return error

    running: deque[Future[ReadDocument | ReadingError]] = deque()
    with ThreadPoolExecutor(workers, "litmus-reading") as pool:
        try:
            for path in paths:
                running.append(pool.submit(outcome, path))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            stop.set()
            raise


def expand(paths: Iterable[Path], *, max_files: int = MAX_FILES) -> list[Path]:
    """Return the files that are meant by paths: a folder stands for all files under it.

    A folder's files come sorted; hidden ones, and links to other folders, are left out.
    A folder that may not be opened is returned itself, so that reading it says so, and no
    path comes twice. Raises ReadingError when there are more than `max_files`.
    """
    found: dict[Path, None] = {}
    for path in paths:
        is_folder = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir can raise
        for file in _files_under(path) if is_folder else [path]:
            found[file] = None
            if len(found) > max_files:
                raise ReadingError(path, "many", max_files=max_files)
    return list(found)


def _files_under(folder: Path) -> Iterator[Path]:
    closed: list[Path] = []

    def note(error: OSError) -> None:
        closed.append(Path(error.filename))

    for top, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(top, name) for name in sorted(names) if not name.startswith("."))
        yield from (file for file in files if not _is_special(file))
    yield from closed


def _is_special(file: Path) -> bool:
    """Tell pipes, devices and sockets. What cannot be told is left to the reader to name."""
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False


def _ask_worker(
    path: Path, request: dict[str, Any], *, max_reply: int, stop: Stop
) -> dict[str, Any]:
    """Return the reply of a fresh worker, which is gone when this returns or raises."""
    late = threading.Event()
    try:
        worker = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise ReadingError(path, "start", error.strerror or "unknown reason") from error

    def end() -> None:
        late.set()
        worker.kill()

    clock = threading.Timer(request["timeout_s"], end)
    clock.daemon = True
    stop.add(worker)
    with worker:
        clock.start()
        try:
            raw = _exchange(worker, json.dumps(request).encode(), max_reply)
        finally:
            clock.cancel()
            worker.kill()
            stop.remove(worker)
    size, payload = int.from_bytes(raw[:PREFIX], "big"), raw[PREFIX:]
    if len(raw) > PREFIX and len(payload) == size:
        return json.loads(payload)
    if stop.is_set():
        raise ReadingError(path, "stopped")
    if late.is_set():
        raise ReadingError(path, "slow", timeout_s=request["timeout_s"])
    raise ReadingError(path, "died", f"exit status {worker.returncode}")


def _exchange(worker: subprocess.Popen[bytes], request: bytes, max_reply: int) -> bytes:
    """Send the request; return all that came back, cut at `max_reply` bytes."""
    assert worker.stdin and worker.stdout
    try:
        with worker.stdin:
            worker.stdin.write(request)
    except OSError:  # it ended before it had read the request; its silence says so
        return b""
    return worker.stdout.read(max_reply)


def _command() -> list[str]:
    # -P: what lies in the current folder must not stand in for a library.
    return [sys.executable, "-P", "-m", "store.reader_worker"]


def _environment() -> dict[str, str]:
    """Let the worker import what this process imports, however that was set up."""
    here = str(Path(__file__).resolve().parent.parent)
    folders = [folder for folder in [*sys.path, here] if folder]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def _shown(name: Path | str) -> str:
    """Return a name fit for one line of a message."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(name))


def _stored(name: Path | str) -> str:
    """Return a name that UTF-8 can hold; Linux allows others."""
    from store.decoding import storable

    return storable(str(name))
