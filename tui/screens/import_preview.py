"""What a benchmark file holds, before anything of it is stored; then its import."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.desk import Desk
from lab.imports.benchmark import ROWS, Import, first_rows, is_understood, summary
from lab.imports.keeping import Outcome
from lab.interop import formats
from lab.interop.columns import parse_mapping
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Stopped, Wishes
from store.errors import PlainError
from tui import safe
from tui.screens.ask_line import AskLine

_PROGRESS_S = 0.1
_MAPPING = (
    "Which column is what, such as 1=expected,2=prompt or body=prompt. Fields: prompt, expected, "
    "id, tags, split, context, metadata.NAME"
)


class ImportPreview(ModalScreen[Outcome | bool]):
    """Shows what would be imported, and imports it.

    Dismissed with the outcome, with True to take the file as a document, or with False.
    """

    DEFAULT_CSS = """
    ImportPreview {
        align: center middle;
        & > Vertical {
            width: 100; max-width: 96%; height: auto; max-height: 94%;
            border: round $accent; background: $surface; padding: 0 1;
            & > VerticalScroll { height: auto; max-height: 100%; margin: 1 0 2 0;
                & > Static { height: auto; }
            }
            & > #doing { dock: bottom; height: auto; color: $text-muted; background: $surface; }
        }
    }
    """
    BINDINGS = [
        Binding("enter", "take", "Import", id="import.take", tooltip="Import all of these cases"),
        Binding("d", "document", "Document", id="import.document", tooltip="Read it as a document"),
        Binding("m", "map", "Columns", id="import.map", tooltip="Say which column is what"),
        Binding("f", "format", "Format", id="import.format", tooltip="Say which format it is"),
        Binding("escape", "leave", "Leave", id="import.leave", tooltip="Stop; import nothing"),
    ]

    def __init__(
        self, desk: Desk, path: Path, *, reading: Reading | None = None, or_document: bool = False
    ) -> None:
        """`reading` is the file on its way already; `or_document` offers to read it as one."""
        super().__init__()
        self._desk = desk
        self._path = path
        self._reading = reading or Reading(path)
        self._or_document = or_document
        self._found: ImportResult | None = None
        self._standing = Outcome()
        self._busy = True
        self._mapping = ""
        self._format = ""
        self._body = Static()
        self._doing = Static(id="doing")

    def compose(self) -> ComposeResult:
        with Vertical():
            with VerticalScroll():
                yield self._body
            yield self._doing

    def on_mount(self) -> None:
        self.set_interval(_PROGRESS_S, self._show_doing)
        self._read()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action == "take":
            return self._found is not None and not self._busy
        if action == "document":
            return self._or_document and not self._busy
        return action == "leave" or not self._busy

    # -- Reading --------------------------------------------------------------------

    @work(group="import", exclusive=True)
    async def _read(self) -> None:
        self._found, trouble = None, ""
        try:
            self._found = await self._reading.task
            self._standing = await self._reading.job.compare(self._desk, self._found)
        except ImportProblem as problem:
            if self._or_document:
                self.dismiss(True)
                return
            trouble = str(problem)
        except Stopped:
            self._say_stopped()
            return
        self._busy = False
        self._body.update(self._shown() if self._found else safe.content(trouble, "$text-error"))
        self._show_doing()
        self.refresh_bindings()

    def _read_anew(self) -> None:
        """Read the file as the person says. Mapped columns that are amiss are only told."""
        try:
            wishes = Wishes(parse_mapping([self._mapping] if self._mapping else []))
        except ImportProblem as problem:
            self._body.update(safe.content(str(problem), "$text-error"))
            return
        self._busy, self._or_document = True, False
        self._reading = Reading(self._path, self._format, wishes)
        self._read()

    @work(group="ask", exclusive=True)
    async def action_map(self) -> None:
        typed = await self.app.push_screen_wait(AskLine(_MAPPING, self._mapping))
        if typed is not None:
            self._mapping = typed.strip()
            self._read_anew()

    @work(group="ask", exclusive=True)
    async def action_format(self) -> None:
        question = f"The format: {', '.join(formats.READERS)}. Empty: told from the content"
        typed = await self.app.push_screen_wait(AskLine(question, self._format))
        if typed is not None:
            self._format = typed.strip().lower()
            self._read_anew()

    # -- What is shown ----------------------------------------------------------------

    def _shown(self) -> Content:
        assert self._found is not None
        first, *lines = summary(self._found, self._path.name)
        style = "" if is_understood(self._found) else "$text-warning"
        parts = [safe.content(first, "bold"), *(safe.content(line, style) for line in lines)]
        if there := self._standing.there:
            parts.append(
                Content(
                    f"{there:,} of their ids are there already: {self._standing}. "
                    "Those that differ get a new revision."
                )
            )
        for key, prompt, expected in first_rows(self._found):
            parts.append(Content(""))
            parts.append(Content.assemble((safe.one_line(key, 20), "bold"), "  ", _short(prompt)))
            parts.append(Content.assemble(("expected  ", "dim"), _short(expected)))
        if (more := len(self._found.cases) - ROWS) > 0:
            parts += [Content(""), Content(f"… and {more:,} more")]
        return Content("\n").join(parts)

    def _show_doing(self) -> None:
        if self._busy:
            self._doing.update(f"{self._reading.job} · esc stops")
            return
        keys = ["enter imports"] if self._found else []
        keys += ["d takes it as a document"] if self._or_document else []
        keys += ["m maps columns", "f changes the format", "esc leaves"]
        self._doing.update(" · ".join(keys))

    # -- What is done -----------------------------------------------------------------

    @work(group="import", exclusive=True)
    async def action_take(self) -> None:
        assert self._found is not None
        self._busy = True
        self.refresh_bindings()
        try:
            outcome = await self._reading.job.store(
                self._desk, self._path, self._found, overwrite=self._standing.there > 0
            )
        except Stopped:
            self._say_stopped()
            return
        except PlainError as error:
            self._busy = False
            self._body.update(safe.content(str(error), "$text-error"))
            self.refresh_bindings()
            return
        self.dismiss(outcome)

    def action_document(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        if not self._busy:
            self.dismiss(False)
            return
        self._reading.job.stop()

    def _say_stopped(self) -> None:
        self.notify(f"Stopped; nothing of {safe.one_line(self._path.name, 60)} was imported.")
        self.dismiss(False)


class Reading:
    """A file that is being read: the job, and the task that ends with what was found."""

    def __init__(self, path: Path, format: str = "", wishes: Wishes | None = None) -> None:
        self.job = Import()
        self.task = asyncio.ensure_future(self.job.read(path, format, wishes))


def _short(text: str) -> str:
    return safe.one_line(text, 160)
