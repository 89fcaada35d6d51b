"""Train on the tickets with several seeds, and ask each model the tests that it never saw.

    python tests/benchmarks/tuning_seeds.py --seeds 0 1 2 --folder /tmp/seeds

Needs the extra `tune`. For each seed: the trainer as Litmus starts it, with the settings that
Litmus has unless `--set name=value` says otherwise; then the base and the tuned model, both
served by the embedded server, are asked the 30 tests at temperature 0. An answer is right when
it is the expected code and nothing else. About five minutes a seed on one thread.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lab.embedded import EmbeddedServer, Endpoint  # noqa: E402
from lab.tuning import adapter, training_events  # noqa: E402
from lab.tuning.dataset import Recipe, build  # noqa: E402
from lab.tuning.export import lines, split  # noqa: E402
from lab.weights import fetch_weights  # noqa: E402
from store.child import importing  # noqa: E402

SYSTEM = "Route the ticket. Answer with the code of the desk only."
SHARE = 0.2


async def tickets() -> tuple[bytes, bytes, list[dict[str, Any]]]:
    """Return the files to train on and to validate with, and the tests."""
    import tempfile

    from lab.desk import Desk
    from lab.engine import Engine
    from lab.interop import formats
    from store import sessions, training

    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home))
        try:
            session = await engine.database.write(sessions.create, "seeds")
            desk = await Desk.open(engine, session)
            await desk.add_cases(formats.read(ROOT / "fixtures/tickets.jsonl", "jsonl").cases)
            material = await engine.database.read(training.material, session.id)
        finally:
            await engine.close()
    dataset = build(material, Recipe(system=SYSTEM))
    kept, held = split(dataset.examples, SHARE)
    tests = [{"prompt": c.prompt, "expected": c.expectation.text} for c in dataset.tests]
    return lines(kept), lines(held), tests


async def right(server: EmbeddedServer, tests: list[dict[str, Any]]) -> int:
    """Return how many tests the model of a server answers right."""
    try:
        endpoint = await server.start()
        answers = [await asyncio.to_thread(ask, endpoint, test["prompt"]) for test in tests]
    finally:
        await server.stop()
    pairs = zip(answers, tests, strict=True)
    return sum(answer.strip() == test["expected"] for answer, test in pairs)


def ask(endpoint: Endpoint, prompt: str) -> str:
    """Return a model's likeliest answer."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]
    body = {"model": endpoint.model, "messages": messages, "temperature": 0, "max_tokens": 32}
    request = urllib.request.Request(
        f"{endpoint.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {endpoint.api_key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


def train(folder: Path) -> float:
    """Run the trainer in a folder; return the seconds that it took."""
    began = time.monotonic()
    with (folder / "trainer.log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-P", "-m", "lab.tuning.trainer", str(folder / "spec.json")],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=importing(os.environ) | {"OMP_NUM_THREADS": "1"},
            check=True,
        )
    return time.monotonic() - began


async def main() -> None:
    """Print a row for each seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    changes = {
        name: json.loads(value) for name, _, value in (s.partition("=") for s in options.set)
    }
    gguf = await fetch_weights()
    training, validation, tests = await tickets()
    base = await right(EmbeddedServer(window=512), tests)
    print(f"base: {base} of {len(tests)} right; changed settings: {changes or 'none'}", flush=True)
    print("| seed | steps | kept | validation | minutes | s a step | tests right |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for seed in options.seeds:
        folder = options.folder / str(seed)
        folder.mkdir(parents=True)
        (folder / "training.jsonl").write_bytes(training)
        (folder / "validation.jsonl").write_bytes(validation)
        spec = {"base": str(gguf), "validation": "validation.jsonl", "seed": seed, **changes}
        (folder / "spec.json").write_text(json.dumps(spec))
        took = await asyncio.to_thread(train, folder)
        made = adapter.read(folder)
        assert made is not None
        steps = [e for e in training_events.read(folder)[0] if e.kind == "metrics"]
        pace = sorted(e.data["s_per_step"] for e in steps)[len(steps) // 2]
        score = await right(EmbeddedServer(window=512, adapter=made), tests)
        print(
            f"| {seed} | {steps[-1].step} | {made.step} | {made.right}/{made.of} "
            f"| {took / 60:.1f} | {pace:.1f} | {score} of {len(tests)} |",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
