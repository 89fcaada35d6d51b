"""Several rankings of the same things as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def fuse(
    rankings: Sequence[Sequence[Item]],
    *,
    k: float = 60.0,
    weights: Sequence[float] | None = None,
) -> list[tuple[Item, float]]:
    """Return every item with its reciprocal rank sum, best first.

    Each ranking gives an item its weight / (k + rank), the rank counting from 1, and nothing
    to what it does not hold. A small `k` (0 and up) lets the first ranks decide, a large one
    that an item is in several rankings. `weights` are all 1 where none are given. Of two with
    the same sum, the one that an earlier ranking has, or has before the other, comes first.

    Source: Cormack, Clarke & Büttcher (2009), "Reciprocal Rank Fusion Outperforms Condorcet
    and Individual Rank Learning Methods", SIGIR; there `k` is 60 and no ranking has a weight.
    """
    sums: defaultdict[Item, float] = defaultdict(float)
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, item in enumerate(ranking, start=1):
            sums[item] += weight / (k + rank)
    # Sorting is stable, and the sums are in the order in which the items came.
    return sorted(sums.items(), key=lambda pair: -pair[1])
