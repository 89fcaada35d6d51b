"""Checks of answers that are JSON, or hold some."""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import thread_time
from typing import Any

from lab.grading.findings import ExpectationError, Finding, Given, beginning
from lab.grading.schemas import SECONDS, Schema, SchemaProblem, Undecided, schema
from lab.grading.strict_json import DECODER, loads
from store.records import Assertion

# Only what can begin an object or a list is tried, since each try may read to the end.
_OBJECT = r'\{(?=\s{0,200}["}])'
_OBJECT_OR_LIST = r'\{(?=\s{0,200}["}])|\[(?=\s{0,200}[]\[{"\-0-9tfn])'


def is_json(assertion: Assertion, given: Given) -> Finding:
    """Read the whole answer as JSON, and hold it against a schema where there is one."""
    try:
        value = loads(given.text)
    except ValueError as problem:
        return Finding(False, f"not JSON ({problem}): {beginning(given.text)}")
    if not assertion.value.strip():
        return Finding(True, beginning(given.text))
    return _against(wanted_schema(assertion.value), [value], given.text, SECONDS)


def contains_json(assertion: Assertion, given: Given) -> Finding:
    """Look for a JSON object anywhere in the answer; with a schema for one that it allows.

    A list counts only where the schema asks for one, since any `[1]` is a list.
    """
    began = thread_time()
    held = wanted_schema(assertion.value) if assertion.value.strip() else None
    opening = _OBJECT_OR_LIST if held is not None and held.of_lists else _OBJECT
    values = _values_in(given.text, opening, began + SECONDS)
    try:
        if held is None:
            if next(values, None) is None:
                return Finding(False, f"no JSON object: {beginning(given.text)}")
            return Finding(True, beginning(given.text))
        left = SECONDS - (thread_time() - began)
        return _against(held, values, given.text, left)
    except Undecided as problem:
        return Finding(None, str(problem))


def wanted_schema(text: str) -> Schema:
    """Return the schema that a value is. Raises ExpectationError."""
    try:
        return schema(text)
    except SchemaProblem as problem:
        raise ExpectationError(str(problem)) from None


def _against(held: Schema, values: Any, text: str, seconds: float) -> Finding:
    """Hold values against a schema: found with the first that it allows."""
    ends = thread_time() + seconds
    nearest = f"no JSON: {beginning(text)}"
    try:
        for value in values:
            problem = held.problem(value, ends - thread_time())
            if not problem:
                return Finding(True, beginning(text))
            nearest = problem
    except Undecided as problem:
        return Finding(None, str(problem))
    return Finding(False, nearest)


def _values_in(text: str, opening: str, ends: float) -> Iterator[Any]:
    """Yield the JSON values in a text at the places where a pattern says they may begin."""
    at, begins = 0, re.compile(opening)
    while match := begins.search(text, at):
        at = match.start()
        if thread_time() > ends:
            raise Undecided(f"no result within {SECONDS} s")
        try:
            value, after = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield value
        # What is in a list may be what is looked for; what is in an object is a part of it.
        at = at + 1 if text[at] == "[" else after
