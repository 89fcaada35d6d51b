"""OpenAI evals: samples as JSONL, and the `{"item": {…}}` rows of the hosted evals.

A sample has `input`, a text or chat messages, and `ideal`, the right answer or a list of
them. A hosted row has its values in `item`; the prompt is one of them, or a template such as
`{{item.question}}` that the person or the row's own `input` gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from lab.interop.columns import SAME
from lab.interop.conversation import Messages, read_conversation
from lab.interop.expected import answers_of, any_of
from lab.interop.fields import LITMUS, extras
from lab.interop.files import Refused
from lab.interop.notes import Notes
from lab.interop.reading import ELSEWHERE, Reading, read_cases
from lab.interop.rows import Row, first_rows, is_table, rows
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.templates import render
from lab.interop.values import kind, missing, record, text, texts
from store.records import Assertion, CaseDraft

NAME = "openai-evals"
TITLE = "OpenAI evals samples (JSONL)"

_OTHERS = {
    "id": ("id", "id_string"),
    "tags": ("tags",),
    "split": ("split",),
    "metadata": ("metadata",),
    "criteria": ("criteria",),
    LITMUS: (LITMUS,),
}
_SAMPLE = {
    "prompt": ("input",),
    "expected": ("ideal",),
    "answer": ("completion", "submission", "sampled"),
    **_OTHERS,
}
_ITEM = {
    "prompt": ("input", "prompt", "question", "query", "text", "problem"),
    "expected": (*SAME["expected"], "ground_truth", "correct_answer", "correct_label"),
    **_OTHERS,
}
_OURS = {"prompt", "target", "assert", "evidence", "messages", "tags", "split"}
_COMPARED = "the samples do not say how evals compares; a short ideal is looked for in the answer"


def matches(source: Source) -> bool:
    """Tell samples with `input` and `ideal`, a conversation as input, or hosted rows."""
    return not is_table(source) and any(_is_sample(row) for row in first_rows(source))


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read samples or hosted rows. Raises ImportProblem with the line, and Stopped."""
    samples, items = (Reading(source.name, wishes, names) for names in (_SAMPLE, _ITEM))
    items.notes = samples.notes

    def case(row: Row) -> CaseDraft:
        return _from_item(row, items) if "item" in row else _from_sample(row, samples)

    result = read_cases(samples, rows(source), NAME, case)
    return replace(result, columns=result.columns + items.columns())


def write(cases: Iterable[CaseDraft]) -> str:
    """Return cases as samples; what has no place in one stands under its key `litmus`."""
    reading = Reading("", Wishes(), _SAMPLE)
    lines: list[str] = []
    for case in cases:
        asked = {"role": "user", "content": case.prompt}
        ideals = answers_of(case.expectation)
        row: dict[str, Any] = {
            "input": [*case.messages, asked],
            "ideal": ideals[0] if len(ideals) == 1 else ideals,
        }
        if case.key:
            row["id"] = case.key
        if case.metadata:
            row["metadata"] = case.metadata
        if beyond := extras(case, _from_sample(row, reading)):
            row[LITMUS] = beyond
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def _is_sample(row: Row) -> bool:
    if isinstance(row.get("item"), dict):
        return row.keys() <= {"item", "sample", "input", "ideal", "id"}
    conversation = isinstance(row.get("input"), list)
    return "input" in row and ("ideal" in row or conversation) and not row.keys() & _OURS


def _from_sample(row: Row, reading: Reading) -> CaseDraft:
    return _case({**reading.fields(row), **_templates(row, reading.wishes)}, reading)


def _from_item(row: Row, reading: Reading) -> CaseDraft:
    """Return the case of a hosted row; values of the item without a use are its metadata."""
    item = record(row["item"], "item")
    if row.get("sample"):
        reading.notes.add(ELSEWHERE)
    fields, rest = reading.with_rest(item)
    for name, key in (("prompt", "input"), ("expected", "ideal")):
        if key in row:
            fields[name] = _filled(row[key], item)
    fields.update(_templates(item, reading.wishes))
    if "prompt" not in fields:
        raise Refused("the item has no question; name it with --map, as in {{item.NAME}}=prompt")
    fields["metadata"] = {**rest, **record(fields.get("metadata"), "metadata")}
    return _case(fields, reading)


def _case(fields: Row, reading: Reading) -> CaseDraft:
    notes = reading.notes
    messages, prompt = _asked(fields.get("prompt"), notes)
    if not missing(fields.get("answer")):
        notes.add(ELSEWHERE)
    ideals = texts(fields.get("expected"), "ideal")
    expectation = any_of(ideals, notes)
    criteria = text(fields.get("criteria"), "criteria").strip()
    if criteria:
        notes.add("criteria become an llm-rubric, which a judge checks")
        rubric = Assertion("llm-rubric", criteria)
        expectation = replace(expectation, assertions=(*expectation.assertions, rubric))
    elif ideals and not expectation.assertions and LITMUS not in fields:
        notes.add(_COMPARED)
    elif not ideals and LITMUS not in fields:
        notes.unchecked("a sample without an ideal is labelled by hand")
    return reading.case(fields, prompt, expectation, messages=messages)


def _asked(value: object, notes: Notes) -> tuple[Messages, str]:
    if isinstance(value, list):
        return read_conversation(cast("list[object]", value), "input", notes)
    if value is None:
        raise Refused("there is no input")
    if not isinstance(value, str):
        raise Refused(f"input is {kind(value)}, and must be text or a list of messages")
    return (), value


# --- templates -----------------------------------------------------------------------


def _templates(item: Row, wishes: Wishes) -> Row:
    """Return the fields for which the person gave a template, filled from an item."""
    return {
        name: _filled(template, item)
        for name, template in wishes.columns.items()
        if "{{" in template
    }


def _filled(value: object, item: Row) -> object:
    """Return a JSON value with the templates in its texts filled from the item. Raises Refused."""
    if isinstance(value, str):
        told: list[str] = []
        filled = render(value, {"item": item}, told.append)
        for what in told:
            raise Refused(f"the template “{value[:60]}” cannot be filled: {_reason(what)}")
        return filled
    if isinstance(value, list):
        return [_filled(each, item) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        fields = cast(Row, value)
        return {name: _filled(each, item) for name, each in fields.items()}
    return value


def _reason(told: str) -> str:
    """Return what is wrong with a template without what would be left in its place."""
    return told.replace(" and leaves nothing", "").replace(" and stays as it stands", "")
