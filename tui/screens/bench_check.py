"""The benchmark's own faults: each in a sentence, with its cases and the keys that repair it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from lab.checking.check import Report, check_session
from lab.checking.findings import SEVERITIES, Finding, Repair, Stopped, count
from lab.desk import Desk
from lab.editing.revising import revise
from store.records import Case
from tui import glyphs, safe
from tui.screens.keyed import KeyedScreen
from tui.widgets.case_list import CaseList
from tui.widgets.key_bar import KeyBar
from tui.widgets.row_pages import Row

_REFRESH_S = 0.1
_STYLE = {"must": "$text-error", "should": "$text-warning", "info": glyphs.MUTED}
_NAME = {"must": "to repair", "should": "to look at", "info": "to know"}
_REPAIR: dict[Repair, str] = {
    "edit": "enter edits the case",
    "remove": "x takes it out",
    "train": "t moves it to train or test",
    "add": "more cases: type them on the bench, or import a file there",
    "label": "o goes to it on the bench, to label it",
}

Entry = tuple[Finding, Case | None]


class FindingList(CaseList):
    """Findings, and below each its cases."""

    BINDINGS = [
        Binding("enter", "select", "Edit", id="check.edit", tooltip="Edit the case"),
    ]


class BenchCheckScreen(KeyedScreen[int | None]):
    """Shows what the check finds; dismissed with a case to go to, or None."""

    CSS_PATH = "bench_check.tcss"
    BINDINGS = [
        Binding("x", "remove", "Take out", id="check.remove", tooltip="Take the case out"),
        Binding("t", "split", "Train/test", id="check.split", tooltip="To the other split"),
        Binding("o", "open", "Go to it", id="check.open", tooltip="Go to the case on the bench"),
        Binding(
            "u", "undo", "Bring back", id="check.undo", tooltip="Bring back what was taken out"
        ),
        Binding("r", "check", "Again", id="check.again", tooltip="Check once more"),
        Binding("escape", "leave", "Close", id="check.close", tooltip="Stop the check, or close"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._stop = threading.Event()
        self._checking = False
        self._done = (0, 0)
        self._report: Report | None = None
        self._entries: list[Entry] = []
        self._removed: list[int] = []

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield FindingList(id="findings")
        yield Static(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(CaseList).focus()
        self.set_interval(_REFRESH_S, self._show_progress)
        self.action_check()

    # -- Checking -------------------------------------------------------------------

    @work(group="check", exclusive=True)
    async def action_check(self) -> None:
        """Check in a thread; a check that is under way is stopped first."""
        self._stop.set()
        stop = self._stop = threading.Event()

        def progress(done: int, of: int) -> None:
            if stop.is_set():
                raise Stopped
            self._done = done, of

        self._checking = True
        try:
            report = await check_session(self._desk.database, self._desk.session.id, progress)
        except Stopped:
            if stop is self._stop:
                self._checking = False
                self._title("Stopped; r checks again.")
            return
        self._checking = False
        await self._fill(report)

    def _show_progress(self) -> None:
        if self._checking:
            done, of = self._done
            self._title(f"Checked {done:,} of {of:,} · esc stops")

    async def _fill(self, report: Report) -> None:
        """Show a report, with the cursor as near as it can be to where it was."""
        self._report = report
        findings = self.query_one(CaseList)
        self._entries = _entries(report.findings)
        findings.set_source(len(self._entries), self._fetch)
        found = [
            f"{glyphs.SEVERITY[each]} {number} {_NAME[each]}"
            for each in SEVERITIES
            if (number := sum(item.severity == each for item in report.findings))
        ]
        checked = count(report.cases, "case")
        self._title(f"{checked}: {'  '.join(found) or 'nothing is wrong with them'}")
        self._show_detail()

    async def _fetch(self, offset: int, limit: int) -> list[Row]:
        window = self._entries[offset : offset + limit]
        return [_row(offset + place, *entry) for place, entry in enumerate(window)]

    def _title(self, text: str) -> None:
        self.query_one("#title", Static).update(
            Content.assemble(
                Content.styled("Benchmark check", "bold"), Content.styled(f"  {text}", glyphs.MUTED)
            )
        )

    @on(CaseList.Highlighted)
    def _show_detail(self) -> None:
        entry = self._here()
        detail = self.query_one("#detail", Static)
        if entry is None:
            detail.update("")
            return
        finding, case = entry
        style = _STYLE[finding.severity]
        lines = [
            Content.assemble(
                Content.styled(f"{glyphs.SEVERITY[finding.severity]} ", style),
                safe.content(finding.sentence),
            )
        ]
        if case is not None:
            lines.append(
                safe.content(safe.one_line(f"case {case.key}: {case.prompt}", 300), glyphs.MUTED)
            )
        repairs = " · ".join(_REPAIR[each] for each in finding.repairs)
        lines.append(Content.styled(repairs, "bold"))
        detail.update(Content("\n").join(lines))

    # -- Repairing ------------------------------------------------------------------

    def _here(self) -> Entry | None:
        cursor = self.query_one(CaseList).cursor
        return self._entries[cursor] if cursor < len(self._entries) else None

    async def _case(self, *, first: bool = False) -> Case | None:
        """Return the case under the cursor as it is now, or say why there is none.

        On a finding of several cases it is the `first` of them, where that does no harm.
        """
        entry = self._here()
        if entry is None:
            return None
        finding, case = entry
        if case is None and first and finding.cases:
            case = finding.cases[0]
        if case is None:
            self.notify("Choose one of its cases below." if finding.cases else "It names no case.")
            return None
        return await self._desk.case(case.id)

    @on(CaseList.Selected)
    @work(group="repair", exclusive=True)
    async def _edit(self) -> None:
        from tui.screens.case_editor import CaseEditor

        case = await self._case(first=True)
        if case is None:
            return
        draft = await self.app.push_screen_wait(CaseEditor(case.draft))
        if draft is not None:
            revised = await revise(self._desk.database, case, draft)
            self.notify(revised.sentence, markup=False)
            self.action_check()

    @work(group="repair", exclusive=True)
    async def action_remove(self) -> None:
        case = await self._case()
        if case is not None:
            await self._desk.remove_case(case.id)
            self._removed.append(case.id)
            said = f"“{case.key}” is out of the benchmark; u brings it back."
            self.notify(safe.visible(said), markup=False)
            self.action_check()

    @work(group="repair", exclusive=True)
    async def action_undo(self) -> None:
        if not self._removed:
            self.notify("Nothing was taken out here.")
            return
        await self._desk.restore_case(self._removed.pop())
        self.action_check()

    @work(group="repair", exclusive=True)
    async def action_split(self) -> None:
        """Move the case to the other split."""
        case = await self._case()
        if case is not None:
            split = "test" if case.draft.split == "train" else "train"
            revised = await revise(self._desk.database, case, replace(case.draft, split=split))
            said = f"“{case.key}” is in {split} now. {revised.sentence}"
            self.notify(safe.visible(said), markup=False)
            self.action_check()

    @work(group="repair", exclusive=True)
    async def action_open(self) -> None:
        case = await self._case(first=True)
        if case is not None:
            self._stop.set()
            self.dismiss(case.id)

    def action_leave(self) -> None:
        """Stop the check; where none is under way, close."""
        if self._checking and self._report is None and not self._stop.is_set():
            self._stop.set()
            return
        self._stop.set()
        self.dismiss(None)


def _entries(findings: Sequence[Finding]) -> list[Entry]:
    """Return the rows: each finding, and below it its cases where it has several."""
    rows: list[Entry] = []
    for finding in findings:
        rows.append((finding, finding.cases[0] if len(finding.cases) == 1 else None))
        if len(finding.cases) > 1:
            rows += [(finding, case) for case in finding.cases]
    return rows


def _row(place: int, finding: Finding, case: Case | None) -> Row:
    if case is None or len(finding.cases) == 1:
        return Row(place, glyphs.SEVERITY[finding.severity], finding.sentence)
    split = "train · " if case.draft.split == "train" else ""
    return Row(place, " ", f"  {case.key} · {split}{case.prompt}", muted=True)
