"""The letter of a choice is found where an answer names it, and nowhere else."""

from __future__ import annotations

import pytest

from lab.grading.assertions import grade
from lab.interop.letters import pattern_for, signs_of
from store.records import Assertion, Expectation

CHOICES = ["Marla", "Old Tom", "Finch", "BAD"]


@pytest.mark.parametrize(
    ("letters", "answer", "right"),
    [
        ("B", "B", True),
        ("B", "**B)** Old Tom", True),
        ("B", "(B)", True),
        ("B", "It hangs in the tower.\n\nANSWER: B", True),
        ("B", "The answer is B because it is the largest.", True),
        ("B", r"So the answer is $\boxed{B}$.", True),
        ("B", "The correct option is B.", True),
        ("B", "ANSWER: C", False),
        ("B", "Both are big, but I choose C.", False),
        ("B", "ANSWER: B, C", False),
        ("B", "Bells are large.", False),
        ("B", "Old Tom", False),
        ("A", "A dog barks.\nANSWER: C", False),
        ("A", "A", True),
        ("A", "The answer is A because it is the largest.", True),
        ("A", "It is a bell.", False),
        ("I", "I'm not sure.", False),
        ("AC", "ANSWER: A, C", True),
        ("AC", "A and C", True),
        ("AC", "ANSWER: AC", True),
        ("AC", "ANSWER: A", False),
        ("AC", "ANSWER: A, C, D", False),
        ("AC", "ANSWER: A, B, C", False),
    ],
)
def test_the_pattern_finds_the_answered_letters(letters: str, answer: str, right: bool) -> None:
    checked = grade(Expectation("", (Assertion("regex", pattern_for([*letters])),)), answer)
    assert checked is not None
    assert (checked.verdict == "pass") is right


@pytest.mark.parametrize(
    ("target", "signs"),
    [
        ("B", ["B"]),
        ("b", ["B"]),
        ("A, C", ["A", "C"]),
        ("CA", ["A", "C"]),
        ("Old Tom", ["B"]),
        ("BAD", ["D"]),
        ("E", []),
        ("Nobody", []),
    ],
)
def test_a_target_names_letters_or_a_choice(target: str, signs: list[str]) -> None:
    assert signs_of(target, CHOICES) == signs
