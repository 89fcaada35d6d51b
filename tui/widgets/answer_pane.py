"""One answer with what it took above it, and how it ended below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from lab.prices import format_cost
from store.records import Answer, Variant
from tui import glyphs, safe
from tui.widgets.stream_view import StreamView

_ENDED = {
    "stopped": "⚠ stopped here",
    "interrupted": "⚠ interrupted: Litmus ended while this came; enter asks again",
    "cut": "⚠ cut off here",
    "failed": "⚠ no answer",
}

_CUT = {
    "length": "⚠ cut at the limit for an answer's length (max_tokens)",
    "content_filter": "⚠ the provider's content filter ended it here",
}


class AnswerPane(Vertical):
    """Shows a variant's answer to a case: none yet, coming, or as it ended."""

    DEFAULT_CSS = """
    AnswerPane {
        & > .head { height: 1; color: $text-muted; padding: 0 1;
            text-wrap: nowrap; text-overflow: ellipsis; }
        &:focus-within > .head { background: $primary 40%; color: $text; }
        & > StreamView { height: 1fr; padding: 0 1; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._title = "Answer"
        self._facts: tuple[str, str] = ("", "")
        self._hidden = self._chosen = False
        self._head = Static(classes="head")
        self.view = StreamView()

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.view

    def name_it(self, title: str) -> None:
        """Head the answer with a title."""
        self._title = title
        self._show_head()

    def hide_facts(self, hidden: bool) -> None:
        """Leave out what the answer took, which could tell who gave it."""
        self._hidden = hidden
        self._show_head()

    def mark_chosen(self, chosen: bool) -> None:
        """Mark the answer that is labelled, among several."""
        self._chosen = chosen
        self._show_head()

    def empty(self, hint: str) -> None:
        """Show that there is no answer, and what brings one."""
        self._set_head("")
        self.view.set_text("")
        self.view.mark(hint)

    def asking(self, text: str, reasoning: str) -> None:
        """Show an answer that is on its way, as far as it has come."""
        self._set_head("asking…")
        self.view.set_text(text, reasoning, follow=True)
        self.view.mark("")

    def add(self, text: str, reasoning: str) -> None:
        """Add what has just come."""
        if reasoning:
            self.view.append_reasoning(reasoning)
        if text:
            self.view.append(text)

    def show(self, answer: Answer) -> None:
        """Show an answer that has ended, with what it took."""
        self._set_head(facts(answer), glyphs.of(answer.status, answer.verdict))
        if (self.view.text, self.view.reasoning) != (answer.text, answer.reasoning):
            self.view.set_text(answer.text, answer.reasoning)
        error = f": {answer.error}" if answer.error and answer.status == "failed" else ""
        self.view.mark(ending(answer) + error, ended=True)

    def _set_head(self, text: str, glyph: str = "") -> None:
        self._facts = (text, glyph)
        self._show_head()

    def _show_head(self) -> None:
        text, glyph = self._facts
        mark, style = ("▸ ", "bold $text") if self._chosen else ("", "bold")
        parts = [Content.styled(f"{mark}{safe.one_line(self._title, 60)}", style)]
        if glyph:
            parts.append(Content.styled(f" {glyph}", glyphs.STYLE[glyph]))
        if text and not (self._hidden and glyph):
            parts.append(Content("  " + safe.one_line(text)))
        self._head.update(Content.assemble(*parts))


def ending(answer: Answer) -> str:
    """Return how an answer ended, where it is not whole; else nothing."""
    ended = _ENDED.get(answer.status) or _CUT.get(answer.finish_reason, "")
    return ended or ("" if answer.text.strip() else "⚠ the answer is empty")


def facts(answer: Answer) -> str:
    """Return what an answer took: time, first token, tokens and cost."""
    parts: list[str] = []
    if answer.latency_s is not None:
        parts.append(f"{answer.latency_s:.1f} s")
    if answer.first_token_s is not None:
        parts.append(f"first token {answer.first_token_s:.1f} s")
    if answer.usage.completion is not None:
        parts.append(f"{answer.usage.completion:,} tok")
    if answer.status == "done":
        cost = answer.cost_usd
        parts.append("price unknown" if cost is None else format_cost(cost))
    return " · ".join(parts)


def variant_title(variant: Variant, others: Sequence[Variant]) -> str:
    """Return a heading that tells a variant from the others beside it."""
    rung = f"{glyphs.RUNG[variant.rung]} {variant.rung}"
    if len({item.model for item in others}) == 1:
        return rung
    if len({item.rung for item in others}) == 1:
        return variant.model
    return f"{rung} · {variant.model}"
