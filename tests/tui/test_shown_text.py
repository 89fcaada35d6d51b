"""Offsets between a text and what is displayed of it, and the rows it is cut into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import safe
from tui.widgets.page_rows import PageRows
from tui.widgets.shown_text import ShownText
from tui.widgets.wrapping import Wrapper

# What is displayed longer or shorter than it is, among what is not.
TEXTS = st.text(st.sampled_from("ab \t\r\n\f\x1b\x85\u202e\ufeff你é\u200d😀\ud800"), max_size=60)


@given(TEXTS)
def test_each_place_of_a_text_is_found_again_in_what_is_shown(text):
    shown = ShownText(text)
    assert shown.shown == safe.visible(text)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":
            continue  # the two are one line end
        assert shown.to_shown(offset) == len(safe.visible(text[:offset]))
        assert shown.to_text(shown.to_shown(offset)) == offset


@given(TEXTS)
def test_what_is_shown_as_several_is_one_place_of_the_text(text):
    shown = ShownText(text)
    places = [shown.to_text(offset) for offset in range(len(shown.shown) + 1)]
    assert places == sorted(places)
    assert places[-1] == len(text)


@given(TEXTS, st.integers(4, 30))
def test_rows_are_those_of_the_wrapped_text(text, width):
    rows, wrapped = PageRows(ShownText(text), (0,), width), Wrapper(width)
    wrapped.feed(text)
    lines = [wrapped.line(index).rstrip(" \u200d") for index in range(len(wrapped))]
    drawn = [rows.drawn(row)[0].rstrip(" \u200d") for row in range(len(rows))]
    while lines and not lines[-1]:
        lines.pop()
    while drawn and not drawn[-1]:
        drawn.pop()
    assert drawn == lines


def test_pages_have_heads_and_no_form_feeds():
    rows = PageRows(ShownText("one\fzwei\r\ndrei\f"), (0, 4, 15), 40)
    assert rows.heads == {0: 1, 2: 2, 5: 3}
    drawn = [rows.drawn(row)[0] for row in range(len(rows)) if row not in rows.heads]
    assert drawn == ["one", "zwei", "drei", ""]
    assert [rows.page_at(offset) for offset in (0, 3, 4, 12)] == [1, 1, 2, 2]


@pytest.mark.parametrize("offset, row", [(0, 0), (11, 0), (12, 1), (23, 1), (40, 2)])
def test_a_row_is_found_by_what_is_in_it(offset, row):
    rows = PageRows(ShownText("hello world hello world again"), (0,), 11)
    assert rows.row_at(offset) == row
