"""Paired differences, against published values, scipy and their own definitions."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.statistics.paired import (
    Difference,
    compare,
    mcnemar_mid_p,
    newcombe,
    standard_error,
)
from lab.statistics.rates import rate_of, wilson

# Three answers of two variants to sixteen cases, made up.
FIRST = ["101", "000", "111", "010", "110", "001", "111", "000"]
FIRST += ["100", "011", "000", "111", "001", "100", "010", "110"]
SECOND = ["111", "010", "111", "110", "010", "101", "111", "110"]
SECOND += ["111", "010", "100", "111", "000", "111", "010", "010"]


def scores(answers: str) -> list[float]:
    return [float(each) for each in answers]


EPOCHS = [(scores(a), scores(b)) for a, b in zip(FIRST, SECOND, strict=True)]


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # (both, gained, lost, neither). Newcombe (1998), Statistics in Medicine 17, method 10:
        # his examples, as the tests of the R package propint quote them from the paper.
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((18, 12, 2, 18), 0.0562, 0.3290),
        ((53, 0, 0, 1), -0.0729, 0.0729),
        ((0, 30, 0, 0), 0.8395, 1.0),
        # Cavo et al. (2012) and a table of two, square-and-add, from the tests of the R package
        # contingencytables 3.0.0, which goes with Fagerland, Lydersen & Laake's book. Their
        # difference is the first minus the second: the signs are turned here.
        ((59, 16, 6, 80), 0.0046, 0.1186),
        ((1, 0, 0, 1), -0.5734, 0.5734),
    ],
)
def test_newcombe_agrees_with_published_values(
    table: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert newcombe(*table) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        # Cavo et al. (2012), as above: the McNemar mid-P test, P = 0.034690.
        (16, 6, 0.034690),
        # Bentur et al. (2009) with Fagerland, Lydersen & Laake's formula (2013, supplement),
        # by hand: 2·(1 + 8)/256 − 8/256.
        (7, 1, 10 / 256),
        # Their rule for equal numbers, by hand: 1 − 20/64/2.
        (3, 3, 1 - 20 / 128),
        (1, 0, 0.5),
        (0, 0, 1.0),
        # 2·binom.cdf(k, n, ½) − binom.pmf(k, n, ½) of scipy 1.17.1.
        (12, 2, 0.007385253906249991),
        (40, 61, 0.0370667674385605),
        (600, 500, 0.002564772797753159),
    ],
)
def test_mid_p_agrees_with_published_values_and_scipy(gained: int, lost: int, p: float) -> None:
    assert mcnemar_mid_p(gained, lost) == pytest.approx(p, abs=5e-7 if p == 0.034690 else 1e-10)
    assert mcnemar_mid_p(lost, gained) == mcnemar_mid_p(gained, lost)


def test_mid_p_of_many_cases_has_no_overflow() -> None:
    assert 0 < mcnemar_mid_p(51_000, 50_000) < 0.01
    assert mcnemar_mid_p(100_000, 0) == 0
    assert mcnemar_mid_p(50_000, 50_000) == pytest.approx(1, abs=0.002)


def test_what_is_no_table_is_refused() -> None:
    for table in ((0, 0, 0, 0), (-1, 2, 0, 3)):
        with pytest.raises(ValueError, match="table"):
            newcombe(*table)
    with pytest.raises(ValueError, match="below zero"):
        mcnemar_mid_p(-1, 2)
    with pytest.raises(ValueError, match="confidence"):
        newcombe(1, 1, 1, 1, confidence=1.0)


_counts = st.integers(0, 60)


@settings(deadline=None)
@given(_counts, _counts, _counts, _counts, st.floats(0.5, 0.999))
def test_newcombe_holds_the_difference_and_turns_round(
    both: int, gained: int, lost: int, neither: int, confidence: float
) -> None:
    n = both + gained + lost + neither
    if not n:
        return
    low, high = newcombe(both, gained, lost, neither, confidence)
    assert -1 <= low <= (gained - lost) / n + 1e-12
    assert (gained - lost) / n - 1e-12 <= high <= 1
    assert low < high
    # The second against the first, and failing instead of passing, are the same turned round.
    assert newcombe(both, lost, gained, neither, confidence) == pytest.approx((-high, -low))
    assert newcombe(neither, lost, gained, both, confidence) == pytest.approx((-high, -low))
    wider = newcombe(both, gained, lost, neither, (1 + confidence) / 2)
    assert wider[0] <= low
    assert wider[1] >= high


def test_one_pass_or_fail_answer_each_is_newcombe_and_mcnemar() -> None:
    pairs = [([1.0], [1.0])] * 59 + [([0.0], [1.0])] * 16
    pairs += [([1.0], [0.0])] * 6 + [([0.0], [0.0])] * 80
    low, high = newcombe(59, 16, 6, 80)
    assert compare(pairs) == Difference(161, 16, 6, 10 / 161, low, high, mcnemar_mid_p(16, 6))
    assert compare(pairs[:75]) == Difference(
        75, 16, 0, 16 / 75, *newcombe(59, 16, 0, 0), pytest.approx(2**-16)
    )


def test_several_answers_are_students_t_on_the_cases_mean_differences() -> None:
    result = compare(EPOCHS)
    assert result is not None
    # scipy 1.17.1, ttest_rel(second's means, first's means) and its confidence_interval().
    assert (result.n, result.gained, result.lost) == (16, 8, 4)
    assert result.delta == pytest.approx(7 / 48)
    assert (result.low, result.high) == pytest.approx((-0.048402403847385, 0.340069070514052))
    assert result.p == pytest.approx(0.13037721956373613)
    surer = compare(EPOCHS, confidence=0.99)
    assert surer is not None
    assert (surer.low, surer.high) == pytest.approx((-0.122696104942166, 0.414362771608832))


def test_the_error_is_millers_paired_and_clustered_one() -> None:
    """Miller (2024), arXiv:2411.00640, his formulas written out anew."""
    differences = [[b - a for a, b in zip(first, second, strict=True)] for first, second in EPOCHS]
    means = [math.fsum(each) / 3 for each in differences]
    mean = math.fsum(means) / 16
    paired = math.sqrt(sum((each - mean) ** 2 for each in means) / 15 / 16)
    assert standard_error(means) == pytest.approx(paired)
    # The clustered error: every two answers of a case, the same one included.
    flat = [(case, d) for case, each in enumerate(differences) for d in each]
    naive = sum((d - mean) ** 2 for _, d in flat) / 48**2
    cross = sum(
        (flat[i][1] - mean) * (flat[j][1] - mean)
        for i in range(48)
        for j in range(48)
        if i != j and flat[i][0] == flat[j][0]
    )
    clustered = math.sqrt(naive + cross / 48**2)
    # His has no correction for few clusters: √(16/15) is all that lies between them.
    assert standard_error(means) == pytest.approx(clustered * math.sqrt(16 / 15))
    # statsmodels 0.15.0, OLS(d, 1).fit(cov_type="cluster"), use_correction False and True.
    assert clustered == pytest.approx(0.08823476, abs=1e-8)
    assert standard_error(means) == pytest.approx(0.09112847, abs=1e-8)
    with pytest.raises(ValueError, match="standard error"):
        standard_error([0.5])


def test_epochs_that_all_agree_are_newcombe_while_few_cases_change() -> None:
    pairs = [([1.0] * 4, [1.0] * 4)] * 20 + [([0.0] * 4, [1.0] * 4)] * 3
    pairs += [([1.0] * 4, [0.0] * 4), ([0.0] * 4, [0.0] * 4)]
    result = compare(pairs)
    assert result is not None
    assert (result.low, result.high) == pytest.approx(newcombe(20, 3, 1, 1))
    assert result.p == mcnemar_mid_p(3, 1)


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize(("first", "second"), [(0.0, 1.0), (0.5, 1.0), (0.4, 0.7), (0.5, 0.5)])
def test_differences_all_alike_make_no_point_of_the_interval(
    n: int, first: float, second: float
) -> None:
    result = compare([([first, first], [second, second])] * n)
    assert result is not None
    assert result.delta == pytest.approx(second - first)
    assert result.high - result.low > 0.2 / math.sqrt(n)
    assert (result.p < 0.05) == (n >= 5 and first < second)


def test_the_interval_tells_what_the_cases_tell_and_no_more() -> None:
    alike = [([1.0], [1.0])] * 30
    few = compare([*alike, ([0.0], [0.5])])
    more = compare([*alike, *[([0.0], [0.5])] * 8])
    assert few is not None
    assert more is not None
    assert few.low < 0 < few.high
    # One that differs is no ground for a t interval; eight of 38 are.
    assert few.high - few.low > more.high - more.low
    assert more.low > 0


def test_cases_without_the_scores_of_one_do_not_count() -> None:
    assert compare([]) is None
    assert compare([([], [1.0]), ([1.0], [])]) is None
    result = compare([([0.0], [1.0]), ([], [1.0]), ([1.0], [])])
    assert result is not None
    assert (result.n, result.delta) == (1, 1.0)


def test_sums_of_thirds_are_neither_gained_nor_lost() -> None:
    result = compare([([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]), ([1, 0, 0], [0, 0, 1])])
    assert result is not None
    assert (result.gained, result.lost) == (0, 0)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
def test_a_score_outside_0_and_1_is_refused(score: float) -> None:
    for pair in (([score], [1.0]), ([1.0], [0.0, score])):
        with pytest.raises(ValueError, match="between 0 and 1"):
            compare([([1.0], [1.0]), pair])


def test_what_is_no_confidence_is_refused() -> None:
    for confidence in (0.0, 1.0, 95.0):
        with pytest.raises(ValueError, match="confidence"):
            compare(EPOCHS, confidence)


_case = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(_case, _case), min_size=1, max_size=40))
def test_any_scores_give_a_difference_inside_its_interval(
    pairs: list[tuple[list[float], list[float]]],
) -> None:
    result = compare(pairs)
    first, second = rate_of(a for a, _ in pairs), rate_of(b for _, b in pairs)
    assert result is not None
    assert first is not None
    assert second is not None
    assert result.delta == pytest.approx(second.rate - first.rate)
    assert -1 <= result.low <= result.delta <= result.high <= 1
    assert result.low < result.high
    assert 0 <= result.p <= 1
    assert result.gained + result.lost <= result.n == len(pairs)
    back = compare([(b, a) for a, b in pairs])
    assert back is not None
    assert (back.low, back.high) == pytest.approx((-result.high, -result.low))
    assert (back.gained, back.lost, back.p) == (
        result.lost,
        result.gained,
        pytest.approx(result.p),
    )


def test_pass_or_fail_needs_no_scipy() -> None:
    code = (
        "import sys; from lab.statistics import bootstrap, evidence, paired, power, several; "
        "paired.compare([([1.0], [0.0]), ([0.0], [1.0])] * 9); evidence.e_value([1.0, 0.5]); "
        "power.needed_more(3, 1, 9, p_gained=0.3, p_lost=0.1); "
        "bootstrap.chance_positive([0.1, 0.2]); "
        "print([name for name in sys.modules if name.split('.')[0] in ('scipy', 'numpy')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_wilson_is_what_newcombe_adds_up() -> None:
    """With one side all right and no correlation left, by hand from Wilson's limits."""
    (low1, high1), (low2, high2) = wilson(30, 30), wilson(20, 30)
    down = math.sqrt((20 / 30 - low2) ** 2 + (high1 - 1) ** 2)
    up = math.sqrt((high2 - 20 / 30) ** 2 + (1 - low1) ** 2)
    assert newcombe(20, 0, 10, 0) == pytest.approx((-1 / 3 - down, -1 / 3 + up))
