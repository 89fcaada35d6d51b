"""A training's curves, thinned as they grow, so that a long training costs no more than a short."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 512
"""Points that a curve keeps at most; more than a terminal has columns."""


@dataclass(slots=True)
class _Stretch:
    """Steps that are one point: from the first to the last of them, with the sum of values."""

    first: int
    last: int
    total: float
    values: int


class Curve:
    """Values by step. Above `most` points each two neighbours become their mean.

    To add a value costs the same however long the training is.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = max(2, most)
        self._kept: list[_Stretch] = []

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, step: int, value: float) -> None:
        """Keep the value of a step; told again, a step that stands alone gets the new one."""
        kept = self._kept
        place = bisect_left(kept, step, key=lambda each: each.last)
        if place == len(kept) or step < kept[place].first:
            kept.insert(place, _Stretch(step, step, value, 1))
            if len(kept) > self._most:
                self._kept = list(map(_joined, kept[::2], kept[1::2])) + kept[len(kept) // 2 * 2 :]
            return
        found = kept[place]
        if found.first == found.last:
            found.total, found.values = value, 1
        else:
            found.total, found.values = found.total + value, found.values + 1

    def cut(self, step: int) -> None:
        """Forget what came after a step: a training that goes on from there tells it anew."""
        while self._kept and self._kept[-1].first > step:
            self._kept.pop()

    def points(self) -> Sequence[tuple[int, float]]:
        """Return (step, value), each at the last step that it stands for."""
        return [(each.last, each.total / each.values) for each in self._kept]


def _joined(one: _Stretch, other: _Stretch) -> _Stretch:
    return _Stretch(one.first, other.last, one.total + other.total, one.values + other.values)
