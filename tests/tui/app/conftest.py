"""The app on a home of its own, with a server on loopback to ask, and a person at its keys."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from fixtures.server import FixtureServer
from lab import providers
from lab.desk import Desk
from lab.engine import Engine
from lab.imports.answers import import_answers
from lab.imports.matching import Given
from lab.interop.answer_formats import read_answers
from lab.setup import Setup
from store import benchmarks, runs, sessions
from store.records import Answer, Case, CaseDraft, Rung, Session
from tui.app import LitmusApp
from tui.screens.bench.screen import BenchScreen
from tui.widgets.answers import Answers
from tui.widgets.case_list import CaseList
from tui.widgets.prompt_box import PromptBox

PATIENCE_S = 60


class Person:
    """Someone at the app: presses keys, reads the screen, waits for what is to come."""

    def __init__(self, app: LitmusApp, pilot: Pilot[None], engine: Engine) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = engine

    # -- Keys -----------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type printable text, key by key."""
        for character in text:
            self.app.post_message(events.Key(character, character))
        await self.pilot.pause()

    async def at_once(self, *keys: str) -> None:
        """Press printable keys faster than the app can answer to the first of them."""
        for key in keys:
            self.app.post_message(events.Key(key, key))
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def send(self, prompt: str) -> None:
        """Put a prompt into the prompt box, as a paste does, and send it."""
        await self.press("slash")
        self.box.text = ""
        await self.paste(prompt)
        await self.until(lambda: self.box.text)
        await self.press("ctrl+j")

    # -- What is seen ---------------------------------------------------------------

    async def until(
        self, condition: Callable[[], object], what: str = "", seconds: float = PATIENCE_S
    ) -> None:
        """Wait until a condition holds; fail with what is on the screen where it never does."""
        last = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > last:
                pytest.fail(f"never came: {what or 'the condition'}; on the screen:\n{self.text}")
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def until_seen(self, *texts: str) -> None:
        """Wait until every one of the texts stands on the screen."""
        for text in texts:
            await self.until(lambda text=text: text in self.text, text)

    async def until_gone(self, text: str) -> None:
        await self.until(lambda: text not in self.text, f"no {text!r}")

    @property
    def rows(self) -> list[str]:
        """The rows of the screen, as a terminal shows them."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def folded(self) -> str:
        """What is on the screen with its white space folded: a wrapped sentence is whole."""
        return " ".join(self.text.split())

    @property
    def said(self) -> list[str]:
        """The notifications that are up."""
        return [note.message for note in self.app._notifications]

    async def until_said(self, text: str) -> None:
        await self.until(lambda: any(text in said for said in self.said), f"{text} ({self.said})")

    # -- The bench ------------------------------------------------------------------

    @property
    def bench(self) -> BenchScreen:
        return next(s for s in self.app.screen_stack if isinstance(s, BenchScreen))

    @property
    def cases(self) -> CaseList:
        return self.bench.query_one(CaseList)

    @property
    def box(self) -> PromptBox:
        return self.bench.query_one(PromptBox)

    @property
    def answers(self) -> Answers:
        return self.bench.query_one(Answers)

    @property
    def glyphs(self) -> str:
        """The glyph of each case in the list."""
        rows = [self.cases.row(index) for index in range(self.cases.count)]
        return "".join(row.glyph if row else " " for row in rows)

    async def until_glyphs(self, glyphs: str) -> None:
        await self.until(lambda: self.glyphs == glyphs, f"{glyphs} ({self.glyphs})")

    async def until_on(self, key: str) -> None:
        """Wait until a case is the one that is shown."""
        await self.until(
            lambda: self.answers.case is not None and self.answers.case.key == key, f"case {key}"
        )

    # -- What is kept ---------------------------------------------------------------

    @property
    def stored(self) -> list[Case]:
        """The cases of the open session as they are kept."""
        return self.engine.database.read_now(benchmarks.cases, self.session.id, split=None)

    @property
    def session(self) -> Session:
        return self.engine.database.read_now(sessions.get, self.bench.desk.session.id)

    def answer(self, key: str = "1", variant_id: int = 1) -> Answer | None:
        """A variant's newest answer to the case of that key."""
        case = next(case for case in self.stored if case.key == key)
        return self.engine.database.read_now(runs.latest, variant_id, case.revision_id)

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in the database."""
        return self.engine.database.read_now(lambda c: c.execute(query).fetchall())

    # -- Screens --------------------------------------------------------------------

    async def choose(self, label: str, *, at: str = "#providers") -> None:
        """Take an option of a list by what it says."""
        options = self.app.screen.query_one(at, OptionList)
        await self.until(lambda: label in _labels(options), label)
        options.highlighted = _labels(options).index(label)
        options.focus()
        await self.press("enter")

    async def choose_model(self, base_url: str, model: str) -> None:
        """In the model picker: another address, and a model that it lists."""
        await self.choose("Another address")
        await self.until(lambda: isinstance(self.app.focused, Input))
        await self.type(base_url)
        await self.press("enter")
        await self.choose(model, at="#models")


def _labels(options: OptionList) -> list[str]:
    return [str(option.prompt).lstrip("●○ ") for option in options.options]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No keys, no keyring, no cache and no home of the person who runs the tests."""
    for preset in providers.load().values():
        for name in (*preset.key_env, preset.base_url_env):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("LITMUS_GGUF", raising=False)
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    # The one in use is chosen once in a process, and could be another test's.
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
async def server() -> AsyncIterator[FixtureServer]:
    async with FixtureServer(retry_after=0.05) as running_server:
        yield running_server


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    opened = Engine(tmp_path / "home")
    try:
        yield opened
    finally:
        await opened.close()


Open = Callable[..., AbstractAsyncContextManager[Person]]


@pytest.fixture
def start(engine: Engine) -> Open:
    """Start the app as `litmus` does, without a session to open."""

    @asynccontextmanager
    async def started(size: tuple[int, int] = (110, 30)) -> AsyncIterator[Person]:
        first = engine.database.read_now(sessions.last) is None
        async with _running(LitmusApp(engine, first=first), engine, size) as person:
            yield person

    return started


@pytest.fixture
def open_bench(engine: Engine, server: FixtureServer) -> Open:
    """Open the bench of a session that asks the server, with these cases in it."""

    @asynccontextmanager
    async def opened(
        *prompts: str | CaseDraft,
        size: tuple[int, int] = (110, 30),
        model: str | None = "fixture-large",
        name: str = "work",
    ) -> AsyncIterator[Person]:
        desk = await _desk(engine, server, prompts, model, name)
        async with _running(LitmusApp(engine, desk), engine, size) as person:
            await person.until(lambda: isinstance(person.app.screen, BenchScreen))
            if (shown := desk.state.get("case")) or prompts:
                await person.until(
                    lambda: (
                        person.answers.case is not None
                        and person.answers.case.id == (shown or person.answers.case.id)
                    ),
                    "the first case",
                )
            yield person

    return opened


async def _desk(
    engine: Engine,
    server: FixtureServer,
    prompts: Sequence[str | CaseDraft],
    model: str | None,
    name: str,
) -> Desk:
    """Open the session of that name, made where it is not there."""
    known = {session.name: session for session in engine.database.read_now(sessions.page)}
    if name in known:
        return await Desk.open(engine, known[name])
    session = await engine.database.write(sessions.create, name)
    if model is not None:
        setup = Setup("custom", model, base_url=server.base_url)
        session.state["setup"] = setup.to_json()
        await engine.database.write(sessions.save_state, session.id, session.state)
    desk = await Desk.open(engine, session)
    drafts = [item if isinstance(item, CaseDraft) else CaseDraft(item) for item in prompts]
    await desk.add_cases(drafts)
    return desk


@asynccontextmanager
async def _running(app: LitmusApp, engine: Engine, size: tuple[int, int]) -> AsyncIterator[Person]:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Person(app, pilot, engine)
        if isinstance(app.screen_stack[0], BenchScreen):
            await app.screen_stack[0].leave()


Fill = Callable[..., Awaitable[None]]


@pytest.fixture
def fill(engine: Engine, tmp_path: Path) -> Fill:
    """Give a rung of the session `work` answers, as if made elsewhere, before it is opened.

    A letter a case: y, p or n as labelled, ? without a label, a space for none. Cases are
    c0, c1, … `text` makes an answer's text of its place and letter.
    """
    verdicts = {"y": "pass", "p": "partial", "n": "fail"}

    async def filled(
        rung: Rung,
        letters: str,
        *,
        model: str = "m1",
        cost: float | None = 0.001,
        text: Callable[[int, str], str] | None = None,
        prompt: str = "Question {}?",
        **more: Any,
    ) -> None:
        known = {session.name: session for session in engine.database.read_now(sessions.page)}
        session = known.get("work") or await engine.database.write(sessions.create, "work")
        rows: list[dict[str, Any]] = []
        for place, letter in enumerate(letters):
            if letter != " ":
                answer = text(place, letter) if text else f"{rung} {model} {letter} {place}"
                row = {"id": f"c{place}", "prompt": prompt.format(place), "answer": answer, **more}
                row |= {"latency_s": 1.5, "label": verdicts.get(letter), "cost_usd": cost}
                rows.append({name: value for name, value in row.items() if value is not None})
        path = tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        desk = await Desk.open(engine, session)
        await import_answers(desk, read_answers(path), Given(rung, model))

    return filled


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait until a condition holds that has nothing to do with the screen."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
