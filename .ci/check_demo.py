"""Check what `litmus demo --headless --json` printed: `python check_demo.py FILE`.

The file may begin with what pip wrote. Both rungs must be there, on the whole benchmark,
and the context's interval must lie above that of the bare prompt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[1] / "fixtures" / "benchmark.jsonl"


def main() -> None:
    """Exit with a sentence on what is wrong, or print the two rates."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = json.loads(text[text.rindex("\n{\n") :])
    cases = [json.loads(line) for line in BENCHMARK.read_text(encoding="utf-8").splitlines()]
    tests = sum(case["split"] == "test" for case in cases)
    rungs = {rung["rung"]: rung for rung in found["rungs"]}
    if set(rungs) != {"bare", "context"}:
        sys.exit(f"The ladder has the rungs {sorted(rungs)}, and must have bare and context.")
    for name, rung in rungs.items():
        if rung["n"] != tests:
            sys.exit(f"{name} rests on {rung['n']} cases; the benchmark has {tests}.")
        if not 0 <= rung["low"] <= rung["rate"] <= rung["high"] <= 1:
            sys.exit(f"{name} has no interval around its rate.")
    bare, context = rungs["bare"], rungs["context"]
    if context["low"] <= bare["high"]:
        sys.exit(
            f"Context ({context['low']:.2f} up) is not clearly above bare ({bare['high']:.2f})."
        )
    print(f"bare {bare['passed']} of {tests}, context {context['passed']} of {tests}")  # noqa: T201


if __name__ == "__main__":
    main()
