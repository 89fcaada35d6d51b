"""Pages of a document: which ones a person means by "1-3,7", and their text.

A choice of pages is kept as such a text, in order and without gaps in its runs; the empty
text is all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from store.errors import PlainError

HOW = "such as 1-3,7, or all"
_RUN = re.compile(r"([0-9]{1,9})(?:\s*([-–])\s*([0-9]{1,9})?)?")
_LONGEST_SHOWN = 40


class PagesProblem(PlainError):
    """What was typed names no pages of the document; the message says which there are."""


def choose(text: str, name: str, count: int) -> str:
    """Return a person's choice of pages in the one way in which it is kept.

    "5-" means from page 5 to the end, and "all" means what nothing means. `name` and
    `count` are the document's name and number of pages. Raises PagesProblem.
    """
    return join(numbers(text, name, count), count)


def numbers(text: str, name: str, count: int) -> tuple[int, ...]:
    """Return the numbers of the chosen pages, from 1, in order. Raises PagesProblem."""
    wanted = text.strip().lower()
    if wanted in ("", "all"):
        return tuple(range(1, count + 1))
    found: set[int] = set()
    for part in filter(None, (each.strip() for each in re.split("[,;]", wanted))):
        match = _RUN.fullmatch(part)
        if match is None:
            raise PagesProblem(f"“{_short(text)}” names no pages; {_there(name, count)}.")
        first = int(match[1])
        last = int(match[3]) if match[3] else count if match[2] else first
        if not 1 <= first <= count or not 1 <= last <= count:
            raise PagesProblem(
                f"There is no page {_beyond(first, last, count)}; {_there(name, count)}."
            )
        if last < first:
            raise PagesProblem(f"“{part}” runs backwards; type {last}-{first}.")
        found.update(range(first, last + 1))
    if not found:
        raise PagesProblem(f"“{_short(text)}” names no pages; {_there(name, count)}.")
    return tuple(sorted(found))


def join(chosen: Iterable[int], count: int) -> str:
    """Return page numbers as "1-3,7"; empty where they are all of the `count` pages."""
    runs: list[list[int]] = []
    for number in sorted(set(chosen)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if runs == [[1, count]]:
        return ""
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def split(text: str, starts: Sequence[int]) -> list[str]:
    """Return the text of each page; `starts` are the offsets at which pages begin."""
    ends = [*starts[1:], len(text)]
    return [text[start:end].strip("\f") for start, end in zip(starts, ends, strict=True)]


def excerpt(text: str, starts: Sequence[int], chosen: str, name: str) -> str:
    """Return the text of the chosen pages, each under a line that names its page.

    The line lets the model say where it read something. A document of one page is its text.
    Raises PagesProblem where the document has no such pages.
    """
    if len(starts) < 2:
        return text
    pages = split(text, starts)
    return "\n\n".join(
        f"--- page {number} ---\n{pages[number - 1].strip()}".rstrip()
        for number in numbers(chosen, name, len(starts))
    )


def _beyond(first: int, last: int, count: int) -> str:
    return str(first if not 1 <= first <= count else last)


def _there(name: str, count: int) -> str:
    if count == 1:
        return f"{name} has one page only"
    return f"{name} has pages 1 to {count:,}: type some of them, {HOW}"


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= _LONGEST_SHOWN else folded[: _LONGEST_SHOWN - 1] + "…"
