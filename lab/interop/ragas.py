"""Ragas' columns, of today (`user_input`, `reference`) and before (`question`, `ground_truth`)."""

from __future__ import annotations

from typing import cast

from lab.interop.conversation import Messages, read_conversation
from lab.interop.expected import any_of
from lab.interop.files import Refused
from lab.interop.reading import ELSEWHERE, Reading, read_cases, unquoted
from lab.interop.rows import Row, first_rows, rows
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.values import missing, text, texts
from store.records import CaseDraft, Evidence

NAME = "ragas"
TITLE = "Ragas (JSONL, JSON, CSV)"

_NAMES = {
    "prompt": ("user_input", "question"),
    "expected": ("reference", "ground_truth", "ground_truths"),
    "context": ("reference_contexts",),
    "retrieved": ("retrieved_contexts", "contexts"),
    "answer": ("response", "answer"),
    "id": ("id",),
    "metadata": ("metadata",),
    "rubrics": ("rubrics",),
    "tools": ("reference_tool_calls",),
    "topics": ("reference_topics",),
}
_UNCHECKED = ("rubrics", "tools", "topics")
_BESIDE_QUESTION = (
    *("ground_truth", "ground_truths", "contexts", "retrieved_contexts", "reference_contexts"),
)


def matches(source: Source) -> bool:
    """Tell Ragas by `user_input`, or by `question` with the names that went with it."""
    return any(
        "user_input" in row or ("question" in row and any(key in row for key in _BESIDE_QUESTION))
        for row in first_rows(source)
    )


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a dataset. Raises ImportProblem with the line, and Stopped."""
    reading = Reading(source.name, wishes, _NAMES)
    wanted = {name for names in _NAMES.values() for name in names}
    return read_cases(reading, rows(source, wanted), NAME, lambda row: _case(row, reading))


def _case(row: Row, reading: Reading) -> CaseDraft:
    fields = reading.fields(row)
    for name in _UNCHECKED:
        if fields.get(name):
            reading.notes.unchecked(f"Ragas' {name} are not checked")
    messages, prompt = _asked(fields.get("prompt"), reading)
    answers = texts(unquoted(fields.get("expected")), "reference")
    expectation = any_of(answers, reading.notes)
    return reading.case(
        fields,
        prompt,
        expectation,
        messages=messages,
        evidence=_evidence(fields, expectation.text, reading),
    )


def _asked(value: object, reading: Reading) -> tuple[Messages, str]:
    value = unquoted(value)
    if isinstance(value, list):
        return read_conversation(cast("list[object]", value), "user_input", reading.notes)
    asked = text(value, "user_input")
    if not asked.strip():
        raise Refused("there is no user_input (or question)")
    return (), asked


def _evidence(fields: Row, answer: str, reading: Reading) -> tuple[Evidence, ...]:
    """Keep the contexts as documents; those that the answer was made from are evidence.

    What a retriever found may not hold the answer. `contexts` beside no answer are those
    that a question was made from, as in Ragas' own test sets before 0.2.
    """
    sources = texts(unquoted(fields.get("context")), "reference_contexts")
    retrieved = texts(unquoted(fields.get("retrieved")), "retrieved_contexts")
    answered = not missing(fields.get("answer")) and fields["answer"] != ""
    if answered:
        reading.notes.add(ELSEWHERE)
    if not sources and not answered:
        sources, retrieved = retrieved, []
    evidence = tuple(reading.contexts.holding(each, "context", answer) for each in sources)
    for each in retrieved:
        reading.contexts.add(each, "context")
    if retrieved:
        reading.notes.add("what a retriever found becomes documents, not evidence")
    return evidence
