"""`litmus bench`: bring cases in, list them, write them out."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from lab.engine import Engine
from lab.grading.assertions import format_lines
from lab.interop.benchmark import read_benchmark, write_jsonl
from store.errors import StoreError
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine


def read(options: argparse.Namespace) -> int:
    """Add the cases of a file to the benchmark; all of them or none."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = await asyncio.to_thread(read_benchmark, options.file)
        await desk.add_cases(found.cases)
        tests = sum(case.split == "test" for case in found.cases)
        if options.json:
            output.data(
                {
                    "session": desk.session.name,
                    "imported": len(found.cases),
                    "test": tests,
                    "train": len(found.cases) - tests,
                    "unknown": list(found.unknown),
                }
            )
            return 0
        output.say(
            f"Imported {len(found.cases)} cases into {desk.session.name}: {tests} test, "
            f"{len(found.cases) - tests} train."
        )
        if found.unknown:
            output.note("Not understood, left out: " + ", ".join(found.unknown))
        return 0

    return with_engine(options, work)


def listed(options: argparse.Namespace) -> int:
    """List the cases in their order."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        cases = await desk.cases(None)
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
                        }
                        for case in cases
                    ],
                }
            )
        elif not cases:
            output.say("There are no cases yet; add some with `litmus bench import FILE`.")
        else:
            rows = [("id", "split", "prompt", "expected")]
            rows += [
                (case.key, case.draft.split, case.prompt, format_lines(case.expectation))
                for case in cases
            ]
            output.table(rows)
        return 0

    return with_engine(options, work)


def export(options: argparse.Namespace) -> int:
    """Write the cases as JSONL, which `bench import` reads back as they are."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        cases = await desk.cases(None)
        write_out(options.file, write_jsonl(case.draft for case in cases))
        output.note(f"Wrote {len(cases)} cases.")
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
