"""A person's question as a query of the chunks' full-text index, whatever they typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# The scripts without blanks between words: as in the view `chunk_words`.
UNSPACED = (
    "\u0e01-\u0ecd\u1000-\u109f\u1780-\u17ff\u3040-\u312f\u3400-\u9fff"
    "\uac00-\ud7a3\uff66-\uff9d\U00020000-\U000323af"
)
_RUN = re.compile(f"[{UNSPACED}]+|[^\\W_{UNSPACED}]+")
_MARK = re.compile(f"[{UNSPACED}]")
_ENDING = re.compile(r"(?<=\w)['’](?:s|d|m|t|ll|re|ve)\b", re.IGNORECASE)

# A question's frame, which says nothing of what it is about.
_FRAME = """
a about after all also am an and any are aren as at be because been before being between both but
by can could couldn d did didn do does doesn doing don during each for from had has have haven
having he her here hers him his how i if in into is isn it its just ll m me more most my no nor not
of off on only or other our ours out over own re s same shall she should shouldn so some such t
than that the their theirs them then there these they this those through to too under until up us
ve very was wasn we were weren what when where which while who whom whose why will with would
wouldn you your yours
"""
_FRAME_WORDS = frozenset(_FRAME.split())

# Each word costs a look at every chunk that has it; a question has fewer, and of a pasted text
# the beginning says what it is about.
MOST_TERMS = 48
_MOST_CHARS = 20_000


def terms(text: str) -> list[str]:
    """Return what to look for: each term is one word, or several that must follow each other.

    Words that only make a sentence a question are left out, unless there is nothing else. A
    word with hyphens, points or the like is looked for whole, and each of its parts too.
    Where a script leaves no blanks between words, every two characters are a term. At most
    `MOST_TERMS` are returned, those that come first.
    """
    text = unicodedata.normalize("NFC", text[:_MOST_CHARS])
    words = _ENDING.sub("", text).split()
    shouted = text.isupper()
    telling = _first(term for word in words for term in _terms(word, shouted=shouted))
    return telling or _first(run for word in words for run in _RUN.findall(word))


def fts_query(text: str) -> str:
    """Return the FTS5 query for chunks that have any of a text's terms; empty for none.

    Its quotes and operators mean nothing.
    """
    return " OR ".join(f'"{term}"' for term in terms(text))


def unspaced_spans(question: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text has the terms of scripts without blanks, in characters."""
    for term in terms(question):
        if _unspaced(term):
            sought = term.replace(" ", "")
            at = text.find(sought)
            while at >= 0:
                yield at, at + len(sought)
                at = text.find(sought, at + 1)


def _terms(word: str, *, shouted: bool) -> Iterator[str]:
    runs: list[str] = _RUN.findall(word)
    if len(runs) > 1 and not any(map(_unspaced, runs)):
        yield " ".join(runs)
    for run in runs:
        if _unspaced(run):
            yield from _pairs(run)
        elif _tells(run, alone=len(runs) == 1, shouted=shouted):
            yield run


def _pairs(run: str) -> Iterator[str]:
    # Marks that belong to the character before are no words of their own in the index.
    characters = [each for each in run if each.isalnum()]
    if len(characters) == 1:
        yield characters[0]
    for first, second in pairwise(characters):
        yield f"{first} {second}"


def _tells(word: str, *, alone: bool, shouted: bool) -> bool:
    """Return whether a word says something: WHO and US do, who and us do not."""
    if len(word) == 1 and not alone:
        return False
    name = len(word) > 1 and word.isupper() and not shouted
    return name or word.lower() not in _FRAME_WORDS


def _unspaced(run: str) -> bool:
    return _MARK.match(run) is not None


def _first(found: Iterator[str]) -> list[str]:
    seen: dict[str, str] = {}
    for term in found:
        seen.setdefault(term.lower(), term)
        if len(seen) == MOST_TERMS:
            break
    return list(seen.values())
