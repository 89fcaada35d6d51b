"""Climb all four rungs of the demo with several seeds, each in a new home: one row a seed.

    python tests/benchmarks/tuning_demo.py --seeds 0 1 2 3 4 --folder /tmp/seeds

Needs the extras `embedded` and `tune`. For each seed it runs `litmus demo --headless --tune` as
a person would, reads what the ladder says and how long the training took by what its trainer
told. A seed succeeds when the tuned model beats its base with an e-value over 20 and its training
ended within ten minutes. Exit status 1 where more than one of them fails. Six to twelve minutes
a seed on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RUNGS = ("bare", "context", "rag", "tuned")
BAR, MOST_MINUTES = 20.0, 10.0


def litmus(home: Path, *arguments: str) -> Any:
    """Return what a verb prints with --json; what it tells on the way is shown."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments, "--json"],
        stdout=subprocess.PIPE,
        env=os.environ | {"LITMUS_HOME": str(home)},
        check=True,
    )
    return json.loads(done.stdout)


def climb(home: Path, seed: int) -> tuple[str, bool]:
    """Run the demo with a seed; return its row, and whether it succeeded."""
    began = time.monotonic()
    ladder = litmus(home, "demo", "--headless", "--tune", "--seed", str(seed))
    whole = (time.monotonic() - began) / 60
    [job] = litmus(home, "tune", "status", "--session", "demo-tickets")["jobs"]
    training = litmus(home, "economics", "--session", "demo-tickets")["tuning_hours"] * 60
    right = {rung["rung"]: f"{rung['passed']} of {rung['n']}" for rung in ladder["rungs"]}
    step = ladder["beside_base"]
    best = max(job["heldout"], key=lambda look: look["right"])
    cells = (
        *(seed, *(right[rung] for rung in RUNGS)),
        *(f"{step['e_value']:,.0f}", step["lost"]),
        f"{best['right']}/{best['of']} at {best['step']} of {job['step']}",
        *(f"{training:.1f}", f"{whole:.1f}"),
    )
    row = f"| {' | '.join(map(str, cells))} |"
    return row, step["e_value"] > BAR and training <= MOST_MINUTES


def main() -> None:
    """Print a row for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    heads = (
        "seed",
        *RUNGS,
        "e, base to tuned",
        "lost",
        "held out, best",
        "training, min",
        "all, min",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    good = 0
    for seed in options.seeds:
        home = options.folder / f"seed-{seed}"
        home.mkdir(parents=True)
        row, fine = climb(home, seed)
        good += fine
        print(row, flush=True)
    print(f"{good} of {len(options.seeds)} seeds succeeded.")
    sys.exit(good < len(options.seeds) - 1)


if __name__ == "__main__":
    main()
