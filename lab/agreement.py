"""How well two raters agree: Cohen's kappa, with its interval and the table behind it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.statistics.rates import normal_quantile
from store.records import VERDICTS, Verdict

Table = tuple[tuple[int, ...], ...]
"""Counts by [first rater's verdict][second rater's verdict], in the order of VERDICTS."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two raters said of the same `n` answers.

    `observed` is the share on which they said the same, None where n is 0. `kappa` is the
    part of the agreement beyond chance that was reached, from -1 to 1: 0 is what chance
    alone brings, 1 is full agreement. It is None where it is undefined: n is 0, or both said
    one and the same thing of every answer. `low` and `high` are its interval.
    """

    n: int
    observed: float | None
    kappa: float | None
    low: float | None
    high: float | None
    table: Table


def agreement(pairs: Sequence[tuple[Verdict, Verdict]], confidence: float = 0.95) -> Agreement:
    """Return how two raters agree, from (first's verdict, second's verdict) of each answer."""
    return agreement_of(Counter(pairs), confidence)


def agreement_of(
    counts: Mapping[tuple[Verdict, Verdict], int], confidence: float = 0.95
) -> Agreement:
    """Return how two raters agree, from how often each pair of verdicts was given.

    The verdicts count as names, without weights: a partial against a fail is as much a
    disagreement as a pass against a fail. A rater who always says the same has κ 0. The
    interval is κ ± z·SE with the large-sample standard error, held within [-1, 1]. Its
    limits: it is too short and badly centred for few answers (some tens) or a rare verdict,
    and shrinks to a point where the sample shows no spread, as with full agreement (1 to 1);
    so a number of answers must be asked for beside it. Raises ValueError for a count below 0.

    Sources: Cohen (1960), "A coefficient of agreement for nominal scales", Educational and
    Psychological Measurement 20 (κ); Fleiss, Cohen & Everitt (1969), "Large sample standard
    errors of kappa and weighted kappa", Psychological Bulletin 72 (the error for κ ≠ 0).
    """
    table = tuple(tuple(counts.get((a, b), 0) for b in VERDICTS) for a in VERDICTS)
    if any(count < 0 for row in table for count in row):
        raise ValueError(f"A count cannot be below zero: {table}.")
    n = sum(map(sum, table))
    if not n:
        return Agreement(0, None, None, None, None, table)
    places = range(len(VERDICTS))
    observed = sum(table[i][i] for i in places) / n
    # Whole numbers tell for certain whether both said one and the same thing throughout.
    if any(table[i][i] == n for i in places):
        return Agreement(n, observed, None, None, None, table)
    kappa, error = _kappa(table, n)
    half = normal_quantile(confidence) * error
    return Agreement(n, observed, kappa, max(-1.0, kappa - half), min(1.0, kappa + half), table)


def _kappa(table: Table, n: int) -> tuple[float, float]:
    """Return κ and its standard error, reckoned in fractions: what is zero is exactly zero."""
    from fractions import Fraction

    places = range(len(VERDICTS))
    share = [[Fraction(count, n) for count in row] for row in table]
    rows = [sum(row) for row in share]
    columns = [sum(row[i] for row in share) for i in places]
    chance = sum(rows[i] * columns[i] for i in places)
    kappa = (sum(share[i][i] for i in places) - chance) / (1 - chance)
    agreed = sum(share[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in places)
    missed = sum(
        share[i][j] * (columns[i] + rows[j]) ** 2 for i in places for j in places if i != j
    )
    variance = agreed + (1 - kappa) ** 2 * missed - (kappa - chance * (1 - kappa)) ** 2
    return float(kappa), math.sqrt(variance / n) / float(1 - chance)
