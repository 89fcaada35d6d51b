"""What differs between two texts, word by word."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from lab.editing.words import MOST, Parts, marked

TEXTS = st.text(alphabet="ab .,\n\té\u200d👩", max_size=60)


def shown(parts: Parts) -> str:
    return "".join(f"[{piece}]" if differs else piece for piece, differs in parts)


def test_words_that_differ_are_marked_and_no_others() -> None:
    old, new = marked("It was signed on 14 March, by both.", "It was signed on 4 March, by both!")
    assert shown(old) == "It was signed on [14] March, by both[.]"
    assert shown(new) == "It was signed on [4] March, by both[!]"


def test_what_is_in_common_by_chance_is_not_left_between_marks() -> None:
    old, new = marked("I cannot know this.", "The contract was signed by both of this.")
    assert shown(old) == "[I cannot know] this."
    assert shown(new) == "[The contract was signed by both of] this."
    old, new = marked("say the word now", "tell no thing now")
    assert (shown(old), shown(new)) == ("[say the word] now", "[tell no thing] now")


def test_a_text_beside_nothing_differs_whole() -> None:
    assert marked("", "new") == ((), (("new", True),))
    assert marked("same", "same") == ((("same", False),), (("same", False),))
    assert marked("", "") == ((), ())
    assert shown(marked("a  b", "a b")[0]) == "a[  ]b"


@given(TEXTS, TEXTS)
@example("\r\n", "\n")
def test_the_pieces_are_the_texts_and_what_is_not_marked_is_in_both(old: str, new: str) -> None:
    before, after = marked(old, new)
    assert "".join(piece for piece, _ in before) == old
    assert "".join(piece for piece, _ in after) == new
    kept = ["".join(piece for piece, differs in side if not differs) for side in (before, after)]
    assert kept[0] == kept[1]
    for side in (before, after):
        assert all(one[1] != other[1] for one, other in pairwise(side))


def test_a_long_pair_takes_no_longer_than_what_is_compared() -> None:
    old, new = "one two " * 200_000, "two three " * 200_000
    began = time.monotonic()
    before, after = marked(old, new)
    assert time.monotonic() - began < 5
    assert "".join(piece for piece, _ in before) == old
    assert "".join(piece for piece, _ in after) == new
    assert before[-1][1] is False and len(before[-1][0]) > len(old) - 5 * MOST
