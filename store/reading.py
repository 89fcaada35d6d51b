"""Reading files into text, in worker processes with bounds on time, size and memory.

A file comes from anywhere, and the libraries that parse it can hang, swell or crash on
it. So files are read by child processes (`store.reader_process`), and the worst that one can
do is to become a `ReadingError`. Plain text goes the same way: then a file on a dead network
drive cannot hang the program either.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from store.reader_process import Reader, Stop
from store.reading_errors import MAX_FILES, MAX_MEMORY, ReadingError

__all__ = ["ReadDocument", "ReadingError", "Stop", "expand", "is_markdown", "read", "read_many"]

TIMEOUT_S = 60.0
MAX_BYTES = 64_000_000
MAX_CHARS = 20_000_000
# Text is cut along headings and tables where a reader writes them as Markdown.
_AS_MARKDOWN = ("text/markdown", "text/html", "application/epub+zip")


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file as text.

    `path` is absolute. `sha256` and `bytes` are of the file as stored. `pages` are the
    character offsets in `text` at which pages begin, and a form feed ends each but the last:
    a PDF's pages, a presentation's slides, a workbook's sheets, a book's chapters. Any other
    file is one page. All strings can be stored as UTF-8.
    """

    name: str
    path: str
    sha256: str
    media_type: str
    bytes: int
    text: str
    pages: tuple[int, ...]


def is_markdown(media_type: str) -> bool:
    """Tell whether a document's text is Markdown, by the media type of its file."""
    return media_type in _AS_MARKDOWN or media_type.endswith(
        (".wordprocessingml.document", ".opendocument.text")
    )


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

    What a file is, is told by its content; see `store.readers.kinds`. Raises ReadingError
    when it cannot be read.
    """
    limits = {"timeout_s": timeout_s, "max_bytes": max_bytes, "max_chars": max_chars}
    reader = Reader(stop or Stop())
    try:
        return _read(reader, path, password, limits)
    finally:
        reader.close()


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
    limits = {"timeout_s": timeout_s, "max_bytes": max_bytes, "max_chars": MAX_CHARS}
    readers = [Reader(stop) for _ in range(workers)]
    idle: SimpleQueue[Reader] = SimpleQueue()
    for reader in readers:
        idle.put(reader)

    def outcome(path: Path) -> ReadDocument | ReadingError:
        reader = idle.get()
        try:
            return _read(reader, path, password, limits)
        except ReadingError as error:
            return error
        finally:
            idle.put(reader)

    running: deque[Future[ReadDocument | ReadingError]] = deque()
    try:
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
    finally:
        for reader in readers:
            reader.close()


def _read(
    reader: Reader, path: Path, password: str | None, limits: dict[str, float]
) -> ReadDocument:
    try:
        where = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the person named them
    except OSError as error:  # the current folder is gone
        raise ReadingError(path, "missing") from error
    request = {"path": str(where), "password": password, "max_memory": MAX_MEMORY, **limits}
    reply, text = reader.ask(path, request, timeout_s=limits["timeout_s"])
    if "refused" in reply:
        raise ReadingError(path, reply["refused"], reply["detail"], **limits)
    found: dict[str, Any] = reply["document"]
    return ReadDocument(
        name=_stored(where.name),
        path=_stored(where),
        text=text.decode(),
        pages=tuple(found.pop("pages")),
        **found,
    )


def expand(
    paths: Iterable[Path], *, max_files: int = MAX_FILES, stop: Stop | None = None
) -> list[Path]:
    """Return the files that are meant by paths: a folder stands for all files under it.

    A folder's files come sorted; hidden ones, and links to other folders, are left out.
    A folder that may not be opened is returned itself, so that reading it says so, and no
    path comes twice. Raises ReadingError when there are more than `max_files`, or when it is
    stopped.
    """
    found: dict[Path, None] = {}
    for path in paths:
        is_folder = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir can raise
        for file in _files_under(path, stop or Stop()) if is_folder else [path]:
            found[file] = None
            if len(found) > max_files:
                raise ReadingError(path, "many", max_files=max_files)
    return list(found)


def _files_under(folder: Path, stop: Stop) -> Iterator[Path]:
    closed: list[Path] = []

    def note(error: OSError) -> None:
        closed.append(Path(error.filename))

    for top, folders, names in os.walk(folder, onerror=note):
        if stop.is_set():
            raise ReadingError(folder, "stopped")
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


def _stored(name: Path | str) -> str:
    """Return a name that UTF-8 can hold; Linux allows others."""
    from store.decoding import storable

    return storable(str(name))
