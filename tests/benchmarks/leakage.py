"""Measure the leakage firewall: `python tests/benchmarks/leakage.py`.

Two benchmarks are made, of questions of fact with 20 leaks planted (exact, re-cased, in other
words, the answer in a training prompt) and of tickets of one template with five codes, in
which nothing leaks. Each is looked through by wording and answers, and then by meaning too
where MiniLM's weights are here already; nothing is downloaded. `--cases N` sets how many
tickets there are (the questions are 500), `--seed N` draws others. The bar of 10 s is for 500.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.checking.findings import quiet
from lab.rag.embeddings import EmbeddedEmbeddings
from lab.tuning.examples import meaning
from lab.tuning.examples.leakage import Firewall
from lab.weights import MINILM, have_weights, weights_path
from store.embedder import Embedder
from tests.lab.tuning import corpora

BAR_S = 10.0
Pairs = set[tuple[str, str]]


def row(name: str, seconds: float, found: Pairs, planted: dict[str, Pairs], *, over: bool) -> None:
    kinds = [f"{how} {len(pairs & found)}/{len(pairs)}" for how, pairs in planted.items()]
    false = len(found - set().union(*planted.values()))
    mark = "   over" if over else ""
    print(f"{name:34}{seconds:7.2f} s{mark}  false alarms {false}  {', '.join(kinds)}")


async def measure(
    name: str, train: list[corpora.Row], test: list[corpora.Row], planted: dict[str, Pairs]
) -> None:
    cases = f"{name}, {len(train) + len(test):,} cases"
    dataset = corpora.dataset(train, test)
    began = perf_counter()
    firewall = Firewall(dataset)
    leaks = firewall.look()
    took = perf_counter() - began
    bar = BAR_S if len(train) + len(test) <= 500 else float("inf")
    found = {(leak.train.prompt, leak.test.prompt) for leak in leaks}
    row(cases, took, found, planted, over=took > bar)
    if not have_weights(MINILM):
        print("  MiniLM's weights are not here, so nothing is compared by meaning.")
        return
    embedder = Embedder(weights_path(MINILM))
    began = perf_counter()
    leaks += await meaning.look(firewall, EmbeddedEmbeddings(embedder), quiet)
    took += perf_counter() - began
    await asyncio.to_thread(embedder.close)
    found = {(leak.train.prompt, leak.test.prompt) for leak in leaks}
    row("  by meaning too", took, found, planted, over=took > bar)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    train, test, planted = corpora.planted(options.seed)
    asyncio.run(measure("questions", train, test, planted))
    for named in (False, True):
        rows = corpora.tickets(options.cases, options.seed, named=named)
        half = len(rows) // 2
        name = "tickets with names" if named else "tickets"
        asyncio.run(measure(name, rows[:half], rows[half:], {}))


if __name__ == "__main__":
    main()
