"""Measure StreamView against the design's bars: `python tests/benchmarks/streaming.py`.

The app paints into a driver that keeps nothing, so what is measured includes every escape
sequence a terminal would get. CPU is the whole process's. Takes about three minutes.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

sys.path.insert(0, str(Path(__file__).parents[2]))

from tui.widgets import stream_view
from tui.widgets.stream_view import StreamView

WORDS = ("the", "contract", "was", "signed", "by", "both", "parties", "in", "march", "2024")
SIZE = (110, 40)
TICK_S = 0.01


class Terminal(HeadlessDriver):
    """A driver that is painted on like a terminal and tells a listener what it gets."""

    on_write: Callable[[str], None] = staticmethod(lambda data: None)

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        Terminal.on_write(data)


class Panes(App[None]):
    CSS = "Grid { grid-size: 2; } Grid.one { grid-size: 1; }"

    def __init__(self, views: int) -> None:
        super().__init__(driver_class=Terminal)
        self.views = [StreamView() for _ in range(views)]
        self.ready = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Grid(*self.views, classes="one" if len(self.views) == 1 else "")
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_ready(self) -> None:
        self.ready.set()


@asynccontextmanager
async def panes(views: int):
    app = Panes(views)
    running = asyncio.create_task(app.run_async(size=SIZE, mouse=False))
    await app.ready.wait()
    try:
        yield app
    finally:
        app.exit()
        await running


def chunks(count: int, *, paragraphs: bool) -> Iterator[str]:
    words = random.Random(7)
    for index in range(count):
        ends = paragraphs and index % 60 == 59
        yield words.choice(WORDS) + ("\n\n" if ends else " ")


async def pour(view: StreamView, pieces: Iterator[str], per_second: float) -> None:
    """Append pieces at a steady rate, as a reader of a socket would: several a wake-up."""
    started, sent = perf_counter(), 0
    while True:
        await asyncio.sleep(TICK_S)
        due = int((perf_counter() - started) * per_second) - sent
        for _ in range(due):
            piece = next(pieces, None)
            if piece is None:
                return
            view.append(piece)
        sent += due


async def flatness(*, paragraphs: bool, full: bool) -> float:
    """CPU per chunk in the last tenth over the first tenth of 20,000 chunks.

    Paced by frames, not by the clock: 33 chunks a frame, as 500 a second are at 15 frames,
    so that every tenth paints equally often. Frames come as fast as the screen takes them.
    `full` fills the screen first. From an empty one the first tenth is cheaper for a reason
    that has nothing to do with length: its first frames have little to paint.
    """
    first = last = 0.0
    for _ in range(3):
        pieces = chunks(20_400, paragraphs=paragraphs)
        async with panes(1) as app:
            if full:
                app.views[0].append("".join(next(pieces) for _ in range(600)))
                await asyncio.sleep(0.2)
            for tenth in range(10):
                before = process_time()
                for _ in range(60):
                    await frame(app.views[0], [next(pieces) for _ in range(33)])
                spent = process_time() - before
                first += spent if tenth == 0 else 0
                last += spent if tenth == 9 else 0
    return last / first


async def frame(view: StreamView, pieces: list[str]) -> None:
    """Append pieces and wait until they are painted."""
    painted = asyncio.Event()
    Terminal.on_write = staticmethod(lambda data: painted.set())
    for piece in pieces:
        view.append(piece)
    await painted.wait()


async def cost() -> float:
    """CPU milliseconds per chunk at 500 chunks a second."""
    async with panes(1) as app:
        await pour(app.views[0], chunks(500, paragraphs=True), 500)
        before = process_time()
        await pour(app.views[0], chunks(2_000, paragraphs=True), 500)
        return (process_time() - before) / 2_000 * 1000


class Loop:
    """Watches how long the event loop does not come round."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(0.002)
            now = perf_counter()
            self.worst = max(self.worst, now - last - 0.002)
            last = now


async def watched(work: Awaitable[None]) -> float:
    """Return the longest stall of the event loop during some work, in milliseconds."""
    loop = Loop()
    watcher = asyncio.create_task(loop.watch())
    await work
    await asyncio.sleep(0.1)
    watcher.cancel()
    return loop.worst * 1000


async def echoes(app: Panes, keys: int) -> list[float]:
    """Press keys that stand nowhere else on the screen and time each until it is painted."""
    times: list[float] = []
    gaps = random.Random(3)
    for index in range(keys):
        character, painted = chr(0x0410 + index), asyncio.Event()

        def look(data: str, character: str = character, painted: asyncio.Event = painted) -> None:
            if character in data:
                painted.set()

        Terminal.on_write = staticmethod(look)
        pressed = perf_counter()
        app.post_message(events.Key(character, character))
        await painted.wait()
        times.append((perf_counter() - pressed) * 1000)
        await asyncio.sleep(gaps.uniform(0.03, 0.1))
    Terminal.on_write = staticmethod(lambda data: None)
    return times


async def eight() -> tuple[float, float]:
    """Key to echo p95 with 8 streams of 100 chunks/s, and the stall as one finishes (ms)."""
    async with panes(8) as app:
        pours = [
            asyncio.create_task(pour(view, chunks(100_000, paragraphs=True), 100))
            for view in app.views
        ]
        times = await echoes(app, 64)

        async def finish() -> None:
            first = app.views[0]
            first.append("".join(chunks(20_000, paragraphs=True)))
            await asyncio.sleep(0.3)
            first.set_text(first.text, follow=True)
            first.mark("⚠ interrupted")
            await asyncio.sleep(0.3)

        pours[0].cancel()
        stall = await watched(finish())
        for task in pours:
            task.cancel()
        return quantiles(times, n=20)[-1], stall


async def resize(text: str) -> float:
    """The longest stall as the width changes twice with a text on the screen (ms)."""
    async with panes(1) as app:
        view = app.views[0]
        view.set_text(text)
        while view.waiting:
            await asyncio.sleep(TICK_S)

        async def narrow_and_back() -> None:
            for width in (61, "1fr"):
                rows = view.virtual_size.height
                view.styles.width = width
                while view.virtual_size.height == rows:
                    await asyncio.sleep(TICK_S)

        return await watched(narrow_and_back())


async def quick(text: str, screen: str) -> float:
    """Run `flatness` at the frame rate of the screen in place of the widget's own."""
    usual = stream_view.FRAMES_PER_SECOND
    stream_view.FRAMES_PER_SECOND = 60
    try:
        return await flatness(paragraphs=text == "paragraphs", full=screen == "full")
    finally:
        stream_view.FRAMES_PER_SECOND = usual
        Terminal.on_write = staticmethod(lambda data: None)


async def main() -> None:
    latin, cjk = (
        "The quick brown fox jumps. " * 37_000,
        "这是一个很长的中文句子，没有空格。" * 60_000,
    )
    echo, stall = await eight()
    rows = [
        *[
            (f"last / first tenth, {text}, {screen} screen", await quick(text, screen), 1.2, "×")
            for text in ("paragraphs", "one paragraph")
            for screen in ("full", "empty")
        ],
        ("CPU a chunk at 500 chunks/s", await cost(), 0.4, "ms"),
        ("8 streams × 100 chunks/s, key to echo p95", echo, 150, "ms"),
        ("the same, longest stall as one finishes", stall, 250, "ms"),
        ("width changes, 1 MB of Latin: longest stall", await resize(latin), 100, "ms"),
        ("width changes, 1 M characters of CJK: longest stall", await resize(cjk), 100, "ms"),
    ]
    print(f"{'what':<52} {'measured':>12} {'bar':>10}")
    for what, value, bar, unit in rows:
        verdict = "" if value <= bar else "  over the bar"
        print(f"{what:<52} {value:>9.2f} {unit:<2} {bar:>7g} {unit:<2}{verdict}")


if __name__ == "__main__":
    asyncio.run(main())
