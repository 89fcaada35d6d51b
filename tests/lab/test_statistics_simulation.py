"""A short run of what `tests/simulation/intervals.py` measures at length, with fixed seeds."""

from __future__ import annotations

import pytest

from tests.simulation.drawing import (
    Pairs,
    World,
    best_of_three_climbs,
    epochs_climb,
    epochs_coverage,
    looks_climb,
    pairs_coverage,
    power_found,
    wilson_coverage,
)


def test_wilsons_interval_covers_what_it_says_but_for_rare_passes_among_few() -> None:
    for n in (50, 200):
        for rate in (0.05, 0.1, 0.3, 0.5, 0.8):
            assert 0.93 < wilson_coverage(n, rate) < 0.975
    assert wilson_coverage(10, 0.05) == pytest.approx(0.914, abs=5e-4)


@pytest.mark.parametrize(
    "pairs", [Pairs(0.5, 0.5, 0.0), Pairs(0.5, 0.7, 0.4), Pairs(0.6, 0.9, 0.2)]
)
@pytest.mark.parametrize("n", [20, 100])
def test_newcombes_interval_covers_about_what_it_says(pairs: Pairs, n: int) -> None:
    assert 0.93 < pairs_coverage(pairs, n, 2_000) < 0.98


def test_newcombes_interval_is_rather_too_wide_where_few_cases_change() -> None:
    assert pairs_coverage(Pairs(0.95, 0.95, 0.5), 20, 500) > 0.98


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize(
    "world",
    [
        World("between", (2, 2), (2, 2), (3, 2), 0.0, 3),
        World("partly", (2, 2), (2, 2), (2, 2), 0.5, 1, 0.5),
        World("sure", (0.3, 0.3), (0.3, 0.3), (0.4, 0.2), 0.5, 5),
        World("gained", (0.1, 0.1), (1, 1e9), (1e9, 1), 0.85, 3),
    ],
    ids=lambda world: world.name,
)
def test_epochs_are_covered_about_as_often_as_it_says(world: World, n: int) -> None:
    rate, difference, _ = epochs_coverage(world, n, 400)
    assert rate > 0.9
    assert 0.915 < difference < 0.985


def test_few_cases_that_differ_are_never_too_sure() -> None:
    world = World("few", (0.5, 0.1), (0.5, 0.1), (0.5, 0.05), 0.8, 3)
    assert epochs_coverage(world, 20, 300)[1] > 0.95


@pytest.mark.parametrize(
    ("gained", "lost", "margin"),
    [(0.1, 0.1, 0.0), (0.5, 0.5, 0.0), (0.15, 0.1, 0.05)],
)
def test_a_step_without_a_gain_climbs_in_fewer_than_one_of_twenty(
    gained: float, lost: float, margin: float
) -> None:
    assert 0.005 < looks_climb(gained, lost, margin, 1_000) < 0.05


def test_the_best_of_three_pays_for_being_the_best() -> None:
    plain, thrice = best_of_three_climbs(2, 2, 600)
    assert thrice < 0.05 < plain


def test_epochs_without_a_gain_climb_as_rarely() -> None:
    world = World("null", (2, 2), (2, 2), (2, 2), 0.5, 3, 0.3)
    assert epochs_climb(world, 100) < 0.06


@pytest.mark.parametrize(
    ("gained", "lost", "margin"), [(0.3, 0.05, 0.0), (0.2, 0.05, 0.0), (0.3, 0.05, 0.05)]
)
def test_the_cases_needed_have_the_power(gained: float, lost: float, margin: float) -> None:
    _, reckoned, found, ever = power_found(gained, lost, margin, 2_000)
    assert reckoned == pytest.approx(0.8, abs=0.01)
    assert 0.77 < found < 0.83
    assert found <= ever < 0.95
