"""Regular expressions from benchmark files, run so that none can hang the program.

The language is Python's `re`; the engine is the package `regex`, which has the same syntax
and can be given a time limit. It writes counted repeats out, so their size is held too.
"""

from __future__ import annotations

import math
import re
import warnings
from functools import lru_cache
from threading import Lock
from typing import Protocol, cast

LONGEST = 2_000
LARGEST = 20_000

_WARNINGS = Lock()  # what `catch_warnings` changes belongs to all threads
_COMMENTS = re.compile(r"\(\?(?:#|[a-zA-Z]*x)")
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*)(,?)(\d*)\}|.", re.DOTALL)


class Pattern(Protocol):
    """What is used of a compiled pattern.

    `timeout` is in seconds of processor time; `concurrent` lets other threads run meanwhile.
    """

    def search(self, string: str, *, timeout: float, concurrent: bool) -> re.Match[str] | None: ...


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Pattern:
    """Return a pattern ready to search with; `search` raises TimeoutError when it is slow.

    Raises ValueError with one sentence for what is no regular expression of Python's, for
    one over 2,000 characters and for one whose counted repeats, written out, are over
    20,000 pieces long.
    """
    shown = " ".join((pattern if len(pattern) <= 40 else pattern[:39] + "…").split())
    if len(pattern) > LONGEST:
        raise ValueError(f"The pattern “{shown}” is longer than {LONGEST:,} characters.")
    try:
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError) as problem:
        raise ValueError(f"The pattern “{shown}” is not a regular expression: {problem}.") from None
    except RecursionError:
        raise ValueError(f"The pattern “{shown}” is nested too deeply.") from None
    if size(pattern) > LARGEST:
        raise ValueError(f"The pattern “{shown}” repeats too much; use smaller counts in braces.")
    import regex

    try:
        return cast(Pattern, regex.compile(pattern))
    except (regex.error, RecursionError) as problem:
        raise ValueError(f"The pattern “{shown}” cannot be used: {problem}.") from None


def size(pattern: str) -> int:
    """Return how many pieces a pattern has when its counted repeats are written out.

    A piece is a character, an escape or a set; a repeat counts its upper bound, or its
    lower one where it has no upper. Where comments can hide parentheses, all repeats count
    as nested.
    """
    if _COMMENTS.search(pattern):
        counts = [int(high or low or 1) for low, _, high in _PIECE.findall(pattern)]
        return len(pattern) * math.prod(max(1, count) for count in counts)
    outer: list[int] = []
    total = last = 0
    for piece in _PIECE.finditer(pattern):
        if piece[0] == "(":
            outer.append(total + last)
            total = last = 0
        elif piece[0] == ")" and outer:
            total, last = outer.pop(), total + last
        elif piece[2] is not None and (piece[1] or piece[3]):
            last *= max(1, int(piece[3] or piece[1]))
        else:
            total, last = total + last, 1
    return total + last
