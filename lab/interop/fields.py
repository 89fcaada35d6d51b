"""The fields of a row, whatever file it comes from, as a case; and a case's parts as JSON.

- `prompt`: what is asked. The only one that must be there.
- `id`: the author's name for the case, unique in the file.
- `expected`: the expectation, typed as in the app, so that a line `contains: x` is an
  assertion; of a list any one will do.
- `assert` (a list of `{"type", "value", "tolerance", "weight", "threshold"}`) and the
  `threshold` of their score.
- `tags` (a list, or text parted by `;` or `,`) and `split` (`test` or `train`).
- `evidence` (a list of `{"document", "page", "start", "end", "quote"}`).
- `messages` (earlier turns, a list of `{"role", "content"}`).
- `metadata` (an object): kept as it is.
- `litmus` (an object): what a format has no place for, see `extras`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from lab.grading.assertions import kind_of, parse_lines, validate
from lab.grading.lists import join_list
from lab.interop.files import Refused
from lab.interop.values import kind, literal, record, text, texts
from store.records import (
    SPLITS,
    Assertion,
    CaseDocument,
    CaseDraft,
    Evidence,
    Expectation,
    Split,
)

PARTS = {
    "assert": frozenset(("type", "value", "tolerance", "weight", "threshold")),
    "evidence": frozenset(("document", "page", "start", "end", "quote")),
    "messages": frozenset(("role", "content")),
    "documents": frozenset(("name", "sha256", "used", "pages")),
}
ROLES = ("system", "developer", "user", "assistant")
LITMUS = "litmus"
_HUGE = 1e300

Fields = Mapping[str, object]
Unknown = dict[str, None]
Read = TypeVar("Read")


def read_case(fields: Fields, unknown: Unknown) -> CaseDraft:
    """Return the case that a row's fields make; keys of its parts without a use are noted.

    Raises Refused or ExpectationError with the reason.
    """
    prompt = fields.get("prompt")
    if prompt is None:
        raise Refused("there is no prompt (or input, question, text)")
    if not isinstance(prompt, str):
        raise Refused(f"prompt is {kind(prompt)}, and must be text")
    if not prompt or prompt.isspace():
        raise Refused("the prompt is empty")
    key = fields.get("id")
    if key is not None:
        key = (key if isinstance(key, str) else _no_bool(key, "id")).strip()
    draft = CaseDraft(
        prompt,
        key or "",
        _expectation(fields, unknown),
        _each(fields, "messages", _message, unknown),
        _each(fields, "evidence", _evidence, unknown),
        _tags(fields.get("tags")),
        _split(fields.get("split")),
        record(fields.get("metadata"), "metadata"),
    )
    beyond = fields.get(LITMUS)
    return with_extras(draft, _record(beyond)) if beyond else draft


def extras(case: CaseDraft, read_back: CaseDraft | None = None) -> dict[str, Any]:
    """Return, as JSON-ready values, the parts of a case that a format has no place for.

    They are those in which the case differs from `read_back`, the case that the format's
    reader makes of the rest of what is written; without one, from a case that has nothing
    but the same prompt. `with_extras` puts them back.
    """
    there = _parts(read_back or CaseDraft(case.prompt))
    return {name: value for name, value in _parts(case).items() if value != there[name]}


def with_extras(draft: CaseDraft, given: Fields) -> CaseDraft:
    """Return a draft with the parts that `extras` gave. Raises Refused or ExpectationError."""
    unknown: Unknown = {}
    expectation, changes = draft.expectation, dict[str, Any]()
    if "text" in given:
        expectation = replace(expectation, text=text(given["text"], "text"))
    if "assert" in given:
        assertions = _each(given, "assert", _assertion, unknown)
        expectation = replace(expectation, assertions=assertions)
    if "threshold" in given:
        expectation = replace(expectation, threshold=_threshold(given))
    if "prompt" in given and text(given["prompt"], "prompt").strip():
        changes["prompt"] = given["prompt"]
    if "id" in given:
        changes["key"] = text(given["id"], "id")
    if "messages" in given:
        changes["messages"] = _each(given, "messages", _message, unknown)
    if "evidence" in given:
        changes["evidence"] = _each(given, "evidence", _evidence, unknown)
    if "tags" in given:
        changes["tags"] = tuple(texts(given["tags"], "tags"))
    if "split" in given:
        changes["split"] = _split(given["split"])
    if "metadata" in given:
        changes["metadata"] = record(given["metadata"], "metadata")
    if "documents" in given:
        changes["documents"] = _each(given, "documents", _document, unknown)
    return replace(draft, expectation=expectation, **changes)


def _parts(case: CaseDraft) -> dict[str, Any]:
    content = case.content()
    return {
        "prompt": case.prompt,
        "id": case.key,
        "text": case.expectation.text,
        "assert": [each.content() for each in case.expectation.assertions],
        "threshold": case.expectation.threshold,
        "messages": list(case.messages),
        "evidence": list(content["evidence"]),
        "tags": list(case.tags),
        "split": case.split,
        "metadata": case.metadata,
        "documents": list(content.get("documents", [])),
    }


def _record(value: object) -> Fields:
    return record(literal(value) if isinstance(value, str) else value, LITMUS)


# --- the parts of a case -------------------------------------------------------------


def _expectation(fields: Fields, unknown: Unknown) -> Expectation:
    expected = fields.get("expected")
    if isinstance(expected, str):
        typed = parse_lines(expected)
    elif isinstance(expected, list):
        typed = _any_of(texts(cast("list[object]", expected), "expected"))
    else:
        typed = Expectation(text(expected, "expected").strip())
    if "assert" not in fields and "threshold" not in fields:
        return typed
    listed = _each(fields, "assert", _assertion, unknown)
    return Expectation(typed.text, typed.assertions + listed, _threshold(fields))


def _any_of(answers: list[str]) -> Expectation:
    if len(answers) < 2:
        return Expectation(answers[0].strip() if answers else "")
    return Expectation("", (Assertion("icontains-any", join_list(answers)),))


def _assertion(fields: Fields) -> Assertion:
    type = _needed(fields, "type", "an assertion")
    kind_of(type)  # of an unknown type the rest would be unknown too, so it is named first
    assertion = Assertion(
        type,
        _value(fields.get("value")),
        _number(fields, "tolerance", 0.0),
        _number(fields, "weight", 1.0),
        _threshold(fields),
    )
    validate(assertion)
    return assertion


def _value(value: object) -> str:
    """Return what an assertion looks for as text: a list on one line, an object as JSON."""
    if isinstance(value, list):
        return join_list(texts(cast("list[object]", value), "value"))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return text(value, "value")


def _threshold(fields: Fields) -> float | None:
    return None if fields.get("threshold") is None else _number(fields, "threshold", 0.0)


def _message(fields: Fields) -> dict[str, str]:
    role = _needed(fields, "role", "a message")
    if role not in ROLES:
        raise Refused(f"a message's role is “{role}”, and must be one of {', '.join(ROLES)}")
    return {"role": role, "content": _needed(fields, "content", "a message")}


def _evidence(fields: Fields) -> Evidence:
    start, end = _count(fields, "start"), _count(fields, "end")
    if start is not None and end is not None and end < start:
        raise Refused(f"evidence ends at {end}, before its start at {start}")
    if (page := _count(fields, "page")) == 0:
        raise Refused("page is 0, and pages count from 1")
    document = _needed(fields, "document", "evidence")
    return Evidence(document, page, start, end, text(fields.get("quote"), "quote"))


def _document(fields: Fields) -> CaseDocument:
    used = fields.get("used", True)
    if not isinstance(used, bool):
        raise Refused(f"used is {kind(used)}, and must be true or false")
    name, pages = _needed(fields, "name", "a document"), text(fields.get("pages"), "pages")
    return CaseDocument(name, text(fields.get("sha256"), "sha256"), used, pages)


def _tags(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str):
        parts = value.replace(";", ",").split(",")
    elif isinstance(value, list):
        parts = cast("list[object]", value)
    else:
        raise Refused(f"tags is {kind(value)}, and must be a list or text")
    tags: dict[str, None] = {}
    for part in parts:
        if not isinstance(part, str):
            raise Refused(f"a tag is {kind(part)}, and must be text")
        tags[part.strip()] = None
    tags.pop("", None)
    return tuple(tags)


def _split(value: object) -> Split:
    if value is None:
        return "test"
    split = value if isinstance(value, str) else _no_bool(value, "split")
    if split not in SPLITS:
        split = split.strip().lower() or "test"
    if split not in SPLITS:
        raise Refused(f"split is “{split}”, and must be test or train")
    return split


# --- one value -----------------------------------------------------------------------


def _no_bool(value: object, name: str) -> str:
    if isinstance(value, bool):
        raise Refused(f"{name} is {kind(value)}, and must be text or a number")
    return text(value, name)


def _needed(fields: Fields, name: str, owner: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{owner} needs a text as its {name}")
    return value


def _number(fields: Fields, name: str, usual: float) -> float:
    value = fields.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is {kind(value)}, and must be a number")
    if not -_HUGE < value < _HUGE:  # NaN is not, either
        raise Refused(f"{name} must be a number that is not endless")
    return float(value)


def _count(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refused(f"{name} must be a whole number from 0 on")
    return value


def _each(
    fields: Fields, name: str, read: Callable[[Fields], Read], unknown: Unknown
) -> tuple[Read, ...]:
    """Read every object of a list; note their keys that have no use, as `name.key`."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused(f"{name} is {kind(value)}, and must be a list of objects")
    found: list[Read] = []
    for each in cast("list[object]", value):
        if not isinstance(each, dict):
            raise Refused(f"{name} holds {kind(each)}, and must hold objects")
        row = cast("dict[str, object]", each)
        if not row.keys() <= PARTS[name]:
            unknown.update({f"{name}.{key}": None for key in row if key not in PARTS[name]})
        found.append(read(row))
    return tuple(found)
