"""The first start: what was found to ask, one key each, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.choices import Choice, choices
from lab.engine import Engine
from store import sessions
from tui import glyphs
from tui.screens.model_picker import ModelPicker
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from tui.app import LitmusApp

_WELCOME = """\
Can AI do your task, and is the next step up worth its price?
Start small: ask the best model you have, look at the answers, label them."""


class StartScreen(Screen[None]):
    """Shown while there is no session yet."""

    CSS_PATH = "start.tcss"
    BINDINGS = [
        Binding("d", "demo", "Demo", id="start.demo", tooltip="Watch the ladder on the demo"),
        Binding(
            "n",
            "new",
            "New session",
            id="start.new",
            tooltip="Make a session, choose a model later",
        ),
    ]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._choices: list[Choice] = []

    def compose(self) -> ComposeResult:
        yield Static("Litmus", classes="title")
        yield Static(_WELCOME, classes="welcome")
        yield Static("d   the demo: a small company's papers, asked with the embedded model")
        yield Static("n   a session of your own")
        yield Static("Who can be asked from here:", classes="heading")
        yield OptionList(id="choices")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#choices").focus()
        self._find()

    @work(group="find", exclusive=True)
    async def _find(self) -> None:
        self._choices = await choices()
        shown = self.query_one("#choices", OptionList)
        shown.clear_options()
        shown.add_options([_option(number, c) for number, c in enumerate(self._choices, start=1)])
        shown.highlighted = 0

    def on_key(self, event: events.Key) -> None:
        if event.key.isdecimal() and 0 < int(event.key) <= len(self._choices):
            event.stop()
            self._use(self._choices[int(event.key) - 1])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._use(self._choices[event.option_index])

    @work(group="use", exclusive=True)
    async def _use(self, choice: Choice) -> None:
        """Choose a model of a provider, then make the session that asks it."""
        picker = ModelPicker(self._engine, None, provider=choice.provider)
        setup = await self.app.push_screen_wait(picker)
        if setup is not None:
            await self._engine.database.write(sessions.save_setting, "setup", setup.to_json())
            self._litmus.new_session()

    def action_new(self) -> None:
        self._litmus.new_session()

    def action_demo(self) -> None:
        self._litmus.open_demo()

    @property
    def _litmus(self) -> LitmusApp:
        return cast("LitmusApp", self.app)


def _option(number: int, choice: Choice) -> Option:
    ready = choice.ready or choice.needs == "weights"
    key = str(number) if number < 10 else " "
    return Option(
        Content.assemble(
            Content.styled(f"{key}   ", "bold $accent"),
            Content.styled(
                f"{'●' if ready else '○'} {choice.label}", "" if ready else glyphs.MUTED
            ),
            Content.styled(f"  {choice.detail}", glyphs.MUTED),
        )
    )
