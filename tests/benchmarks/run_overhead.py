"""Measure what a run costs over a raw loop: `python tests/benchmarks/run_overhead.py`.

500 cases at concurrency 16 against a loopback server in a process of its own. The raw loop
streams the same answers with the `openai` package and keeps nothing; Litmus journals,
grades and stores each. Both are measured in turns, CPU is that of the whole client process
with all its threads. With `--chunk-delay 0.005` the answers come at the pace of a model.
Takes about a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab import events
from lab.desk import Desk
from lab.engine import Engine, warm_up
from lab.setup import Setup
from store import sessions
from store.records import CaseDraft, Expectation
from store.upkeep import integrity

ROOT = Path(__file__).parents[2]
SYSTEM = "Answer the question in one short sentence."
CASES, CONCURRENCY, MODEL = 500, 16, "fixture-large"
WALL_BAR, CPU_BAR = 1.2, 1.3
# The server gives the question back word by word, so this makes an answer of 62 chunks.
WORDS = " ".join(f"word{number}" for number in range(58))
PROMPTS = [f"Case {number}: {WORDS}" for number in range(CASES)]

Spent = tuple[float, float]
Loop = Callable[[str], Coroutine[Any, Any, None]]


@contextmanager
def server(chunk_delay: float) -> Iterator[str]:
    """Run the fixture server as a program, and hand out its base URL."""
    command = [sys.executable, str(ROOT / "fixtures" / "server.py")]
    child = subprocess.Popen(
        [*command, "--chunk-delay", str(chunk_delay)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    try:
        yield child.stdout.readline().strip()
    finally:
        child.terminate()
        child.wait()


async def raw(base_url: str, http_client: Any = None) -> None:
    """Ask every prompt with the `openai` package alone, and join each answer's text."""
    import openai

    todo = iter(PROMPTS)
    answers: list[str] = []
    async with openai.AsyncOpenAI(
        base_url=base_url, api_key="none", http_client=http_client
    ) as client:

        async def work() -> None:
            for prompt in todo:
                stream = await client.chat.completions.create(
                    model=MODEL,
                    messages=[
                        {"role": "system", "content": SYSTEM},
                        {"role": "user", "content": prompt},
                    ],
                    stream=True,
                    stream_options={"include_usage": True},
                )
                pieces: list[str] = []
                async for chunk in stream:
                    pieces += [choice.delta.content or "" for choice in chunk.choices]
                answers.append("".join(pieces))

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    assert all(WORDS in answer for answer in answers) and len(answers) == CASES


async def raw_aiohttp(base_url: str) -> None:
    """Ask in the same way through the package's aiohttp transport."""
    import openai

    await raw(base_url, openai.DefaultAioHttpClient())


async def litmus(base_url: str) -> None:
    """Ask the same with a run, persistence and grading included."""
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home))
        try:
            session = await engine.database.write(sessions.create, "overhead")
            desk = await Desk.open(engine, session)
            await desk.add_cases(
                CaseDraft(prompt, expectation=Expectation("word57")) for prompt in PROMPTS
            )
            setup = Setup("custom", MODEL, base_url=base_url, system=SYSTEM)
            cases = await desk.cases()
            asking = await desk.ask(cases, setup.variant([]), concurrency=CONCURRENCY)
            graded = 0
            async for event in asking.events():
                graded += isinstance(event, events.Graded) and event.verdict == "pass"
            assert graded == CASES and not await engine.database.read(integrity)
        finally:
            await engine.close()


def measured(loop: Loop, base_url: str) -> Spent:
    """Return the seconds of wall time and of CPU that a loop takes."""
    wall, cpu = perf_counter(), process_time()
    asyncio.run(loop(base_url))
    return perf_counter() - wall, process_time() - cpu


def compare(loops: dict[str, Loop], base_url: str, rounds: int) -> dict[str, Spent]:
    """Measure the loops in turns, and return the median of each one's rounds."""
    spent: dict[str, list[Spent]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            spent[name].append(measured(loop, base_url))
    return {
        name: (median(wall for wall, _ in here), median(cpu for _, cpu in here))
        for name, here in spent.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a run with a raw streaming loop.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--chunk-delay", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    os.environ.pop("LITMUS_API_KEY", None)
    warm_up()
    loops: dict[str, Loop] = {"raw": raw, "raw, aiohttp": raw_aiohttp, "Litmus": litmus}
    with server(options.chunk_delay) as base_url:
        compare(loops, base_url, 1)  # the first of each imports and compiles
        spent = compare(loops, base_url, options.rounds)
    wall, cpu = spent["raw"]
    print(f"{'what':<14} {'wall s':>8} {'CPU s':>8} {'wall ×':>8} {'CPU ×':>8}")
    for name, (its_wall, its_cpu) in spent.items():
        ratios = f"{its_wall / wall:>8.2f} {its_cpu / cpu:>8.2f}"
        print(f"{name:<14} {its_wall:>8.2f} {its_cpu:>8.2f} {ratios}")
    print(f"{'bar':<14} {'':>8} {'':>8} {WALL_BAR:>8.2f} {CPU_BAR:>8.2f}")


if __name__ == "__main__":
    main()
