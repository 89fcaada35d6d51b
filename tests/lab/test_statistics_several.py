"""Holm's adjustment and the bootstrap, against other libraries and their limits."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.statistics.bootstrap import MANY, chance_positive
from lab.statistics.several import holm


@pytest.mark.parametrize(
    ("ps", "adjusted"),
    [
        # statsmodels 0.15.0, multipletests(ps, method="holm").
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.2, 0.5, 0.9, 0.001, 0.02], [0.6, 1.0, 1.0, 0.005, 0.08]),
        ([0.05, 0.05, 0.05], [0.15, 0.15, 0.15]),
        ([0.04], [0.04]),
        ([], []),
    ],
)
def test_holm_agrees_with_statsmodels(ps: list[float], adjusted: list[float]) -> None:
    assert holm(ps) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(ps: list[float]) -> None:
    adjusted = holm(ps)
    for one, its in zip(ps, adjusted, strict=True):
        assert one <= its <= min(1.0, len(ps) * one) + 1e-12
        for other, others in zip(ps, adjusted, strict=True):
            assert one > other or its <= others
    assert sorted(adjusted) == holm(sorted(ps))


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p-value"):
        holm([0.5, p])


@pytest.mark.parametrize("n", [1, 3, 500, MANY + 1])
def test_values_all_alike_leave_no_doubt(n: int) -> None:
    assert chance_positive([0.1] * n) == 1
    assert chance_positive([-0.1] * n) == 0
    assert chance_positive([0.0] * n) == 0.5
    assert chance_positive([]) is None


def test_two_values_are_the_four_ways_to_draw_them() -> None:
    # (1, 1), (1, −1), (−1, 1), (−1, −1): a quarter above 0, half at 0.
    assert chance_positive([1.0, -1.0], 20_000) == pytest.approx(0.5, abs=0.01)
    # (2, 2), (2, −1), (−1, 2), (−1, −1): three of four above 0.
    assert chance_positive([2.0, -1.0], 20_000) == pytest.approx(0.75, abs=0.01)


def test_it_tends_to_the_normal_limit() -> None:
    values = [0.3] * 900 + [-1.0] * 260 + [0.0] * 100
    mean = math.fsum(values) / 1_260
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values)) / 1_260
    limit = NormalDist().cdf(mean / error)
    assert 0.6 < limit < 0.8
    assert chance_positive(values, 4_000) == pytest.approx(limit, abs=0.03)
    # Twice the cases are beyond what is drawn: the same mean, an error of 1/√2.
    twice = chance_positive(values * 2)
    assert twice == pytest.approx(NormalDist().cdf(mean / error * math.sqrt(2)))


@given(st.lists(st.integers(-3, 3).map(lambda each: each / 3), min_size=1, max_size=20))
def test_it_is_a_share_the_same_every_time_and_turns_round(values: list[float]) -> None:
    share = chance_positive(values, 200)
    assert share is not None
    assert 0 <= share <= 1
    assert chance_positive(values, 200) == share
    assert chance_positive([-value for value in values], 200) == pytest.approx(1 - share)
    if min(values) > 0:
        assert share == 1


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        chance_positive([0.1, math.nan])
    with pytest.raises(ValueError, match="resamples"):
        chance_positive([0.1], 0)
