"""Choose who is asked: a provider, then one of the models that it offers."""

from __future__ import annotations

import asyncio
from typing import Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, ProgressBar, Static
from textual.widgets.option_list import Option

from lab.ask import ModelInfo
from lab.choices import Choice, choices, keep_key
from lab.engine import Engine
from lab.setup import Setup
from lab.weights import fetch_weights
from store.errors import PlainError
from tui import glyphs, safe
from tui.widgets.document_list import short_count
from tui.widgets.line_input import LineInput

_SHOWN = 300
Mode = Literal["filter", "key", "address"]
_PLACEHOLDER: dict[Mode, str] = {
    "filter": "type to filter the models",
    "key": "paste the key and press enter",
    "address": "http://127.0.0.1:8000/v1 and enter",
}


class ModelPicker(ModalScreen[Setup | None]):
    """Dismissed with a set-up on the chosen model, or None."""

    CSS_PATH = "model_picker.tcss"
    BINDINGS = [
        Binding("escape", "cancel", "Leave", id="models.cancel", tooltip="Choose nothing"),
    ]

    def __init__(
        self,
        engine: Engine,
        current: Setup | None,
        *,
        provider: str = "",
        title: str = "Who is asked",
    ) -> None:
        super().__init__()
        self._title = title
        self._engine = engine
        self._current = current
        self._provider = provider or (current.provider if current else "")
        self._choices: list[Choice] = []
        self._chosen: Choice | None = None
        self._base_url = ""
        self._models: list[ModelInfo] = []
        self._shown: list[ModelInfo] = []
        self._mode: Mode = "filter"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(self._title), classes="title")
            with Horizontal():
                yield OptionList(id="providers")
                with Vertical(id="right"):
                    yield LineInput(id="line", placeholder=_PLACEHOLDER["filter"])
                    yield OptionList(id="models")
                    yield ProgressBar(id="progress", show_eta=True)
                    yield Static(id="said")
            yield Static(id="detail", classes="hint")
            yield Static("enter chooses · tab goes on · esc leaves", classes="hint")

    def on_mount(self) -> None:
        self.query_one("#progress").display = False
        self._say("Looking for what can be asked…")
        self._find()

    @work(group="find", exclusive=True)
    async def _find(self) -> None:
        self._choices = await choices()
        providers = self.query_one("#providers", OptionList)
        providers.clear_options()
        for choice in self._choices:
            style = "" if choice.ready else glyphs.MUTED
            providers.add_option(
                Option(
                    Content.assemble(
                        Content.styled(
                            "● " if choice.ready else "○ ",
                            "$text-success" if choice.ready else style,
                        ),
                        Content.styled(choice.label, style),
                    )
                )
            )
        names = [choice.provider for choice in self._choices]
        wanted = self._provider in names
        providers.highlighted = names.index(self._provider) if wanted else 0
        providers.focus()
        self._say("")
        if wanted:
            base_url = self._current.base_url if self._current else ""
            self._choose(self._choices[names.index(self._provider)], base_url)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list.id == "providers":
            choice = self._choices[event.option_index]
            self.query_one("#detail", Static).update(Content(f"{choice.label}: {choice.detail}"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id == "providers":
            self._choose(self._choices[event.option_index])
        else:
            self._finish(self._shown[event.option_index].id)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._mode == "filter":
            self._list_models(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        value = event.value.strip()
        if self._chosen is None or not value:
            return
        if self._mode == "address":
            self._base_url = value
            self._set_mode("filter")
            event.input.value = ""
            self._load(self._chosen, self._base_url)
        elif self._mode == "key":
            self._keep_key(self._chosen, value)
        elif self._shown:
            self._finish(self._shown[0].id)
        else:
            # A server may serve more than it lists; a typed name is taken at its word.
            self._finish(value)

    def _choose(self, choice: Choice, base_url: str = "") -> None:
        self._chosen, self._base_url, self._models = choice, base_url, []
        self._list_models("")
        if choice.needs == "address" and not base_url:
            self._set_mode("address")
            self._say("Where is the server? The address usually ends in /v1.")
        elif choice.needs == "extra":
            self._set_mode("filter")
            self._say("The embedded model is not installed; run: " + choice.detail)
        elif choice.needs == "setting":
            self._say(f"{choice.label} {choice.detail} in the environment; set it and start again.")
        else:
            self._set_mode("filter")
            self._load(choice, base_url)

    @work(group="load", exclusive=True)
    async def _load(self, choice: Choice, base_url: str) -> None:
        try:
            if choice.needs == "weights":
                await self._fetch()
            self._say(f"Asking {choice.label} what it offers…")
            self._models = await self._engine.models(choice.provider, base_url)
        except PlainError as error:
            if choice.needs == "key":
                self._set_mode("key")
            self._say(str(error))
            return
        self._say("" if self._models else "It lists no model; type a model's name and enter.")
        self._list_models("")
        target = "#models" if self._models else "#line"
        self.query_one(target).focus()

    async def _fetch(self) -> None:
        """Download the embedded model's weights, with their progress in sight."""
        bar = self.query_one("#progress", ProgressBar)
        bar.display = True
        self._say("Downloading the embedded model, once…")
        try:
            await fetch_weights(lambda done, total: bar.update(total=total, progress=done))
        finally:
            bar.display = False

    @work(group="load", exclusive=True)
    async def _keep_key(self, choice: Choice, key: str) -> None:
        line = self.query_one("#line", Input)
        line.value = ""
        try:
            said = await asyncio.to_thread(keep_key, choice.provider, key)
        except PlainError as error:
            self._say(str(error))
            return
        await self._engine.forget(choice.provider)
        self.notify(said, markup=False)
        self._set_mode("filter")
        self._load(choice, "")

    def _list_models(self, words: str) -> None:
        wanted = words.lower().split()
        matching = [m for m in self._models if all(word in m.id.lower() for word in wanted)]
        self._shown = matching[:_SHOWN]
        models = self.query_one("#models", OptionList)
        models.clear_options()
        models.add_options([_model_option(model) for model in self._shown])
        names = [model.id for model in self._shown]
        if names:
            current = self._current.model if self._current else ""
            models.highlighted = names.index(current) if current in names else 0

    def _set_mode(self, mode: Mode) -> None:
        self._mode = mode
        line = self.query_one("#line", Input)
        line.password = mode == "key"
        line.placeholder = _PLACEHOLDER[mode]
        if mode != "filter":
            line.value = ""
            line.focus()

    def _say(self, sentence: str) -> None:
        self.query_one("#said", Static).update(safe.content(sentence))

    @work(group="finish", exclusive=True)
    async def _finish(self, model: str) -> None:
        assert self._chosen is not None
        setup = await self._engine.setup_for(self._chosen.provider, self._base_url, model=model)
        self.dismiss(setup)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _model_option(model: ModelInfo) -> Option:
    window = f"  {short_count(model.window)}" if model.window else ""
    return Option(
        Content.assemble(
            safe.content(safe.one_line(model.id, 120)), Content.styled(window, glyphs.MUTED)
        )
    )
