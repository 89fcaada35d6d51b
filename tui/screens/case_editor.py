"""A case in a form: its prompt, what a right answer must say, tags, split, earlier messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from lab.editing.texts import CaseProblem, CaseTexts, draft_of, texts_of
from lab.grading.assertions import ExpectationError
from store.records import CaseDraft
from tui import glyphs, safe
from tui.widgets.line_input import LineInput
from tui.widgets.split_box import SplitBox
from tui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from tui.app import LitmusApp

_HOW = (
    "A line each: `contains: x`, `icontains-any: a, b`, `regex: x`, `numeric: 42 ± 0.5`, "
    "`is-json`, `llm-rubric: x` …, or with not- in front; any other line is the expected text."
)
_KEYS = "ctrl+j keeps it · esc leaves · tab goes on · ctrl+o your editor"
_MOST_EVIDENCE = 3


class CaseEditor(ModalScreen[CaseDraft | None]):
    """Edits a case; dismissed with the new draft, or None when nothing is to change."""

    CSS_PATH = "case_editor.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]
    BINDINGS = [
        Binding("ctrl+j,ctrl+s", "save", "Save", id="case.save", tooltip="Keep the changes"),
        Binding("escape", "cancel", "Leave", id="case.cancel", tooltip="Leave; asks first"),
        Binding(
            "ctrl+o",
            "outside",
            "Your editor",
            id="case.outside",
            tooltip="Go on in the editor that VISUAL or EDITOR names",
        ),
    ]

    def __init__(self, draft: CaseDraft) -> None:
        super().__init__()
        self._draft = draft
        texts = texts_of(draft)
        self._prompt = TextBox(texts.prompt, id="prompt")
        self._expected = TextBox(texts.expected, id="expected")
        self._turns = None if texts.turns is None else TextBox(texts.turns, id="turns")
        self._tags = LineInput(
            texts.tags, placeholder="parted by commas", compact=True, select_on_focus=False
        )
        self._split = SplitBox(texts.split == "train")
        self._problem = Static(classes="problem")
        self._before = self._texts()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(_KEYS, glyphs.MUTED), classes="keys")
            if self._draft.messages:
                yield Label("Earlier messages")
                yield self._turns or Static(_as_read(self._draft), classes="turns")
            yield Label("Prompt")
            yield self._prompt
            yield Label("Expected")
            yield Static(_HOW, classes="how", markup=False)
            yield self._expected
            with Horizontal(classes="line"):
                yield Label("Tags ")
                yield self._tags
                yield self._split
            if self._draft.evidence:
                yield Static(_evidence(self._draft), classes="evidence")
            yield self._problem

    def on_mount(self) -> None:
        self._expected.focus()

    def _texts(self) -> CaseTexts:
        return CaseTexts(
            self._prompt.text,
            self._expected.text,
            self._tags.value,
            "train" if self._split.train else "test",
            None if self._turns is None else self._turns.text,
        )

    def _show(self, texts: CaseTexts) -> None:
        self._prompt.text, self._expected.text = texts.prompt, texts.expected
        self._tags.value, self._split.train = texts.tags, texts.split.strip().lower() == "train"
        if self._turns is not None and texts.turns is not None:
            self._turns.text = texts.turns

    def action_save(self) -> None:
        try:
            # Against the boxes as they were filled, since those fold line ends.
            self.dismiss(draft_of(self._unchanged_as_it_was(), self._draft))
        except (CaseProblem, ExpectationError) as error:
            self._problem.update(safe.content(str(error)))

    def _unchanged_as_it_was(self) -> CaseTexts:
        now, before, kept = self._texts(), self._before, texts_of(self._draft)
        return CaseTexts(
            kept.prompt if now.prompt == before.prompt else now.prompt,
            kept.expected if now.expected == before.expected else now.expected,
            kept.tags if now.tags == before.tags else now.tags,
            now.split,
            kept.turns if now.turns == before.turns else now.turns,
        )

    @work(group="leave", exclusive=True)
    async def action_cancel(self) -> None:
        """Leave; where something was typed, ask what becomes of it."""
        if self._texts() == self._before:
            self.dismiss(None)
            return
        from tui.screens.ask_leave import AskLeave

        choice = await self.app.push_screen_wait(AskLeave())
        if choice == "discard":
            self.dismiss(None)
        elif choice == "save":
            self.action_save()

    @work(group="outside", exclusive=True)
    async def action_outside(self) -> None:
        """Go on in the person's own editor; what it leaves is put into the form."""
        from tui.screens.suspending import edit_outside

        app = cast("LitmusApp", self.app)
        texts = await edit_outside(app, self._unchanged_as_it_was(), self._draft, "A case")
        if texts is not None:
            self._show(texts)


def _as_read(draft: CaseDraft) -> Content:
    lines = [safe.one_line(str(message), 200) for message in draft.messages]
    return safe.content("\n".join(lines), glyphs.MUTED)


def _evidence(draft: CaseDraft) -> Content:
    lines: list[str] = []
    for item in draft.evidence[:_MOST_EVIDENCE]:
        page = f", page {item.page}" if item.page else ""
        lines.append(safe.one_line(f"{item.document}{page}: {item.quote}", 200))
    more = len(draft.evidence) - _MOST_EVIDENCE
    if more > 0:
        lines.append(f"and {more:,} more")
    return Content.assemble(
        Content.styled("Evidence\n", "bold"), safe.content("\n".join(lines), glyphs.MUTED)
    )
