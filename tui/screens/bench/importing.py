"""Benchmarks that come to a bench as files: dropped on it, or named."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui import safe

if TYPE_CHECKING:
    from lab.imports.keeping import Outcome
    from tui.screens.bench.place import Bench

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".yaml", ".yml")
QUICK_S = 0.4
"""How long a file may take to read before its reading is shown."""


async def was_benchmark(bench: Bench, path: Path) -> bool:
    """Ask whether a dropped file that reads as a benchmark is one, and import it.

    Returns False for one to be read as a document.
    """
    if path.suffix.lower() not in SUFFIXES or not await asyncio.to_thread(os.path.isfile, path):
        return False
    from lab.interop.files import ImportProblem
    from tui.screens.import_preview import ImportPreview, Reading

    reading = Reading(path)
    await asyncio.wait([reading.task], timeout=QUICK_S)
    if reading.task.done() and isinstance(reading.task.exception(), ImportProblem):
        return False
    preview = ImportPreview(bench.desk, path, reading=reading, or_document=True)
    outcome = await bench.app.push_screen_wait(preview)
    if not isinstance(outcome, bool):
        await _show(bench, path, outcome)
    return outcome is not True


async def ask_and_import(bench: Bench) -> None:
    """Ask for a file, and import it as a benchmark."""
    from tui import drop
    from tui.screens.ask_line import AskLine
    from tui.screens.import_preview import ImportPreview

    typed = await bench.app.push_screen_wait(
        AskLine("Import a benchmark: its file (JSONL, CSV, promptfoo, evals, SQuAD …)")
    )
    if not typed or not typed.strip():
        return
    dropped = await asyncio.to_thread(drop.parse, typed)
    path = dropped[0] if dropped else Path(os.path.expanduser(typed.strip()))  # noqa: PTH111
    outcome = await bench.app.push_screen_wait(ImportPreview(bench.desk, path))
    if not isinstance(outcome, bool):
        await _show(bench, path, outcome)


async def _show(bench: Bench, path: Path, outcome: Outcome) -> None:
    bench.ladder.all_stale()
    here = bench.desk.state.get("case")
    if outcome.new:
        count, _ = await bench.desk.place(None)
        here = await bench.desk.case_at(count - outcome.new)
    await bench.list_cases(here)
    bench.documents.show()
    bench.action_cases()
    bench.notify(f"{safe.one_line(path.name, 60)}: {outcome}.", markup=False)
    if outcome.note:
        bench.notify(safe.visible(outcome.note), severity="warning", markup=False)
