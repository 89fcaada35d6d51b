"""The texts that come with a benchmark: they become documents, each text once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from lab.interop.source import SourceText
from store.records import Evidence


@dataclass(slots=True)
class Contexts:
    """Collects the texts of a file as documents with names of their own."""

    _names: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: Counter[str] = field(default_factory=Counter[str])

    def add(self, text: str, title: str) -> str:
        """Keep a text and return its document's name: the title and a number from 1 on.

        A text that is there already keeps its first name.
        """
        name = self._names.get(text)
        if name is None:
            title = " ".join(title.split())[:80] or "text"
            self._numbers[title] += 1
            name = self._names[text] = f"{title} {self._numbers[title]}"
        return name

    def evidence(self, text: str, title: str) -> Evidence:
        """Keep a text that holds the answer as a whole, and return it as evidence."""
        return Evidence(self.add(text, title), None, 0, len(text), text)

    def holding(self, text: str, title: str, answer: str) -> Evidence:
        """Keep a text, and return as evidence where the answer stands in it, else all of it."""
        span = find_answer(text, answer)
        if span is None:
            return self.evidence(text, title)
        return Evidence(self.add(text, title), None, *span, text[span[0] : span[1]])

    def documents(self) -> tuple[SourceText, ...]:
        """Return the documents in the order in which they came up."""
        return tuple(SourceText(name, text) for text, name in self._names.items())


def find_answer(text: str, answer: str) -> tuple[int, int] | None:
    """Return start and end of the first place at which an answer stands by itself in a text.

    Upper and lower case count as the same only where the answer as written is not there.
    """
    answer = answer.strip()
    if not answer:
        return None
    # Not inside a longer word or number: a 3 is not found in 1936.
    pattern = rf"(?<!\w){re.escape(answer)}(?!\w)"
    found = re.search(pattern, text) or re.search(pattern, text, re.IGNORECASE)
    return found.span() if found else None
