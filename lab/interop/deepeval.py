"""DeepEval's goldens and test cases: JSON, JSONL or CSV, in snake case or camel case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from lab.interop.conversation import Messages, read_conversation
from lab.interop.expected import any_of
from lab.interop.files import Refused, at
from lab.interop.reading import ELSEWHERE, Reading, fold, read_cases, unquoted
from lab.interop.rows import Row, first_rows, rows, whole
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.values import kind, record, text, texts
from store.records import CaseDraft, Evidence

NAME = "deepeval"
TITLE = "DeepEval goldens (JSON, JSONL, CSV)"

_NAMES = {
    "prompt": ("input",),
    "expected": ("expected_output", "expected_outcome"),
    "turns": ("turns",),
    "scenario": ("scenario",),
    "context": ("context",),
    "retrieved": ("retrieval_context",),
    "answer": ("actual_output",),
    "id": ("id",),
    "metadata": ("additional_metadata",),
    "custom": ("custom_column_key_values",),
    "source_file": ("source_file",),
    "name": ("name",),
    "comments": ("comments",),
    "tools": ("expected_tools",),
    "called": ("tools_called",),
}
_KEPT = ("name", "comments", "source_file")
_PARTICULAR = {
    fold(name)
    for name in (
        *("actual_output", "retrieval_context", "additional_metadata", "source_file"),
        *("tools_called", "expected_tools", "custom_column_key_values", "expected_outcome"),
    )
}
_LISTS = ("goldens", "testcases", "conversationalgoldens", "conversationaltestcases")
_MARKED = re.compile(r"deepeval_source=(.*?),deepeval_context=(.*)", re.DOTALL)


def matches(source: Source) -> bool:
    """Tell goldens by the keys that only DeepEval has, or by the list they stand in."""
    return any(_is_golden(row) or _held(row) for row in first_rows(source))


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read goldens or test cases. Raises ImportProblem with the line, and Stopped."""
    reading = Reading(source.name, wishes, _NAMES)
    return read_cases(reading, _goldens(source), NAME, lambda row: _case(row, reading))


def _is_golden(row: Row) -> bool:
    keys = {fold(key) for key in row}
    camel = "expectedOutput" in row
    asked = "input" in keys or "scenario" in keys
    return asked and (camel or bool(keys & _PARTICULAR)) and "prompt" not in keys


def _held(row: Row) -> bool:
    return any(fold(key) in _LISTS and isinstance(value, list) for key, value in row.items())


def _goldens(source: Source) -> Iterator[tuple[int | str, Row]]:
    """Yield the goldens, each with its line, or its place in the list of an object."""
    if any(_held(row) for row in first_rows(source)[:1]):
        yield from _inside(source)
    else:
        yield from rows(source, {name for names in _NAMES.values() for name in names})


def _inside(source: Source) -> Iterator[tuple[str, Row]]:
    """Yield the goldens and test cases of a file that is one object with lists of them."""
    for key, value in record(whole(source), "it").items():
        if fold(key) not in _LISTS or value is None:
            continue
        if not isinstance(value, list):
            at(key, source.name, f"it is {kind(value)}, and must be a list")
        for place, item in enumerate(cast("list[object]", value)):
            if not isinstance(item, dict):
                at(f"{key}[{place}]", source.name, f"it is {kind(item)}, not an object")
            yield f"{key}[{place}]", cast(Row, item)


def _case(row: Row, reading: Reading) -> CaseDraft:
    fields = reading.fields(row)
    if fields.get("tools"):
        reading.notes.unchecked("expected tools are not checked")
    messages, prompt = _asked(fields, reading)
    metadata = dict(record(unquoted(fields.get("metadata")), "additional_metadata"))
    metadata.update(record(unquoted(fields.get("custom")), "custom_column_key_values"))
    for name in _KEPT:
        if value := text(fields.get(name), name):
            metadata.setdefault(name, value)
    if fields.get("answer") not in (None, ""):
        reading.notes.add(ELSEWHERE)
    expectation = any_of(texts(fields.get("expected"), "expected_output"), reading.notes)
    return reading.case(
        {**fields, "metadata": metadata},
        prompt,
        expectation,
        messages=messages,
        evidence=_evidence(fields, expectation.text, reading),
    )


def _asked(fields: Row, reading: Reading) -> tuple[Messages, str]:
    turns = unquoted(fields.get("turns"))
    asked = text(fields.get("prompt"), "input")
    if asked.strip():
        return (), asked
    if isinstance(turns, list) and turns:
        return read_conversation(cast("list[object]", turns), "turns", reading.notes)
    if fields.get("scenario"):
        raise Refused("a scenario without turns holds no question to ask")
    raise Refused("there is no input")


def _evidence(fields: Row, answer: str, reading: Reading) -> tuple[Evidence, ...]:
    """Keep the contexts as documents. `context` is what is true, and so it is evidence;
    what a retriever found may not hold the answer."""
    title = text(fields.get("source_file"), "source_file") or "context"
    sources = _contexts(fields.get("context"), "context", reading)
    retrieved = _contexts(fields.get("retrieved"), "retrieval_context", reading)
    evidence = tuple(reading.contexts.holding(each, title, answer) for each in sources)
    for each in retrieved:
        marked = _MARKED.fullmatch(each)
        reading.contexts.add(*((marked[2], marked[1]) if marked else (each, "context")))
    if retrieved:
        reading.notes.add("what a retriever found becomes documents, not evidence")
    return evidence


def _contexts(value: object, name: str, reading: Reading) -> list[str]:
    """Return the texts of a list, or of a cell in which DeepEval joined them with `|` or `;`."""
    value = unquoted(value)
    if isinstance(value, str):
        parts = value.split("|") if "|" in value else re.split(r";(?=\S)", value)
        if len(parts) > 1:
            reading.notes.add("contexts in one cell are parted at | or at ; without a space")
        return [part for part in parts if part.strip()]
    return texts(_flat(value), name)


def _flat(value: object) -> object:
    """Return a list in which `{"source", "context"}` objects stand as their contexts."""
    if not isinstance(value, list):
        return value
    return [
        cast(Row, item).get("context") if isinstance(item, dict) else item
        for item in cast("list[object]", value)
    ]
