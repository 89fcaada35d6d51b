"""What having tried several things costs: p-values adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for being several, in the given order, each at most 1.

    Whoever rejects the hypotheses whose adjusted p is at most alpha rejects a true one with
    probability alpha at most, however the p-values depend on one another. Nothing for
    nothing. Raises ValueError for a p outside [0, 1].

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6.
    """
    for p in ps:
        if not 0 <= p <= 1:
            raise ValueError(f"A p-value must be between 0 and 1, not {p}.")
    adjusted = [0.0] * len(ps)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        # A larger p is never adjusted to less than a smaller one.
        least = max(least, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = least
    return adjusted
