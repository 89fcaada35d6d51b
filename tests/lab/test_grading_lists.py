"""Lists that are written on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.grading.lists import join_list, split_list


@pytest.mark.parametrize(
    ("line", "items"),
    [
        ('a, "b, c", d', ("a", "b, c", "d")),
        ("  a ,b,, c,", ("a", "b", "c")),
        ('"say ""hi""", " x "', ('say "hi"', " x ")),
        ('5" pipe, 3" pipe', ('5" pipe', '3" pipe')),
        ('"open, b', ('"open', "b")),
        ('"a" b, c', ('"a" b', "c")),
        ('["a, b", "c\\nd"]', ("a, b", "c\nd")),
        ("[1], [2]", ("[1]", "[2]")),
        ("[1, 2]", ("[1", "2]")),
        ('"", a', ("", "a")),
        (" , ", ()),
        ("", ()),
    ],
)
def test_a_list_is_read_from_a_line(line: str, items: tuple[str, ...]) -> None:
    assert split_list(line) == items


_items = st.lists(
    st.sampled_from(["a", "b, c", '"', '["a"]', " ", "", "\n", ",", "\r\n", "[1]"]) | st.text()
)


@given(_items.map(tuple))
def test_a_list_is_read_back_as_it_was_written(items: tuple[str, ...]) -> None:
    line = join_list(items)
    assert split_list(line) == items
    assert "\n" not in line
    assert "\r" not in line


@given(st.text(alphabet='a,"[] \n\\', max_size=40))
def test_any_text_is_some_list(text: str) -> None:
    assert split_list(join_list(split_list(text))) == split_list(text)
