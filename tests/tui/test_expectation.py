"""ExpectationPanel: each check with what was expected and what came."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from lab.grading.assertions import RubricResult, grade, graded_with, parse_lines
from store.records import Answer, Case, CaseDraft, Judgement, Usage
from tui.widgets.expectation import ExpectationPanel

Rows = Sequence[tuple[str, str, bool, str]]


class Screen(App[None]):
    def compose(self) -> ComposeResult:
        yield ExpectationPanel()


def case(typed: str) -> Case:
    return Case(1, 1, "k", 0, 1, 1, CaseDraft("Why?", expectation=parse_lines(typed)))


def answer(text: str, checks: Rows, judgement: Judgement | None = None) -> Answer:
    return Answer(
        *(1, 1, 1, 1, 1, 1, 1, "done", text, "", "", "m", Usage(), None, None, None),
        *(0.0, "", ""),
        checks=tuple(checks),
        judgement=judgement,
    )


async def shown(typed: str, given: Answer | None) -> list[str]:
    """Return the panel's lines, but for the head and the case's name."""
    app = Screen()
    async with app.run_test(size=(120, 40)):
        panel = app.query_one(ExpectationPanel)
        panel.show(case(typed), given)
        body = panel.query_one("#body", Static)
        return str(body.content).splitlines()[:-2]


def graded(typed: str, text: str) -> Answer:
    result = grade(parse_lines(typed), text)
    assert result is not None
    return answer(text, result.rows())


async def test_each_check_says_what_was_expected_and_what_came() -> None:
    typed = 'Paris\nicontains-all: paris, seine\nis-json: {"type": "object"}\ncost: 0.1'
    assert await shown(typed, graded(typed, "[1]")) == [
        "Paris",
        "✗ icontains-all paris, seine",
        "  got: missing paris, seine",
        '✗ is-json {"type": "object"}',
        "  got: [1] is not of type 'object'",
        "✗ cost at most $0.1",
        "  got: cost unknown",
    ]
    assert await shown(typed, None) == [
        "Paris",
        "○ icontains-all paris, seine",
        '○ is-json {"type": "object"}',
        "○ cost at most $0.1",
    ]


async def test_the_score_stands_before_the_checks_with_their_weights() -> None:
    typed = "contains [weight 3]: a\ncontains: b\nsimilar(0.9) [weight 0]: b\nthreshold: 0.7"
    assert await shown(typed, graded(typed, "a")) == [
        "✓ threshold 0.7 · score 0.75",
        "✓ contains a · weight 3",
        "✗ contains b",
        "  got: a",
        "✗ similar b (characters 90% alike) · decides nothing",
        "  got: 0%: a",
    ]
    assert (await shown(typed, None))[:2] == ["○ threshold 0.7", "○ contains a · weight 3"]


async def test_a_rubric_that_was_not_asked_is_told_from_the_checks_beside_it() -> None:
    typed = "llm-rubric: polite\nnot-contains: but"
    assert await shown(typed, graded(typed, "but")) == [
        "○ llm-rubric polite",
        "✗ not-contains but",
        "  got: but",
    ]


async def test_a_judged_answer_shows_the_checks_of_the_judge() -> None:
    typed = "llm-rubric: polite\ncontains: b"
    result = graded_with(parse_lines(typed), "b", [RubricResult(0.9, True, "[It] is\nkind.")])
    judgement = Judgement(result.verdict, 0.9, "", "judge", True, result.rows())
    lines = await shown(typed, answer("b", (), judgement))
    assert lines[-3:] == ["✓ llm-rubric polite", "  [It] is kind.", "✓ contains b"]


@pytest.mark.parametrize("value", ["[/foo]", "\x1b[31mred", "[INST]"])
async def test_what_a_benchmark_says_is_text_and_nothing_else(value: str) -> None:
    typed = f"contains: {value}"
    visible = value.replace("\x1b", "␛")
    lines = await shown(typed, graded(typed, f"so {value[:3]}"))
    assert lines[0] == f"✗ contains {visible}"
    assert "\x1b" not in "".join(lines)
