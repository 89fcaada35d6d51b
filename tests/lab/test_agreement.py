"""Cohen's kappa against published values, its edge cases, and how its interval covers."""

from __future__ import annotations

import math
import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.agreement import agreement, agreement_of
from store.records import Verdict

PAIRS = st.tuples(*[st.sampled_from(get_args(Verdict))] * 2)


def test_a_published_example() -> None:
    """105 objects of the example to `ci.kappa` in R's statpsych: 0.676, from 0.532 to 0.820."""
    found = agreement_of(
        {
            ("pass", "pass"): 31,
            ("pass", "fail"): 12,
            ("fail", "pass"): 4,
            ("fail", "fail"): 58,
        }
    )
    assert (found.n, found.observed) == (105, pytest.approx(89 / 105))
    assert found.kappa == pytest.approx(0.6756757, abs=1e-7)
    assert (found.low, found.high) == (
        pytest.approx(0.5317210, abs=1e-7),
        pytest.approx(0.8196303, abs=1e-7),
    )
    assert found.table == ((31, 0, 12), (0, 0, 0), (4, 0, 58))


@pytest.mark.parametrize("fails", [1, 10, 15, 29])
def test_a_rater_who_always_says_the_same_has_no_kappa_to_show(fails: int) -> None:
    found = agreement([("fail", "pass")] * fails + [("pass", "pass")] * (30 - fails))
    assert found.kappa == found.low == found.high == 0
    assert found.observed == pytest.approx(1 - fails / 30)


def test_kappa_is_undefined_where_both_say_one_thing_or_nothing() -> None:
    both = agreement([("pass", "pass")] * 30)
    assert (both.n, both.observed, both.kappa, both.low, both.high) == (30, 1.0, None, None, None)
    nothing = agreement([])
    assert (nothing.n, nothing.observed, nothing.kappa) == (0, None, None)


def test_full_agreement_and_full_disagreement() -> None:
    full = agreement([("pass", "pass")] * 10 + [("fail", "fail")] * 10)
    assert (full.kappa, full.low, full.high) == (1.0, 1.0, 1.0)
    none = agreement([("pass", "fail")] * 10 + [("fail", "pass")] * 10)
    assert none.kappa == none.low == pytest.approx(-1.0)


def test_a_count_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        agreement_of({("pass", "pass"): -1})


@given(st.lists(PAIRS, min_size=1, max_size=60))
def test_it_stays_within_its_bounds_and_does_not_care_who_is_first(
    pairs: list[tuple[Verdict, Verdict]],
) -> None:
    found, turned = agreement(pairs), agreement([(b, a) for a, b in pairs])
    assert sum(map(sum, found.table)) == found.n == len(pairs)
    if found.kappa is None or found.low is None or found.high is None:
        assert len(set(pairs)) == 1 and turned.kappa is None
        return
    assert -1 <= found.low <= found.kappa <= found.high <= 1
    assert turned.kappa == pytest.approx(found.kappa, abs=1e-12)
    assert turned.low == pytest.approx(found.low, abs=1e-6)


@given(st.lists(PAIRS, min_size=1, max_size=30))
def test_more_of_the_same_narrows_the_interval(pairs: list[tuple[Verdict, Verdict]]) -> None:
    once, often = agreement(pairs), agreement(pairs * 4)
    if once.low is not None and once.high is not None and once.low > -1 and once.high < 1:
        assert often.kappa == pytest.approx(once.kappa)
        assert often.high is not None and often.low is not None
        assert often.high - often.low == pytest.approx((once.high - once.low) / 2, abs=1e-6)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Two raters who agree 80 times in 100 on a balanced question: the true κ is 0.6."""
    chance = random.Random(20261122)
    covered = 0
    for _ in range(400):
        pairs: list[tuple[Verdict, Verdict]] = []
        for _ in range(100):
            truth, other = ("pass", "fail") if chance.random() < 0.5 else ("fail", "pass")
            pairs.append((truth, truth if chance.random() < 0.8 else other))
        found = agreement(pairs)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.6 <= found.high
    # Three standard errors of a binomial of 400 around the nominal 95%.
    assert abs(covered / 400 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 400)
