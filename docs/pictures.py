"""Make the README's pictures: Textual's own screenshots of the demo as it really ran.

    python docs/pictures.py [FOLDER]

Runs the demo first (with the embedded model, about a minute) in a home of its own, or in a
copy of FOLDER, where it may have run already; then drives the app and writes `docs/pictures/*.svg`,
and the report as a Chromium shows it. Where FOLDER has a trained `litmus demo --tune` too, also
the Tune screen. Needs the extras `embedded` and `dev`, and a Chromium.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from textual.pilot import Pilot

from lab import demo
from lab.desk import Desk
from lab.engine import Engine
from lab.report.html import html_report
from lab.report.whole import make_report
from lab.weights import fetch_weights
from store import sessions as sessions_kept
from store.errors import NotFound
from store.tuned import last_made
from tui import __version__
from tui.app import LitmusApp
from tui.widgets.answers import Answers

PICTURES = Path(__file__).resolve().parent / "pictures"
WIDE, SMALL = (140, 34), (80, 24)
Steps = Callable[[Pilot[None]], Awaitable[None]]


async def climb(engine: Engine) -> None:
    """Run the demo's ladder, so that the pictures show what it came to."""
    await fetch_weights()
    desk = await demo.prepare(engine)
    async for run in demo.climb(desk):
        async for _ in run.events():
            pass


async def picture(
    engine: Engine,
    name: str,
    size: tuple[int, int],
    steps: Steps,
    which: demo.Demo = demo.QUESTIONS,
) -> None:
    """Open a demo's bench in a size, take the steps, and save what stands there."""
    desk = await demo.prepare(engine, which)
    await engine.database.write(_forget_place, desk.session.id)
    app = LitmusApp(engine, await Desk.open(engine, desk.session))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await steps(pilot)
        await settled(pilot)
        PICTURES.mkdir(exist_ok=True)
        app.save_screenshot(f"{name}.svg", path=str(PICTURES))


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the ladder's counts and what a key set off stand on the screen."""
    for _ in range(4):
        await pilot.pause(0.3)


async def bench(pilot: Pilot[None]) -> None:
    await pilot.press(*"jjjj")


async def small(pilot: Pilot[None]) -> None:
    await pilot.press(*"jj")


async def compare(pilot: Pilot[None]) -> None:
    await pilot.press(*"jj", "v")
    while len(pilot.app.screen.query_one(Answers).variants) < 2:
        await pilot.pause(0.1)


async def edit(pilot: Pilot[None]) -> None:
    await pilot.press(*"jj", "e")


async def choose(pilot: Pilot[None]) -> None:
    await pilot.press("m")
    await pilot.pause(2)


async def keys(pilot: Pilot[None]) -> None:
    await pilot.press("question_mark")


async def queue(pilot: Pilot[None]) -> None:
    await pilot.press("l", "a")
    while "1 of" not in seen(pilot):
        await pilot.pause(0.1)
    await pilot.press("n")


def seen(pilot: Pilot[None]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def documents(pilot: Pilot[None]) -> None:
    question = "how long is the notice period"
    await pilot.press("f3")
    await settled(pilot)
    await pilot.press("slash", *("space" if char == " " else char for char in question), "enter")
    while "Leaving the company" not in seen(pilot):
        await pilot.pause(0.1)
    await pilot.press("enter")


async def ladder(pilot: Pilot[None]) -> None:
    await pilot.press("f4")
    while "rag" not in seen(pilot) or "CLIMB" not in seen(pilot):
        await pilot.pause(0.1)
    await pilot.press("end")


async def flips(pilot: Pilot[None]) -> None:
    await ladder(pilot)
    await pilot.press("enter")


async def tune(pilot: Pilot[None]) -> None:
    await pilot.press("f5")
    while "CLIMB" not in seen(pilot) or "Held-out" not in seen(pilot):
        await pilot.pause(0.1)


async def has_tuned(engine: Engine) -> bool:
    """Tell whether the demo of the last rung has a tuned model in this home."""
    try:
        session = await engine.database.read(sessions_kept.named, demo.TICKETS.session)
    except NotFound:
        return False
    return await engine.database.read(last_made, session.id) is not None


async def report(engine: Engine, desk: Desk) -> None:
    """Write the report, and picture the top of it."""
    from playwright.async_api import async_playwright

    with tempfile.TemporaryDirectory() as folder:
        page_file = Path(folder) / "ladder.html"
        page_file.write_text(html_report(await make_report(desk, __version__)), "utf-8")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=["--no-sandbox", "--disable-background-networking"],
            )
            page = await browser.new_page(viewport={"width": 1000, "height": 900})
            await page.goto(page_file.as_uri())
            await page.screenshot(path=str(PICTURES / "report.png"))
            await browser.close()


async def sessions(pilot: Pilot[None]) -> None:
    await pilot.press("f6")


def _forget_place(connection: object, session_id: int) -> None:
    session = sessions_kept.get(connection, session_id)  # type: ignore[arg-type]
    state = {name: value for name, value in session.state.items() if name == "setup"}
    sessions_kept.save_state(connection, session_id, state)  # type: ignore[arg-type]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:  # a copy, since what the pictures show is done in it
            shutil.copytree(sys.argv[1], folder, dirs_exist_ok=True)
        engine = Engine(Path(folder))
        try:
            await climb(engine)
            await picture(engine, "bench", WIDE, bench)
            await picture(engine, "bench-80x24", SMALL, small)
            await picture(engine, "compare", WIDE, compare)
            await picture(engine, "edit", SMALL, edit)
            await picture(engine, "models", SMALL, choose)
            await picture(engine, "queue", SMALL, queue)
            await picture(engine, "documents", WIDE, documents)
            await picture(engine, "ladder", (110, 30), ladder)
            await picture(engine, "flips", (110, 30), flips)
            await report(engine, await demo.prepare(engine))
            await picture(engine, "keys", SMALL, keys)
            await picture(engine, "sessions", SMALL, sessions)
            if await has_tuned(engine):
                await picture(engine, "tune", (110, 30), tune, demo.TICKETS)
        finally:
            await engine.close()


if __name__ == "__main__":
    asyncio.run(main())
