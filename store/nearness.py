"""Which vectors of one lot lie near which of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Near:
    """A vector of the first lot and one of the second, by their places, and their cosine.

    `usual` is the cosine that the one of the first lot has with its `nth` nearest.
    """

    place: int
    partner: int
    cosine: float
    usual: float


def near_pairs(
    these: Sequence[bytes], those: Sequence[bytes], least: float, nth: int
) -> list[Near]:
    """Return each pair whose cosine is at least `least`.

    The vectors are little-endian float32 of length 1, all of the same dimensions. `nth`
    counts from 1; where there are fewer in the second lot, the farthest is taken.
    """
    if not these or not those:
        return []
    import numpy

    right = numpy.frombuffer(b"".join(those), "<f4").reshape(len(those), -1)
    back = min(nth, len(those))
    found: list[Near] = []
    for at in range(0, len(these), _ROWS):  # so that no huge table is made
        some = these[at : at + _ROWS]
        left = numpy.frombuffer(b"".join(some), "<f4").reshape(len(some), -1)
        table = left @ right.T
        usual = numpy.partition(table, -back, axis=1)[:, -back]
        for row, column in numpy.argwhere(table >= least).tolist():
            cosine = float(table[row, column])
            found.append(Near(at + row, column, cosine, float(usual[row])))
    return found
