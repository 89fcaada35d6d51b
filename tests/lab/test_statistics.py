"""Rates and their intervals, against published values and by simulation."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.statistics.rates import Rate, rate_of, wilson


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # By symmetry, and n = 1 by hand: z²/(1 + z²).
        (20, 20, 0.8389, 1.0),
        (0, 1, 0.0, 0.7935),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson_agrees_with_published_values(passed: int, n: int, low: float, high: float) -> None:
    assert wilson(passed, n) == pytest.approx((low, high), abs=5e-5)
    assert rate_of([[1.0]] * passed + [[0.0]] * (n - passed)) == Rate(
        n, passed, passed / n, *wilson(passed, n)
    )


def test_wilson_solves_the_score_equation() -> None:
    for confidence, z in ((0.90, 1.6448536269514722), (0.99, 2.5758293035489004)):
        for bound in wilson(7, 31, confidence):
            assert abs(7 / 31 - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / 31))


@pytest.mark.parametrize(
    ("passed", "n", "confidence"),
    [(0, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (math.nan, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)],
)
def test_what_is_no_proportion_is_refused(passed: float, n: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="not"):
        wilson(passed, n, confidence)


@settings(deadline=None)
@given(st.integers(1, 10**7), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_holds_the_rate_and_narrows_with_n(n: int, rate: float, confidence: float) -> None:
    passed = min(rate * n, n)
    low, high = wilson(passed, n, confidence)
    assert 0 <= low <= passed / n <= high <= 1
    wider = wilson(min(passed * 4, 4 * n), 4 * n, confidence)
    assert wider[1] - wider[0] < high - low


_scores = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=6), min_size=1, max_size=30
)


@settings(deadline=None)
@given(_scores)
def test_any_scores_give_a_rate_inside_its_interval(scores: list[list[float]]) -> None:
    result = rate_of(scores)
    assert result is not None
    assert result.n == len(scores)
    assert result.rate == pytest.approx(
        math.fsum(math.fsum(s) / len(s) for s in scores) / len(scores)
    )
    assert 0 <= result.low <= result.rate <= result.high <= 1
    answers = sum(map(len, scores))
    width = result.high - result.low
    most = wilson(result.rate * len(scores), len(scores))
    least = wilson(result.rate * answers, answers)
    assert least[1] - least[0] - 1e-12 <= width <= most[1] - most[0] + 1e-12


@settings(deadline=None)
@given(_scores.map(lambda scores: [each[:1] for each in scores]))
def test_one_answer_a_case_is_wilson_over_the_cases(scores: list[list[float]]) -> None:
    result = rate_of(scores)
    assert result is not None
    passed = math.fsum(score for (score,) in scores)
    assert (result.low, result.high) == pytest.approx(wilson(passed, len(scores)))


def test_epochs_that_agree_add_nothing_and_epochs_that_differ_add_much() -> None:
    once = rate_of([[1.0], [0.0]] * 10)
    same = rate_of([[1.0] * 5, [0.0] * 5] * 10)
    mixed = rate_of([[1.0, 0.0] * 2] * 20)
    assert once == same
    assert mixed is not None
    assert (mixed.low, mixed.high) == wilson(40, 80)


def test_the_effective_size_is_the_one_worked_out_by_hand() -> None:
    # Means 1, 1/2, 1/2, 0: rate 1/2, variance (1/4 + 1/4)/(4 · 3) = 1/24, size (1/4)·24 = 6.
    result = rate_of([[1, 1], [1, 0], [0, 1], [0, 0]])
    assert result == Rate(4, 2, 0.5, *wilson(3, 6))


def test_all_right_in_every_epoch_is_no_surer_than_the_cases_allow() -> None:
    assert rate_of([[1.0] * 9] * 3) == Rate(3, 3, 1.0, *wilson(3, 3))
    assert rate_of([[0.0] * 9]) == Rate(1, 0, 0.0, *wilson(0, 1))
    assert rate_of([[0.0, 1.0, 1.0]]) is not None


def test_passed_is_whole_where_it_is_one_and_empty_cases_do_not_count() -> None:
    result = rate_of([[1, 0, 0], [1, 1, 0], [], [0.5, 1, 0]])
    assert result is not None
    assert (result.n, result.passed) == (3, 1.5)
    whole = rate_of([[1, 0, 0], [1, 1, 0]])
    assert whole is not None
    assert whole.passed == 1
    assert isinstance(whole.passed, int)
    assert rate_of([]) is None
    assert rate_of([[], []]) is None


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
def test_a_score_outside_0_and_1_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        rate_of([[1.0], [score]])


@pytest.mark.parametrize(
    ("cases", "epochs", "alpha", "beta"), [(40, 1, 2, 1), (30, 4, 2, 2), (30, 4, 0.4, 0.3)]
)
def test_the_interval_covers_the_true_rate_about_as_often_as_it_says(
    cases: int, epochs: int, alpha: float, beta: float
) -> None:
    """Each case passes with a probability of its own, drawn from a Beta distribution."""
    chance = random.Random(20240724)
    truth = alpha / (alpha + beta)
    covered = 0
    for _ in range(1_000):
        scores: list[list[float]] = []
        for _ in range(cases):
            odds = chance.betavariate(alpha, beta)
            scores.append([float(chance.random() < odds) for _ in range(epochs)])
        result = rate_of(scores)
        assert result is not None
        covered += result.low <= truth <= result.high
    assert 930 <= covered <= 975
