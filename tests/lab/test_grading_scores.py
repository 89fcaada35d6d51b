"""How checks, weights, thresholds and a judge's results make one verdict."""

from __future__ import annotations

import pytest

from lab.grading.assertions import (
    Grade,
    RubricResult,
    grade,
    graded_with,
    is_slow,
    parse_lines,
    rubrics,
)


def graded(typed: str, answer: str = "", **took: float) -> Grade:
    result = grade(parse_lines(typed), answer, **took)
    assert result is not None
    return result


def test_without_a_threshold_every_assertion_must_pass() -> None:
    result = graded("contains [weight 3]: a\ncontains: b", "a")
    assert (result.verdict, result.score) == ("fail", 0.75)
    assert graded("contains [weight 3]: a\ncontains: b", "ab").verdict == "pass"


def test_a_threshold_asks_for_the_weighted_mean() -> None:
    typed = "contains [weight 2]: a\ncontains: b\nthreshold: {}"
    for threshold, verdict in [("0.6666666666666666", "pass"), ("0.67", "fail"), ("0", "pass")]:
        result = graded(typed.format(threshold), "a")
        assert (result.verdict, result.score) == (verdict, pytest.approx(2 / 3))
        row = ("threshold", threshold, verdict == "pass", "score 0.66")
        assert result.rows()[-1] == row
        assert len(result.rows()) == 3


def test_a_weight_of_zero_is_shown_and_decides_nothing() -> None:
    result = graded("contains [weight 0]: a\ncontains: b", "b")
    assert (result.verdict, result.score) == ("pass", 1.0)
    assert [check.passed for check in result.checks] == [False, True]
    assert grade(parse_lines("contains [weight 0]: a"), "a") is None


def test_likeness_is_a_score_between_yes_and_no() -> None:
    result = graded("similar: abcd\ncontains: b\nthreshold: 0.7", "abxx")
    assert (result.score, result.verdict) == (0.75, "pass")
    assert result.rows()[0] == (
        "similar",
        "abcd (characters 75% alike)",
        False,
        "50%: abxx",
    )
    assert graded("not-similar: abcd", "abxx").checks[0].score == 0.5


def test_edits_are_counted_for_the_reader() -> None:
    check = graded("levenshtein(1): kitten", "sitting").checks[0]
    assert (check.value, check.got) == ("kitten (at most 1 edit)", "3 edits: sitting")


def test_latency_and_cost_hold_against_their_bound() -> None:
    typed = "latency: 2000\ncost: 0.002"
    assert graded(typed, latency_s=2.0, cost_usd=0.002).verdict == "pass"
    late = graded(typed, latency_s=2.0011, cost_usd=0.00201)
    assert [check.got for check in late.checks] == ["2,001 ms", "$0.00201"]
    assert [check.value for check in late.checks] == ["at most 2000 ms", "at most $0.002"]
    assert graded("not-latency: 2000", latency_s=2.1).verdict == "pass"


def test_what_is_not_known_passes_neither_way() -> None:
    for typed in ("latency: 1\ncost: 1", "not-latency: 1\nnot-cost: 1"):
        result = graded(typed)
        assert [check.got for check in result.checks] == ["latency unknown", "cost unknown"]
        assert (result.verdict, result.score) == ("fail", 0.0)


def test_a_rubric_waits_for_a_judge_unless_all_is_lost_without_it() -> None:
    expectation = parse_lines("llm-rubric: is polite\ncontains: b")
    assert grade(expectation, "b") is None
    failed = grade(expectation, "a")
    assert failed is not None
    assert failed.verdict == "fail"
    assert [check.type for check in failed.checks] == ["contains"]

    expectation = parse_lines("llm-rubric: x\ncontains: b\ncontains: c\nthreshold: 0.5")
    assert grade(expectation, "b") is None
    failed = grade(expectation, "a")
    assert failed is not None
    assert failed.rows()[-1] == ("threshold", "0.5", False, "score at most 0.33")
    assert grade(parse_lines("llm-rubric: x"), "a") is None


def test_a_judges_results_are_weighed_with_the_checks() -> None:
    expectation = parse_lines("llm-rubric(0.6): polite\ncontains: b\nnot-llm-rubric: rude")
    assert [each.value for each in rubrics(expectation)] == ["polite", "rude"]
    good = [RubricResult(0.6, True, "It is."), RubricResult(0.1, False, "Not at all.")]
    result = graded_with(expectation, "b", good)
    assert result.verdict == "pass"
    assert result.score == pytest.approx((0.6 + 1 + 0.9) / 3)
    assert result.rows()[0] == ("llm-rubric", "polite (score at least 0.6)", True, "It is.")
    assert [check.got for check in result.checks] == ["It is.", "", "Not at all."]

    assert graded_with(expectation, "a", good).verdict == "fail"
    low = [RubricResult(0.5, True), good[1]]
    assert graded_with(expectation, "b", low).verdict == "fail"
    assert graded_with(expectation, "b", low).checks[0].got == "score 0.50"
    assert graded_with(expectation, "b", [RubricResult(0.9, False), good[1]]).verdict == "fail"
    assert graded_with(expectation, "b", [good[0], RubricResult(1.0, True)]).verdict == "fail"
    with pytest.raises(ValueError, match="1 results for 2 rubrics"):
        graded_with(expectation, "b", good[:1])


def test_a_rubric_without_weight_is_not_asked() -> None:
    expectation = parse_lines("llm-rubric [weight 0]: polite\ncontains: b")
    assert rubrics(expectation) == ()
    result = grade(expectation, "b")
    assert result is not None
    assert (result.verdict, len(result.checks)) == ("pass", 1)


def test_what_may_take_long_is_known_beforehand() -> None:
    assert not is_slow(parse_lines("Paris\ncontains-any: a, b\nnumeric: 1\ncost: 1"))
    for line in ("regex: x", "is-json", "not-contains-json", "similar: x", "levenshtein: x"):
        assert is_slow(parse_lines(line))
