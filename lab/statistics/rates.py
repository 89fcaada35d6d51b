"""How often answers are right: rates and the intervals around them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of `n` cases passed, and the interval around their rate.

    `passed` is the sum of the cases' mean scores, a whole number where it is one. `rate`,
    `low` and `high` are between 0 and 1.
    """

    n: int
    passed: float
    rate: float
    low: float
    high: float


def wilson(passed: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion, (low, high) within [0, 1].

    `passed` of `n` need not be whole: n may be an effective sample size. No continuity
    correction. Raises ValueError unless 0 <= passed <= n, n > 0 and 0 < confidence < 1.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22.
    """
    if not (0 <= passed <= n and 0 < n < math.inf):
        raise ValueError(f"{passed} of {n} is not a proportion.")
    z = normal_quantile(confidence)
    rate = passed / n
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / shrink
    low = 0.0 if passed == 0 else max(0.0, min(centre - half, rate))
    high = 1.0 if passed == n else min(1.0, max(centre + half, rate))
    return low, high


def rate_of(scores_by_case: Iterable[Sequence[float]], confidence: float = 0.95) -> Rate | None:
    """Return the rate over cases, each given as its answers' scores; None without any.

    A score is 1 for a pass, 0.5 for a partial and 0 for a fail. A case without scores is
    left out. With one pass-or-fail answer per case this is Wilson's interval. With several
    answers, cases are the clusters: the rate is the mean of the cases' means, its variance
    the cluster-robust one, which the effective sample size p(1 - p)/variance carries into
    Wilson's interval; that size is held between the number of cases and of answers.
    Raises ValueError for a score outside [0, 1].

    Sources: Miller (2024), "Adding Error Bars to Evals", arXiv:2411.00640 (clustered
    standard errors); Korn & Graubard (1998), "Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data", Survey
    Methodology 24 (effective sample size; here without their ratio of t quantiles).
    """
    means: list[float] = []
    answers = 0
    for scores in scores_by_case:
        if not scores:
            continue
        if not all(0 <= score <= 1 for score in scores):
            raise ValueError(f"A score must be between 0 and 1: {list(scores)}.")
        means.append(math.fsum(scores) / len(scores))
        answers += len(scores)
    if not means:
        return None
    n = len(means)
    passed = _whole(math.fsum(means))
    rate = passed / n
    size = effective_size(means, answers)
    low, high = wilson(min(rate * size, size), size, confidence)
    return Rate(n, passed, rate, low, high)


def effective_size(means: Sequence[float], answers: int) -> float:
    """Return how many independent answers tell as much as these cases do.

    `means` are the cases' mean scores, at least one and each in [0, 1], over `answers` answers
    in all. The result lies between the number of cases and that of answers; see `rate_of`.
    """
    n = len(means)
    rate = math.fsum(means) / n
    if answers == n or not 0 < rate < 1:
        return n
    spread = math.fsum((mean - rate) ** 2 for mean in means)
    variance = spread / (n * (n - 1)) if n > 1 else math.inf
    if variance == 0:
        return answers
    return min(max(rate * (1 - rate) / variance, n), answers)


def _whole(value: float) -> float:
    """Return a float that is a whole number but for rounding as an int."""
    return round(value) if math.isclose(value, round(value), abs_tol=1e-9) else value


@lru_cache(maxsize=16)
def normal_quantile(confidence: float) -> float:
    """Return the normal quantile that leaves (1 - confidence)/2 above it.

    Raises ValueError unless 0 < confidence < 1.
    """
    from statistics import NormalDist

    if not 0 < confidence < 1:
        raise ValueError(f"A confidence must be between 0 and 1, not {confidence}.")
    return NormalDist().inv_cdf((1 + confidence) / 2)
