"""The app: its screens, and the keys that work everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from lab import demo
from lab.desk import Desk
from lab.engine import Engine, warm_up
from store import sessions
from store.errors import NotFound, PlainError
from store.records import Session
from tui.screens.bench.screen import BenchScreen
from tui.screens.help import HelpScreen
from tui.screens.new_session import NewSession
from tui.screens.sessions import SessionsScreen
from tui.screens.start import StartScreen


class LitmusApp(App[None]):
    """Litmus in a terminal."""

    TITLE = "Litmus"
    # A default screen's own stylesheet is not loaded by Textual, so theirs are named here.
    CSS_PATH = ["app.tcss", "screens/sessions.tcss", "screens/start.tcss"]
    BINDINGS = [
        Binding("f1,question_mark", "help", "Keys", id="app.help", tooltip="Show these keys"),
        Binding("f2", "bench", "Bench", show=False, id="app.bench", tooltip="Go to the bench"),
        Binding("f6", "sessions", "Sessions", id="app.sessions", tooltip="Go to the sessions"),
        Binding(
            "ctrl+q",
            "quit",
            "Quit",
            id="app.quit",
            tooltip="Leave; everything is kept",
            priority=True,
        ),
    ]

    def __init__(
        self,
        engine: Engine,
        session: Session | None = None,
        *,
        first: bool = False,
        run_demo: bool = False,
    ) -> None:
        """`first`: there is no session yet. `run_demo`: open the demo and climb its ladder."""
        super().__init__()
        self.engine = engine
        self._first = first
        self._session = session
        self._run_demo = run_demo
        self._bench: BenchScreen | None = None

    def get_default_screen(self) -> Screen[None]:
        return StartScreen(self.engine) if self._first else SessionsScreen(self.engine)

    def on_mount(self) -> None:
        self._begin()

    @work(group="begin")
    async def _begin(self) -> None:
        """After the first paint: keep what a Litmus that died left, then open what is asked."""
        kept = await self.engine.recover()
        if kept:
            self.notify(f"{kept} answers that were cut off by the last end are kept.")
        if self._run_demo:
            self.open_demo()
        elif self._session is not None:
            await self.open_bench(await Desk.open(self.engine, self._session))
        # Half a second of imports, paid while the person looks around.
        await asyncio.to_thread(warm_up)

    async def open_bench(self, desk: Desk) -> None:
        """Show a session's bench in place of the one that was open."""
        await self.close_bench()
        self._bench = BenchScreen(desk)
        await self.push_screen(self._bench)

    async def new_session(self) -> None:
        """Ask for a name and a task, and open the session that is made of them."""
        given = await self.push_screen_wait(NewSession())
        if given is None:
            return
        try:
            session = await self.engine.database.write(sessions.create, *given)
        except PlainError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        await self.open_bench(await Desk.open(self.engine, session))

    async def close_bench(self) -> None:
        """Leave the open session, with everything kept."""
        if self._bench is None:
            return
        bench, self._bench = self._bench, None
        await bench.leave()
        while bench in self.screen_stack:
            await self.pop_screen()

    @work(group="demo", exclusive=True)
    async def open_demo(self) -> None:
        """Open the demo's session, and climb its ladder where that is not done yet."""
        try:
            if not await self._has_weights():
                return
            desk = await demo.prepare(self.engine)
        except PlainError as error:
            self.notify(str(error), severity="error", timeout=12, markup=False)
            return
        await self.open_bench(desk)
        assert self._bench is not None
        await self._bench.climb(demo.RUNGS)

    async def _has_weights(self) -> bool:
        """Offer the download of the embedded model where its weights are missing."""
        from lab.weights import have_weights
        from tui.screens.download import DownloadScreen

        self.engine.refuse_without_extra()
        return have_weights() or bool(await self.push_screen_wait(DownloadScreen()))

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def action_bench(self) -> None:
        if self._bench is not None and self.screen is not self._bench:
            if self._bench in self.screen_stack:
                return
            await self.push_screen(self._bench)

    async def action_sessions(self) -> None:
        await self.close_bench()

    async def action_quit(self) -> None:
        await self.close_bench()
        self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette offers what the keys do, and Textual's own commands."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.system or not binding.tooltip or not binding.id or not active.enabled:
                continue
            yield SystemCommand(
                binding.description,
                binding.tooltip,
                lambda node=active.node, action=binding.action: self._call(node, action),
            )
        yield from super().get_system_commands(screen)

    def _call(self, node: DOMNode, action: str) -> None:
        self.run_worker(self.run_action(action, default_namespace=node), group="palette")


def run_app(home: Path, *, session: str = "", resume: bool = False, demo: bool = False) -> int:
    """Open the app and return its exit status. Raises StoreError before it is opened."""
    engine = Engine(home)
    try:
        last = engine.database.read_now(sessions.last)
        if resume and not session and last is None:
            raise NotFound("There is no session yet; make one with `litmus new NAME`.")
        found = last if resume else None
        if session:
            found = engine.database.read_now(sessions.named, session)
        app = LitmusApp(engine, found, first=last is None and not demo, run_demo=demo)
        app.run()
        return app.return_code or 0
    finally:
        asyncio.run(engine.close())
