"""Every format that is written is read back as the same cases, whatever is in them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.interop import formats
from lab.interop.fields import extras, with_extras
from lab.interop.source import Source
from store.records import Assertion, CaseDraft, Evidence, Expectation

SUFFIXES = {"csv": ".csv", "promptfoo": ".yaml"}
FULL = CaseDraft(
    "How long?",
    "a",
    Expectation("30", (Assertion("numeric", "30", 0.5, 2.0), Assertion("not-equals", "x")), 0.7),
    ({"role": "system", "content": "Be short."}, {"role": "assistant", "content": "Yes?"}),
    (Evidence("a.pdf", 3, 5, 9, "q"),),
    ("x", "y"),
    "train",
    {"author": "Ann", "level": 3, "litmus": {"mine": [None, True]}},
)

_words = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)
_awkward = st.sampled_from(
    [
        *("contains: x", "\\regex: (", "a\n numeric: x\n\nb", "it's: \\", "=1+1", "'=1", "-1", "A"),
        *(
            "a\r\nb",
            " x ",
            "\u2028",
            "{{x}}",
            "{% if x %}",
            "file://a.txt",
            "#",
            "null",
            "1e3",
            "[1]",
        ),
        *("a; b, c", '"', "yes", "2024-01-01", "env.X", "A and B", "|", "@x", "\x00", "\ufeff"),
    ]
)
_texts = _words | _awkward
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_weights = st.sampled_from([0.0, 0.5, 1.0, 2.0])
_assertions = st.one_of(
    st.builds(
        Assertion,
        st.sampled_from(["contains", "not-icontains", "equals", "starts-with", "llm-rubric"]),
        _texts.filter(str.strip),
        weight=_weights,
    ),
    st.builds(
        Assertion,
        st.sampled_from(["contains-any", "not-contains-all", "icontains-any"]),
        st.sampled_from(["a, b", '"a, b", c', '["a\\nb"]']),
    ),
    st.builds(
        Assertion, st.just("numeric"), st.sampled_from(["42", "1,5"]), st.floats(0, 9), _weights
    ),
    st.builds(
        Assertion,
        st.sampled_from(["similar", "levenshtein"]),
        _texts.filter(str.strip),
        threshold=st.sampled_from([None, 0.5, 1.0]),
    ),
    st.builds(Assertion, st.just("latency"), threshold=st.sampled_from([250.0, 1500.0])),
    st.just(Assertion("regex", r"^\d+\s")),
    st.just(Assertion("is-json", '{"type": "object"}')),
    st.just(Assertion("is-json")),
)
_spans = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted)
_evidence = st.one_of(
    st.builds(Evidence, _words, st.none() | st.integers(1, 99), quote=st.text(max_size=9)),
    st.builds(lambda name, span: Evidence(name, None, span[0], span[1]), _words, _spans),
)
_expectations = st.builds(
    Expectation,
    _texts | st.just(""),
    st.lists(_assertions, max_size=3).map(tuple),
    st.sampled_from([None, 0.5, 1.0]),
)
_messages = st.builds(
    lambda role, text: {"role": role, "content": text},
    st.sampled_from(["system", "developer", "user", "assistant"]),
    _texts.filter(str.strip),
)
_drafts = st.builds(
    CaseDraft,
    prompt=(st.text(min_size=1, max_size=30) | _awkward).filter(str.strip),
    expectation=_expectations,
    messages=st.lists(_messages, max_size=3).map(tuple),
    evidence=st.lists(_evidence, max_size=2).map(tuple),
    tags=st.lists(_texts.filter(str.strip), max_size=3, unique=True).map(tuple),
    split=st.sampled_from(["test", "train"]),
    metadata=st.dictionaries(_texts, _values, max_size=3),
)
_benchmarks = st.lists(st.tuples(_drafts, _words | st.just("")), min_size=1, max_size=4).map(
    lambda pairs: tuple(
        {
            key or str(place): replace(draft, key=key) for place, (draft, key) in enumerate(pairs)
        }.values()
    )
)


@pytest.mark.parametrize("format", formats.WRITERS)
@settings(deadline=None, max_examples=60)
@given(cases=_benchmarks)
def test_what_is_exported_is_imported_the_same(format: str, cases: tuple[CaseDraft, ...]) -> None:
    path = Path("export").with_suffix(SUFFIXES.get(format, ".jsonl"))
    found = formats.read_source(Source(path, formats.write(cases, format)))
    assert found.cases == cases
    assert found.unknown == ()
    assert found.format == format


@given(_drafts, _drafts)
@settings(deadline=None, max_examples=60)
def test_what_a_format_has_no_place_for_is_put_back(case: CaseDraft, other: CaseDraft) -> None:
    written = json.loads(json.dumps(extras(case, other)))
    assert with_extras(other, written) == case
    assert extras(case, case) == {}


def test_a_table_has_columns_for_what_fits_and_guards_against_formulas() -> None:
    plain = CaseDraft("=A1", "b", Expectation("+3"), tags=("x", "y"), metadata={"author": "@me"})
    rows = list(csv.reader(io.StringIO(formats.write([FULL, plain], "csv"), newline="")))
    assert rows[0] == ["id", "prompt", "expected", "tags", "split", "metadata.author", "litmus"]
    assert rows[2] == ["b", "'=A1", "'+3", "x; y", "test", "'@me", ""]
    assert rows[1][:5] == [
        "a",
        "How long?",
        "30\nnumeric [weight 2]: 30 ± 0.5\nnot-equals: x",
        "x; y",
        "train",
    ]
    assert json.loads(rows[1][6]).keys() == {
        *("threshold", "messages", "evidence", "metadata"),
    }


def test_json_lines_name_everything_plainly() -> None:
    row = json.loads(formats.write([FULL], "jsonl"))
    assert "litmus" not in row
    assert row["assert"][0] == {"type": "numeric", "value": "30", "tolerance": 0.5, "weight": 2.0}
    assert (row["threshold"], row["split"], row["metadata"]) == (0.7, "train", FULL.metadata)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("a.TSV", "csv"),
        ("a.yaml", "promptfoo"),
        ("a.yml", "promptfoo"),
        ("a.jsonl", "jsonl"),
        ("-", "jsonl"),
    ],
)
def test_the_format_is_told_by_the_name(name: str, format: str) -> None:
    assert formats.format_for(name) == format
