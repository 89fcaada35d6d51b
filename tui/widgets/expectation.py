"""What a right answer must say, and how the answer that is shown meets it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from store.records import Answer, Case
from tui import glyphs, safe
from tui.widgets.judge_line import judge_lines

Result = tuple[str, str, bool, str]  # type, value, passed, got: as an answer keeps it


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
        self._body, self._given = Static(id="body"), Static(id="given")
        self._given.display = False

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._body
        yield self._given

    def show_given(self, lines: Sequence[Content]) -> None:
        """Show a line for each passage that was sent for the answer; none where none was."""
        self._given.display = bool(lines)
        head = Content.styled("Given from the store", "bold")
        self._given.update(Content("\n").join([Content(""), head, *lines]))

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
    expectation = case.expectation
    lines: list[Content] = []
    if answer is not None and answer.label is not None:
        lines.append(Content.styled(f"your label: {answer.label}", "bold"))
    lines += judge_lines(answer)
    if not expectation:
        hint = "Nothing yet: e says what a right answer must contain."
        return [*lines, Content.styled(hint, glyphs.MUTED)]
    # Here, since it takes a while and the first paint may show no expectation.
    from lab.grading.assertions import effective, value_text

    if expectation.text:
        lines.append(safe.content(expectation.text[:2000]))
    results = _results(answer)
    if expectation.threshold is not None:  # first, since it is what decides
        found = results.pop() if results and results[-1][0] == "threshold" else None
        lines += _check("threshold", f"{expectation.threshold:g}", found)
    for assertion in effective(expectation):
        kind, value = assertion.type, value_text(assertion)
        # A rubric that no judge was asked about has no result among the others.
        found = results.pop(0) if results and results[0][:2] == (kind, value) else None
        lines += _check(kind, value, found, weight=assertion.weight)
    return lines


def _results(answer: Answer | None) -> list[Result]:
    """Return an answer's checks in their order, with the judge's where it was asked."""
    if answer is None or answer.status != "done":
        return []
    judged = answer.open_judgement.checks if answer.open_judgement else ()
    return list(judged or answer.checks)


def _check(kind: str, value: str, found: Result | None, *, weight: float = 1.0) -> list[Content]:
    share = {1.0: "", 0.0: " · decides nothing"}.get(weight, f" · weight {weight:g}")
    if found is None:
        return [_muted(f"{glyphs.NOT_ASKED} {kind} {value}{share}")]
    _, _, passed, got = found
    glyph = glyphs.VERDICT["pass" if passed else "fail"]
    lines = [
        Content.assemble(
            Content.styled(f"{glyph} ", glyphs.STYLE[glyph]),
            safe.content(f"{kind} ", glyphs.MUTED),
            safe.content(safe.one_line(value)),
            safe.content(f" · {got}" if kind == "threshold" else share, glyphs.MUTED),
        )
    ]
    if got and kind != "threshold":
        judged = kind in ("llm-rubric", "not-llm-rubric")
        lines.append(_muted(got if judged else f"got: {got}", indent=2))
    return lines


def _muted(text: str, indent: int = 0) -> Content:
    return safe.content(" " * indent + safe.one_line(text), glyphs.MUTED)
