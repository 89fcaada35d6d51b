"""YAML: promptfoo's plain values, the lines, and files that would unfold or nest without end."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.interop.files import ImportProblem
from lab.interop.yaml_text import Lined, load
from lab.interop.yaml_write import dump

_texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["yes", "12:30", "1e3", "a\n\nb", " a\nb", "a\nb\n", "# a\nb", "a: b", "- a", "\x85", "\ufeff"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


def _finite(value: Any) -> bool:
    return math.isfinite(value) if isinstance(value, float) else True


@given(st.dictionaries(_texts, _values.filter(_finite), min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    try:
        expected = json.loads(json.dumps(value, allow_nan=False))
    except ValueError:
        return  # JSON has no infinity
    assert load(dump(value), "a.yaml") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("~", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, expected: object) -> None:
    found = load(f"a: {text}\n", "a.yaml")
    assert found == {"a": expected}


def test_mappings_know_their_lines_and_may_be_merged() -> None:
    found = load("base: &b {x: 1, y: 2}\n\nown:\n  <<: *b\n  y: 3\n", "a.yaml")
    assert isinstance(found, Lined)
    own = found["own"]
    assert isinstance(own, Lined) and own == {"x": 1, "y": 3}
    assert own.line == 4


def _unfolding(item: str, first: str) -> str:
    lines = [f"a: &a {first}"]
    for number in range(1, 12):
        name, before = chr(97 + number), chr(96 + number)
        lines.append(f"{name}: &{name} {item.replace('X', ', '.join([f'*{before}'] * 10))}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_unfolding("[X]", "[x, x]"), "Line 7 of a.yaml: its aliases unfold to too much"),
        (_unfolding("{<<: [X]}", "{k: 1}"), "Line 7 of a.yaml: its aliases unfold to too much"),
        ("[" * 100_000, "nested more than 60 deep"),
        ("- " * 100_000, "nested more than 60 deep"),
        ("a: &a [*a]", r"the alias \*a names nothing"),
        ("a: 1\nb: 2\na: 3\n", "Line 3 of a.yaml: the key “a” is there twice"),
        ("a: !!python/name:os.system x", "the tag tag:yaml.org,2002:python/name:os.system"),
        ("a: 1\n---\nb: 1\n", "Line 2 of a.yaml: a second document begins"),
        ("a: b\n c: d\n", "Line 2 of a.yaml: not whole YAML"),
        ("a: {{x}}\n", "Line 1 of a.yaml: a key is a mapping or a list"),
        ('{"a": "\\ud800"}', "half a character"),
        ("[" * 200 + "]" * 200, "a.yaml is nested more than 60 deep"),
        ('{"a": [1, 2', "Line 1 of a.yaml: not whole YAML"),
    ],
    ids=range(13),
)
def test_a_bad_file_names_its_line(text: str, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        load(text, "a.yaml")
