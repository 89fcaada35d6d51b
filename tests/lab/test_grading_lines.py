"""An expectation as it is typed and written out again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.grading.assertions import (
    ExpectationError,
    UnknownAssertion,
    format_lines,
    grade,
    parse_lines,
    validate,
)
from lab.grading.lists import join_list, split_list
from store.records import Assertion, Expectation


@pytest.mark.parametrize(
    ("line", "assertion"),
    [
        ('contains-any: a, "b, c"', Assertion("contains-any", 'a, "b, c"')),
        ('contains-any: "a, b"', Assertion("contains-any", '"a, b"')),
        ("not-starts-with:x", Assertion("not-starts-with", "x")),
        ("is-json", Assertion("is-json")),
        ("not-contains-json", Assertion("not-contains-json")),
        ('is-json: {"type": "object"}', Assertion("is-json", '{"type": "object"}')),
        ('json-schema: {"not": {}}', Assertion("json-schema", '{"not": {}}')),
        ("similar(0.8): x", Assertion("similar", "x", threshold=0.8)),
        ("similar(0.8):x", Assertion("similar", "x", threshold=0.8)),
        ("levenshtein( 3 ): x", Assertion("levenshtein", "x", threshold=3.0)),
        ("latency(2000)", Assertion("latency", threshold=2000.0)),
        ("latency: 2000 ms", Assertion("latency", threshold=2000.0)),
        ("cost: $0.002", Assertion("cost", threshold=0.002)),
        ("not-cost(1e-7)", Assertion("not-cost", threshold=1e-7)),
        ("numeric [weight 3]: 42 ± 0.5", Assertion("numeric", "42", 0.5, weight=3.0)),
        ("contains [weight 0]: x", Assertion("contains", "x", weight=0.0)),
        ("is-json [weight 2]", Assertion("is-json", weight=2.0)),
        ("similar(0.8) [weight 2]: x", Assertion("similar", "x", weight=2.0, threshold=0.8)),
        ("llm-rubric(0.5): Is it polite?", Assertion("llm-rubric", "Is it polite?", threshold=0.5)),
    ],
)
def test_every_type_is_typed_on_a_line(line: str, assertion: Assertion) -> None:
    assert parse_lines(line) == Expectation("", (assertion,))
    assert parse_lines(format_lines(Expectation("", (assertion,)))).assertions == (assertion,)
    assert parse_lines(f"\\{line}") == Expectation(line)


@pytest.mark.parametrize(
    "line",
    [
        "cost",
        "latency",
        "contains",
        "equals(a, b): they are",
        "Cost: 5",
        "is-json.",
        "is-JSON",
        "x",
    ],
)
def test_what_names_no_check_is_expected_text(line: str) -> None:
    assert parse_lines(line) == Expectation(line)
    assert format_lines(Expectation(line)) == line


def test_a_threshold_of_the_whole_has_a_line_of_its_own() -> None:
    expectation = parse_lines("Paris\nthreshold: 0.7\nicontains: paris")
    assert expectation == Expectation("Paris", (Assertion("icontains", "paris"),), 0.7)
    assert format_lines(expectation) == "Paris\nicontains: paris\nthreshold: 0.7"
    assert parse_lines("\\threshold: 0.7") == Expectation("threshold: 0.7")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("regex: (", "not a regular expression"),
        ("regex: ((a{1000}){1000}){1000}", "repeats too much"),
        ("regex: " + "(" * 900 + ")" * 900, "nested too deeply"),
        ("regex: " + "a" * 2_001, "longer than 2,000"),
        ("regex: (?R)", "not a regular expression"),
        ("regex: a{99999999999999999999}", "not a regular expression"),
        ("numeric: many", "“many” is not a number"),
        ("numeric: 2024-01-01", "not a number"),
        ("numeric: 5 ± few", "tolerance “few”"),
        ("numeric: 5 ± 5%", "plain number"),
        ("numeric: 5 +- -1", "zero or more"),
        ("numeric(2): 5", "numeric has no threshold"),
        ("contains:", "needs something"),
        ("icontains:   ", "needs something"),
        ("json-schema:", "needs something"),
        ("contains-any: ,", "at least one item"),
        ('contains-all: a, ""', "no item may be empty"),
        ("is-xml", "cannot check “is-xml”"),
        ("not-contains-sql", "cannot check “not-contains-sql”"),
        ("is-sql: x", "it can check equals, contains, icontains, contains-any"),
        ("javascript: output.length > 3", "cannot check “javascript”"),
        ('contains: "\\ud800"', "half a character"),
        ("is-json: {", "not JSON"),
        ('is-json: {"type": "nothing"}', "cannot be used: 'nothing' is not valid"),
        ("similar(high): x", "“high”, which is no number"),
        ("similar(1.2): x", "must be 0 to 1"),
        ("levenshtein(-1): x", "must be 0 or more"),
        ("latency:", "needs its bound"),
        ("latency(5): 6", "takes a number and no text"),
        ("cost: 300 euro", "put a backslash in front"),
        ("contains [weight -1]: x", "weight of contains must be 0 to"),
        ("contains [weight much]: x", "“much”, which is no number"),
        ("threshold: 2", "must be 0 to 1"),
        ("threshold: high", "“high”, which is no number"),
        ("threshold: 0.1\nthreshold: 0.2", "twice"),
    ],
)
def test_a_bad_line_gets_one_plain_sentence(line: str, says: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        parse_lines(line)
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_bad_assertions_from_elsewhere_are_refused() -> None:
    with pytest.raises(UnknownAssertion):
        grade(Expectation("", (Assertion("is-sql", "x"),)), "x")
    with pytest.raises(UnknownAssertion):
        validate(Assertion("not-not-equals", "x"))
    for assertion, says in [
        (Assertion("contains", "5", 0.5), "belongs to numeric"),
        (Assertion("numeric", "5", float("nan")), "zero or more"),
        (Assertion("contains", "5", weight=float("nan")), "must be 0 to"),
        (Assertion("contains", "5", weight=float("inf")), "must be 0 to"),
        (Assertion("similar", "5", threshold=float("nan")), "must be 0 to 1"),
        (Assertion("cost", threshold=float("inf")), "0 or more"),
        (Assertion("latency", "2000"), "no text"),
    ]:
        with pytest.raises(ExpectationError, match=says):
            validate(assertion)


def test_an_expectation_is_typed_in_lines() -> None:
    typed = 'Thirty days.\nicontains: thirty\nnumeric: 30 +- 0.5\nnot-equals: "a\\nb"\nNote: so\n'
    assert parse_lines(typed) == Expectation(
        "Thirty days.\nNote: so",
        (
            Assertion("icontains", "thirty"),
            Assertion("numeric", "30", 0.5),
            Assertion("not-equals", "a\nb"),
        ),
    )
    assert parse_lines("\\contains: x") == Expectation("contains: x")
    assert format_lines(Expectation("contains: x")) == "\\contains: x"
    assert parse_lines(r"a\contains: x: y") == Expectation(r"a\contains: x: y")
    assert format_lines(parse_lines("numeric: 42 +- 0.5")) == "numeric: 42 ± 0.5"


def test_a_list_over_several_lines_is_written_on_one() -> None:
    written = format_lines(Expectation("", (Assertion("contains-any", 'a,\n"b\nc"'),)))
    assert "\n" not in written
    assert split_list(parse_lines(written).assertions[0].value) == ("a", "b\nc")


_pieces = st.sampled_from(
    [
        *("contains:", "contains-any", "not-", "is-json", "latency", "threshold:", "regex: "),
        *(
            "numeric:",
            "(0.5)",
            " [weight 2]",
            "\\",
            "±",
            '"',
            " ",
            "\n",
            "\r",
            "5",
            "x",
            ":",
            "\\n",
        ),
    ]
)
_texts = st.lists(_pieces, max_size=12).map("".join) | st.text(max_size=30)
_values = _texts.filter(str.strip)
_schemas = st.sampled_from(
    ['{"type": "object"}', '{\n "required": ["a"]\n}', "true", ' {"enum": ["\\"", "b: c"]} ']
)
_shares = st.floats(0, 1)
_amounts = st.floats(0, 1e300)


def _of(kinds: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Assertion]:
    types = [f"{front}{kind}" for kind in kinds.split() for front in ("", "not-")]
    return st.builds(Assertion, st.sampled_from(types), values)


def _with_threshold(
    assertions: st.SearchStrategy[Assertion], thresholds: st.SearchStrategy[float | None]
) -> st.SearchStrategy[Assertion]:
    return st.builds(lambda a, bar: replace(a, threshold=bar), assertions, thresholds)


_assertions = st.one_of(
    _of("contains icontains starts-with", _values),
    _of("equals", _texts),
    _of("regex", st.from_regex(r"[a-z\s]*[a-z](\\d\{2\})?", fullmatch=True)),
    _of(
        "contains-any contains-all icontains-any icontains-all",
        st.lists(_values, min_size=1, max_size=3).map(join_list),
    ),
    st.builds(
        Assertion,
        st.sampled_from(["numeric", "not-numeric"]),
        st.sampled_from(["42", "1,234.50", "−5", "$7", "12 %", " 3 ", "1 234,5"]),
        _amounts,
    ),
    _of("is-json contains-json json-schema", _schemas),
    _of("is-json contains-json", st.just("")),
    _with_threshold(_of("similar llm-rubric", _values), st.none() | _shares),
    _with_threshold(_of("levenshtein", _values), st.none() | _amounts),
    _with_threshold(_of("latency cost", st.just("")), _amounts),
)
_weighted = st.builds(
    lambda assertion, weight: replace(assertion, weight=weight),
    _assertions,
    st.just(1.0) | st.floats(0, 1e6),
)
_normal = _texts.map(lambda text: "\n".join(text.replace("\r", "\n").split("\n")).strip())


@settings(deadline=None)
@given(
    st.builds(Expectation, _normal, st.lists(_weighted, max_size=4).map(tuple), st.none() | _shares)
)
def test_an_expectation_is_read_back_as_it_was_written(expectation: Expectation) -> None:
    for assertion in expectation.assertions:
        validate(assertion)
    assert parse_lines(format_lines(expectation)) == expectation
    assert json.dumps(expectation.content())
