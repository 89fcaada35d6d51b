"""Measure the store with 2,000 cases and 100,000 answers: `python tests/benchmarks/big_session.py`.

Builds a home folder with 50 variants over one benchmark, then times what stands between a
key press and the screen. Every call goes through `Database`, threads included. Takes about
half a minute; `--home DIR` keeps the folder and builds it only where it is not there yet.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count, cycle
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.ladder.standing import standings
from store import benchmarks, labels, overview, owners, runs, search, sessions
from store.database import Database
from store.records import CaseDraft, Expectation, Variant

WINDOW = 60
SYLLABLES = (
    "an er in on st th re de co pa mi lu to ra se no ve ti la di ma ne or al us ing tion pro con"
)


def vocabulary(size: int = 20_000) -> list[str]:
    """Return made-up words, the common ones short and the rare ones long."""
    chance = random.Random(5)
    words: dict[str, None] = {}
    while len(words) < size:
        longest = 2 + min(3, len(words) // 400)
        words["".join(chance.choices(SYLLABLES.split(), k=chance.randint(1, longest)))] = None
    return list(words)


WORDS = vocabulary()
# Typed letter by letter: common and rare words, alone and together.
TYPED = (
    f"{WORDS[0]} {WORDS[9]} {WORDS[3]}",
    f"{WORDS[40]} {WORDS[3000]}",
    f"{WORDS[1000]} {WORDS[5]}",
    f"{WORDS[19000]} {WORDS[200]}",
    "zzebra",
)
QUERIES = [
    text[:end] for text in TYPED for end in range(1, len(text) + 1) if not text[:end].endswith(" ")
]
Row = tuple[str, float, float, float]


def build(home: Path, cases: int, variants: int) -> None:
    """Fill a new home folder."""
    chance = random.Random(7)
    database = Database(home)
    for number in range(300):
        database.write_now(sessions.create, f"session {number}", "an experiment of the past")
    session = database.write_now(sessions.create, "big", "many cases, many variants")
    drafts = [
        CaseDraft(prompt=f"{number} {text(chance)}?", expectation=Expectation(text(chance)))
        for number in range(cases)
    ]
    database.write_now(benchmarks.add, session.id, drafts)
    revisions = [
        (case.id, case.revision_id) for case in database.read_now(benchmarks.cases, session.id)
    ]
    used = [
        database.write_now(runs.keep_variant, Variant("bare", "openai", f"model-{number}"))
        for number in range(variants)
    ]
    database.close()
    connection = sqlite3.connect(home / "litmus.db")
    connection.execute("PRAGMA foreign_keys = ON")
    with connection:
        for number, variant in enumerate(used):
            fill(connection, chance, session.id, variant, revisions, last=number == variants - 1)
    connection.close()


def fill(
    connection: sqlite3.Connection,
    chance: random.Random,
    session_id: int,
    variant: Variant,
    revisions: list[tuple[int, int]],
    *,
    last: bool,
) -> None:
    """Store a run's answers: half of them graded, a third of the others labelled.

    The last variant is labelled as a whole, the worst case for the search of the next one.
    """
    run = runs.start(connection, session_id, variant.id, "benchmark")
    texts = [text(chance) for _ in revisions]
    hashes = [sha256(item.encode()).hexdigest() for item in texts]
    connection.executemany(
        "INSERT INTO answers (run_id, variant_id, case_id, revision_id, epoch, attempt, status,"
        " owner, text, model, prompt_tokens, completion_tokens, cost_usd, first_token_s,"
        " latency_s, started_at, sent_hash, answer_hash)"
        " VALUES (?, ?, ?, ?, 1, 1, 'done', 'gone', ?, ?, 80, 60, 0.001, 0.2, 1.5, ?, ?, ?)",
        (
            (run, variant.id, case, revision, body, variant.model, time.time(), hashed, hashed)
            for (case, revision), body, hashed in zip(revisions, texts, hashes, strict=True)
        ),
    )
    if not last:
        connection.execute(
            "INSERT INTO grades SELECT id, 'assertions',"
            " CASE WHEN id % 4 THEN 'pass' ELSE 'fail' END, '[]', 0"
            " FROM answers WHERE run_id = ? AND case_id % 2",
            (run,),
        )
    connection.executemany(
        "INSERT INTO labels (session_id, revision_id, answer_hash, verdict, source, created_at)"
        " VALUES (?, ?, ?, 'pass', 'person', 0)",
        (
            (session_id, revision, hashed)
            for (case, revision), hashed in zip(revisions, hashes, strict=True)
            if last or case % 6 == 0
        ),
    )
    connection.execute("UPDATE runs SET cost_usd = 2.0 WHERE id = ?", (run,))


def text(chance: random.Random) -> str:
    """Return 20 to 120 words; the nth of the vocabulary is 1/n as frequent as the first."""
    ranks = (int(len(WORDS) ** chance.random()) for _ in range(chance.randint(20, 120)))
    return " ".join(WORDS[rank - 1] for rank in ranks)


def timed(name: str, bar: float, times: int, call: Callable[[], object]) -> Row:
    """Call so many times; return the name, the median, the 95th percentile, the bar (ms)."""
    spent: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        spent.append((time.perf_counter() - began) * 1000)
    high = quantiles(spent, n=20)[-1] if times >= 20 else max(spent)
    return name, median(spent), high, bar


def measure(home: Path, cases: int) -> Iterator[Row]:
    """Time each thing that a screen asks of the store."""

    def first_list() -> None:
        """Do what stands before the first paint, and the recovery right after it."""
        fresh = Database(home)
        found = fresh.read_now(sessions.page)
        fresh.read_now(overview.summaries, [item.id for item in found])
        fresh.write_now(owners.recover, home)
        fresh.close()

    yield timed("open, first list, close", 30, 20, first_list)
    database = Database(home)
    read, write = database.read_now, database.write_now
    session = read(sessions.named, "big")
    variants = read(runs.variants_of, session.id)
    *_, half, full = sorted(variants, key=lambda variant: variant.id)
    page = [item.id for item in read(sessions.page)]
    where = cycle(random.Random(1).sample(range(cases), min(cases, 200)))
    words = cycle(QUERIES)
    yield timed("sessions.last", 5, 50, lambda: read(sessions.last))
    yield timed("sessions.page", 10, 50, lambda: read(sessions.page))
    yield timed("summaries of a page", 20, 50, lambda: read(overview.summaries, page))
    yield timed("recover, nothing to do", 5, 50, lambda: write(owners.recover, home))
    yield timed("variants of the session", 5, 50, lambda: read(runs.variants_of, session.id))
    yield timed(
        "a window of the case list",
        10,
        200,
        lambda: read(overview.case_rows, session.id, half.id, WINDOW, next(where)),
    )
    yield timed(
        "next unlabelled",
        10,
        200,
        lambda: read(overview.next_unlabelled, session.id, half.id, next(where)),
    )
    yield timed(
        "next unlabelled, none waits",
        10,
        50,
        lambda: read(overview.next_unlabelled, session.id, full.id, next(where)),
    )
    yield timed("tally of one variant", 30, 50, lambda: read(overview.tally, session.id, half.id))
    yield timed("standings of all", 2000, 3, lambda: read(standings, session.id))
    yield timed("spent", 5, 50, lambda: read(sessions.spent, session.id))
    drafts = read(benchmarks.cases, session.id)
    order = cycle(random.Random(2).sample(drafts, min(cases, 200)))

    def press() -> None:
        """Do what a key for a verdict does: label, find the next answer, fetch it."""
        case = next(order)
        answer = read(runs.latest, half.id, case.revision_id)
        assert answer is not None
        write(labels.add, session.id, case.revision_id, answer.answer_hash, "pass")
        waiting = read(overview.next_unlabelled, session.id, half.id, case.position)
        following = read(benchmarks.get, waiting or case.id)
        read(benchmarks.count, session.id)
        read(benchmarks.index_of, session.id, following.id)
        read(runs.latest, half.id, following.revision_id)

    yield timed("label, next answer shown", 50, 200, press)

    def keep_answer() -> None:
        """Store an answer that was journalled twice while it streamed."""
        case, body = next(order), text(chance)
        asked = write(
            runs.ask,
            run_id=run,
            variant_id=half.id,
            case_id=case.id,
            revision_id=case.revision_id,
            epoch=next(epochs),
            attempt=1,
            owner="owner",
            sent_hash="sent",
        )
        write(runs.journal, [(asked, body[:200], "")])
        write(runs.journal, [(asked, body[200:], "")])
        write(runs.finish, asked, runs.Finish("done", body, cost_usd=0.001))

    chance, epochs = random.Random(3), count(2)
    run = write(runs.start, session.id, half.id, "benchmark")
    yield timed("ask, journal twice, keep", 10, 1000, keep_answer)
    yield timed("undo", 10, 100, lambda: write(labels.undo, session.id))
    yield timed("revision hash", 50, 10, lambda: read(benchmarks.revision_hash, session.id))
    revisions = [case.revision_id for case in drafts]
    yield timed(
        "missing, whole benchmark", 50, 5, lambda: read(runs.missing, half.id, revisions, 1)
    )
    yield timed("search", 20, 20 * len(QUERIES), lambda: read(search.everything, next(words)))
    slowest = max(QUERIES, key=lambda q: timed("", 0, 3, lambda: read(search.everything, q))[1])
    yield timed(f"  “{slowest}”", 50, 20, lambda: read(search.everything, slowest))
    yield timed("labels to export", 3000, 2, lambda: read(labels.labelled_answers, session.id))
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home: Path = options.home or Path(folder)
        if not (home / "litmus.db").exists():
            began = time.monotonic()
            build(home, options.cases, options.variants)
            print(f"built in {time.monotonic() - began:.0f} s")
        size = (home / "litmus.db").stat().st_size / 1e6
        print(f"{options.cases} cases × {options.variants} variants, {size:.0f} MB")
        print(f"{'':34}{'median':>9}{'p95':>9}{'bar':>8}   ms")
        for name, middle, high, bar in measure(home, options.cases):
            print(f"{name:34}{middle:9.2f}{high:9.2f}{bar:8.0f}{'' if high <= bar else '   over'}")


if __name__ == "__main__":
    main()
