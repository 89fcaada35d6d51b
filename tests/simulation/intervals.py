"""Measure the statistics: `python tests/simulation/intervals.py [--quick]`.

It prints, as Markdown, how often the intervals hold the true value, how often a step without
a gain looks like one, and whether the cases said to be needed are enough. Everything is drawn
with fixed seeds, so that the same code prints the same numbers; `--quick` draws a twentieth.
In full it takes some minutes on two cores. `docs/statistics.md` has what it printed last.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.simulation.drawing import (
    LOOKS,
    Pairs,
    World,
    best_of_three_climbs,
    epochs_climb,
    epochs_coverage,
    looks_climb,
    pairs_coverage,
    power_found,
    wilson_coverage,
)

FULL = {"pairs": 20_000, "epochs": 6_000, "looks": 20_000, "epoch looks": 2_000, "power": 10_000}
RATES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
SIZES = (10, 20, 50, 200)
PAIRS = (
    Pairs(0.5, 0.5, 0.0),
    Pairs(0.5, 0.5, 0.6),
    Pairs(0.8, 0.8, 0.6),
    Pairs(0.9, 0.9, 0.6),
    Pairs(0.95, 0.95, 0.5),
    Pairs(0.5, 0.7, 0.4),
    Pairs(0.6, 0.9, 0.2),
    Pairs(0.8, 0.95, 0.3),
    Pairs(0.7, 0.75, 0.8),
)
SURE_FAIL, SURE_PASS = (1, 1e9), (1e9, 1)
WORLDS = tuple(
    World(name, *chances, alike, epochs, partial)
    for name, chances, alike in (
        ("all between, second better", ((2, 2), (2, 2), (3, 2)), 0.0),
        ("all between, no difference", ((2, 2), (2, 2), (2, 2)), 0.8),
        ("easy, second better", ((9, 1), (9, 1), (19, 1)), 0.0),
        ("mostly sure, second better", ((0.3, 0.3), (0.3, 0.3), (0.4, 0.2)), 0.5),
        ("mostly sure and easy, few differ", ((0.5, 0.1), (0.5, 0.1), (0.5, 0.05)), 0.8),
        ("sure, 1 in 10 gained, none lost", ((0.1, 0.1), SURE_FAIL, SURE_PASS), 0.9),
        ("hard, second better", ((0.5, 5), (0.5, 5), (1, 5)), 0.5),
    )
    for epochs, partial in ((1, 0.5), (3, 0.0), (3, 0.4), (5, 0.0))
)
NULLS = (
    (0.05, 0.0),
    (0.1, 0.0),
    (0.3, 0.0),
    (0.6, 0.0),
    (1.0, 0.0),
    (0.1, 0.05),
    (0.3, 0.05),
    (0.3, 0.1),
    (0.3, -0.1),
)
"""Shares of cases that change besides the margin, and the margin that is the true difference."""
POWERS = (
    (0.3, 0.05, 0.0),
    (0.2, 0.05, 0.0),
    (0.15, 0.05, 0.0),
    (0.25, 0.15, 0.0),
    (0.1, 0.02, 0.0),
    (0.05, 0.0, 0.0),
    (0.3, 0.05, 0.05),
    (0.25, 0.05, 0.1),
    (0.4, 0.1, 0.1),
    (0.1, 0.08, -0.05),
)


Job = tuple[Callable[..., object], tuple[object, ...]]
Run = Callable[[Sequence[Job]], list[Any]]


def _run(job: Job) -> object:
    function, arguments = job
    return function(*arguments)


def share(value: float) -> str:
    """Return a share in percent, in bold where it is no 93 to 97%."""
    shown = f"{100 * value:.1f}"
    return shown if 0.93 <= round(value, 3) <= 0.97 else f"**{shown}**"


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def report(run: Run, times: dict[str, int]) -> Iterator[str]:
    """Yield the lines of the report, its numbers from `run`."""
    yield "### Wilson's interval, one answer per case: coverage of 95%, exact"
    yield ""
    exact = iter(run([(wilson_coverage, (n, rate)) for n in SIZES for rate in RATES]))
    rows = [[n, *(share(next(exact)) for _ in RATES)] for n in SIZES]
    yield from table(["n / rate", *RATES], rows)

    sizes = (10, 20, 50, 100, 200)
    yield f"### Newcombe's paired interval: coverage of 95%, {times['pairs']:,} draws each"
    yield ""
    found = iter(run([(pairs_coverage, (p, n, times["pairs"])) for p in PAIRS for n in sizes]))
    rows = [[*pairs, *(share(next(found)) for _ in sizes)] for pairs in PAIRS]
    yield from table(["first", "second", "φ", *(f"n = {n}" for n in sizes)], rows)

    sizes = (10, 20, 50, 100)
    yield "### Several epochs or partial scores: coverage of 95% by `rate_of` and `compare`"
    yield ""
    yield f"{times['epochs']:,} draws each; in brackets the difference's mean width."
    yield ""
    found = iter(run([(epochs_coverage, (w, n, times["epochs"])) for w in WORLDS for n in sizes]))
    rows = []
    for world in WORLDS:
        results = [next(found) for _ in sizes]
        rows.append(
            [
                world.name,
                f"{world.epochs}{', partial' if world.partial else ''}",
                *(share(rate) for rate, _, _ in results),
                *(f"{share(held)} ({width:.2f})" for _, held, width in results),
            ]
        )
    yield from table(
        ["cases", "epochs", *(f"rate, {n}" for n in sizes), *(f"difference, {n}" for n in sizes)],
        rows,
    )

    yield f"### False CLIMB: e-value of 20 at any look after each of {LOOKS} cases"
    yield ""
    nulls = [(d / 2 + max(m, 0), d / 2 + max(-m, 0), m) for d, m in NULLS]
    found = iter(run([(looks_climb, (*null, times["looks"])) for null in nulls]))
    rows = [
        [f"{up:.3g} gained, {down:.3g} lost, against {m:+g}", f"{100 * next(found):.2f}"]
        for up, down, m in nulls
    ]
    shapes = ((2, 2), (0.3, 0.2), (9, 1))
    found = iter(run([(best_of_three_climbs, (*shape, times["looks"])) for shape in shapes]))
    for shape in shapes:
        one, three = next(found)
        name = f"best of three, cases beta{shape}"
        rows += [[f"{name}, 20", f"{100 * one:.2f}"], [f"{name}, 3·20", f"{100 * three:.2f}"]]
    still = [world for world in WORLDS if world.name == "all between, no difference"]
    found = iter(run([(epochs_climb, (world, times["epoch looks"])) for world in still]))
    for world in still:
        name = f"{world.epochs} epochs{', partial' if world.partial else ''}, 20 looks at 100 cases"
        rows.append([name, f"{100 * next(found):.2f}"])
    yield from table(["null", "%"], rows)

    yield "### Power: the cases needed for an e-value of 20 with 80%, and what they do"
    yield ""
    found = iter(run([(power_found, (*each, times["power"])) for each in POWERS]))
    rows = [
        [up, down, margin, more, *(f"{100 * each:.1f}" for each in shares)]
        for (up, down, margin), (more, *shares) in zip(POWERS, found, strict=True)
    ]
    yield from table(
        ["gained", "lost", "margin", "cases", "reckoned %", "at the end %", "at any look %"], rows
    )


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="draw a twentieth")
    quick = parser.parse_args().quick
    times = {name: number // 20 if quick else number for name, number in FULL.items()}
    with multiprocessing.Pool() as pool:
        for line in report(lambda jobs: pool.map(_run, jobs, chunksize=1), times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
