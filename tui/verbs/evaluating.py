"""`litmus docs eval`: what retrieval finds of the evidence, in every mode, without a judge."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.rag.evaluation import Evaluation, Trial, Unplaced, evaluate
from lab.rag.locating import EvidenceProblem
from lab.rag.measures import DEPTHS
from lab.rag.retrieve import NotPromoted
from lab.rag.stores import filled, searched
from lab.statistics.rates import Rate
from store.library_records import MODES, Indexing, Retrieval
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine

_SHOWN = 10


def evaluated(options: argparse.Namespace) -> int:
    """Print recall, hit rate and MRR for every mode, in the stores that the options name."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        indexings = await _indexings(desk, options)
        progress = output.Progress()

        def tell(done: int, of: int) -> None:
            progress.show(f"Searched for {done:,} of {of:,} questions")

        found = await evaluate(
            desk,
            [Retrieval(indexing, mode) for indexing in indexings for mode in MODES],
            split=None if options.split == "all" else options.split,
            depths=options.depths or DEPTHS,
            progress=tell,
        )
        progress.done()
        _refuse_without_questions(found, options.split)
        if options.json:
            output.data({"session": desk.session.name, **to_json(found)})
        else:
            _print(found)
        return 0

    return with_engine(options, work)


async def _indexings(desk: Desk, options: argparse.Namespace) -> list[Indexing]:
    """Return the ways to cut and embed whose stores are measured.

    Without an option that is the one that the session searches. Raises NotPromoted.
    """
    if options.chunk_tokens is None and options.overlap is None:
        return [await searched(desk)]
    there = await filled(desk)
    wanted = [
        each
        for each in there
        if each.chunk_tokens in (options.chunk_tokens or [each.chunk_tokens])
        and each.overlap in (options.overlap or [each.overlap])
    ]
    lacking = set(options.chunk_tokens or ()) - {each.chunk_tokens for each in wanted}
    if lacking or not wanted:
        have = ", ".join(dict.fromkeys(f"{each.chunk_tokens}/{each.overlap}" for each in there))
        raise NotPromoted(
            f"The store has other chunks than that (tokens/overlap: {have}); make them with "
            "`litmus docs promote --chunk-tokens N --overlap N`."
        )
    return sorted(wanted, key=lambda each: (each.chunk_tokens, each.overlap))


def _refuse_without_questions(found: Evaluation, split: str) -> None:
    questions = found.questions
    if questions.placed:
        return
    if questions.unplaced:
        first = questions.unplaced[0]
        raise EvidenceProblem(
            f"None of the evidence of {len(questions.unplaced):,} cases could be placed in the "
            f"session's documents; {first.case.key}: {first.reason}"
        )
    kind = "No case" if split == "all" else f"No {split} case"
    raise EvidenceProblem(
        f"{kind} names evidence, so there is nothing to measure by; give it with `litmus bench "
        "set ID --quote TEXT`, or import a benchmark that has it."
    )


def to_json(found: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON-ready values.

    `modes` are those of the first store, and `collections` has every store's.
    """
    collections = [
        {
            "chunk_tokens": indexing.chunk_tokens,
            "overlap": indexing.overlap,
            "embedder": indexing.embedder,
            "model": indexing.model,
            "modes": [_mode(trial) for trial in trials],
            "not_stored": [case.key for case in trials[0].not_stored],
        }
        for indexing, trials in _by_store(found).items()
    ]
    questions = found.questions
    return {
        "n": len(questions.placed),
        "modes": collections[0]["modes"],
        "collections": collections,
        "unplaced": [{"id": item.case.key, "reason": item.reason} for item in questions.unplaced],
        "without_evidence": questions.without,
    }


def _mode(trial: Trial) -> dict[str, Any]:
    measures = trial.measures
    rates = {f"recall@{depth}": rate for depth, rate in measures.recall.items()}
    rates["mrr"] = measures.mrr
    rates |= {f"hit@{depth}": rate for depth, rate in measures.hit.items()}
    return {
        "mode": trial.retrieval.mode,
        **{name: rate.rate if rate else None for name, rate in rates.items()},
        "intervals": {name: [rate.low, rate.high] for name, rate in rates.items() if rate},
    }


def _by_store(found: Evaluation) -> dict[Indexing, list[Trial]]:
    stores: dict[Indexing, list[Trial]] = {}
    for trial in found.trials:
        stores.setdefault(trial.retrieval.indexing, []).append(trial)
    return stores


def _print(found: Evaluation) -> None:
    deepest = found.depths[-1]
    heads = [*(f"recall@{depth}" for depth in found.depths), f"hit@{deepest}", f"MRR@{deepest}"]
    output.say(
        f"{_count(len(found.questions.placed), 'case')} with evidence; "
        "percent, and the 95% interval"
    )
    for indexing, trials in _by_store(found).items():
        _print_store(indexing, trials[0])
        rows = [["", *heads]]
        for trial in trials:
            measures = trial.measures
            rates = (*measures.recall.values(), measures.hit[deepest], measures.mrr)
            rows.append([trial.retrieval.mode, *map(_cell, rates)])
        output.table(rows)
    _print_unplaced(found.questions.unplaced)
    if found.questions.without:
        names = "names" if found.questions.without == 1 else "name"
        output.note(f"{_count(found.questions.without, 'case')} {names} no evidence.")


def _print_store(indexing: Indexing, trial: Trial) -> None:
    overlap = f", {indexing.overlap} of them shared" if indexing.overlap else ""
    output.say()
    output.say(f"Chunks of {indexing.chunk_tokens} tokens{overlap}, {indexing.model}")
    lacking = [case.key for case in trial.not_stored]
    if lacking:
        output.note(
            f"Evidence of {_count(len(lacking), 'case')} is in documents that are not in this "
            f"store, and counts as not found: {_listed(lacking)}."
        )


def _print_unplaced(unplaced: Sequence[Unplaced]) -> None:
    if not unplaced:
        return
    output.say()
    output.say(f"Left out, since the evidence of {_count(len(unplaced), 'case')} stands nowhere:")
    for item in unplaced[:_SHOWN]:
        output.say(f"  {item.case.key}: {item.reason}")
    if len(unplaced) > _SHOWN:
        output.say(f"  and {len(unplaced) - _SHOWN:,} more; --json names them all")


def _cell(rate: Rate | None) -> str:
    if rate is None:
        return "–"
    return f"{100 * rate.rate:.0f} ({100 * rate.low:.0f}–{100 * rate.high:.0f})"


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
