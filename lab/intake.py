"""Files on their way into a session: each read, kept, and told of as it comes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import document_versions
from lab.desk import Desk
from store.decoding import storable
from store.reading import ReadDocument, ReadingError, Stop, read, read_many
from store.records import Document

_REFRESH_S = 0.3

Ask = Callable[[Path, ReadingError], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was read and kept. `replaced` is the version before it, if it is a new one.

    `document` has another name than the file where it is the same as one that was there.
    """

    path: Path
    document: Document
    text: str
    replaced: Document | None

    @property
    def name(self) -> str:
        """The file's name, as it can be stored."""
        return storable(self.path.name)

    @property
    def standing(self) -> str:
        """How it stands to what was there before, in a clause; empty where it is all new."""
        document, replaced = self.document, self.replaced
        if storable(os.path.abspath(self.path)) != document.path:  # noqa: PTH100 - as it is read
            other = document.path if document.name == self.name else document.name
            return f"the same as {other}"
        if replaced is None:
            return ""
        again = " again" if document.version < replaced.version else ""
        clause = f"version {document.version}{again}"
        if set(replaced.promoted) - set(document.promoted):
            clause += f" (the store has version {replaced.version}; promote it anew)"
        return clause


async def take_in(
    desk: Desk,
    paths: Sequence[Path],
    *,
    attach: bool,
    password: str | None = None,
    stop: Stop | None = None,
    ask: Ask | None = None,
) -> AsyncGenerator[Taken | ReadingError]:
    """Read files into a session and yield for each, in order, what became of it.

    With `attach` they join the context. `ask` is asked for the password of an encrypted
    file, until it is right or None. Leaving early ends what is being read and sets `stop`;
    what was yielded is kept.
    """
    stop = stop or Stop()
    outcomes = read_many(paths, password=password, stop=stop)
    refreshed = time.monotonic()
    ended = False
    try:
        for path in paths:
            outcome = await asyncio.to_thread(next, outcomes)
            if isinstance(outcome, ReadingError) and ask is not None:
                outcome = await _unlocked(path, outcome, ask, stop)
            if isinstance(outcome, ReadingError):
                yield outcome
                continue
            kept = await desk.database.write(
                document_versions.keep, desk.session.id, outcome, attach=attach
            )
            if time.monotonic() - refreshed > _REFRESH_S:
                await desk.refresh_documents()
                refreshed = time.monotonic()
            yield Taken(path, kept.document, outcome.text, kept.replaced)
        ended = True
    finally:
        if not ended:
            stop.set()  # else a file that takes long would hold up the end
        await desk.refresh_documents()


async def take_back(desk: Desk, ids: Sequence[int]) -> None:
    """Undo the taking in of documents; the versions that they replaced are there again."""
    for document_id in ids:
        await desk.database.write(document_versions.take_back, document_id)
    await desk.refresh_documents()


async def _unlocked(
    path: Path, error: ReadingError, ask: Ask, stop: Stop
) -> ReadDocument | ReadingError:
    """Return a document that asks for a password, or the error with which it was given up."""
    while error.reason in ("encrypted", "password"):
        password = await ask(path, error)
        if not password:
            return error
        try:
            return await asyncio.to_thread(read, path, password=password, stop=stop)
        except ReadingError as again:
            error = again
    return error
