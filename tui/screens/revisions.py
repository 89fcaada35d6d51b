"""The revisions of a case: what changed from each to the next, and one to restore."""

from __future__ import annotations

import asyncio
from datetime import datetime

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.desk import Desk
from lab.editing.difference import Line, Section, difference
from lab.editing.revising import restore
from store import benchmarks, revisions
from store.records import Case, CaseDraft
from tui import glyphs, safe

_STYLE = {"+": "$text-success", "−": "$text-error", " ": glyphs.MUTED}
_KEYS = "enter restores · tab scrolls · esc closes"
_LONGEST = 2_000


class RevisionsScreen(ModalScreen[str]):
    """Shows a case's revisions; dismissed with what was done in one sentence, or nothing."""

    CSS_PATH = "revisions.tcss"
    BINDINGS = [
        Binding(
            "escape,q", "close", "Close", id="revisions.close", tooltip="Close; change nothing"
        ),
        Binding(
            "enter",
            "restore",
            "Restore",
            id="revisions.restore",
            tooltip="Give the case the content of this revision again",
        ),
    ]

    def __init__(self, desk: Desk, case: Case) -> None:
        super().__init__()
        self._desk, self._case = desk, case
        self._listed: list[revisions.Revision] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            title = safe.one_line(f"Revisions of “{self._case.key}”", 60)
            yield Static(
                Content.assemble(
                    Content.styled(title, "bold"), Content.styled(f"   {_KEYS}", glyphs.MUTED)
                ),
                classes="title",
            )
            with Horizontal():
                yield OptionList(id="revisions")
                with VerticalScroll():
                    yield Static(id="difference")

    async def on_mount(self) -> None:
        self._listed = await self._desk.database.read(revisions.listed, self._case.id)
        options = self.query_one("#revisions", OptionList)
        options.add_options([Option(_line(item)) for item in self._listed])
        options.highlighted = 0
        options.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._show(event.option_index)

    def on_option_list_option_selected(self) -> None:
        self.action_restore()

    @work(group="difference", exclusive=True)
    async def _show(self, place: int) -> None:
        """Show what a revision changed in the one before it."""
        draft = await self._draft(place)
        first = place + 1 == len(self._listed)
        older = CaseDraft("") if first else await self._draft(place + 1)
        found = await asyncio.to_thread(difference, older, draft)
        number = self._listed[place].number
        head = "As it was made" if first else f"From {self._listed[place + 1].number} to {number}"
        lines = [Content.styled(head, "bold"), *(line for part in found for line in _section(part))]
        self.query_one("#difference", Static).update(Content("\n").join(lines))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    async def _draft(self, place: int) -> CaseDraft:
        revision = self._listed[place].id
        return (await self._desk.database.read(benchmarks.at_revision, revision)).draft

    @work(group="restore", exclusive=True)
    async def action_restore(self) -> None:
        place = self.query_one("#revisions", OptionList).highlighted
        if place is None:
            return
        if place == 0:
            self.notify("This is how the case is now; choose an older revision to restore it.")
            return
        wanted = self._listed[place]
        done = await restore(self._desk.database, self._case, wanted.id)
        self.dismiss(f"As in revision {wanted.number} again. {done.sentence}")

    def action_close(self) -> None:
        self.dismiss("")


def _line(item: revisions.Revision) -> Content:
    when = datetime.fromtimestamp(item.created_at).strftime("%Y-%m-%d %H:%M")
    answers = "1 answer" if item.answers == 1 else f"{item.answers:,} answers"
    return Content.assemble(
        Content.styled(f"{item.number}", "bold"),
        Content(f"  {when}\n"),
        Content.styled(f"   {answers}", glyphs.MUTED),
    )


def _section(section: Section) -> list[Content]:
    return [
        Content(""),
        Content.styled(section.name, "bold"),
        *(_difference_line(line) for line in section.lines),
    ]


def _difference_line(line: Line) -> Content:
    style, parts, left = _STYLE[line.sign], list[Content](), _LONGEST
    for text, differs in line.parts:
        parts.append(safe.content(text[:left], f"{style} underline" if differs else style))
        left -= min(left, len(text))
    more = [Content.styled(" …", glyphs.MUTED)] if len(line.text) > _LONGEST else []
    return Content.assemble(Content.styled(f"{line.sign} ", style), *parts, *more)
