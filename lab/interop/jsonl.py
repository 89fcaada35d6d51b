"""Benchmarks as JSONL, or as a JSON list of objects: one object is one case.

`lab.interop.fields` says which keys an object can have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lab.grading.assertions import format_lines
from lab.interop.columns import Columns, choose
from lab.interop.fields import LITMUS, extras, read_case
from lab.interop.files import ImportProblem, at, is_jsonl, objects
from lab.interop.own import read_own
from lab.interop.reading import Reading
from lab.interop.source import ImportResult, Source, Wishes
from store.records import CaseDraft, Expectation

NAME = "jsonl"
TITLE = "JSONL"

FIELDS = (
    *("prompt", "id", "expected", "assert", "threshold", "messages", "evidence", "context"),
    *("tags", "split", "metadata", LITMUS),
)


def matches(source: Source) -> bool:
    """Tell JSON by the first character, else by the file's name."""
    return is_jsonl(source.text, source.name)


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a benchmark from JSONL. Raises ImportProblem, naming the line, or Stopped."""
    reading = Reading(
        source.name, wishes, {}, about=max(source.text.count(end) for end in "\n\r") + 1
    )
    plans: dict[tuple[str, ...], Columns | None] = {}
    columns: dict[tuple[str, str], None] = {}

    def rows() -> Iterator[tuple[int, dict[str, object]]]:
        for line, row in objects(source.text, source.name):
            keys = tuple(row)
            if keys not in plans:
                plan = choose(keys, FIELDS, wishes.columns)
                if "prompt" in wishes.columns and "prompt" not in dict(plan.places):
                    named = wishes.columns["prompt"]
                    at(line, source.name, f"there is no “{named}” to take the prompt from")
                reading.unknown.update({keys[place]: None for place in plan.unused})
                columns.update(dict.fromkeys(plan.used(keys)))
                plans[keys] = None if _is_plain(plan, keys) else plan
            plan = plans[keys]
            yield line, row if plan is None else plan.fields(tuple(row.values()))

    result = read_own(reading, rows(), NAME)
    _refuse_unfound(source, wishes, plans)
    return replace(result, columns=tuple(columns))


def write(cases: Iterable[CaseDraft]) -> str:
    """Return cases as JSONL that `read` reads back as the same cases."""
    return "".join(json.dumps(_row(case), ensure_ascii=False) + "\n" for case in cases)


def _row(case: CaseDraft) -> dict[str, Any]:
    content = case.content()
    text = format_lines(Expectation(case.expectation.text))
    values: dict[str, Any] = {
        "id": case.key,
        "prompt": case.prompt,
        "expected": text,
        "assert": [each.content() for each in case.expectation.assertions],
        "threshold": case.expectation.threshold,
        "messages": list(case.messages),
        "evidence": content["evidence"],
        "tags": list(case.tags),
        "metadata": case.metadata,
    }
    kept = {name: value for name, value in values.items() if value or value == 0}
    row = {**kept, "split": case.split}
    beyond = extras(case, read_case(row, {}))
    return {**row, LITMUS: beyond} if beyond else row


def _is_plain(plan: Columns, keys: tuple[str, ...]) -> bool:
    """Tell whether a row's own names are the fields', so that it can be read as it is."""
    return not plan.metadata and all(field == keys[place] for field, place in plan.places)


def _refuse_unfound(source: Source, wishes: Wishes, rows: Iterable[tuple[str, ...]]) -> None:
    """Raise ImportProblem for a mapped key that no object has."""
    there = {key.strip().casefold() for keys in rows for key in keys}
    for field, key in wishes.columns.items():
        if key.strip().casefold() not in there:
            raise ImportProblem(
                f"{source.name} has no key “{key}” to take {field} from; it has "
                f"{', '.join(sorted(there)[:20])}."
            )
