"""`litmus bench`: bring cases in, list them, write them out."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from lab.case_filter import read_filter
from lab.context import changes
from lab.desk import Desk
from lab.engine import Engine
from lab.grading.assertions import format_lines
from lab.imports.benchmark import ROWS, Import, first_rows, is_understood, summary
from lab.imports.keeping import Outcome
from lab.interop import formats
from lab.interop.columns import parse_mapping
from lab.interop.source import ImportResult, Stopped, Wishes
from store import filters
from store.errors import Conflict, StoreError
from store.records import Case
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine

Done = TypeVar("Done")


def read(options: argparse.Namespace) -> int:
    """Show what a file holds where that is wished or due, then add all of its cases or none."""
    wishes = Wishes(parse_mapping(options.map), options.strict)
    job = Import()
    try:
        found = asyncio.run(_watched(job, job.read(options.file, options.format, wishes)))
    except (Stopped, KeyboardInterrupt):
        return _stopped(options.file)
    if options.dry_run:
        output.data(_data(found)) if options.json else _preview(found, options.file)
        return 0
    asked = not is_understood(found) and _can_ask(options)
    try:
        if asked and not _agreed(found, options.file):
            output.note("Nothing was imported.")
            return 1
    except KeyboardInterrupt:
        return _stopped(options.file)

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        storing = job.store(desk, options.file, found, overwrite=options.replace)
        try:
            outcome = await _watched(job, storing)
        except Conflict as error:
            raise Conflict(
                f"{str(error)[:-1]}; --replace gives the ones that are there a new revision."
            ) from None
        except Stopped:
            return _stopped(options.file)
        if options.json:
            counts = {"new": outcome.new, "revised": outcome.revised}
            counts["unchanged"] = outcome.unchanged
            lacking = {"documents_lacking": list(outcome.lacking)}
            output.data({"session": desk.session.name, **_data(found), **counts, **lacking})
        else:
            output.say(_told(found, outcome, desk.session.name))
            if outcome.note:
                output.note(outcome.note)
            _note(found, options.file, asked)
        return 0

    return with_engine(options, work)


async def _watched(job: Import, work: Coroutine[Any, Any, Done]) -> Done:
    """Show how far an import is while it works."""
    progress = output.Progress()
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=0.2)
            if not task.done():
                progress.show(str(job))
    except asyncio.CancelledError:
        task.cancel()
    finally:
        progress.done()
    return await task


def _stopped(file: Path) -> int:
    output.complain(f"Stopped; nothing of {file.name} was imported.")
    return 130


def _can_ask(options: argparse.Namespace) -> bool:
    told = options.yes or options.json
    return not told and sys.stdin.isatty() and sys.stderr.isatty()


def _agreed(found: ImportResult, file: Path) -> bool:
    """Show at a terminal what would come, and ask whether to go on."""
    _preview(found, file)
    output.flush()
    sys.stderr.write("Import it like this? [Y/n] ")
    sys.stderr.flush()
    typed = sys.stdin.readline()  # empty only where the terminal has gone
    return bool(typed) and typed.strip().lower() in ("", "y", "yes")


def _note(found: ImportResult, file: Path, asked: bool) -> None:
    """Say what was not understood, where the person has not seen it yet."""
    if not asked and not is_understood(found):
        for line in summary(found, file.name)[1:]:
            output.note(line)


def _preview(found: ImportResult, file: Path) -> None:
    for line in summary(found, file.name):
        output.say(line)
    output.table([("id", "prompt", "expected"), *first_rows(found)])
    if (more := len(found.cases) - ROWS) > 0:
        output.say(f"… and {more:,} more")


def _told(found: ImportResult, outcome: Outcome, session: str) -> str:
    if outcome.there:
        return f"Imported into {session}: {outcome}."
    tests = sum(case.split == "test" for case in found.cases)
    return (
        f"Imported {_cases(len(found.cases))} into {session}: {tests:,} test, "
        f"{len(found.cases) - tests:,} train."
    )


def _cases(count: int) -> str:
    return f"{count:,} case" if count == 1 else f"{count:,} cases"


def _data(found: ImportResult) -> dict[str, Any]:
    tests = sum(case.split == "test" for case in found.cases)
    return {
        "format": found.format,
        "imported": len(found.cases),
        "test": tests,
        "train": len(found.cases) - tests,
        "by_hand": found.by_hand,
        "columns": dict(found.columns),
        "unknown": list(found.unknown),
        "notes": [
            {"what": note.what, "line": note.line, "cases": note.cases} for note in found.notes
        ],
        "documents": [document.name for document in found.documents],
    }


def listed(options: argparse.Namespace) -> int:
    """List the cases in their order."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        cases = await _chosen(desk, options.filter)
        if options.json:
            output.data(
                {
                    "session": desk.session.name,
                    "cases": [
                        {
                            "id": case.key,
                            "revision": case.number,
                            "split": case.draft.split,
                            "prompt": case.prompt,
                            "expected": format_lines(case.expectation),
                            "tags": list(case.draft.tags),
                            "documents": [
                                {"name": each.name, "used": each.used, "pages": each.pages}
                                for each in case.draft.documents
                            ],
                        }
                        for case in cases
                    ],
                }
            )
        elif not cases:
            none = "There are no cases yet; add some with `litmus bench import FILE`."
            output.say("No case is like that." if options.filter else none)
        else:
            rows = [("id", "split", "prompt", "expected", "documents")]
            rows += [
                (
                    case.key,
                    case.draft.split,
                    case.prompt,
                    format_lines(case.expectation),
                    "; ".join(changes(case.draft)),
                )
                for case in cases
            ]
            named = any(case.draft.documents for case in cases)
            output.table(rows if named else [row[:-1] for row in rows])
        return 0

    return with_engine(options, work)


async def _chosen(desk: Desk, line: str | None) -> list[Case]:
    """Return the cases that a filter asks for, under the present variant; all without one."""
    cases = await desk.cases(None)
    if not line:
        return cases
    terms, asked = read_filter(line), desk.variant()
    variant = await desk.stored_variant(asked) if asked else None
    ids = await desk.database.read(
        filters.matching, desk.session.id, variant.id if variant else 0, terms
    )
    wanted = set(ids)
    return [case for case in cases if case.id in wanted]


def export(options: argparse.Namespace) -> int:
    """Write the cases in a format that `bench import` reads back as they are."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        cases = await desk.cases(None)
        format = options.format or formats.format_for(options.file)
        drafts = [case.draft for case in cases]
        write_out(options.file, await asyncio.to_thread(formats.write, drafts, format))
        output.note(f"Wrote {_cases(len(cases))} as {formats.title(format)}.")
        return 0

    return with_engine(options, work)


def write_out(file: str, text: str) -> None:
    """Write text to a file, or to standard output for `-`. Raises StoreError."""
    if file == "-":
        output.raw(text)
        return
    path = Path(os.path.expanduser(file))  # noqa: PTH111 - Path.expanduser can raise
    try:
        # newline="" keeps the line ends that the text has, which quoted fields rely on.
        with path.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreError(f"Cannot write {path} ({reason}); name another file.") from error
