"""What changed from one revision of a case to the next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.context import changes
from lab.editing.texts import CaseTexts, texts_of
from lab.editing.words import marked
from store.records import CaseDraft

Sign = Literal["+", "−", " "]

_NAMES = {
    "prompt": "Prompt",
    "expected": "Expected",
    "tags": "Tags",
    "split": "Split",
    "turns": "Earlier messages",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: kept, new (+) or gone (−).

    `parts` are its pieces, each with whether it is what differs from its counterpart.
    """

    sign: Sign
    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        return "".join(part for part, _ in self.parts)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a case, by its name, with its lines."""

    name: str
    lines: tuple[Line, ...]


def difference(old: CaseDraft, new: CaseDraft) -> list[Section]:
    """Return the parts of a case that differ between two revisions, line by line."""
    before, after = _texts(old), _texts(new)
    return [
        Section(name, tuple(_lines(before[name], after[name])))
        for name in before
        if before[name] != after[name]
    ]


def _texts(draft: CaseDraft) -> dict[str, str]:
    texts: CaseTexts = texts_of(draft)
    found = {name: getattr(texts, field) or "" for field, name in _NAMES.items()}
    if texts.turns is None:
        found["Earlier messages"] = "\n".join(map(str, draft.messages))
    found["Evidence"] = "\n".join(
        f"{item.document}, page {item.page}: {item.quote}"
        if item.page
        else f"{item.document}: {item.quote}"
        for item in draft.evidence
    )
    found["Documents"] = "\n".join(changes(draft))
    found["Metadata"] = "\n".join(f"{name}: {value}" for name, value in draft.metadata.items())
    return found


def _lines(old: str, new: str) -> Iterator[Line]:
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > 1_000)
    for step, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        gone, come = before[old_from:old_to], after[new_from:new_to]
        if step == "equal":
            yield from (Line(" ", ((line, False),)) for line in gone)
            continue
        pairs = [marked(*pair) for pair in zip(gone, come, strict=False)]
        yield from (Line("−", left) for left, _ in pairs)
        yield from (Line("−", ((line, False),)) for line in gone[len(pairs) :])
        yield from (Line("+", right) for _, right in pairs)
        yield from (Line("+", ((line, False),)) for line in come[len(pairs) :])
