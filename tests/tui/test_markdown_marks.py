"""Markdown told by ink: what is marked in a paragraph, and where that falls in its rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.markdown_marks import Marks, spans_of
from tui.widgets.wrapping import Wrapper


def wrapped(text: str, width: int = 40) -> Marks:
    lines = Wrapper(width)
    lines.feed(text)
    return Marks(lines)


def inked(marks: Marks) -> list[list[tuple[str, str]]]:
    return [
        [(marks.lines.line(row)[start:end], kind) for start, end, kind in marks.row(row)]
        for row in range(len(marks.lines))
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## The total", [("## The total", "heading")]),
        ("#hashtag", []),
        ("- one `x` and **two**", [("- ", "mark"), ("`x`", "code"), ("**two**", "strong")]),
        ("12. item", [("12. ", "mark")]),
        ("> said", [("> said", "quote")]),
        ("* * *", [("* * *", "mark")]),
        ("an *odd* and __bold__ one", [("*odd*", "emphasis"), ("__bold__", "strong")]),
        ("2 * 3 * 4 = 24, snake_case_name, a ** b", []),
        ("``a ` b`` then `c`", [("``a ` b``", "code"), ("`c`", "code")]),
        ("**never closed and `neither", []),
    ],
)
def test_what_is_marked(text, found):
    assert [(text[start:end], kind) for start, end, kind in spans_of(text)] == found


def test_a_fence_lasts_to_its_end_and_hides_other_marks():
    text = "before **b**\n```python\n# no heading\n\n~~~\n```\n# heading"
    assert inked(wrapped(text)) == [
        [("**b**", "strong")],
        [("```python", "code")],
        [("# no heading", "code")],
        [],
        [("~~~", "code")],
        [("```", "code")],
        [("# heading", "heading")],
    ]


def test_a_span_goes_on_in_the_next_row():
    assert inked(wrapped("say **these four bold words** now", 12)) == [
        [("**these", "strong")],
        [("four bold", "strong")],
        [("words**", "strong")],
    ]


@given(st.text("ab *_`#>-1.\n~", max_size=80), st.integers(4, 20))
def test_spans_lie_in_their_rows_in_order(text, width):
    marks = wrapped(text, width)
    for row in range(len(marks.lines)):
        ends = 0
        for start, end, _ in marks.row(row):
            assert ends <= start <= end <= len(marks.lines.line(row))
            ends = end
