"""Sessions: resume one where it was left, make one, search in all of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lab.desk import Desk
from lab.engine import Engine
from lab.ladder.standing import chosen, standings
from lab.prices import format_cost
from store import overview, search, sessions
from store.database import Connection
from store.records import Session
from tui import glyphs, safe
from tui.screens.keyed import KeyedScreen
from tui.widgets.key_bar import KeyBar
from tui.widgets.ladder_strip import describe
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from tui.app import LitmusApp

_PAGE = 200
_RATED = 50
_NONE = "No session yet: n makes one, d opens the demo with its documents."


class SessionsScreen(KeyedScreen[None]):
    """The list of sessions, the last used on top."""

    TITLE = "Sessions"
    CSS_PATH = "sessions.tcss"
    BINDINGS = [
        Binding("n", "new", "New session", id="sessions.new", tooltip="Make a new session"),
        Binding(
            "slash",
            "search",
            "Search",
            id="sessions.search",
            tooltip="Search in names, prompts and answers",
        ),
        Binding(
            "d", "demo", "Demo", id="sessions.demo", tooltip="Open the demo with its own documents"
        ),
    ]

    def __init__(self, engine: Engine) -> None:
        """Read the first page at once: the first paint shows it, and it costs a millisecond."""
        super().__init__()
        self._engine = engine
        self._targets: list[tuple[int, int | None]] = []
        self._found, self._sums = engine.database.read_now(_first_page)

    @property
    def _litmus(self) -> LitmusApp:
        return cast("LitmusApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static("Litmus · sessions", classes="title")
        yield LineInput(placeholder="type to search in everything", id="words")
        self._targets = [(item.id, None) for item in self._found]
        yield OptionList(*[Option(self._line(item)) for item in self._found], id="list")
        yield Static("" if self._found else _NONE, id="empty")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#list").focus()
        self._show_rates()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_input_submitted(self) -> None:
        self.query_one("#list").focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self.query_one("#words").has_focus:
            self.query_one("#words", Input).value = ""
            self.query_one("#list").focus()
        elif event.key == "down" and self.query_one("#words").has_focus:
            self.query_one("#list").focus()

    @work(group="show", exclusive=True)
    async def _show(self, words: str) -> None:
        """List the sessions, or what the words are found in; then their rates."""
        read = self._engine.database.read
        if words.strip():
            hits = await read(search.everything, words)
            self._fill([(hit.session_id, hit.case_id) for hit in hits], [_hit(h) for h in hits])
            self._say("" if hits else "Nothing found. Esc shows all sessions.")
            return
        self._found, self._sums = await read(_first_page)
        self._fill(
            [(item.id, None) for item in self._found], [self._line(item) for item in self._found]
        )
        self._say("" if self._found else _NONE)
        self._show_rates()

    @work(group="show", exclusive=True)
    async def _show_rates(self) -> None:
        """Add each session's best rung, one by one."""
        options = self.query_one("#list", OptionList)
        for index, item in enumerate(self._found[:_RATED]):
            best = chosen(await self._engine.database.read(standings, item.id))
            if best:
                top = max(best.values(), key=lambda s: s.rate.low if s.rate else -1)
                text = f"{glyphs.RUNG[top.rung]} {top.rung} {describe(top)}"
                options.replace_option_prompt_at_index(index, self._line(item, text))

    def _line(self, session: Session, rate: str = "") -> Content:
        return _line(session, self._sums[session.id], rate)

    def _fill(self, targets: list[tuple[int, int | None]], prompts: list[Content]) -> None:
        options = self.query_one("#list", OptionList)
        self._targets = targets
        options.clear_options()
        options.add_options([Option(prompt) for prompt in prompts])
        if prompts:
            options.highlighted = 0

    def _say(self, sentence: str) -> None:
        self.query_one("#empty", Static).update(sentence)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        session_id, case_id = self._targets[event.option_index]
        self._open(session_id, case_id)

    @work(group="open", exclusive=True)
    async def _open(self, session_id: int, case_id: int | None) -> None:
        session = await self._engine.database.read(sessions.get, session_id)
        if case_id is not None:
            session.state["case"] = case_id
        self._litmus.open_bench(await Desk.open(self._engine, session))

    def action_search(self) -> None:
        self.query_one("#words").focus()

    def action_new(self) -> None:
        self._litmus.new_session()

    def action_demo(self) -> None:
        self._litmus.open_demo()


def _first_page(
    connection: Connection,
) -> tuple[list[Session], dict[int, overview.Summary]]:
    found = sessions.page(connection, _PAGE)
    return found, overview.summaries(connection, [item.id for item in found])


def _line(session: Session, summary: overview.Summary, rate: str) -> Content:
    opened = datetime.fromtimestamp(session.opened_at)
    today = opened.date() == datetime.now().date()
    when = opened.strftime("today %H:%M" if today else "%Y-%m-%d %H:%M")
    cases = "1 case" if summary.cases == 1 else f"{summary.cases} cases"
    facts = f"{cases} · {format_cost(summary.known_cost_usd)} · {when}"
    return Content.assemble(
        Content.styled(safe.one_line(session.name, 60), "bold"),
        Content(f"  {rate}"),
        Content.styled(f"\n  {facts}", glyphs.MUTED),
        Content.styled(f" · {task}" if (task := safe.one_line(session.task)) else "", glyphs.MUTED),
    )


def _hit(hit: search.Hit) -> Content:
    return Content.assemble(
        Content.styled(safe.one_line(hit.session, 40), "bold"),
        Content.styled(f"  {hit.kind}\n", glyphs.MUTED),
        Content("  " + safe.one_line(hit.excerpt, 140)),
    )
