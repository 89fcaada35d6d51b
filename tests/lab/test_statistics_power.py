"""How many cases are needed: exact chances, by enumeration and by simulation."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.statistics.evidence import BAR, e_value_of_counts
from lab.statistics.power import chance, detectable, needed, needed_more, needed_to_rule_out


def enumerated(
    gained: int, lost: int, same: int, more: int, p_gained: float, p_lost: float, margin: float
) -> float:
    """Add up the trinomial chances of every end that reaches the bar."""
    total = 0.0
    for up in range(more + 1):
        for down in range(more + 1 - up):
            left = more - up - down
            if e_value_of_counts(gained + up, lost + down, same + left, margin) >= BAR:
                ways = math.comb(more, up) * math.comb(more - up, down)
                total += ways * p_gained**up * p_lost**down * (1 - p_gained - p_lost) ** left
    return total


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 8),
    st.integers(0, 4),
    st.integers(0, 30),
    st.integers(0, 25),
    st.integers(0, 10),
    st.integers(0, 10),
    st.sampled_from([0.0, 0.05, -0.1]),
)
def test_the_chance_is_the_sum_over_the_trinomial(
    gained: int, lost: int, same: int, more: int, up: int, down: int, margin: float
) -> None:
    if up + down > 10:
        return
    p = up / 10, down / 10
    reached = chance(gained, lost, same, more, p_gained=p[0], p_lost=p[1], margin=margin)
    expected = enumerated(gained, lost, same, more, *p, margin)
    assert reached == pytest.approx(expected, abs=1e-9)


def test_what_is_certain_has_chance_0_or_1() -> None:
    # Seven gained in a row are 255/8 to 1, six are 127/7.
    assert chance(0, 0, 0, 7, p_gained=1, p_lost=0) == 1
    assert chance(0, 0, 0, 6, p_gained=1, p_lost=0) == 0
    assert chance(6, 0, 90, 1, p_gained=0.3, p_lost=0.2) == pytest.approx(0.3)
    assert chance(7, 0, 0, 0, p_gained=0.5, p_lost=0.5) == 1
    assert chance(0, 0, 0, 50, p_gained=0, p_lost=1) == 0


@pytest.mark.parametrize(
    ("p_gained", "p_lost", "margin"),
    [(0.3, 0.05, 0.0), (0.15, 0.05, 0.0), (0.12, 0.08, 0.0), (0.3, 0.05, 0.05), (0.1, 0.0, 0.0)],
)
def test_the_number_needed_is_where_the_power_is_reached(
    p_gained: float, p_lost: float, margin: float
) -> None:
    more = needed_more(0, 0, 0, p_gained=p_gained, p_lost=p_lost, margin=margin)
    assert more is not None

    def reached(k: int) -> float:
        return chance(0, 0, 0, k, p_gained=p_gained, p_lost=p_lost, margin=margin)

    assert reached(more) == pytest.approx(0.8, abs=0.02)
    assert max(reached(more - 1), reached(more), reached(more + 1)) >= 0.8 - 1e-9
    assert abs(reached(more) - 0.8) <= abs(reached(more - 1) - 0.8) + 1e-12
    # Cases seen already are cases that need not be seen.
    seen = needed_more(6, 1, 20, p_gained=p_gained, p_lost=p_lost, margin=margin)
    assert seen is not None
    assert seen < more
    surer = needed_more(0, 0, 0, p_gained=p_gained, p_lost=p_lost, margin=margin, power=0.95)
    assert surer is not None
    assert surer > more


@pytest.mark.parametrize(("p_gained", "p_lost", "margin"), [(0.25, 0.05, 0.0), (0.3, 0.05, 0.1)])
def test_the_power_is_what_a_simulation_finds(
    p_gained: float, p_lost: float, margin: float
) -> None:
    draw = random.Random(4)
    more = needed_more(2, 1, 4, p_gained=p_gained, p_lost=p_lost, margin=margin)
    assert more is not None
    weights = (p_gained, p_lost, 1 - p_gained - p_lost)
    shown = 0
    for _ in range(2_000):
        ends = draw.choices((1, -1, 0), weights, k=more)
        up, down = ends.count(1), ends.count(-1)
        shown += e_value_of_counts(2 + up, 1 + down, 4 + more - up - down, margin) >= BAR
    assert 0.77 < shown / 2_000 < 0.83


def test_what_is_no_gain_or_too_far_is_never_shown() -> None:
    assert needed_more(0, 0, 0, p_gained=0.1, p_lost=0.1) is None
    assert needed_more(0, 0, 0, p_gained=0.3, p_lost=0.2, margin=0.1) is None
    assert needed_more(0, 0, 0, p_gained=0.3, p_lost=0.29) is None
    assert needed_more(0, 0, 0, p_gained=0.3, p_lost=0.05, most=30) is None
    assert needed_more(40, 0, 0, p_gained=0.3, p_lost=0.05) == 1
    assert needed_more(0, 0, 0, p_gained=0.06, p_lost=0.05, margin=-0.2) is not None


def test_the_size_is_millers_and_grows_less_the_more_is_seen() -> None:
    # Miller (2024), arXiv:2411.00640: (z + z')²·variance/δ²; with a variance of 1/9 and 3
    # points it is the 969 that he gives, quoted after others' notes on the paper.
    assert needed_to_rule_out(0, 1 / 3, 0, margin=0.03) == 969
    assert needed_to_rule_out(0.02, 1 / 3, 0, margin=0.05) == 969
    # By hand: (1.959964 + 0.841621)²·0.4²/0.1² = 125.6.
    assert needed_to_rule_out(0, 0.4, 0, margin=0.1) == 126
    seen = [needed_to_rule_out(0, 0.4, n, margin=0.1) for n in (0, 20, 50, 61)]
    assert seen == sorted(seen, key=lambda each: -(each or 0))
    assert needed_to_rule_out(0, 0.4, 200, margin=0.1) == 1
    assert needed_to_rule_out(0, 0.0, 5, margin=0.1) == 1
    assert needed_to_rule_out(0.1, 0.4, 5, margin=0.1) is None
    assert needed_to_rule_out(0.0999, 0.4, 5, margin=0.1) is None


def test_the_cases_to_rule_a_gain_out_are_what_a_simulation_finds() -> None:
    draw = random.Random(5)
    n, spread, margin = 40, 0.5, 0.12
    more = needed_to_rule_out(0.0, spread, n, margin=margin)
    assert more is not None
    shown = 0
    for _ in range(4_000):
        # The n so far have shown a difference of 0; the others fall as they may.
        mean = draw.gauss(0, spread * math.sqrt(more)) / (n + more)
        shown += mean + 1.959964 * spread / math.sqrt(n + more) < margin
    assert 0.78 < shown / 4_000 < 0.82


def test_what_cannot_be_is_refused() -> None:
    for p in ((-0.1, 0.1), (0.6, 0.5), (math.nan, 0.1)):
        with pytest.raises(ValueError, match="shares"):
            chance(0, 0, 0, 5, p_gained=p[0], p_lost=p[1])
        with pytest.raises(ValueError, match="shares"):
            needed_more(0, 0, 0, p_gained=p[0], p_lost=p[1])
    for counts in ((-1, 0, 0, 5), (0, 0, 0, -5)):
        with pytest.raises(ValueError, match="below zero"):
            chance(*counts, p_gained=0.2, p_lost=0.1)
    with pytest.raises(ValueError, match="power"):
        needed_more(0, 0, 0, p_gained=0.2, p_lost=0.1, power=1.0)
    with pytest.raises(ValueError, match="margin"):
        needed_more(0, 0, 0, p_gained=0.2, p_lost=0.1, margin=-1.0)
    for spread, n, power in ((-0.1, 5, 0.8), (0.1, -5, 0.8), (0.1, 5, 0.0)):
        with pytest.raises(ValueError, match="spread"):
            needed_to_rule_out(0, spread, n, margin=0.1, power=power)


def test_connors_size_is_the_one_that_check_uses() -> None:
    assert needed(0.2, lost=0.05) == 57
    assert detectable(57) == 0.2
