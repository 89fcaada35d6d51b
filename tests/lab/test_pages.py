"""Chosen pages: what a person types, how it is kept, and the text that it stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.pages import PagesProblem, choose, excerpt, join, numbers, split

COUNTS = st.integers(1, 40)
CHOICES = COUNTS.flatmap(
    lambda count: st.tuples(st.sets(st.integers(1, count), min_size=1), st.just(count))
)
TEXT = "one\fto the second\n\f\fFour."
STARTS = (0, 4, 19, 20)


@given(CHOICES)
def test_pages_are_read_as_they_were_written(choice):
    pages, count = choice
    written = join(pages, count)
    assert numbers(written, "a.pdf", count) == tuple(sorted(pages))
    assert (written == "") == (len(pages) == count)
    assert choose(written, "a.pdf", count) == written


@given(st.text("0123456789-–,; alx", max_size=12), COUNTS)
def test_whatever_is_typed_is_some_pages_or_one_plain_sentence(typed, count):
    try:
        chosen = numbers(typed, "a.pdf", count)
    except PagesProblem as error:
        sentence = str(error)
        assert "\n" not in sentence and sentence.endswith(".")
        assert "a.pdf has" in sentence or "runs backwards" in sentence
        return
    assert chosen == tuple(sorted(set(chosen))) and chosen
    assert set(chosen) <= set(range(1, count + 1))
    assert numbers(choose(typed, "a.pdf", count), "a.pdf", count) == chosen


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        (" ALL ", ""),
        ("1-12", ""),
        ("3, 1-2 ;7", "1-3,7"),
        ("10-", "10-12"),
        ("5–6,5", "5-6"),
        ("1,,2", "1-2"),
    ],
)
def test_a_choice_is_kept_in_one_way(typed, kept):
    assert choose(typed, "a.pdf", 12) == kept


@pytest.mark.parametrize(
    ("typed", "count", "says"),
    [
        ("9-14", 12, "There is no page 14; a.pdf has pages 1 to 12"),
        ("0", 12, "There is no page 0"),
        ("7-3", 12, "“7-3” runs backwards; type 3-7."),
        ("first", 12, "“first” names no pages"),
        ("-", 12, "names no pages"),
        (",", 12, "names no pages"),
        ("2", 1, "There is no page 2; a.pdf has one page only."),
        ("9" * 60, 12, "names no pages"),
    ],
)
def test_what_names_no_pages_is_told(typed, count, says):
    with pytest.raises(PagesProblem) as caught:
        choose(typed, "a.pdf", count)
    assert says in str(caught.value) and len(str(caught.value)) < 160


def test_the_text_of_pages_names_each_of_them():
    assert split(TEXT, STARTS) == ["one", "to the second\n", "", "Four."]
    assert excerpt(TEXT, STARTS, "2-3", "a") == "--- page 2 ---\nto the second\n\n--- page 3 ---"
    assert excerpt(TEXT, STARTS, "", "a").startswith("--- page 1 ---\none\n\n--- page 2 ---\n")
    assert excerpt("one page", (0,), "", "a") == "one page"
    with pytest.raises(PagesProblem):
        excerpt(TEXT, STARTS, "5", "a")
