"""Answers that are JSON or hold some, and schemas that would do harm."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from lab.grading.assertions import Check, ExpectationError, grade, validate
from store.records import Assertion, Expectation

INVOICE: dict[str, Any] = {
    "type": "object",
    "required": ["number", "lines"],
    "properties": {
        "number": {"type": "integer"},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"price": {"type": "number"}}},
        },
    },
    "additionalProperties": False,
}
GOOD = '{"number": 7.0, "lines": [{"price": 1}, {"price": 2.5}]}'


def check(type: str, value: object, answer: str) -> Check:
    text = value if isinstance(value, str) else json.dumps(value)
    result = grade(Expectation("", (Assertion(type, text),)), answer)
    assert result is not None
    return result.checks[0]


@pytest.mark.parametrize(
    ("type", "value", "good", "bad"),
    [
        ("is-json", "", ' {"a": [1, null]}\n', '{"a": 1} so'),
        ("is-json", "", "17", "NaN"),
        ("is-json", INVOICE, GOOD, '{"number": 7}'),
        ("json-schema", INVOICE, GOOD, "{}"),
        ("not-is-json", "", "plain words", "[]"),
        ("not-is-json", INVOICE, "{}", GOOD),
        ("contains-json", "", 'Here: {"a": {"b": 1}}.', "see [1] and {this}"),
        ("contains-json", INVOICE, f'First {{"x": 1}}, then\n```json\n{GOOD}\n```', '{"x": 1}'),
        ("contains-json", {"type": "array", "minItems": 2}, "so [1, 2]", "so [1]"),
        ("contains-json", {"required": ["b"]}, '[{"a": 1}, {"b": 2}]', '[{"a": {"b": 1}}]'),
        ("not-contains-json", "", "none {", "one {}"),
        ("is-json", {"format": "date-time"}, '"2024-01-01T10:00:00Z"', '"2024-01-01"'),
        ("is-json", {"items": [{"type": "number"}]}, "[1]", '["x"]'),
        ("is-json", {"properties": {"$schema": {"type": "null"}}}, "{}", '{"$schema": 1}'),
        ("is-json", {"uniqueItems": True}, '[1, true, {"a": 1}]', '[{"a": 1}, {"a": 1.0}]'),
        ("is-json", {"patternProperties": {"^x": {"type": "null"}}}, '{"y": 1}', '{"xy": 1}'),
        ("is-json", {"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, "null", "1"),
        ("equals", '{"a": 1, "b": [true]}', '{"b":[true],"a":1.0}', '{"b": [1], "a": 1}'),
        ("equals", "[1, 2]", "[1,2]", "[2, 1]"),
        ("equals", "{not json}", " {not json}", "{not  json}"),
    ],
)
def test_json_is_held_against_what_is_expected(
    type: str, value: object, good: str, bad: str
) -> None:
    assert check(type, value, good).passed
    assert not check(type, value, bad).passed


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        ("no", "not JSON (expecting value, line 1): no"),
        ('{"number": 7}', "'lines' is a required property"),
        (
            '{"number": 7, "lines": [{}, {"price": "x"}]}',
            "\"x\" is not of type 'number' (at lines[1].price)",
        ),
        ('{"number": 7, "lines": [], "paid": true}', '"paid" is not among its properties'),
        ('{"number": "%s", "lines": []}' % ("9" * 500), "… is not of type 'integer' (at number)"),
    ],
)
def test_a_failed_schema_names_the_place_and_the_reason(answer: str, got: str) -> None:
    assert check("is-json", INVOICE, answer).got.endswith(got)
    assert len(check("is-json", INVOICE, answer).got) < 250


_DOUBLING = {
    "$ref": "#/$defs/a0",
    "$defs": {
        **{f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(60)},
        "a60": {},
    },
}
_SLOW = "(x+x+)+y"


@pytest.mark.parametrize(
    ("schema", "answer", "got"),
    [
        (_DOUBLING, "1", "simplify the schema"),
        ({"pattern": _SLOW}, json.dumps("x" * 5_000), "simplify the schema"),
        ({"patternProperties": {_SLOW: {}}}, json.dumps({"x" * 5_000: 1}), "simplify"),
        (
            {"patternProperties": {_SLOW: {}}, "additionalProperties": False},
            json.dumps({"x" * 5_000: 1}),
            "simplify the schema",
        ),
        ({"$ref": "#"}, "1", "nested too deeply"),
        ({"$ref": "#/$defs/none"}, "1", "points to /$defs/none, which it lacks"),
    ],
)
def test_a_schema_that_would_run_for_ever_fails_with_the_reason(
    schema: object, answer: str, got: str
) -> None:
    began = time.process_time()
    result = check("is-json", schema, answer)
    assert time.process_time() - began < 5
    assert not result.passed
    assert got in result.got


def test_a_negated_check_that_cannot_be_told_does_not_pass() -> None:
    assert not check("not-is-json", {"$ref": "#"}, "1").passed
    assert not check("not-contains-json", {"$ref": "#"}, "{}").passed


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "http://{}/x"}, "nothing is fetched"),
        ({"items": {"anyOf": [{"$ref": "other.json"}]}}, "only to its own parts"),
        ({"$dynamicRef": "https://{}/x"}, "nothing is fetched"),
        ({"pattern": "("}, "not a regular expression"),
        ({"patternProperties": {"(?R)": {}}}, "not a regular expression"),
        ({"pattern": "a{99999999999999999999}"}, "not a regular expression"),
        ({"unevaluatedProperties": False}, "cannot check unevaluatedProperties"),
        ({"properties": {"a": {"type": "word"}}}, "(at properties.a.type)"),
        ({"$schema": 4}, "must be text"),
        ([1], "A JSON schema is an object"),
        ('{"not":' * 5_000 + "{}" + "}" * 5_000, "nested too deeply"),
        ('{"not":' * 500 + "{}" + "}" * 500, "nested too deeply"),
    ],
)
def test_a_bad_schema_is_refused_in_one_sentence(schema: object, says: str) -> None:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    with pytest.raises(ExpectationError) as caught:
        validate(Assertion("is-json", text))
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_no_schema_makes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **_: asked.append(a))
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    elsewhere = "http://schemas.invalid/x"
    for schema in ({"$schema": elsewhere}, {"$id": elsewhere, "$ref": "#/$defs/a", "$defs": {}}):
        check("is-json", schema, "1")
    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":' * 900 + "[" + "1," * 5_000,
        "{" * 100_000,
        "1" * 5_000,
        "1e400",
        '{"a": 1e400}',
        '"' + "\\u0000" * 100,
        "[" * 400 + "]" * 400,
    ],
)
def test_hostile_json_fails_a_check_and_nothing_else(answer: str) -> None:
    began = time.process_time()
    for type in ("is-json", "contains-json"):
        assert not check(type, INVOICE, answer).passed
    check("contains-json", "", answer)
    check("equals", "[1]", answer)
    assert time.process_time() - began < 8
