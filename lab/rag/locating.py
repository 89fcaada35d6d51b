"""Where evidence stands in the documents as they are now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import PurePath

from lab.rag.measures import Span
from store.errors import PlainError
from store.records import Document, Evidence


class EvidenceProblem(PlainError):
    """Evidence that stands nowhere, or in more than one place; told in one sentence."""


class Page:
    """A document's text, searched also without regard to its white space."""

    def __init__(self, text: str) -> None:
        self.text = text

    def places(self, quote: str) -> list[tuple[int, int]]:
        """Return start and end of every place of a quote, none overlapping another.

        Where the quote does not stand there as it is, white space is left out of account on
        both sides: a line end, a doubled space, or one that was lost between two words.
        """
        quote = quote.strip()
        if not quote:
            return []
        found = [(at, at + len(quote)) for at in _finds(self.text, quote)]
        if found:
            return found
        bare = "".join(quote.split())
        solid, offsets = self._solid
        return [(offsets[at], offsets[at + len(bare) - 1] + 1) for at in _finds(solid, bare)]

    @cached_property
    def _solid(self) -> tuple[str, list[int]]:
        """The text without white space, and where each of its characters stands."""
        offsets = [at for at, character in enumerate(self.text) if not character.isspace()]
        return "".join(self.text.split()), offsets
