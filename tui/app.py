"""The app: its screens, and the keys that work everywhere."""

from __future__ import annotations

import asyncio
import gc
import shutil
import signal
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen, Screen
from textual.worker import WorkerFailed

from lab.engine import Engine, warm_up
from store import sessions
from store.errors import NotFound, PlainError
from tui.terminal import outlasting_terminal

# Each screen is imported when it is first shown: the first paint waits for one, not for all.
if TYPE_CHECKING:
    from lab.demo import DemoName
    from lab.desk import Desk
    from store.records import Session
    from tui.screens.bench.screen import BenchScreen
    from tui.trainings import Trainings

_KEPT = "What came of {} when Litmus ended last is kept, marked ⚠."
_LAST_RUNG = "These rungs need no training. F5 trains the last one, on the train cases."


Queue = Literal["open", "blind", "settle", "settle blind"]
"""How the label queue is opened with the app: showing whose answers they are, or not.

`settle` opens it above the ladder, on what settles the ladder's last open step.
"""

RESIZED_S = 0.1
"""How long after a change of its size the terminal is asked for it once more."""

SETTLED_S = 0.6
"""When the first paint is surely over, so that imports do not hold it up."""


class LitmusApp(App[None]):
    """Litmus in a terminal."""

    TITLE = "Litmus"
    BINDINGS = [
        Binding("question_mark", "help", "Keys", id="app.keys", tooltip="Show these keys"),
        # Text areas have their own use for F6, so these come before the focused widget.
        Binding(
            "f1", "help", "Keys", False, id="app.help", tooltip="Show these keys", priority=True
        ),
        Binding(
            "f6",
            "sessions",
            "Sessions",
            id="app.sessions",
            tooltip="Go to the sessions",
            priority=True,
        ),
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
        desk: Desk | None = None,
        *,
        first: bool = False,
        demo: DemoName | None = None,
        queue: Queue | None = None,
    ) -> None:
        """Open on a desk's bench, else on the sessions, or on the first start's choices.

        `demo` opens a demo and climbs its ladder; `queue` opens the bench's label queue.
        """
        self.engine = engine
        self.trouble: PlainError | None = None
        self.away = False
        """Whether the terminal belongs to another program for now, as the person's editor."""
        self._first_screen = _first_screen(engine, desk, first=first)
        # Textual does not load a default screen's own stylesheet.
        super().__init__(css_path=["app.tcss", *self._first_screen.css_path])
        self._demo = demo
        self._queue = queue

    def _handle_exception(self, error: Exception) -> None:
        """Tell what is meant for the person in one sentence, not as a failure of the app.

        From a worker it is only told; a screen that failed cannot go on, and the app ends.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not isinstance(cause, PlainError):
            super()._handle_exception(error)
        elif cause is not error:
            self.notify(str(cause), severity="error", timeout=12, markup=False)
        else:
            self.trouble = cause
            self.exit(return_code=2)

    def get_default_screen(self) -> Screen[None]:
        return self._first_screen

    def on_mount(self) -> None:
        if self._demo is not None:
            self.open_demo(self._demo)
        if self._queue is not None:
            action = "settle" if self._queue.startswith("settle") else "queue"
            blind = self._queue.endswith("blind")
            self.call_later(self._first_screen.run_action, f"{action}({blind})")
        self.set_timer(SETTLED_S, self._warm_up)

    def on_resize(self) -> None:
        # Of two changes in the same moment Textual may tell of the first one last.
        self.set_timer(RESIZED_S, self._look_at_size)

    def _look_at_size(self) -> None:
        size = Size(*shutil.get_terminal_size())
        if not (self.is_headless or self.is_web or size == self.size):
            self.post_message(Resize(size, size))

    @work(group="warm up")
    async def _warm_up(self) -> None:
        """Pay half a second of imports while the person looks around."""
        await asyncio.to_thread(warm_up)
        _collect_garbage()
        self.run_worker(self.trainings.follow_open(), group="trainings")

    @cached_property
    def trainings(self) -> Trainings:
        """The trainings that are followed here, whichever screen is shown."""
        from tui import safe
        from tui.trainings import Trainings

        def say(sentence: str, wrong: bool) -> None:
            severity = "error" if wrong else "information"
            self.notify(safe.one_line(sentence), severity=severity, timeout=12, markup=False)

        return Trainings(self.engine, partial(self.run_worker, group="trainings"), say)

    @work(group="open", exclusive=True)
    async def open_bench(self, desk: Desk) -> None:
        """Show a session's bench in place of what is open."""
        await self._show_bench(desk)

    @work(group="open", exclusive=True)
    async def new_session(self) -> None:
        """Ask for a name and a task, and open the session that is made of them."""
        from lab.desk import Desk
        from tui.screens.new_session import NewSession

        given = await self.push_screen_wait(NewSession())
        if given is None:
            return
        try:
            session = await self.engine.database.write(sessions.create, *given)
        except PlainError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        await self._show_bench(await Desk.open(self.engine, session))

    @work(group="open", exclusive=True)
    async def open_demo(self, name: DemoName = "questions") -> None:
        """Open a demo's session, and climb its ladder where that is not done yet."""
        from lab import demo

        try:
            if not await self._has_weights():
                return
            desk = await demo.prepare(self.engine, demo.DEMOS[name])
        except PlainError as error:
            self.notify(str(error), severity="error", timeout=12, markup=False)
            return
        bench = await self._show_bench(desk)
        bench.climb(demo.RUNGS)
        if name == "tickets":
            self.notify(_LAST_RUNG, timeout=12)

    async def _has_weights(self) -> bool:
        """Offer the download of the embedded model where its weights are missing."""
        from lab.weights import have_weights
        from tui.screens.download import DownloadScreen

        self.engine.refuse_without_extra()
        return have_weights() or bool(await self.push_screen_wait(DownloadScreen()))

    async def _show_bench(self, desk: Desk) -> BenchScreen:
        from tui.screens.bench.screen import BenchScreen

        bench = BenchScreen(desk)
        await self._replace(bench)
        return bench

    # Screens are replaced by workers of the app: a screen that waited for its own removal
    # would wait for ever.
    async def _replace(self, screen: Screen[None]) -> None:
        """Leave what is open, with everything kept, and show a screen in its place."""
        await self._leave()
        if len(self.screen_stack) == 1:
            # Textual cannot switch from its default screen; it stays below, at rest.
            await self.push_screen(screen)
        else:
            await self.switch_screen(screen)

    async def _leave(self) -> None:
        """Close what stands above the present screen, and let that keep everything."""
        while isinstance(self.screen, ModalScreen):
            await self.pop_screen()
        leave = getattr(self.screen, "leave", None)
        if leave is not None:
            await leave()

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    @work(group="open", exclusive=True)
    async def action_sessions(self) -> None:
        from tui.screens.sessions import SessionsScreen

        if not isinstance(self.screen, SessionsScreen):
            await self._replace(SessionsScreen(self.engine))

    @work(group="open", exclusive=True)
    async def action_quit(self) -> None:  # type: ignore[override]
        await self._leave()
        self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette offers what the keys do, and Textual's own commands.

        Also what the screen's keys do while those are typed as text.
        """
        offered: dict[str, tuple[Binding, DOMNode]] = {}
        for active in screen.active_bindings.values():
            if active.enabled and not active.binding.system:
                offered.setdefault(active.binding.id or "", (active.binding, active.node))
        for binding in screen.BINDINGS:
            if isinstance(binding, Binding) and screen.check_action(binding.action, ()):
                offered.setdefault(binding.id or "", (binding, screen))
        for binding, node in offered.values():
            if binding.id and binding.tooltip:
                yield SystemCommand(
                    binding.description,
                    binding.tooltip,
                    lambda node=node, action=binding.action: self._call(node, action),
                )
        yield from super().get_system_commands(screen)

    def _call(self, node: DOMNode, action: str) -> None:
        self.run_worker(self.run_action(action, default_namespace=node), group="palette")


def _collect_garbage() -> None:
    """Collect garbage from now on where the start did not, and never what the start made.

    Looking through all that was imported would stop the keys for a tenth of a second.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run_app(
    home: Path,
    *,
    session: str = "",
    resume: bool = False,
    demo: DemoName | None = None,
    queue: Queue | None = None,
) -> int:
    """Open the app and return its exit status.

    Raises StoreError where it cannot be opened, or cannot go on.
    """
    engine = Engine(home)
    return asyncio.run(_run(engine, session, resume=resume, demo=demo, queue=queue))


async def _run(
    engine: Engine, session: str, *, resume: bool, demo: DemoName | None, queue: Queue | None
) -> int:
    """Run the app to its end, and close what belongs to the event loop while it lives."""
    try:
        last = engine.database.read_now(sessions.last)
        found = last if resume else None
        if session:
            found = engine.database.read_now(sessions.named, session)
        elif resume and last is None:
            raise NotFound("There is no session yet; make one with `litmus new NAME`.")
        # What a Litmus that died was streaming is put together before anything is shown.
        kept = await engine.recover()
        desk = await _open(engine, found) if found else None
        first = last is None and demo is None
        app = LitmusApp(engine, desk, first=first, demo=demo, queue=queue)
        if kept:
            answers = "an answer" if kept == 1 else f"{kept} answers"
            app.call_later(app.notify, _KEPT.format(answers))
        _quit_on_signals(app)
        with outlasting_terminal():
            await app.run_async()
        if app.trouble is not None:
            raise app.trouble
        return app.return_code or 0
    finally:
        await engine.close()


def _quit_on_signals(app: LitmusApp) -> None:
    """Leave in order, with everything kept, when the system or a closed terminal says so."""
    loop = asyncio.get_running_loop()

    def leave(name: str) -> None:
        # Ctrl+C in the editor is sent to us too, and not meant.
        if not (app.away and name == "SIGINT"):
            app.call_later(app.run_action, "app.quit")

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # Windows has no SIGHUP, and an event loop that takes no handlers.
        with suppress(AttributeError, NotImplementedError):
            loop.add_signal_handler(getattr(signal, name), leave, name)


async def _open(engine: Engine, session: Session) -> Desk:
    from lab.desk import Desk

    return await Desk.open(engine, session)


def _first_screen(engine: Engine, desk: Desk | None, *, first: bool) -> Screen[None]:
    if desk is not None:
        from tui.screens.bench.screen import BenchScreen

        return BenchScreen(desk)
    if first:
        from tui.screens.start import StartScreen

        return StartScreen(engine)
    from tui.screens.sessions import SessionsScreen

    return SessionsScreen(engine)
