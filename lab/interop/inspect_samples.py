"""Inspect's samples: JSONL, a JSON list or CSV with `input`, `choices`, `target`, `id`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, cast

from lab.interop.conversation import Messages, read_conversation
from lab.interop.expected import answers_of, any_of
from lab.interop.fields import LITMUS, extras
from lab.interop.files import Refused
from lab.interop.letters import MOST, lettered, pattern_for, readable, signs_of
from lab.interop.notes import Notes
from lab.interop.reading import Reading, read_cases, unquoted
from lab.interop.rows import Row, first_rows, is_table, rows
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.values import kind, missing, record, text, texts
from store.records import Assertion, CaseDraft, Expectation

NAME = "inspect"
TITLE = "Inspect samples (JSONL, JSON, CSV)"

_UNUSED = ("sandbox", "files", "setup")
_PARTICULAR = {"choices", "metadata", *_UNUSED}
_OURS = {"prompt", "ideal", "expected", "assert", "evidence", "messages", "tags", "split"}
_NAMES = {
    "prompt": ("input",),
    "expected": ("target",),
    **{name: (name,) for name in ("id", "metadata", "choices", *_UNUSED)},
}


def matches(source: Source) -> bool:
    """Tell samples by `input` and `target` with what only Inspect has beside them."""
    table = is_table(source)
    return any(_is_sample(row, table) for row in first_rows(source))


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read samples. Raises ImportProblem with the line, and Stopped."""
    reading = Reading(source.name, wishes, _NAMES)
    wanted = {name for names in _NAMES.values() for name in names}
    return read_cases(reading, rows(source, wanted), NAME, lambda row: _case(row, reading))


def write(cases: Iterable[CaseDraft]) -> str:
    """Return cases as JSONL samples; what has no place in one stands in `metadata.litmus`."""
    reading = Reading("", Wishes(), _NAMES)
    lines: list[str] = []
    for case in cases:
        asked = {"role": "user", "content": case.prompt}
        answers = answers_of(case.expectation)
        metadata = {name: value for name, value in case.metadata.items() if name != LITMUS}
        row: dict[str, Any] = {
            "input": [*case.messages, asked] if case.messages else case.prompt,
            "target": answers[0] if len(answers) == 1 else answers or "",
            "metadata": metadata,
        }
        if case.key:
            row["id"] = case.key
        if beyond := extras(case, _case(row, reading)):
            row["metadata"] = {**metadata, LITMUS: beyond}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def case_of(sample: Row) -> CaseDraft:
    """Return the case that one sample makes. Raises Refused or ExpectationError."""
    return _case(sample, Reading("", Wishes(), _NAMES))


def _is_sample(row: Row, table: bool) -> bool:
    if not {"input", "target"} <= row.keys() or row.keys() & _OURS:
        return False
    if table:
        return bool(row.keys() & _PARTICULAR)
    texts_alone = isinstance(row["input"], str) and isinstance(row["target"], str)
    return not texts_alone or bool(row.keys() & _PARTICULAR)


def _case(row: Row, reading: Reading) -> CaseDraft:
    fields = reading.fields(row)
    for name in _UNUSED:
        if not missing(fields.get(name)) and fields[name] not in ("", {}):
            reading.notes.add(f"a sample's {name} is not used; nothing is run")
    metadata = dict(record(unquoted(fields.get("metadata")), "metadata"))
    if LITMUS in metadata:
        fields[LITMUS] = metadata.pop(LITMUS)
    fields["metadata"] = metadata
    messages, prompt = _asked(fields.get("prompt"), reading.notes)
    targets = texts(fields.get("expected"), "target")
    choices = _choices(fields.get("choices"))
    if choices:
        named = _named(targets, choices)
        prompt = f"{prompt}\n\n{lettered(choices, several=len(named) > 1)}"
        expectation = _chosen(named, choices)
    else:
        expectation = any_of(targets, reading.notes)
    return reading.case(fields, prompt, expectation, messages=messages)


def _asked(value: object, notes: Notes) -> tuple[Messages, str]:
    if isinstance(value, list):
        return read_conversation(cast("list[object]", value), "input", notes)
    asked = text(value, "input")
    if not asked.strip():
        raise Refused("there is no input")
    return (), asked


def _choices(value: object) -> list[str]:
    """Return the choices: a list, or a cell that is parted at its commas, else at its spaces."""
    if missing(value):
        return []
    value = unquoted(value)
    if isinstance(value, str):
        return value.split() if "," not in value else _parted(value)
    if not isinstance(value, list):
        raise Refused(f"choices is {kind(value)}, and must be a list")
    found = texts(cast("list[object]", value), "choices")
    if len(found) > MOST:
        raise Refused(f"{len(found)} choices; there are letters and digits for {MOST}")
    return found


def _parted(cell: str) -> list[str]:
    return [part for part in re.split(r"\s*,\s*", cell.strip()) if part]


def _named(targets: list[str], choices: list[str]) -> list[str]:
    """Return the letters that the targets name together; all of them are right."""
    named: dict[str, None] = {}
    for target in targets:
        signs = signs_of(target, choices)
        if not signs:
            raise Refused(f"the target “{target}” is none of the {len(choices)} choices")
        named.update(dict.fromkeys(signs))
    return sorted(named)


def _chosen(named: list[str], choices: list[str]) -> Expectation:
    if not named:
        return Expectation()
    return Expectation(readable(named, choices), (Assertion("regex", pattern_for(named)),))
