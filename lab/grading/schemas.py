"""JSON schemas from benchmark files, checked so that none can hang the program or fetch.

jsonschema does the checking. What it does not bound is bounded here: patterns are searched
by `patterns.compiled` with its time limit, every keyword looks at the clock, since references
can double the work at each step, and a reference may only point into the schema itself.
A schema without `$schema` is read as draft 2020-12, or as draft 7 where it uses what only
that has. Of the formats, date, date-time, email, ipv4, ipv6 and uuid are checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from time import thread_time
from typing import Any, cast

from lab.grading.findings import beginning
from lab.grading.patterns import compiled
from lab.grading.strict_json import loads

SECONDS = 0.5
FORMATS = ("date", "email", "ipv4", "ipv6", "uuid")
_DATE_TIME = r"(?a)\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)"
_DATA = ("const", "enum", "default", "examples")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_REFUSED = ("unevaluatedProperties", "unevaluatedItems")
_ONLY_DRAFT_7 = ("additionalItems", "dependencies")

_ends: ContextVar[float] = ContextVar("ends")
Keyword = Callable[[Any, Any, Any, Any], Any]


class SchemaProblem(ValueError):
    """A text is no schema that can be used; the message is one sentence that says why."""


class Undecided(Exception):
    """It could not be told whether a value is as the schema says; the message says why."""


class Schema:
    """A schema that is ready to check values with. `of_lists`: it asks for a list."""

    def __init__(self, validator: Any, *, of_lists: bool) -> None:
        self._validator = validator
        self.of_lists = of_lists

    def problem(self, value: Any, seconds: float = SECONDS) -> str:
        """Return where a value is not as the schema says and why; empty when it is.

        `seconds` of processor time at most are spent. Raises Undecided after them, and where
        the schema points to what it does not hold.
        """
        from jsonschema import exceptions
        from referencing.exceptions import Unresolvable

        token = _ends.set(thread_time() + seconds)
        try:
            error = cast(Any, exceptions).best_match(self._validator.iter_errors(value))
        except TimeoutError:
            raise Undecided(f"no result within {SECONDS} s: simplify the schema") from None
        except RecursionError:
            raise Undecided("nested too deeply to check") from None
        except Unresolvable as missing:
            raise Undecided(
                f"the schema points to {beginning(str(missing.ref))}, which it lacks"
            ) from None
        finally:
            _ends.reset(token)
        return "" if error is None else _told(error)


@lru_cache(maxsize=256)
def schema(text: str) -> Schema:
    """Return the schema that a JSON text is. Raises SchemaProblem."""
    from jsonschema import FormatChecker, SchemaError, validators
    from referencing import Registry

    try:
        value = loads(text)
    except ValueError as problem:
        raise SchemaProblem(f"The schema “{beginning(text, 40)}” is not JSON: {problem}.") from None
    if not isinstance(value, dict | bool):
        raise SchemaProblem(f"A JSON schema is an object; “{beginning(text, 40)}” is none.")
    try:
        words = list(_keywords(value))
        for word, content in words:
            _refuse(word, content)
        draft = _draft(value, words)
        draft.check_schema(value, format_checker=FormatChecker(()))
    except SchemaError as problem:
        place = _place(cast(Any, problem).absolute_path)
        reason = beginning(problem.message, 120)
        raise SchemaProblem(f"The JSON schema cannot be used: {reason}{place}.") from None
    except RecursionError:
        raise SchemaProblem("The JSON schema is nested too deeply.") from None
    bounded = cast(Any, validators).extend(draft, _bounded(draft.VALIDATORS))
    nothing_else = cast(Any, Registry)()
    validator = bounded(value, registry=nothing_else, format_checker=_formats())
    return Schema(validator, of_lists=_word(value, "type") == "array")


def _word(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _keywords(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of a schema with its content, but what stands in it as plain data."""
    if isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _keywords(each)
    elif isinstance(value, dict):
        for word, content in cast("dict[str, Any]", value).items():
            yield word, content
            if word not in _DATA:
                yield from _keywords(content)


def _refuse(word: str, content: Any) -> None:
    """Raise SchemaProblem for a keyword that could fetch, or that cannot be bounded."""
    if word in _REFERENCES and isinstance(content, str) and not content.startswith("#"):
        raise SchemaProblem(
            f"The JSON schema refers to “{beginning(content, 60)}”; it may refer only to its own "
            "parts (#/…), since nothing is fetched."
        )
    if word in _REFUSED and not isinstance(content, dict | list):
        raise SchemaProblem(f"Litmus cannot check {word}; use additionalProperties or items.")
    patterns: list[Any] = [content] if word == "pattern" else []
    if word == "patternProperties" and isinstance(content, dict):
        patterns = list(cast("dict[str, Any]", content))
    for each in patterns:
        if isinstance(each, str):
            try:
                compiled(each)
            except ValueError as problem:
                raise SchemaProblem(str(problem)) from None


def _draft(value: Any, words: list[tuple[str, Any]]) -> Any:
    from jsonschema import Draft7Validator, Draft202012Validator, validators

    named = _word(value, "$schema")
    if named is not None and not isinstance(named, str):
        raise SchemaProblem("The JSON schema's $schema must be text.")
    old = any(
        word in _ONLY_DRAFT_7 or (word == "items" and isinstance(content, list))
        for word, content in words
    )
    usual: Any = Draft7Validator if old else Draft202012Validator
    return cast(Any, validators).validator_for(value, default=usual)


def _formats() -> Any:
    from jsonschema import FormatChecker

    checker = cast(Any, FormatChecker(FORMATS))
    checker.checkers = {**checker.checkers, "date-time": (_is_date_time, ())}
    return checker


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(_DATE_TIME, value) is not None


# --- keywords that cannot take for ever ------------------------------------------------


def _bounded(keywords: dict[str, Keyword]) -> dict[str, Keyword]:
    ours: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    return {name: _timed(ours.get(name, keyword)) for name, keyword in keywords.items()}


def _timed(keyword: Keyword) -> Keyword:
    def check(validator: Any, value: Any, instance: Any, whole: Any) -> Any:
        _time_left()
        return keyword(validator, value, instance, whole)

    return check


def _time_left() -> float:
    left = _ends.get() - thread_time()
    if left <= 0:
        raise TimeoutError
    return left


def _matches(pattern: str, text: str) -> bool:
    return compiled(pattern).search(text, timeout=_time_left(), concurrent=True) is not None


def _pattern(validator: Any, pattern: Any, instance: Any, whole: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield _error(f"{_shown(instance)} does not match {pattern}")


def _pattern_properties(validator: Any, value: Any, instance: Any, whole: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in value.items():
        for key, each in cast("dict[str, Any]", instance).items():
            if _matches(pattern, key):
                yield from validator.descend(each, inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, value: Any, instance: Any, whole: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    known, patterns = whole.get("properties", {}), whole.get("patternProperties", {})
    for key, each in cast("dict[str, Any]", instance).items():
        if key in known or any(_matches(pattern, key) for pattern in patterns):
            continue
        if isinstance(value, dict):
            yield from validator.descend(each, value, path=key)
        elif value is False:
            yield _error(f"{_shown(key)} is not among its properties")


def _unique_items(validator: Any, value: Any, instance: Any, whole: Any) -> Iterator[Any]:
    if value is True and isinstance(instance, list):
        items = cast("list[Any]", instance)
        if len({json.dumps(each, sort_keys=True) for each in items}) < len(items):
            yield _error("an item stands there twice")


# --- what is wrong, in words -----------------------------------------------------------


def _error(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)


def _told(error: Any) -> str:
    message: str = error.message
    # jsonschema begins with the value as Python writes it, however long it is.
    message = message.replace(repr(error.instance), _shown(error.instance), 1)
    return beginning(message, 160) + _place(error.absolute_path)


def _place(path: Any) -> str:
    """Return where something stands, as `lines[0].price` is written."""
    where = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return f" (at {beginning(where.lstrip('.'), 60)})" if where else ""


def _shown(value: Any) -> str:
    return beginning(json.dumps(value, ensure_ascii=False), 40)
