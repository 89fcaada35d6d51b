"""Measure the label queue at 100,000 answers: `python tests/benchmarks/label_queue.py`.

Opens the app on the queue of a session of 2,000 cases and 50 variants, and presses keys: from
a key to its verdict stored and the next answer painted. Beside it, what one key costs the
store alone. Labels are written, so `--home DIR` (made by big_session.py) is copied first.
Takes about half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from big_session import build
from textual import events

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.desk import Desk
from lab.engine import Engine
from lab.labels.queue import LabelQueue
from store import sessions
from tui.app import LitmusApp
from tui.screens.label_queue.screen import LabelQueueScreen

BAR_MS = 50.0
TICK_S = 0.002


class Stalls:
    """How long the event loop is kept from its work at most, in ms."""

    def __init__(self) -> None:
        self.longest = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        self.longest = 0.0
        task = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            task.cancel()

    async def _tick(self) -> None:
        while True:
            began = perf_counter()
            await asyncio.sleep(TICK_S)
            self.longest = max(self.longest, (perf_counter() - began - TICK_S) * 1000)


async def painted(app: LitmusApp) -> None:
    """Wait until what has changed is on the screen."""
    done = asyncio.Event()
    app.screen.call_after_refresh(done.set)
    await done.wait()


async def press(app: LitmusApp, key: str) -> float:
    """Press a key; return the ms until it is stored and the next answer is on the screen."""
    screen = app.screen
    assert isinstance(screen, LabelQueueScreen)
    before = screen._queue.shown
    began = perf_counter()
    app.post_message(events.Key(key, key))
    while screen._queue.shown is before:
        await asyncio.sleep(0)
    await painted(app)
    return (perf_counter() - began) * 1000


def report(name: str, times: list[float], bar: float = BAR_MS) -> None:
    high = quantiles(times, n=20)[-1] if len(times) >= 20 else max(times)
    mark = "" if high <= bar else "   over"
    print(f"{name:38}{median(times):9.1f}{high:9.1f}{max(times):9.1f}{bar:8.0f}{mark}")


async def measure(home: Path, keys: int) -> None:
    engine = Engine(home)
    desk = await Desk.open(engine, await engine.database.read(sessions.named, "big"))
    print(f"{'ms':38}{'median':>9}{'p95':>9}{'most':>9}{'bar':>8}")
    alone = LabelQueue(desk)
    began = perf_counter()
    await alone.open()
    report("read and shuffle what waits", [(perf_counter() - began) * 1000], 500)
    times: list[float] = []
    for _ in range(keys):
        began = perf_counter()
        await alone.judge("pass")
        times.append((perf_counter() - began) * 1000)
    report("a verdict without a screen", times)
    alone.close()

    stalls = Stalls()
    app = LitmusApp(engine, desk)
    async with app.run_test(size=(110, 30)) as pilot:
        while not app.screen.ladder._standings:  # else the counting is measured too
            await pilot.pause(0.1)
        with stalls.watch():
            began = perf_counter()
            await pilot.press("l")
            while not isinstance(app.screen, LabelQueueScreen) or not app.screen._queue.shown:
                await asyncio.sleep(0.001)
            await painted(app)
            took = (perf_counter() - began) * 1000
        report("the key l to the first answer", [took], 500)
        report("  longest stall meanwhile", [stalls.longest])
        with stalls.watch():
            for name, given in (
                ("a verdict, and the next answer", "yn10"),
                ("undo, and the answer before", "u"),
            ):
                row = [await press(app, given[n % len(given)]) for n in range(keys)]
                report(name, row)
        report("  longest stall meanwhile", [stalls.longest])
        row = [await press(app, "x") for _ in range(20)]
        report("a bad case, its answers copied", row, 100)
        await pilot.press("escape", "escape")
    await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=50)
    parser.add_argument("--keys", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if options.home is None:
            build(home, options.cases, options.variants)
        else:
            shutil.copytree(options.home, home)
        asyncio.run(measure(home, options.keys))


if __name__ == "__main__":
    main()
