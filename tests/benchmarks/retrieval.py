"""Measure retrieval on real questions: `python tests/benchmarks/retrieval.py QUESTIONS CORPORA`.

QUESTIONS is a CSV file with the columns `question`, `corpus_id` and `references`, a JSON list
of objects with `content`, `start_index` and `end_index` (characters); CORPORA is a folder with
a file `<corpus_id>.md` or `.txt` for each. Everything goes the way that it goes in the program:
documents are read, promoted with the embedded MiniLM in every chunk size and overlap, and
searched in every mode.

The corpora are measured each as a store of its own and all together as one. Besides the usual
depths, recall is told for the first chunks that have at most `--tokens` together: longer chunks
find more at the same depth because they send more. `hybrid - best` is the mean difference in
recall@5, in points, to the better of the two parts over the same questions, with the normal 95%
interval of a paired difference.

A store is made once: with `--home DIR` the next call finds it there. 1.4 MB take about two
minutes for each chunk size on a quiet core.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.desk import Desk
from lab.engine import Engine
from lab.rag.evaluation import Questions, Trial, evaluate, span_of
from lab.rag.measures import share_found
from lab.rag.promotion import promote
from lab.rag.promotion_events import DocumentFailed
from lab.rag.retrieve import search_modes
from lab.statistics.rates import normal_quantile
from store import chunks, reading, sessions
from store.database import Connection
from store.errors import NotFound
from store.library_records import MODES, Indexing, Mode, Retrieval
from store.records import CaseDraft, Evidence

ALL = "all as one"
MOST_CHUNKS = 50
HEADS = ("tokens/overlap", "mode", "recall@1", "recall@5", "recall@10", "MRR@10")


@dataclass(frozen=True)
class Question:
    """A question on a corpus, and the spans that answer it."""

    text: str
    corpus: str
    spans: tuple[tuple[int, int, str], ...]


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Question(
                row["question"],
                row["corpus_id"],
                tuple(
                    (span["start_index"], span["end_index"], span["content"])
                    for span in json.loads(row["references"])
                ),
            )
            for row in csv.DictReader(stream)
        ]


async def desk_with(engine: Engine, name: str, corpora: Sequence[Path], asked: Sequence[Question]):
    """Return a session that holds the corpora and their questions, made where there is none."""
    try:
        session = await engine.database.read(sessions.named, name)
        return await Desk.open(engine, session)
    except NotFound:
        session = await engine.database.write(sessions.create, name)
    desk = await Desk.open(engine, session)
    names: dict[str, str] = {}
    for path in corpora:
        document = await asyncio.to_thread(reading.read, path)
        names[path.stem] = (await desk.add_document(document, attach=False)).name
    await desk.add_cases(
        CaseDraft(
            question.text,
            evidence=tuple(
                Evidence(names[question.corpus], None, start, end, quote)
                for start, end, quote in question.spans
            ),
        )
        for question in asked
        if question.corpus in names
    )
    return desk


async def fill(desk: Desk, indexing: Indexing) -> int:
    """Promote all documents; return how many chunks there are."""
    async for event in promote(desk, desk.documents, indexing):
        if isinstance(event, DocumentFailed):
            sys.exit(event.error)
    return await desk.database.read(_count, desk.session.id, indexing)


def _count(connection: Connection, session_id: int, indexing: Indexing) -> int:
    collection = chunks.collection(connection, session_id, indexing)
    assert collection is not None
    where = (collection.id,)
    query = "SELECT count(*) FROM chunks WHERE collection_id = ?"
    return connection.execute(query, where).fetchone()[0]


async def measure(desk: Desk, indexing: Indexing, tokens: int) -> list[str]:
    """Return the table's rows for one way to cut: each mode, and hybrid against its parts."""
    count = await fill(desk, indexing)
    found = await evaluate(desk, [Retrieval(indexing, mode) for mode in MODES])
    if found.questions.unplaced:
        sys.exit(found.questions.unplaced[0].reason)
    fitting = await recall_within(desk, found.questions, indexing, tokens)
    difference, low, high = against_parts({each.retrieval.mode: each for each in found.trials})
    better = f"{100 * difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    last = {"vector": ["", f"{count:,}"], "keyword": ["", ""], "hybrid": [better, ""]}
    rows: list[str] = []
    for trial in found.trials:
        rates = [*trial.measures.recall.values(), trial.measures.mrr]
        way, mode = f"{indexing.chunk_tokens}/{indexing.overlap}", trial.retrieval.mode
        cells = [f"{rate.rate:.3f}" for rate in rates if rate is not None]
        rows.append(_row([way, mode, *cells, f"{fitting[mode]:.3f}", *last[mode]]))
    return rows


async def recall_within(
    desk: Desk, questions: Questions, indexing: Indexing, tokens: int
) -> dict[Mode, float]:
    """Return each mode's mean recall in the first chunks that have so many tokens together."""
    placed = questions.placed
    prompts = [each.case.prompt for each in placed]
    found = await search_modes(desk, prompts, Retrieval(indexing), MODES, n=MOST_CHUNKS)
    recall: dict[Mode, float] = {}
    for mode, lists in found.items():
        shares: list[float] = []
        for question, ranked in zip(placed, lists, strict=True):
            together = accumulate(each.chunk.tokens for each in ranked)
            spans = [
                span_of(each)
                for each, so_far in zip(ranked, together, strict=True)
                if so_far <= tokens
            ]
            shares.append(share_found(question.evidence, spans, questions.texts))
        recall[mode] = statistics.fmean(shares)
    return recall


def against_parts(trials: dict[Mode, Trial]) -> tuple[float, float, float]:
    """Return hybrid's recall@5 less the better part's, and the interval of the difference.

    Source: Miller (2024), "Adding Error Bars to Evals", arXiv:2411.00640 (paired differences).
    """
    shares = {mode: [each.recall[5] for each in trial.scores] for mode, trial in trials.items()}
    best = max(shares["vector"], shares["keyword"], key=statistics.fmean)
    apart = [one - other for one, other in zip(shares["hybrid"], best, strict=True)]
    mean = statistics.fmean(apart)
    half = normal_quantile(0.95) * statistics.stdev(apart) / len(apart) ** 0.5
    return mean, mean - half, mean + half


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--chunk-tokens", type=int, nargs="+", default=[Indexing().chunk_tokens])
    parser.add_argument("--overlap", type=float, nargs="+", default=[0.0], help="as a share")
    parser.add_argument("--tokens", type=int, default=800, help="sent with a question")
    parser.add_argument("--home", type=Path, help="where the stores are kept")
    parser.add_argument("--only", nargs="+", help="only these corpora")
    parser.add_argument("--no-single", action="store_true", help="only all of them as one store")
    options = parser.parse_args()
    questions = read_questions(options.questions)
    corpora = [
        path
        for path in sorted(options.corpora.iterdir())
        if path.suffix in (".md", ".txt") and (not options.only or path.stem in options.only)
    ]
    groups = {} if options.no_single else {path.stem: [path] for path in corpora}
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(options.home or Path(folder))
        try:
            # All as one first: their embeddings are known then for each by itself.
            for name, files in {ALL: corpora, **groups}.items():
                desk = await desk_with(engine, name, files, questions)
                size = sum(path.stat().st_size for path in files) // 1000
                print(f"\n### {name}: {size:,} KB, {len(await desk.cases()):,} questions\n")
                print(
                    _row([*HEADS, f"recall at {options.tokens} tokens", "hybrid - best", "chunks"])
                )
                print(_row(["---"] * 9))
                for share in options.overlap:
                    for tokens in options.chunk_tokens:
                        indexing = Indexing(tokens, round(share * tokens))
                        for row in await measure(desk, indexing, options.tokens):
                            print(row, flush=True)
        finally:
            await engine.close()


if __name__ == "__main__":
    asyncio.run(main())
