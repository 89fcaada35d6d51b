"""Check what `litmus demo --headless --json` printed: `python check_demo.py FILE`.

The file may begin with what pip wrote. All three rungs must be there, on the whole benchmark,
and the intervals of context and rag must lie above that of the bare prompt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[1] / "fixtures" / "benchmark.jsonl"


def main() -> None:
    """Exit with a sentence on what is wrong, or print the three rates."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = json.loads(text[text.rindex("\n{\n") :])
    cases = [json.loads(line) for line in BENCHMARK.read_text(encoding="utf-8").splitlines()]
    tests = sum(case["split"] == "test" for case in cases)
    rungs = {rung["rung"]: rung for rung in found["rungs"]}
    if set(rungs) != {"bare", "context", "rag"}:
        sys.exit(f"The ladder has the rungs {sorted(rungs)}, and must have bare, context, rag.")
    for name, rung in rungs.items():
        if rung["n"] != tests:
            sys.exit(f"{name} rests on {rung['n']} cases; the benchmark has {tests}.")
        if not 0 <= rung["low"] <= rung["rate"] <= rung["high"] <= 1:
            sys.exit(f"{name} has no interval around its rate.")
    bare = rungs["bare"]
    for name in ("context", "rag"):
        if rungs[name]["low"] <= bare["high"]:
            low, high = rungs[name]["low"], bare["high"]
            sys.exit(f"{name} ({low:.2f} up) is not clearly above bare (up to {high:.2f}).")
    print(", ".join(f"{name} {rung['passed']} of {tests}" for name, rung in rungs.items()))  # noqa: T201


if __name__ == "__main__":
    main()
