"""The e-value: its closed form, its integral, and that it keeps its promise."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.statistics.evidence import BAR, e_value, e_value_of_counts, soonest

Share = Fraction


def exactly(differences: list[Fraction], margin: Fraction = Fraction(0)) -> float:
    """Multiply the bets out to a polynomial in λ and integrate it, all in fractions."""
    end = 1 / (1 + margin)
    terms = [Fraction(1)]
    for difference in differences:
        slope = difference - margin
        terms = [
            (terms[k] if k < len(terms) else 0) + (terms[k - 1] * slope if k else 0)
            for k in range(len(terms) + 1)
        ]
    return float(sum(term * end**k / (k + 1) for k, term in enumerate(terms)))


@pytest.mark.parametrize(
    ("gained", "lost", "value"),
    [
        # By hand: ∫(1 + λ)dλ = 3/2, ∫(1 − λ)dλ = 1/2, ∫(1 − λ²)dλ = 2/3, 63/6 for five gained.
        (0, 0, 1.0),
        (1, 0, 1.5),
        (0, 1, 0.5),
        (1, 1, 2 / 3),
        (5, 0, 10.5),
        # exp((m + 1)·ln 2 + betaln(g + 1, l + 1))·betaincc(g + 1, l + 1, ½) of scipy 1.17.1.
        (7, 1, 6.972222222222221),
        (12, 4, 4.132449903038137),
        (20, 10, 2.224093349005086),
        (3, 8, 0.15101010101010087),
        (40, 25, 1.6606102029995622),
    ],
)
def test_the_closed_form_is_the_beta_binomial_mixture(gained: int, lost: int, value: float) -> None:
    assert e_value([1.0] * gained + [-1.0] * lost + [0.0] * 7) == pytest.approx(value, rel=1e-12)
    assert e_value_of_counts(gained, lost, 7) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("differences", "margin", "value"),
    [
        # scipy 1.17.1, integrate.quad over the product of the bets.
        ([0.5, 1 / 3, -0.25, 1, 0, 0.75], 0.0, 2.7977430555555554),
        ([0.5, 1 / 3, -0.25, 1, 0, 0.75], 0.1, 1.938172656926732),
        ([1] * 8 + [-1] * 2 + [0] * 10, 0.05, 2.4554592612006045),
        ([1] * 8 + [-1] * 2 + [0] * 10, -0.2, 60.174900013741215),
        ([-0.2] * 5, -0.4, 2.3093278463648836),
    ],
)
def test_the_integral_agrees_with_scipy(
    differences: list[float], margin: float, value: float
) -> None:
    assert e_value(differences, margin) == pytest.approx(value, rel=1e-8)


def test_the_closed_form_equals_the_integral() -> None:
    for gained, lost in ((0, 9), (9, 0), (30, 11), (11, 30), (200, 150), (150, 200), (900, 60)):
        counts = [1.0] * gained + [-1.0] * lost
        # A difference that is nearly 0 sends it the way of the integral.
        assert e_value([*counts, 1e-15]) == pytest.approx(e_value(counts), rel=1e-7)


_parts = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.integers(-k, k).map(lambda a: Fraction(a, k)), max_size=25)
)
_margin = st.integers(-9, 9).map(lambda a: Fraction(a, 10))


@settings(deadline=None, max_examples=150)
@given(_parts, _margin)
def test_the_integral_equals_the_polynomials(parts: list[Fraction], margin: Fraction) -> None:
    value = e_value(map(float, parts), float(margin))
    assert value == pytest.approx(exactly(parts, margin), rel=1e-6)


@settings(deadline=None)
@given(_parts, _margin, st.randoms(use_true_random=False))
def test_more_gained_is_more_evidence_and_the_order_does_not_matter(
    parts: list[Fraction], margin: Fraction, chance: random.Random
) -> None:
    values = [float(part) for part in parts]
    before = e_value(values, float(margin))
    shuffled = chance.sample(values, len(values))
    assert e_value(shuffled, float(margin)) == pytest.approx(before, rel=1e-9)
    assert e_value([*values, 1.0], float(margin)) > before
    assert e_value([*values, -1.0], float(margin)) < before
    if values:
        better = [min(1.0, values[0] + 0.25), *values[1:]]
        assert e_value(better, float(margin)) >= before * (1 - 1e-9)
    assert e_value(values, max(-0.99, float(margin) - 0.05)) >= before * (1 - 1e-9)


@pytest.mark.parametrize("m", [1, 2, 5, 8])
@pytest.mark.parametrize("margin", [Share(0), Share(1, 10), Share(-1, 4)])
@pytest.mark.parametrize("lost", [Share(0), Share(1, 20), Share(1, 3)])
def test_no_evidence_is_to_be_expected_where_there_is_no_gain(
    m: int, margin: Fraction, lost: Fraction
) -> None:
    """The mean over all that can happen, by enumeration, is 1 at the margin: a fair bet."""
    gained = lost + margin
    if gained < 0:
        return
    odds = {1: gained, -1: lost, 0: 1 - gained - lost}
    mean = 0.0
    for ways in product(odds, repeat=m):
        weight = float(math.prod(odds[way] for way in ways))
        mean += weight * e_value(map(float, ways), float(margin)) if weight else 0.0
    assert mean == pytest.approx(1, rel=1e-6)


def test_less_than_no_gain_is_expected_to_lose_the_stake() -> None:
    odds = {1.0: 0.15, 0.5: 0.1, 0.0: 0.45, -0.5: 0.1, -1.0: 0.2}
    mean = 0.0
    for ways in product(odds, repeat=5):
        mean += math.prod(odds[way] for way in ways) * e_value(ways)
    assert mean < 1


def test_the_chance_ever_to_reach_the_bar_is_below_its_inverse() -> None:
    """Ville's inequality, exactly: every path of 400 fair coins that has not reached 20 yet."""
    paths, reached = {0: 1.0}, 0.0
    for tosses in range(1, 401):
        after: dict[int, float] = {}
        for gained, weight in paths.items():
            for more in (0, 1):
                after[gained + more] = after.get(gained + more, 0.0) + weight / 2
        passed = [g for g in after if e_value_of_counts(g, tosses - g) >= BAR]
        reached += sum(after.pop(g) for g in passed)
        paths = after
    assert 0.02 < reached < 1 / BAR


def test_what_is_too_large_is_infinite_and_nothing_overflows() -> None:
    assert e_value([1.0] * 5_000) == math.inf
    assert e_value([1.0] * 5_000, 0.2) == math.inf
    assert 0 < e_value([-1.0] * 5_000) < 1e-3
    assert 0 < e_value([-0.5] * 5_000 + [0.25]) < 1e-3
    assert e_value([]) == e_value([0.0] * 9) == 1
    assert e_value([], 0.3) == e_value([0.3] * 4, 0.3) == 1


def test_how_soon_it_could_be_settled() -> None:
    # 63/6 = 10.5 after five, 127/7 = 18.1 after six, 255/8 = 31.9 after seven.
    assert soonest([]) == soonest([0.0] * 40) == 7
    assert soonest([], bar=10) == 5
    assert soonest([1.0] * 7) == 0
    assert soonest([1.0] * 4) == 3
    assert soonest([-1.0] * 5_000) is None
    for start, margin in (([-1.0] * 3 + [0.5] * 4, 0.0), ([0.0] * 60, 0.1), ([1 / 3] * 2, -0.1)):
        more = soonest(start, margin=margin)
        assert more is not None
        assert e_value(start + [1.0] * more, margin) >= BAR
        assert e_value(start + [1.0] * (more - 1), margin) < BAR


def test_what_is_no_difference_or_margin_is_refused() -> None:
    for difference in (1.1, -1.1, math.nan):
        with pytest.raises(ValueError, match="between -1 and 1"):
            e_value([0.0, difference])
    for margin in (1.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="margin"):
            e_value([0.0], margin)
    with pytest.raises(ValueError, match="below zero"):
        e_value_of_counts(1, -1)
