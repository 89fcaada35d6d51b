"""Measure what importing a benchmark costs: `python tests/benchmarks/import_speed.py`.

The baseline reads the same file with the standard library (`json.loads` for every line, or
`csv.reader`) and writes one row for each case with a single `executemany` in one transaction
into the table that Litmus keeps its cases' texts in, with that table's indexes and full-text
index, in a file of Litmus's own making; it checks nothing, makes no hashes and keeps no
cases beside their revisions. Both are measured in turns, and the best of each is compared.
With `--cases 100000` it says how long a big file takes.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.desk import Desk
from lab.engine import Engine
from lab.imports.benchmark import Import
from store import sessions
from store.database import Database

BAR = 3.0
WORDS = "When was the contract for the delivery of seed potatoes signed, and by whom"
_COLUMNS = (
    *("id", "case_id", "number", "prompt", "messages", "expectation", "evidence", "tags"),
    *("split", "metadata", "hash", "created_at"),
)
_INSERT = (
    f"INSERT INTO case_revisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
)


def write_files(folder: Path, count: int) -> tuple[Path, Path]:
    """Write the same cases as JSONL and as CSV."""
    rows = [
        (f"case-{number}", f"{WORDS} (number {number})?", f"On day {number}", "contracts", "test")
        for number in range(count)
    ]
    jsonl, table = folder / "cases.jsonl", folder / "cases.csv"
    names = ("id", "prompt", "expected", "tags", "split")
    with jsonl.open("w") as stream:
        stream.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([names, *rows])
    return jsonl, table


def read_jsonl(path: Path) -> list[Sequence[str]]:
    lines = path.read_text().splitlines()
    return [tuple(json.loads(line).values()) for line in lines]


def read_csv(path: Path) -> list[Sequence[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))[1:]


def baseline(read: Callable[[Path], list[Sequence[str]]], path: Path) -> float:
    """Return the seconds that reading and one `executemany` take."""
    with tempfile.TemporaryDirectory() as home:
        Database(Path(home)).close()
        connection = sqlite3.connect(Path(home) / "litmus.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        started = perf_counter()
        values = (
            (number, number, 1, prompt, "[]", expected, "[]", tags, split, "{}", key, 0.0)
            for number, (key, prompt, expected, tags, split) in enumerate(read(path), 1)
        )
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, values)
        connection.execute("COMMIT")
        took = perf_counter() - started
        connection.close()
    return took


async def litmus(path: Path, count: int) -> tuple[float, float]:
    """Return the seconds that Litmus takes to read a file, and to store what it holds."""
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home))
        try:
            session = await engine.database.write(sessions.create, "import")
            desk = await Desk.open(engine, session)
            job, started = Import(), perf_counter()
            found = await job.read(path)
            half = perf_counter()
            outcome = await job.store(desk, path, found)
            took = perf_counter() - half
            assert outcome.new == count and not found.unknown
        finally:
            await engine.close()
    return half - started, took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder), options.cases)
        asyncio.run(litmus(files[0], options.cases))  # the imports of the first time
        for path, read in zip(files, (read_jsonl, read_csv), strict=True):
            plain: list[float] = []
            ours: list[tuple[float, float]] = []
            for _ in range(options.rounds):
                plain.append(baseline(read, path))
                ours.append(asyncio.run(litmus(path, options.cases)))
            best = min(ours, key=sum)
            ratio = sum(best) / min(plain)
            failed = failed or ratio > BAR
            print(
                f"{path.suffix[1:]:6} {options.cases:,} cases: baseline {min(plain):.3f} s, "
                f"litmus {sum(best):.3f} s (read {best[0]:.3f}, store {best[1]:.3f}), "
                f"ratio {ratio:.2f} (bar {BAR})"
            )
    sys.exit(failed)


if __name__ == "__main__":
    main()
