"""Importing a benchmark: read it, show what it would become, then store all of it or nothing.

What the app and the command line share. Both do the same: `Import.read`, then show
`summary` and `first_rows`, then `Import.store`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lab.desk import Desk
from lab.grading.assertions import format_lines
from lab.imports.keeping import Outcome, compare, keep
from lab.interop import formats
from lab.interop.source import ImportResult, Stopped, Wishes
from store.records import CaseDraft

ROWS = 5
_LEAST_FOR_PROGRESS = 2000


class Import:
    """One import, in threads; `stop` ends it, and then nothing is stored.

    `stage`, `done` and `of` say how far it is, in cases; 0 is not known.
    """

    def __init__(self) -> None:
        self.stage = "Reading"
        self.done = 0
        self.of = 0
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End what is going on as soon as it can be; it then raises Stopped."""
        self._stopped.set()

    def __str__(self) -> str:
        if self.of < _LEAST_FOR_PROGRESS:
            return f"{self.stage} …"
        return f"{self.stage} {self.done:,} of about {self.of:,} cases"

    async def read(
        self, path: Path, format: str = "", wishes: Wishes | None = None
    ) -> ImportResult:
        """Read a file. Raises ImportProblem, and Stopped also where the wait is cancelled."""
        wishes = replace(wishes or Wishes(), progress=self._tell)
        work = asyncio.ensure_future(asyncio.to_thread(formats.read, path, format, wishes))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait([work])
            work.exception()  # looked at, so that asyncio does not complain of it
            raise Stopped from None

    async def compare(self, desk: Desk, result: ImportResult) -> Outcome:
        """Return what storing with `overwrite` would do. Raises Stopped."""
        self.stage, self.done, self.of = "Comparing", 0, len(result.cases)
        return await desk.database.read(compare, desk.session.id, result, self._tell)

    async def store(
        self, desk: Desk, path: Path, result: ImportResult, *, overwrite: bool = False
    ) -> Outcome:
        """Store the cases and their documents in one go.

        With `overwrite` a case whose id the session has already gets a new revision where
        its content differs. Raises Conflict without, and Stopped; cancelling the wait stops
        it, unless it is stored by then.
        """
        self.stage, self.done, self.of = "Storing", 0, len(result.cases)
        work = asyncio.ensure_future(
            desk.database.write(keep, desk.session.id, path, result, overwrite, self._tell)
        )
        try:
            outcome = await asyncio.shield(work)
        except asyncio.CancelledError:
            self.stop()
            outcome = await work
        await desk.refresh_documents()
        return outcome

    def _tell(self, done: int, of: int) -> None:
        if self._stopped.is_set():
            raise Stopped
        self.done, self.of = done, of


def is_understood(result: ImportResult) -> bool:
    """Tell whether nothing of the file was left out or read otherwise than elsewhere."""
    return not (result.unknown or result.notes)


def summary(result: ImportResult, file: str) -> list[str]:
    """Return lines that say what a file holds and what of it was not understood."""
    tests = sum(case.split == "test" for case in result.cases)
    lines = [
        f"{file}: {formats.title(result.format)}, {_count(len(result.cases), 'case')} "
        f"({tests:,} test, {len(result.cases) - tests:,} train)"
    ]
    if result.by_hand:
        lines.append(f"{result.by_hand:,} to label by hand: the machine can check nothing in them")
    renamed = [f"{column} → {field}" for field, column in result.columns if column != field]
    if renamed:
        lines.append("Read as: " + ", ".join(renamed))
    if result.documents:
        names = _listed([document.name for document in result.documents])
        lines.append(f"With {_count(len(result.documents), 'document')}: {names}")
    if result.unknown:
        lines.append("Not used: " + _listed(result.unknown, 20))
    for note in result.notes:
        where = f", first in line {note.line:,}" if note.line is not None else ""
        lines.append(f"Note: {note.what} ({_count(note.cases, 'case')}{where})")
    return lines


def first_rows(result: ImportResult) -> list[tuple[str, str, str]]:
    """Return the first cases as (id, prompt, what is expected)."""
    return [
        (case.key or "–", _asked(case), format_lines(case.expectation) or "by hand")
        for case in result.cases[:ROWS]
    ]


def _asked(case: CaseDraft) -> str:
    turns = len(case.messages)
    return f"(after {_count(turns, 'message')}) {case.prompt}" if turns else case.prompt


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
