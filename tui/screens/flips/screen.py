"""The flips of a step, what was lost first; each with both answers side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.grading.assertions import format_lines
from lab.ladder import words
from store import benchmarks, runs
from store.database import Connection
from store.records import Answer, Case, Expectation, Variant, Verdict
from tui import glyphs, safe
from tui.screens.flips.keys import BINDINGS
from tui.screens.keyed import KeyedScreen
from tui.screens.ladder.drawing import name_of, title_of
from tui.screens.ladder.place import Go
from tui.widgets.answer_pane import ending, facts
from tui.widgets.case_list import CaseList
from tui.widgets.key_bar import KeyBar
from tui.widgets.marked_view import MarkedView
from tui.widgets.row_pages import Row
from tui.widgets.stream_view import StreamView

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.editing.words import Parts
    from lab.ladder.comparing import Comparison, Flip

BREAKPOINTS = [(0, "-narrow"), (72, "-medium"), (104, "-wide")]


class FlipList(CaseList, inherit_bindings=False):
    """The cases that came out otherwise."""

    BINDINGS = [
        binding
        for binding in CaseList.BINDINGS
        if getattr(binding, "action", "") not in ("first", "last", "select")
    ]


class FlipsScreen(KeyedScreen[Go | None], ModalScreen[Go | None]):
    """Lists a step's flips; dismissed with the case to go to on the bench, or None."""

    CSS_PATH = "flips.tcss"
    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    AUTO_FOCUS = "#flips"

    def __init__(self, desk: Desk, comparison: Comparison, *, at: int = 0) -> None:
        """Open on the flip at a place in the list."""
        super().__init__()
        self._desk, self._comparison, self._at = desk, comparison, at
        self._flips = comparison.flips
        self._heads = Static(classes="head"), Static(classes="head")
        self._views = MarkedView(id="before"), MarkedView(id="after")

    def compose(self) -> ComposeResult:
        yield Static(self._title(), id="title")
        with Horizontal(id="main"):
            yield FlipList(id="flips")
            with Vertical(id="case"):
                with Horizontal(id="asked"):
                    yield StreamView(id="prompt")
                    yield StreamView(id="expected")
                with Horizontal(id="answers"):
                    for head, view in zip(self._heads, self._views, strict=True):
                        with Vertical(classes="answer"):
                            yield head
                            yield view
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#prompt").border_title = "Prompt"
        self.query_one("#expected").border_title = "Expected"
        listed = self.query_one(FlipList)
        listed.set_source(len(self._flips), self._rows)
        listed.move_to(self._at)
        self._show()

    def _title(self) -> Content:
        comparison = self._comparison
        lost = len(comparison.lost)
        return Content.assemble(
            Content.styled(title_of(comparison), "bold"),
            f"   {lost:,} lost, {len(self._flips) - lost:,} gained",
        )

    # -- The list -----------------------------------------------------------------------

    async def _rows(self, offset: int, limit: int) -> list[Row]:
        flips = self._flips[offset : offset + limit]
        cases = await self._desk.database.read(_cases, [flip.case_id for flip in flips])
        return [
            Row(
                case.id,
                glyphs.VERDICT["pass" if flip.gained else "fail"],
                f"{'gained' if flip.gained else 'lost'}  {case.key}  {case.draft.prompt[:400]}",
            )
            for flip, case in zip(flips, cases, strict=True)
        ]

    @on(CaseList.Highlighted)
    def _highlighted(self) -> None:
        self._show()

    def action_go(self, step: int) -> None:
        listed = self.query_one(FlipList)
        listed.move_to(listed.cursor + step)

    # -- The case -----------------------------------------------------------------------

    @property
    def flip(self) -> Flip:
        """The flip under the cursor."""
        return self._flips[self.query_one(FlipList).cursor]

    @work(group="show", exclusive=True)
    async def _show(self) -> None:
        """Show the case under the cursor; then mark what differs, which may take a moment."""
        flip = self.flip
        case, *answers = await self._desk.database.read(_read, flip)
        draft = case.draft
        turns = [f"{turn['role']}: {turn['content']}" for turn in draft.messages]
        self.query_one("#prompt", StreamView).set_text("\n\n".join([*turns, draft.prompt]))
        self.query_one("#expected", StreamView).set_text(_wanted(draft.expectation))
        sides = self._comparison.first.variant, self._comparison.second.variant
        scores = flip.before, flip.after
        for place, answer in enumerate(answers):
            head = _head(sides[place], sides, answer, scores[place])
            self._heads[place].update(head)
            self._views[place].hint = ending(answer)
            await self._views[place].set_text(answer.text if answer.text.strip() else "")
        from lab.editing.words import marked

        found = await asyncio.to_thread(marked, answers[0].text, answers[1].text)
        for view, parts in zip(self._views, found, strict=True):
            if view.text:
                view.set_marks(_spans(parts))

    # -- Leaving ------------------------------------------------------------------------

    def action_bench(self) -> None:
        sides = self._comparison.first.variant, self._comparison.second.variant
        self.dismiss(Go(self.flip.case_id, sides))

    def action_leave(self) -> None:
        self.dismiss(None)


def _cases(connection: Connection, case_ids: list[int]) -> list[Case]:
    return [benchmarks.get(connection, case_id) for case_id in case_ids]


def _read(connection: Connection, flip: Flip) -> tuple[Case, Answer, Answer]:
    return (
        benchmarks.get(connection, flip.case_id),
        runs.get(connection, flip.first),
        runs.get(connection, flip.second),
    )


def _wanted(expectation: Expectation) -> str:
    return format_lines(expectation) or "Nothing is said of what a right answer is."


def _head(
    variant: Variant, sides: tuple[Variant, Variant], answer: Answer, score: float
) -> Content:
    """Return who answered, how that came out, and what it took."""
    verdict: Verdict = "pass" if score == 1 else "fail" if score == 0 else "partial"
    glyph = glyphs.VERDICT[verdict]
    model = "" if len({side.model for side in sides}) == 1 else f" · {variant.model}"
    share = "" if score in (0, 0.5, 1) else f" {words.percent(score)} right"
    end = ending(answer) if answer.text.strip() else ""
    return Content.assemble(
        Content.styled(f"{glyph} ", glyphs.STYLE[glyph]),
        Content.styled(safe.one_line(f"{name_of(variant.rung)}{model}", 60), "bold"),
        share,
        Content.styled(f"  {end}" if end else "", "$text-warning"),
        Content.styled(f"  {safe.one_line(facts(answer))}", glyphs.MUTED),
    )


def _spans(parts: Parts) -> Iterator[tuple[int, int]]:
    ends = accumulate(len(piece) for piece, _ in parts)
    for (piece, differs), end in zip(parts, ends, strict=True):
        if differs:
            yield end - len(piece), end
