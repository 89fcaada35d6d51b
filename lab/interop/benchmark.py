"""Benchmarks as JSONL, CSV or TSV files: read whole or refused whole, and written as JSONL.

Fields, with the names that are read as the same:

- `prompt` (`input`, `question`, `text`): what is asked. The only one that must be there.
- `id`: the author's name for the case, unique in the file.
- `expected` (`expected_output`, `ideal`, `target`, `answer`, `reference`): the expectation,
  typed as in the app, so that a line `contains: x` is an assertion.
- `tags` (a list, or text parted by `;` or `,`) and `split` (`test` or `train`).
- in JSONL also `assert` (a list of `{"type", "value", "tolerance"}`), `evidence` (a list of
  `{"document", "page", "start", "end", "quote"}`) and `messages` (earlier turns, a list of
  `{"role", "content"}`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from lab.grading.assertions import (
    ExpectationError,
    format_lines,
    kind_of,
    parse_lines,
    validate,
)
from lab.interop.files import ImportProblem, Refused, at, is_jsonl, objects, read_text, table
from store.records import SPLITS, Assertion, CaseDraft, Evidence, Expectation, Split

_SAME: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "input", "question", "text"),
    "expected": ("expected", "expected_output", "ideal", "target", "answer", "reference"),
}
_TABLE_FIELDS = ("prompt", "id", "expected", "tags", "split")
_PARTS = {
    "assert": {"type", "value", "tolerance"},
    "evidence": {"document", "page", "start", "end", "quote"},
    "messages": {"role", "content"},
}
_JSON_FIELDS = (*_TABLE_FIELDS, *_PARTS)
_ROLES = ("system", "developer", "user", "assistant")

Fields = Mapping[str, object]
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The cases of a file, and the names of its columns or keys that were not used."""

    cases: tuple[CaseDraft, ...]
    unknown: tuple[str, ...]


def read_benchmark(path: Path) -> ImportResult:
    """Read a benchmark file. JSONL or a table is told from its content and name.

    Raises ImportProblem, naming the line, for anything that cannot be used; nothing is
    imported in part.
    """
    return parse_benchmark(read_text(path), path.name)


def parse_benchmark(text: str, name: str) -> ImportResult:
    """Read a benchmark from the text of the file `name`; see `read_benchmark`."""
    unknown: dict[str, None] = {}
    read = _from_jsonl if is_jsonl(text, name) else _from_table
    cases: list[CaseDraft] = []
    seen: dict[str, int] = {}
    for line, fields in read(text, name, unknown):
        try:
            case = _case(fields, unknown)
        except (Refused, ExpectationError) as problem:
            at(line, name, str(problem).rstrip("."))
        if case.key and seen.setdefault(case.key, line) != line:
            at(line, name, f"the id “{case.key}” was used in line {seen[case.key]} already")
        cases.append(case)
    if not cases:
        raise ImportProblem(f"{name} holds no cases, only a header.")
    return ImportResult(tuple(cases), tuple(unknown))


def write_jsonl(cases: Iterable[CaseDraft]) -> str:
    """Return cases as JSONL that `read_benchmark` reads back as the same cases."""
    return "".join(json.dumps(_row(case), ensure_ascii=False) + "\n" for case in cases)


def _row(case: CaseDraft) -> dict[str, Any]:
    text = format_lines(Expectation(case.expectation.text))
    row: dict[str, Any] = {
        "id": case.key,
        "prompt": case.prompt,
        "expected": text,
        "assert": [asdict(each) for each in case.expectation.assertions],
        "messages": list(case.messages),
        "evidence": [asdict(each) for each in case.evidence],
        "tags": list(case.tags),
    }
    return {**{name: value for name, value in row.items() if value}, "split": case.split}


# --- rows with the names that we use -------------------------------------------------


def _from_jsonl(
    text: str, name: str, unknown: dict[str, None]
) -> Iterator[tuple[int, dict[str, object]]]:
    plans: dict[tuple[str, ...], dict[str, str] | None] = {}
    for line, row in objects(text, name):
        keys = tuple(row)
        if keys not in plans:
            plan = {field: keys[place] for field, place in _plan(keys, _JSON_FIELDS, unknown)}
            plans[keys] = plan if any(field != key for field, key in plan.items()) else None
        plan = plans[keys]
        yield line, row if plan is None else {field: row[key] for field, key in plan.items()}


def _from_table(
    text: str, name: str, unknown: dict[str, None]
) -> Iterator[tuple[int, dict[str, object]]]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    wanted = {*_TABLE_FIELDS, *(each for names in _SAME.values() for each in names)}
    header, rows = table(text, name, wanted)
    plan = _plan(header, _TABLE_FIELDS, unknown)
    if "prompt" not in dict(plan):
        at(1, name, "no column is named prompt (or input, question, text)")
    for line, cells in rows:
        yield line, {field: cells[place] for field, place in plan if place < len(cells)}


def _plan(
    names: Sequence[str], fields: Collection[str], unknown: dict[str, None]
) -> list[tuple[str, int]]:
    """Return where each field stands among a row's names; note the names without a use.

    Of several names for one field the first in the order of `_SAME` is used.
    """
    folded = [name.strip().casefold() for name in names]
    plan: list[tuple[str, int]] = []
    for field in fields:
        known = next((name for name in _SAME.get(field, (field,)) if name in folded), None)
        if known is not None:
            plan.append((field, folded.index(known)))
    used = {place for _, place in plan}
    unknown.update({name: None for place, name in enumerate(names) if name and place not in used})
    return plan


# --- one case ------------------------------------------------------------------------


def _case(fields: Fields, unknown: dict[str, None]) -> CaseDraft:
    """Return the case that a row's fields make. Raises Refused or ExpectationError."""
    prompt = fields.get("prompt")
    if prompt is None:
        raise Refused("there is no prompt (or input, question, text)")
    if not isinstance(prompt, str):
        raise Refused(f"prompt is {_kind(prompt)}, and must be text")
    if not prompt or prompt.isspace():
        raise Refused("the prompt is empty")
    return CaseDraft(
        prompt=prompt,
        key=_text(fields, "id").strip(),
        expectation=_expectation(fields, unknown),
        messages=_each(fields, "messages", _message, unknown),
        evidence=_each(fields, "evidence", _evidence, unknown),
        tags=_tags(fields.get("tags")),
        split=_split(fields),
    )


def _expectation(fields: Fields, unknown: dict[str, None]) -> Expectation:
    typed = parse_lines(_text(fields, "expected"))
    listed = _each(fields, "assert", _assertion, unknown)
    return Expectation(typed.text, typed.assertions + listed) if listed else typed


def _assertion(fields: Fields) -> Assertion:
    kind = _needed(fields, "type", "an assertion")
    kind_of(kind)  # of an unknown type the rest would be unknown too, so it is named first
    tolerance = 0.0 if fields.get("tolerance") is None else fields["tolerance"]
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float):
        raise Refused(f"tolerance is {_kind(tolerance)}, and must be a number")
    assertion = Assertion(kind, _text(fields, "value"), float(tolerance))
    validate(assertion)
    return assertion


def _message(fields: Fields) -> dict[str, str]:
    role = _needed(fields, "role", "a message")
    if role not in _ROLES:
        raise Refused(f"a message's role is “{role}”, and must be one of {', '.join(_ROLES)}")
    return {"role": role, "content": _needed(fields, "content", "a message")}


def _evidence(fields: Fields) -> Evidence:
    start, end = _count(fields, "start"), _count(fields, "end")
    if start is not None and end is not None and end < start:
        raise Refused(f"evidence ends at {end}, before its start at {start}")
    if (page := _count(fields, "page")) == 0:
        raise Refused("page is 0, and pages count from 1")
    document = _needed(fields, "document", "evidence")
    return Evidence(document, page, start, end, _text(fields, "quote"))


def _tags(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str):
        parts = value.replace(";", ",").split(",")
    elif isinstance(value, list):
        parts = cast("list[object]", value)
    else:
        raise Refused(f"tags is {_kind(value)}, and must be a list or text")
    tags: dict[str, None] = {}
    for part in parts:
        if not isinstance(part, str):
            raise Refused(f"a tag is {_kind(part)}, and must be text")
        tags[part.strip()] = None
    tags.pop("", None)
    return tuple(tags)


def _split(fields: Fields) -> Split:
    split = _text(fields, "split")
    if split not in SPLITS:
        split = split.strip().lower() or "test"
    if split not in SPLITS:
        raise Refused(f"split is “{split}”, and must be test or train")
    return split


# --- one value -----------------------------------------------------------------------


def _text(fields: Fields, name: str) -> str:
    """Return a text, or a number as text; empty where there is none."""
    value = fields.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is {_kind(value)}, and must be text or a number")
    return str(value)


def _needed(fields: Fields, name: str, owner: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{owner} needs a text as its {name}")
    return value


def _count(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refused(f"{name} must be a whole number from 0 on")
    return value


def _each(
    fields: Fields, name: str, read: Callable[[Fields], Read], unknown: dict[str, None]
) -> tuple[Read, ...]:
    """Read every object of a list; note their keys that have no use, as `name.key`."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused(f"{name} is {_kind(value)}, and must be a list of objects")
    found: list[Read] = []
    for each in cast("list[object]", value):
        if not isinstance(each, dict):
            raise Refused(f"{name} holds {_kind(each)}, and must hold objects")
        row = cast("dict[str, object]", each)
        if not row.keys() <= _PARTS[name]:
            unknown.update({f"{name}.{key}": None for key in row if key not in _PARTS[name]})
        found.append(read(row))
    return tuple(found)


def _kind(value: object) -> str:
    """Return what a JSON value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
