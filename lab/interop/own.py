"""Rows whose fields have our names already, as cases with the texts that came along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import PurePath

from lab.interop.fields import Fields, read_case
from lab.interop.reading import Reading, read_cases
from lab.interop.source import ImportResult
from lab.interop.values import literal, texts
from store.records import CaseDraft


def read_own(
    reading: Reading, rows: Iterable[tuple[int, dict[str, object]]], format: str
) -> ImportResult:
    """Read rows into cases. Raises ImportProblem, naming the line, and Stopped."""
    numbers = count(1)

    def case(fields: dict[str, object]) -> CaseDraft:
        draft, number = read_case(fields, reading.unknown), next(numbers)
        return _with_context(draft, fields, number, reading) if fields.get("context") else draft

    return read_cases(reading, rows, format, case)


def _with_context(draft: CaseDraft, fields: Fields, number: int, reading: Reading) -> CaseDraft:
    """Keep the texts that came with a case; where the answer stands in them is evidence."""
    given = fields["context"]
    listed = texts(literal(given) if isinstance(given, str) else given, "context")
    title = f"{PurePath(reading.file).stem[:40]}, case {(draft.key or str(number))[:20]}, text"
    answer = draft.expectation.text
    found = tuple(reading.contexts.holding(text, title, answer) for text in listed)
    return replace(draft, evidence=draft.evidence + found)
