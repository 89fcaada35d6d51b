"""What a right answer must say, and how the answer that is shown meets it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from store.records import Answer, Case
from tui import glyphs, safe


class ExpectationPanel(VerticalScroll):
    """The expectation of a case with each check's result, then its evidence and tags."""

    DEFAULT_CSS = """
    ExpectationPanel {
        scrollbar-size-vertical: 1;
        & > Static { height: auto; padding: 0 1; }
        & > .head { text-style: bold; }
        &:focus > .head { background: $primary 40%; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head = Static(classes="head")
        self._body = Static()

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._body

    def show(self, case: Case | None, answer: Answer | None) -> None:
        """Show what is expected of a case, checked against its answer where there is one."""
        if case is None:
            self._head.update("")
            self._body.update("")
            return
        self._head.update("Expected")
        lines = _wanted(case, answer)
        if case.draft.evidence:
            lines += [Content(""), Content.styled("Evidence", "bold")]
            for item in case.draft.evidence:
                page = f", page {item.page}" if item.page else ""
                lines.append(_muted(f"{item.document}{page}", indent=2))
        tags = (*case.draft.tags, *(("train",) if case.draft.split == "train" else ()))
        lines += [Content(""), _muted(" · ".join((f"case {case.key}", *tags)))]
        self._body.update(Content("\n").join(lines))


def _wanted(case: Case, answer: Answer | None) -> list[Content]:
    # Here, since its patterns take a while and the first paint shows no case.
    from lab.grading.assertions import effective, value_text

    expectation = case.expectation
    lines: list[Content] = []
    if answer is not None and answer.label is not None:
        lines.append(Content.styled(f"your label: {answer.label}", "bold"))
    if not expectation:
        hint = "Nothing yet: e says what a right answer must contain."
        return [*lines, Content.styled(hint, glyphs.MUTED)]
    if expectation.text:
        lines.append(safe.content(expectation.text[:2000]))
    results = {(kind, value): (passed, got) for kind, value, passed, got in _checks(answer)}
    for assertion in effective(expectation):
        value = value_text(assertion)
        lines += _check(assertion.type, value, results.get((assertion.type, value)))
    return lines


def _checks(answer: Answer | None) -> tuple[tuple[str, str, bool, str], ...]:
    return answer.checks if answer is not None and answer.status == "done" else ()


def _check(kind: str, value: str, found: tuple[bool, str] | None) -> list[Content]:
    if found is None:
        return [_muted(f"○ {kind} {value}")]
    passed, got = found
    glyph, style = ("✓", "$text-success") if passed else ("✗", "$text-error")
    lines = [
        Content.assemble(
            Content.styled(f"{glyph} ", style), safe.content(safe.one_line(f"{kind} {value}"))
        )
    ]
    if got:
        lines.append(_muted(f"got: {got}", indent=2))
    return lines


def _muted(text: str, indent: int = 0) -> Content:
    return safe.content(" " * indent + safe.one_line(text), glyphs.MUTED)
