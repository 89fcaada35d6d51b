"""Answers in CSV, TSV, JSONL or a JSON list, one a row.

Fields, with the names that are read as the same:

- `answer` (`output`, `response`, `completion`, `actual_output`, `prediction`): what the model
  said. Where `answer` stands beside one of the others nobody can tell which it is: refused.
- `id` (`case`, `case_id`) or `prompt` (`input`, `question`, `text`, `user_input`, `query`).
- `expected` (`expected_output`, `ideal`, `target`, `reference`, `ground_truth`) of a new case.
- `model`, `rung`, `provider`, `system` (`system_prompt`), `resolved_model`, `epoch`.
- `label` (`verdict`, `human_label`), with `reason` and `note` as in a file of labels.
- `cost_usd` (`cost`), `latency_s` or `latency_ms` (`duration_s`, `duration_ms`),
  `first_token_s`, `prompt_tokens` (`input_tokens`), `completion_tokens` (`output_tokens`),
  `reasoning`, `finish_reason`.
- `error`: why there is no answer; in JSONL also `messages`, the turns before the prompt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from lab.grading.assertions import ExpectationError, parse_lines
from lab.interop.answers import AnswerFile, AnswerRow, refuse
from lab.interop.files import Refused, at, objects, same_ends, table
from lab.interop.formulas import unguarded
from lab.interop.labels import REASONS, verdict_of
from lab.interop.source import Source
from lab.interop.values import kind, missing, text
from store.records import RUNGS, Expectation, Rung, Usage

ANSWERS = ("answer", "output", "response", "completion", "actual_output", "prediction")
_SAME: dict[str, tuple[str, ...]] = {
    "answer": ANSWERS,
    "id": ("id", "case", "case_id"),
    "prompt": ("prompt", "input", "question", "text", "user_input", "query"),
    "expected": (
        "expected",
        "expected_output",
        "ideal",
        "target",
        "reference",
        "ground_truth",
    ),
    "label": ("label", "verdict", "human_label"),
    "system": ("system", "system_prompt"),
    "cost_usd": ("cost_usd", "cost"),
    "latency_s": ("latency_s", "duration_s"),
    "latency_ms": ("latency_ms", "duration_ms"),
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
}
_PLAIN = ("model", "provider", "resolved_model", "reason", "note", "reasoning", "finish_reason")
_FIELDS = (*_SAME, *_PLAIN, "rung", "epoch", "first_token_s", "error")
_ROLES = ("system", "developer", "user", "assistant")

Fields = Mapping[str, object]


def read_rows(source: Source, *, lined: bool) -> AnswerFile:
    """Read a file of rows, `lined` where they are JSON. Raises ImportProblem, with the line."""
    unknown: dict[str, None] = {}
    rows: list[AnswerRow] = []
    for line, fields in (_objects if lined else _cells)(source, unknown):
        try:
            rows.append(_row(f"line {line}", fields))
        except (Refused, ExpectationError) as problem:
            refuse(f"line {line}", source.name, str(problem).rstrip("."))
    return AnswerFile(source.name, "jsonl" if lined else "csv", tuple(rows), tuple(unknown))


def _objects(source: Source, unknown: dict[str, None]) -> Iterator[tuple[int, Fields]]:
    plans: dict[tuple[str, ...], dict[str, str]] = {}
    for line, row in objects(source.text, source.name):
        keys = tuple(row)
        if keys not in plans:
            plan = _plan(keys, (*_FIELDS, "messages"), unknown, line, source.name)
            plans[keys] = {field: keys[place] for field, place in plan.items()}
        yield line, {field: row[key] for field, key in plans[keys].items()}


def _cells(source: Source, unknown: dict[str, None]) -> Iterator[tuple[int, Fields]]:
    wanted = {*_FIELDS, *(each for names in _SAME.values() for each in names)}
    header, rows = table(same_ends(source.text), source.name, wanted)
    plan = _plan(header, _FIELDS, unknown, 1, source.name)
    if "answer" not in plan:
        at(1, source.name, f"no column is named answer (or {', '.join(ANSWERS[1:])})")
    if not plan.keys() & {"id", "prompt"}:
        at(1, source.name, "no column is named id or prompt, so no answer has a question")
    for line, cells in rows:
        here = {field: place for field, place in plan.items() if place < len(cells)}
        yield line, {field: unguarded(cells[place]) for field, place in here.items()}


def _plan(
    names: Sequence[str], fields: Sequence[str], unknown: dict[str, None], line: int, file: str
) -> dict[str, int]:
    """Return where each field stands among a row's names; note the names without a use."""
    folded = [name.strip().casefold() for name in names]
    plan: dict[str, int] = {}
    for field in fields:
        here = [name for name in _SAME.get(field, (field,)) if name in folded]
        if field == "answer" and here[:1] == ["answer"] and len(here) > 1:
            at(line, file, f"answer and {here[1]} are both there; call what is right expected")
        if here:
            plan[field] = folded.index(here[0])
    used = set(plan.values())
    unknown.update({name: None for place, name in enumerate(names) if name and place not in used})
    return plan


def _row(where: str, fields: Fields) -> AnswerRow:
    """Return the answer that a row's fields make. Raises Refused or ExpectationError."""

    def plain(name: str) -> str:
        return text(fields.get(name), name)

    error, answer = plain("error").strip(), fields.get("answer")
    if missing(answer) and not error:
        raise Refused(f"there is no answer (or {', '.join(ANSWERS[1:])}), nor an error")
    key, prompt = plain("id").strip(), plain("prompt")
    if not key and not prompt.strip():
        raise Refused("there is neither an id nor a prompt")
    label, reason = plain("label").strip(), plain("reason").strip().lower()
    verdict = verdict_of(label)
    if label and verdict is None:
        raise Refused(f"label is “{label}”, and must be pass, partial or fail (or y, p, n)")
    if reason not in REASONS:
        raise Refused(f"reason is “{reason}”, and must be m, f or r, or empty")
    return AnswerRow(
        where=where,
        answer=None if missing(answer) else text(answer, "answer"),
        key=key,
        prompt=prompt,
        messages=_messages(fields.get("messages")),
        expectation=_expectation(fields.get("expected")),
        rung=_rung(plain("rung")),
        provider=plain("provider").strip(),
        model=plain("model").strip(),
        resolved_model=plain("resolved_model").strip(),
        system=plain("system"),
        epoch=_epoch(fields.get("epoch")),
        label=verdict,
        label_reason=reason,
        note=plain("note"),
        reasoning=plain("reasoning"),
        usage=Usage(_tokens(fields, "prompt_tokens"), _tokens(fields, "completion_tokens")),
        cost_usd=_amount(fields, "cost_usd"),
        first_token_s=_amount(fields, "first_token_s"),
        latency_s=_latency(fields),
        finish_reason=plain("finish_reason"),
        error="" if answer else error,
    )


def _expectation(value: object) -> Expectation:
    if isinstance(value, str):
        return parse_lines(value)
    return Expectation(text(value, "expected").strip())


def _rung(typed: str) -> Rung | None:
    rung = typed.strip().lower()
    if rung and rung not in RUNGS:
        raise Refused(f"rung is “{rung}”, and must be one of {', '.join(RUNGS)}")
    return rung or None


def _epoch(value: object) -> int | None:
    number = _number(value, "epoch")
    if number is None:
        return None
    if not number.is_integer() or not 1 <= number <= 1_000_000:
        raise Refused("epoch must be a whole number from 1 on")
    return int(number)


def _tokens(fields: Fields, name: str) -> int | None:
    number = _amount(fields, name)
    if number is not None and not number.is_integer():
        raise Refused(f"{name} is {number:g}, and must be a whole number")
    return None if number is None else int(number)


def _latency(fields: Fields) -> float | None:
    milliseconds = _amount(fields, "latency_ms")
    seconds = _amount(fields, "latency_s")
    return milliseconds / 1000 if seconds is None and milliseconds is not None else seconds


def _amount(fields: Fields, name: str) -> float | None:
    """Return a number from 0 on; None where there is none, which is not 0."""
    number = _number(fields.get(name), name)
    if number is not None and number < 0:
        raise Refused(f"{name} is {number:g}, and must be 0 or more")
    return number


def _number(value: object, name: str) -> float | None:
    if missing(value):
        return None
    typed = value.strip().removeprefix("$") if isinstance(value, str) else value
    if typed == "" or (isinstance(typed, str) and typed.lower() in ("nan", "null", "none")):
        return None
    if isinstance(typed, bool) or not isinstance(typed, str | int | float):
        raise Refused(f"{name} is {kind(value)}, and must be a number")
    try:
        number = float(typed)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"{name} is “{str(typed)[:40]}”, and must be a number")
    return number


def _messages(value: object) -> tuple[dict[str, str], ...]:
    if missing(value):
        return ()
    if not isinstance(value, list):
        raise Refused(f"messages is {kind(value)}, and must be a list of turns")
    found: list[dict[str, str]] = []
    for item in cast("list[object]", value):
        turn = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        role, content = turn.get("role"), turn.get("content")
        if role not in _ROLES or not isinstance(content, str):
            raise Refused("messages must hold turns, each with a role and a text as its content")
        found.append({"role": role, "content": content})
    return tuple(found)
