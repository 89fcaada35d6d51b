"""The label queue: prompt, answer and expectation, and one key for the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.desk import Desk
from lab.grading.assertions import format_lines
from lab.labels.cards import REASONS, Card, Last, Reason
from lab.labels.queue import LabelQueue
from store.records import Case, CaseDraft, Verdict
from tui import glyphs, safe
from tui.screens.label_queue.keys import BINDINGS
from tui.screens.label_queue.summary import progress, summary
from tui.widgets.answer_pane import ending, facts
from tui.widgets.key_bar import KeyBar
from tui.widgets.stream_view import StreamView

_NO_EXPECTATION = "Nothing is said of what a right answer is: judge by what you know."
_ON_A_CARD = {"judge", "skip", "repair", "note", "evidence"}
Pick = Callable[[Case], Awaitable[Case]]


class LabelQueueScreen(ModalScreen[None]):
    """A sitting at a session's unlabelled answers, above what it was opened from.

    It is modal so that what lies below, and its runs, goes on and is left with it.
    """

    CSS_PATH = "label_queue.tcss"
    AUTO_FOCUS = "#given"
    BINDINGS = BINDINGS
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]

    def __init__(
        self,
        desk: Desk,
        pick: Pick,
        *,
        blind: bool = False,
        wanted: Sequence[int] | None = None,
        title: str = "",
    ) -> None:
        """Open on a desk's session; `blind` hides whose answers they are from the start.

        `pick` lets evidence be picked for a case, and returns the case as it is then. With
        `wanted` only these answers come, which settle the step that the `title` names.
        """
        super().__init__()
        self._pick = pick
        self._desk = desk
        self._queue = LabelQueue(desk, wanted=wanted)
        self._settling = wanted is not None
        self._title = title
        self._begin_blind = blind
        self._said = ""
        self._acted = self._ended = False
        self._offered: set[str] = set()  # what the end offers to do
        self._turn = asyncio.Lock()  # keys and the palette come each in their own time
        self._asked, self._given, self._wanted = (
            StreamView(id=name, classes="part") for name in ("asked", "given", "wanted")
        )

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield Static(id="title")
            yield Static(id="progress")
        yield Static(id="whose")
        with Container(id="parts"):
            for part, title in (
                (self._asked, "Prompt"),
                (self._given, "Answer"),
                (self._wanted, "Expected"),
            ):
                part.border_title = title
                yield part
        yield Static(id="end")
        yield Static(id="said")
        yield KeyBar()

    async def on_mount(self) -> None:
        name = safe.one_line(self._desk.session.name, 60)
        title = (Content.styled("Label", "bold"), f" · {name}")
        if self._settling:
            title = (Content.styled("Settle ", "bold"), self._title)
        self._put("#title", Content.assemble(*title))
        if self._begin_blind:
            await self._queue.set_blind(True)
        await self._queue.open()
        await self._show()

    def on_unmount(self) -> None:
        self._queue.close()

    # -- What is shown ----------------------------------------------------------------

    async def _show(self, said: str = "", *, end: bool = False) -> None:
        """Show the answer to judge, else what came of the sitting; and what to say."""
        card = self._queue.shown
        ended = end or card is None
        if ended:
            found = await self._queue.sitting()
            self._offered = {"go_on"} if found.waiting or found.skipped else set()
            self._offered |= {"settle"} if found.differing else set()
            self._put("#end", summary(found))
        if ended or self._ended:
            self._ended = ended
            self.set_class(ended, "-end")
            self.set_focus(None if ended else self._given)
            self.refresh_bindings()
        if card is not None:
            self._show_card(card)
        self._put("#progress", progress(self._queue.progress, ended=ended))
        self._say(said)

    def _show_card(self, card: Card) -> None:
        answer, draft = card.item.answer, card.item.case.draft
        self._asked.set_text(_asked(draft))
        self._given.set_text(answer.text)
        self._given.mark(ending(answer))
        self._wanted.set_text(_wanted(draft))
        self._show_whose()

    def _show_whose(self) -> None:
        if (card := self._queue.shown) is not None:
            self._put("#whose", _whose(card, self._queue.note, blind=self._queue.blind))

    def _say(self, said: str) -> None:
        last = self._queue.last
        self._put("#said", _why(last) if last else Content.styled(said, glyphs.MUTED))

    def _put(self, selector: str, content: Content) -> None:
        # Each has a place of its own that does not depend on what stands in it.
        self.query_one(selector, Static).update(content, layout=False)

    # -- Keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action in _ON_A_CARD:
            return not self._ended
        if action == "reason":
            return self._queue.last is not None
        if action in ("go_on", "settle"):
            return self._ended and action in self._offered
        if action == "graded":
            return not self._settling  # what settles a step has no verdict of any kind
        return True

    async def action_judge(self, verdict: Verdict) -> None:
        async with self._turn:
            if not self._ended:
                await self._queue.judge(verdict)
                self._acted = True
                await self._show()

    async def action_reason(self, reason: Reason) -> None:
        async with self._turn:
            await self._queue.give_reason(reason)
            self._say("")

    async def action_skip(self) -> None:
        async with self._turn:
            if not self._ended:
                await self._queue.skip()
                self._acted = True
                await self._show("Skipped; it comes again in another sitting.")

    async def action_repair(self) -> None:
        async with self._turn:
            if (card := self._queue.shown) is not None and not self._ended:
                await self._queue.repair()
                self._acted = True
                key = safe.one_line(card.item.case.key, 30)
                await self._show(
                    f"{glyphs.BAD} case {key} counts for nothing until it is mended;"
                    " u takes this back."
                )

    async def action_undo(self) -> None:
        async with self._turn:
            done = await self._queue.undo()
            self._acted |= done
            await self._show("Taken back." if done else "There is nothing left to take back.")

    async def action_blind(self) -> None:
        async with self._turn:
            await self._queue.set_blind(not self._queue.blind)
            self._show_whose()

    async def action_graded(self) -> None:
        async with self._turn:
            graded = not self._queue.with_graded
            await self._queue.set_with_graded(graded)
            await self._show(
                "Every answer without your label, also what the checks have graded."
                if graded
                else "Only answers that nothing has judged yet."
            )

    async def action_settle(self) -> None:
        async with self._turn:
            await self._queue.settle()
            await self._show()

    async def action_go_on(self) -> None:
        async with self._turn:
            if self._queue.shown is None:
                await self._queue.bring_skipped()
            await self._show()

    @work(group="note", exclusive=True)
    async def action_note(self) -> None:
        from tui.screens.ask_line import AskLine

        question = "A note that goes with your verdict (empty: none)"
        text = await self.app.push_screen_wait(AskLine(question, self._queue.note))
        if text is not None:
            async with self._turn:
                await self._queue.set_note(text.strip())
                self._show_whose()

    @work(group="evidence", exclusive=True)
    async def action_evidence(self) -> None:
        """Pick the answer's place in a document; then go on with the same answer."""
        if (card := self._queue.shown) is not None:
            case = await self._pick(card.item.case)
            async with self._turn:
                if case.revision_id != card.item.case.revision_id:
                    await self._queue.follow(case)
                    await self._show()

    async def action_leave(self) -> None:
        """Say what came of the sitting, then leave."""
        async with self._turn:
            if self._ended or not self._acted:
                self.dismiss(None)
            else:
                await self._show(end=True)


def _asked(draft: CaseDraft) -> str:
    turns = [f"── {turn['role']} ──\n{turn['content']}" for turn in draft.messages]
    return "\n\n".join([*turns, f"── user ──\n{draft.prompt}" if turns else draft.prompt])


def _wanted(draft: CaseDraft) -> str:
    """Return what a right answer is, without how the machine judges this one."""
    expectation = draft.expectation
    lines = [expectation.text, format_lines(replace(expectation, text=""))]
    text = "\n".join(line for line in lines if line) or _NO_EXPECTATION
    found = [
        item.document
        + (f", page {item.page}" if item.page else "")
        + (f": {item.quote}" if item.quote else "")
        for item in draft.evidence
    ]
    return "\n".join([text, "", "Evidence", *found]) if found else text


def _whose(card: Card, note: str, *, blind: bool) -> Content:
    item = card.item
    parts = [Content(f"case {safe.one_line(item.case.key, 30)}")]
    if card.differing:
        first, second = (f"{glyphs.VERDICT[verdict]} {verdict}" for verdict in card.differing)
        parts.append(Content.styled(f"you said {first}, then {second}: which is it?", "bold"))
    if note:
        parts.append(Content.styled(f"note: {safe.one_line(note, 60)}", "$text"))
    if blind:
        parts.append(Content("blind"))
    else:
        variant = item.variant
        model = safe.one_line(variant.model, 60)
        parts.append(Content(f"{glyphs.RUNG[variant.rung]} {variant.rung} · {model}"))
        parts.append(Content(safe.one_line(facts(item.answer))))
        if item.alike > 1:
            parts.append(Content(f"the same answer {item.alike} times"))
    return Content(" · ").join(parts)


def _why(last: Last) -> Content:
    glyph = glyphs.VERDICT[last.verdict]
    verdict = Content.styled(f"{glyph} {last.verdict}", glyphs.STYLE[glyph])
    if last.reason:
        return Content.assemble(verdict, f": {REASONS[last.reason]}")
    keys = [
        Content.assemble(Content.styled(key, "bold"), f" {name}") for key, name in REASONS.items()
    ]
    return Content.assemble(verdict, " · why?  ", Content("  ").join(keys), "  or go on")
