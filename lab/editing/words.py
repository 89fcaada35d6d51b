"""What differs between two texts, word by word, in a time that has a bound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MOST = 12_000
"""Words, marks and gaps of each text that are compared; what comes behind counts as the same.

So many take 60 ms and 18 MB at the most: the table of the longest common subsequence has a
bit for each pair (Hyyrö 2004, as rapidfuzz has it).
"""

Parts = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it differs from the other text."""


def marked(old: str, new: str) -> tuple[Parts, Parts]:
    """Return two texts in pieces, with what differs between them.

    A short piece in common between two long ones that differ is taken for chance, so that
    two answers which have nothing in common do not look like lace.
    """
    from rapidfuzz.distance import LCSseq

    before, after = _words(old), _words(new)
    pieces: list[tuple[bool, int, int]] = []  # differs, and where it ends in each text
    found = LCSseq.opcodes(before, after)
    for step in found:
        differs = step.tag != "equal"
        if pieces and pieces[-1][0] == differs:
            pieces.pop()
        pieces.append((differs, step.src_end, step.dest_end))
    pieces = _without_chance(pieces, before, after)
    return (
        _parts([(differs, end) for differs, end, _ in pieces], before, old),
        _parts([(differs, end) for differs, _, end in pieces], after, new),
    )


def _words(text: str) -> list[str]:
    return [found[0] for found in islice(_WORDS.finditer(text), MOST)]


def _without_chance(
    pieces: Sequence[tuple[bool, int, int]], before: Sequence[str], after: Sequence[str]
) -> list[tuple[bool, int, int]]:
    """Take what is the same for different where that is shorter than both its neighbours."""

    def length(low: tuple[int, int], high: tuple[int, int]) -> int:
        sides = (before[low[0] : high[0]], after[low[1] : high[1]])
        return max(sum(map(len, side)) for side in sides)

    kept: list[tuple[bool, int, int]] = []
    for place, (differs, *ends) in enumerate(pieces):
        end = (ends[0], ends[1])
        start = kept[-1][1:] if kept else (0, 0)
        if not differs and kept and place + 1 < len(pieces):
            size = length(start, end)
            behind = kept[-2][1:] if len(kept) > 1 else (0, 0)
            ahead = length(end, pieces[place + 1][1:])
            if size <= length(behind, start) and size <= ahead:
                differs = True
        if differs and kept and kept[-1][0]:
            kept.pop()
        kept.append((differs, *end))
    return kept


def _parts(pieces: Sequence[tuple[bool, int]], words: Sequence[str], text: str) -> Parts:
    parts: list[tuple[str, bool]] = []
    start = length = 0
    for differs, end in pieces:
        piece = "".join(words[start:end])
        start, length = end, length + len(piece)
        if piece:
            parts.append((piece, differs))
    rest = text[length:]
    return tuple([*parts, (rest, False)] if rest else parts)
