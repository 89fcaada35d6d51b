"""Grading an answer by what its text says, and the numbers in it."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.grading.assertions import (
    Check,
    effective,
    grade,
    parse_lines,
)
from lab.grading.numbers import numbers_in, parse_number
from lab.grading.patterns import size
from store.records import Assertion, Expectation


def passes(typed: str, answer: str) -> bool:
    result = grade(parse_lines(typed), answer)
    assert result is not None
    return result.verdict == "pass"


@pytest.mark.parametrize(
    ("typed", "good", "bad"),
    [
        ("equals: Paris", "  Paris\n", "Paris."),
        ("equals: Paris", "Paris", "paris"),
        ("contains: café au lait", "A cafe\u0301 au\n  lait, please", "Café au lait"),
        ("icontains: STRASSE", "In der Straße 5", "In der Stra sse"),
        ("icontains: net thirty", "terms: Net\n\tThirty days", "netthirty"),
        (r"regex: ^\d{3}-[A-Z]+$", "123-AB", "x 123-AB"),
        (r"regex: (?im)^yes\b", "well,\nYes!", "eyes"),
        (r"regex: (?<!un)paid", "it is paid", "it is unpaid"),
        ("numeric: 42 ± 0.5", "about 42.5 days", "about 42.51 days"),
        ("numeric: 1 ± 0.3", "1.3", "1.31"),
        ("numeric: 1,234.5", "It costs €1.234,50 in all", "It costs 1.2345"),
        ("not-contains: sorry", "Sorry", "so sorry"),
        ("not-icontains: sorry", "worry", "Sorry"),
        ("not-equals: 7", "8", " 7 "),
        (r"not-regex: \bTODO\b", "TODOS", "a TODO"),
        ("not-numeric: 7", "8 or 9", "8 or 7"),
        ("contains-any: Net 30, due", "terms: Net\n30", "net 30"),
        ('icontains-any: "a, b", c', "only A, B", "a b"),
        ("contains-all: a, b", "b and a", "a and B"),
        ("icontains-all: A, B", "b and a", "a and nothing"),
        ("not-icontains-any: sorry, cannot", "I can", "I CANNOT"),
        ("not-contains-all: a, b", "only a", "a b"),
        ("starts-with: Yes, it", "\n Yes,  it is", "Well, Yes, it is"),
        ("not-starts-with: no", "yes, no", "no"),
        ("levenshtein: kitten", "  sitting", "a sitting cat"),
        ("levenshtein(0): cafe\u0301", "café", "cafe"),
        ("not-levenshtein(2): kitten", "sitting", "kitten!"),
        ("similar: The quick brown fox", "the quick  BROWN ox", "a slow fox"),
        ("similar(1): ab", "AB", "abc"),
        ("not-similar(0.5): abcd", "axyz", "abyz"),
        ("icontains: a\nicontains: b", "B and A", "only A"),
    ],
)
def test_an_assertion_holds_for_one_answer_and_not_for_its_twin(
    typed: str, good: str, bad: str
) -> None:
    assert passes(typed, good)
    assert not passes(typed, bad)


def test_a_failed_check_says_what_came_instead() -> None:
    typed = "equals: 5\nnumeric: 40 ± 1\nicontains: cat\nnot-icontains: DOG"
    result = grade(parse_lines(typed), "The\ndog is 45 or 39.5.")
    assert result is not None
    assert result.verdict == "fail"
    assert result.checks == (
        Check("equals", "5", False, "The dog is 45 or 39.5.", 0.0),
        Check("numeric", "40 ± 1", True, "", 1.0),
        Check("icontains", "cat", False, "The dog is 45 or 39.5.", 0.0),
        Check("not-icontains", "DOG", False, "the dog is 45 or 39.5.", 0.0),
    )
    assert result.rows()[1] == ("numeric", "40 ± 1", True, "")
    failed = grade(parse_lines("numeric: 7"), "8, 12 and 5.5 of them")
    assert failed is not None
    assert failed.checks[0].got == "nearest number 8"
    for answer, got in [
        ("none", "no number"),
        ("x" * 99, "x" * 59 + "…"),
        (" \n", "an empty answer"),
    ]:
        typed = "numeric: 7" if got == "no number" else "contains: y"
        failed = grade(parse_lines(typed), answer)
        assert failed is not None
        assert failed.checks[0].got == got


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It is 42.", [42]),
        ("1,234.50 and 1,234", ["1234.50", 1234]),
        ("1.234,50 but 1.234", ["1234.50", "1.234"]),
        ("12,5 or 0,125 or 1.234.567", ["12.5", "0.125", 1234567]),
        ("1\u202f234,5 or 1'234 or 12,34,567", ["1234.5", 1234, 1234567]),
        ("1 234 people", [1, 234, 1234]),
        ("take 2 500 mg", [2, 500, 2500]),
        ("−5 °C, –6, -$7, $-8, .5, 1e3", [-5, -6, -7, -8, "0.5", 1000]),
        ("10-12 days, 5%–7%", [10, 12, 5, 7]),
        ("$1,200, 12 %, US$3, 4€", [1200, 12, 3, 4]),
        ("5kg, the 3rd, a 12-month term, 60 km/h, 7/day", [5, 3, 12, 60, 7]),
        ("**12**, __13__, `14`, (15), [16], \\boxed{17}", [12, 13, 14, 15, 17]),
        ("共12个, ٣٤", [12, 34]),
        ("Answer:42", [42]),
        ("42. Because it is", [42]),
        ("1. one\n2) two\n3. three of 4", [4]),
        ("It is 7 [2], as said [3].", [7]),
        ("A-12, v2, GPT-4, 12A, file_12, 12_a, x2y, 3-D, /home/5", []),
        ("2024-03-15 15/03/2024 15.03.2024 12:30 007", []),
        ("1.2.3 192.168.0.1 7/10 10^3 10² 3½ 5k", []),
        ("9" * 500, []),
    ],
)
def test_numbers_are_read_from_running_text(text: str, numbers: list[int | str]) -> None:
    expected = sorted(Decimal(number) for number in numbers)
    assert sorted(value for value, _ in numbers_in(text)) == expected


@settings(deadline=None)
@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=2),
    st.sampled_from(["It is {}.", "{}", "**{}**", "so: {} EUR", "€{}", "(about {})"]),
)
def test_a_number_is_found_however_it_is_grouped(value: Decimal, frame: str) -> None:
    for text in (f"{value}", f"{value:,}", f"{value:,}".translate(str.maketrans(",.", ".,"))):
        assert value in {found for found, _ in numbers_in(frame.format(text))}
        assert parse_number(text) == value


@settings(deadline=None)
@given(st.text(alphabet="0123456789 .,-–'/:eE$%aé_^[]\n\u00a0²", max_size=200))
def test_any_text_can_be_searched_for_numbers(text: str) -> None:
    for value, raw in numbers_in(text):
        assert value.is_finite()
        assert any(digit in raw for digit in "0123456789")


def test_searching_for_numbers_is_linear() -> None:
    def seconds(repeats: int) -> float:
        start = time.process_time()
        for piece in ("1 ", "1,", "1 234 ", "1-a", "_", "1.", "> "):
            list(numbers_in(piece * repeats))
        return time.process_time() - start

    seconds(100)
    assert seconds(40_000) < 60 * max(seconds(4_000), 0.001)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("42", "numeric"),
        ("$1,200", "numeric"),
        ("12 %", "numeric"),
        ("net 30", "icontains"),
        ("12:30", "icontains"),
        ("007", "icontains"),
        ("x" * 80, "icontains"),
    ],
)
def test_a_short_text_is_looked_for(text: str, kind: str) -> None:
    assert effective(Expectation(f" {text}\n")) == (Assertion(kind, text),)
    result = grade(Expectation(text), f"I say {text.upper()}")
    assert result is not None
    assert result.verdict == "pass"


@pytest.mark.parametrize("text", ["", "  ", "x" * 81, "two\nlines"])
def test_a_long_text_is_for_a_person_to_judge(text: str) -> None:
    assert effective(Expectation(text)) == ()
    assert grade(Expectation(text), text) is None


def test_with_assertions_the_text_is_for_people() -> None:
    expectation = parse_lines("Thirty days\nnumeric: 30")
    assert effective(expectation) == (Assertion("numeric", "30"),)
    assert passes("Thirty days\nnumeric: 30", "30")


def test_a_pattern_that_would_run_for_ever_fails_with_the_reason() -> None:
    for name in ("regex", "not-regex"):
        start = time.process_time()
        result = grade(parse_lines(rf"{name}: (x+x+)+y"), "x" * 5_000)
        assert time.process_time() - start < 5
        assert result is not None
        assert result.verdict == "fail"
        assert "simplify the pattern" in result.checks[0].got


def test_the_size_of_a_pattern_counts_its_repeats() -> None:
    assert size(r"\d{4}-[a\]b]{2,3}") == 8
    assert size("(?:a{10}b){100}") >= 1_100
    assert size("(a{1000}){1000}") >= 1_000_000
    assert size(".{0,500}x.{0,500}") < 2_000
    assert size("(?x)(?:a{1000} # )\n){1000}") >= 1_000_000
