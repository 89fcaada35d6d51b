"""The middle of the bench: the answer of one variant, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from lab.desk import Desk
from store.records import Answer, Case, Variant
from tui.live import Live
from tui.widgets.answer_pane import AnswerPane, variant_title
from tui.widgets.stream_view import StreamView

MOST = 4
_NOT_ASKED = "Not asked yet: enter asks this case, r asks all."
_NO_CASE = "No case yet: type a prompt below and send it with ctrl+j."
_NO_MODEL = "No model yet: m chooses who is asked."


class Answers(Horizontal):
    """Holds a pane for each variant that is shown, all for the same case.

    One pane is the chosen one, whose answer is labelled: the last that had the focus.
    """

    DEFAULT_CSS = """
    Answers {
        & > AnswerPane { width: 1fr; }
        & > #nobody { color: $text-muted; padding: 1; display: none; }
        &.nobody > #nobody { display: block; }
        &.several > AnswerPane { border-left: solid $foreground 20%; }
        &.several > AnswerPane.first { border-left: none; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.variants: list[Variant] = []
        self.case: Case | None = None
        self._answers: dict[str, Answer | None] = {}
        self._panes: dict[str, AnswerPane] = {}
        self._chosen = ""

    def compose(self) -> ComposeResult:
        yield Static(Content(_NO_MODEL), id="nobody")

    async def set_variants(self, variants: Sequence[Variant], *, blind: bool = False) -> None:
        """Show these variants, from one to four; `blind` hides what they are."""
        wanted = list(variants)[:MOST]
        if [v.hash for v in wanted] != [v.hash for v in self.variants]:
            await self.remove_children(AnswerPane)
            self._panes = {variant.hash: AnswerPane() for variant in wanted}
            self._answers = {}
            await self.mount_all(self._panes.values())
        self.variants = wanted
        several = len(wanted) > 1
        self.set_class(several, "several")
        self.set_class(not wanted, "nobody")
        for number, variant in enumerate(wanted):
            pane = self._panes[variant.hash]
            pane.set_class(number == 0, "first")
            title = variant_title(variant, wanted) if several else "Answer"
            pane.name_it(chr(ord("A") + number) if blind and several else title)
            pane.hide_facts(blind and several)
        self._mark_chosen()

    async def show(self, desk: Desk, live: Live, case: Case | None) -> None:
        """Show a case: its answers as far as they have come."""
        self.case = case
        for variant in self.variants:
            await self._fill(desk, live, variant)

    async def _fill(self, desk: Desk, live: Live, variant: Variant) -> None:
        pane, case = self._panes[variant.hash], self.case
        self._answers[variant.hash] = None
        if case is None:
            pane.empty(_NO_CASE)
            return
        if (coming := live.get(variant.id, case.id)) is not None:
            pane.asking(*coming)
            return
        answer = await desk.answer(case, variant)
        # While the store was read the case may have been asked, or another one chosen.
        if self.case is not case or self._panes.get(variant.hash) is not pane:
            return
        if (coming := live.get(variant.id, case.id)) is not None:
            pane.asking(*coming)
            return
        self._answers[variant.hash] = answer
        if answer is None:
            pane.empty(_NOT_ASKED)
        else:
            pane.show(answer)

    def pane(self, variant_id: int, case_id: int) -> AnswerPane | None:
        """Return the pane that shows a variant's answer to a case, or None."""
        if self.case is None or self.case.id != case_id:
            return None
        found = next((v for v in self.variants if v.id == variant_id), None)
        return self._panes[found.hash] if found else None

    def asking(self, variant_id: int, case_id: int) -> None:
        """Show that an answer is on its way, where its pane is."""
        pane = self.pane(variant_id, case_id)
        if pane is not None:
            found = next(v for v in self.variants if v.id == variant_id)
            self._answers[found.hash] = None
            pane.asking("", "")

    def ended(self, answer: Answer) -> bool:
        """Show an answer that has ended, where its pane is; return whether it is."""
        pane = self.pane(answer.variant_id, answer.case_id)
        if pane is None:
            return False
        found = next(v for v in self.variants if v.id == answer.variant_id)
        self._answers[found.hash] = answer
        pane.show(answer)
        return True

    @property
    def chosen(self) -> Variant | None:
        """The variant whose pane has the focus or had it last, else the first."""
        for variant in self.variants:
            if variant.hash == self._chosen:
                return variant
        return self.variants[0] if self.variants else None

    @property
    def answer(self) -> Answer | None:
        """The answer in the chosen pane, None while it is coming or not asked."""
        chosen = self.chosen
        return self._answers.get(chosen.hash) if chosen else None

    @property
    def lacking(self) -> list[Variant]:
        """The variants that have no whole answer to the case that is shown."""
        found = [(variant, self._answers.get(variant.hash)) for variant in self.variants]
        return [variant for variant, answer in found if not answer or answer.status != "done"]

    @property
    def views(self) -> list[StreamView]:
        """What takes the focus, a view for each variant, from left to right."""
        return [self._panes[variant.hash].view for variant in self.variants]

    def on_descendant_focus(self) -> None:
        for variant in self.variants:
            if self._panes[variant.hash].has_focus_within:
                self._chosen = variant.hash
        self._mark_chosen()

    def _mark_chosen(self) -> None:
        chosen = self.chosen
        for variant in self.variants:
            mark = len(self.variants) > 1 and variant is chosen
            self._panes[variant.hash].mark_chosen(mark)
