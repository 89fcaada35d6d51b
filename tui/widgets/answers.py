"""The middle of the bench: the answer of one variant, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Horizontal

from lab.desk import Desk
from store.records import Answer, Case, Variant
from tui.live import Live
from tui.widgets.answer_pane import AnswerPane, variant_title

MOST = 4
_HINT = "Not asked yet: enter asks this case, r asks all."


class Answers(Horizontal):
    """Holds a pane for each variant that is shown, all for the same case."""

    DEFAULT_CSS = """
    Answers {
        & > AnswerPane { width: 1fr; }
        &.several > AnswerPane { border-left: solid $foreground 20%; }
        &.several > AnswerPane:focus-within { border-left: solid $accent; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.variants: list[Variant] = []
        self.case: Case | None = None
        self._answers: dict[str, Answer | None] = {}
        self._panes: dict[str, AnswerPane] = {}

    async def set_variants(self, variants: Sequence[Variant], *, blind: bool = False) -> None:
        """Show these variants, from one to four; `blind` hides what they are."""
        wanted = list(variants)[:MOST]
        if [v.hash for v in wanted] != [v.hash for v in self.variants]:
            await self.remove_children()
            self._panes = {variant.hash: AnswerPane() for variant in wanted}
            self._answers = {}
            await self.mount_all(self._panes.values())
        self.variants = wanted
        several = len(wanted) > 1
        self.set_class(several, "several")
        for number, variant in enumerate(wanted):
            title = variant_title(variant, wanted) if several else "Answer"
            self._panes[variant.hash].title = chr(ord("A") + number) if blind else title

    async def show(self, desk: Desk, live: Live, case: Case | None) -> None:
        """Show a case: its answers as far as they have come."""
        self.case = case
        for variant in self.variants:
            await self._fill(desk, live, variant)

    async def _fill(self, desk: Desk, live: Live, variant: Variant) -> None:
        pane, case = self._panes[variant.hash], self.case
        self._answers[variant.hash] = None
        if case is None:
            pane.empty("No case yet: type a prompt below and send it with ctrl+j.")
            return
        if (coming := live.get(variant.id, case.id)) is not None:
            pane.asking(*coming)
            return
        answer = await desk.answer(case, variant)
        self._answers[variant.hash] = answer
        # While the store was read the case may have been asked, or another one chosen.
        if self.case is not case:
            return
        if (coming := live.get(variant.id, case.id)) is not None:
            pane.asking(*coming)
        elif answer is None:
            pane.empty(_HINT)
        else:
            pane.show(answer)

    def pane(self, variant_id: int, case_id: int) -> AnswerPane | None:
        """Return the pane that shows a variant's answer to a case, or None."""
        if self.case is None or self.case.id != case_id:
            return None
        found = next((v for v in self.variants if v.id == variant_id), None)
        return self._panes[found.hash] if found else None

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
        """The variant whose pane has the focus, else the first."""
        for variant in self.variants:
            pane = self._panes[variant.hash]
            if pane.has_focus_within:
                return variant
        return self.variants[0] if self.variants else None

    @property
    def answer(self) -> Answer | None:
        """The answer in the chosen pane, None while it is coming or not asked."""
        chosen = self.chosen
        return self._answers.get(chosen.hash) if chosen else None

    def focus_pane(self) -> None:
        """Give the focus to the first pane."""
        if self.variants:
            self._panes[self.variants[0].hash].view.focus()
