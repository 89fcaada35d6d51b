"""Reading benchmark files: whole, or refused with one sentence."""

from __future__ import annotations

import codecs
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.interop.benchmark import parse_benchmark, read_benchmark, write_jsonl
from lab.interop.files import ImportProblem
from store.records import Assertion, CaseDraft, Evidence, Expectation

CSV = (
    "id,prompt,expected,tags,split\r\n"
    'a,"How, and\r\nwhy?",contains: so,x;y,train\r\n'
    'b,Who?,"Ann ""A"" é",,\r\n'
)
CSV_CASES = (
    CaseDraft(
        "How, and\nwhy?",
        "a",
        Expectation("", (Assertion("contains", "so"),)),
        tags=("x", "y"),
        split="train",
    ),
    CaseDraft("Who?", "b", Expectation('Ann "A" é')),
)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        codecs.BOM_UTF8 + CSV.encode(),
        codecs.BOM_UTF16_LE + CSV.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"),
        CSV.replace("\r\n", "\n").encode(),
        CSV.replace("\r\n", "\r").encode(),
        CSV.replace("x;y", '"x, y"').replace(",,\r\n", "\r\n\r\n,,,,\r\n").encode(),
        CSV.replace("id,prompt,expected,tags", " ID ,Question,Ideal,TAGS").encode(),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "lf", "cr", "empty rows", "aliases"],
)
def test_a_table_is_read_in_any_encoding_and_with_any_line_end(
    tmp_path: Path, content: bytes
) -> None:
    result = read_benchmark(write(tmp_path, "b.csv", content))
    assert result.cases == CSV_CASES
    assert result.unknown == ()


@pytest.mark.parametrize("name", ["b.tsv", "b.csv", "b.txt"])
@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_the_delimiter_is_guessed_from_the_header(name: str, delimiter: str) -> None:
    text = "expected,id,prompt\n1,a,One and one?\n".replace(",", delimiter)
    assert parse_benchmark(text, name).cases == (CaseDraft("One and one?", "a", Expectation("1")),)


def test_jsonl_carries_all_that_a_case_has(tmp_path: Path) -> None:
    row = {
        "id": 7,
        "input": "How long?",
        "target": 30,
        "tags": ["terms", "terms", " pay "],
        "split": "Train",
        "assert": [
            {"type": "numeric", "value": 30, "tolerance": 0.5},
            {"type": "not-icontains", "value": "forty", "weight": 2},
        ],
        "evidence": [{"document": "a.pdf", "page": 3, "start": 5, "end": 9, "quote": "q", "by": 1}],
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hm"}],
        "author": "me",
    }
    text = f"\n{json.dumps(row)}\r\n  \r\n" + '{"prompt":" Why?\\n","expected":null,"difficulty":2}'
    result = read_benchmark(write(tmp_path, "anything", text))
    assert result.unknown == ("author", "assert.weight", "evidence.by", "difficulty")
    assert result.cases == (
        CaseDraft(
            "How long?",
            "7",
            Expectation(
                "30", (Assertion("numeric", "30", 0.5), Assertion("not-icontains", "forty"))
            ),
            ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hm"}),
            (Evidence("a.pdf", 3, 5, 9, "q"),),
            ("terms", "pay"),
            "train",
        ),
        CaseDraft(" Why?\n"),
    )


def test_names_without_a_use_are_told_and_the_first_alias_wins() -> None:
    result = parse_benchmark("text,question,notes,expected,answer\nT,Q,N,E,A\n", "b.csv")
    assert result.cases == (CaseDraft("Q", "", Expectation("E")),)
    assert result.unknown == ("text", "notes", "answer")


def test_an_expected_cell_is_read_as_it_is_typed() -> None:
    rows = 'prompt,expected\nq,"Thirty\nnumeric: 30 ± 1"\n'
    line = json.dumps({"prompt": "q", "expected": "Thirty\nnumeric: 30 ± 1"})
    assert parse_benchmark(rows, "b.csv").cases == parse_benchmark(line, "b.jsonl").cases
    assert parse_benchmark(line, "").cases[0].expectation.assertions == (
        Assertion("numeric", "30", 1.0),
    )


GOOD = '{"id": "a", "prompt": "q"}\n'


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("b.jsonl", GOOD + '{"prompt": "q', "Line 2 of b.jsonl: not whole JSON"),
        ("b.jsonl", GOOD + "\n[1]", "Line 3 of b.jsonl: not a JSON object"),
        ("b.json", '\n[{"prompt": "q"}]', "Line 2 of b.json: a JSON list"),
        ("b.jsonl", "prompt,expected\nq,a", "Line 1 of b.jsonl: not whole JSON"),
        ("b.jsonl", GOOD + '{"id": "b"}', "Line 2 of b.jsonl: there is no prompt"),
        ("b.jsonl", GOOD + '{"prompt": null}', "there is no prompt"),
        ("b.jsonl", '{"prompt": " \\n"}', "Line 1 of b.jsonl: the prompt is empty"),
        ("b.jsonl", '{"prompt": ["q"]}', "prompt is a list, and must be text"),
        ("b.jsonl", GOOD + "\n\n" + GOOD, "Line 4 of b.jsonl: the id “a” was used in line 1"),
        ("b.jsonl", '{"prompt": "q", "id": true}', "id is true or false, and must be text"),
        ("b.jsonl", '{"prompt": "q", "expected": {"a": 1}}', "expected is an object"),
        ("b.jsonl", '{"prompt": "q", "split": "dev"}', "split is “dev”, and must be test or train"),
        ("b.jsonl", '{"prompt": "q", "tags": 3}', "tags is a number"),
        ("b.jsonl", '{"prompt": "q", "tags": [3]}', "a tag is a number"),
        ("b.jsonl", '{"prompt": "q", "assert": "x"}', "assert is text, and must be a list"),
        ("b.jsonl", '{"prompt": "q", "assert": [1]}', "assert holds a number"),
        ("b.jsonl", '{"prompt": "q", "assert": [{}]}', "an assertion needs a text as its type"),
        (
            "b.jsonl",
            '{"prompt": "q", "assert": [{"type": "contains-any", "value": ["a"]}]}',
            "cannot check “contains-any”",
        ),
        (
            "b.jsonl",
            '{"prompt": "q", "assert": [{"type": "regex", "value": "("}]}',
            "“(” is not a regular expression",
        ),
        (
            "b.jsonl",
            '{"prompt": "q", "assert": [{"type": "numeric", "value": 1, "tolerance": "x"}]}',
            "tolerance is text, and must be a number",
        ),
        ("b.jsonl", '{"prompt": "q", "evidence": [{"page": 1}]}', "evidence needs a text"),
        (
            "b.jsonl",
            '{"prompt": "q", "evidence": [{"document": "d", "page": 0}]}',
            "pages count from 1",
        ),
        (
            "b.jsonl",
            '{"prompt": "q", "evidence": [{"document": "d", "start": 9, "end": 3}]}',
            "ends at 3, before its start at 9",
        ),
        ("b.jsonl", '{"prompt": "q", "evidence": [{"document": "d", "end": 1.5}]}', "whole number"),
        (
            "b.jsonl",
            '{"prompt": "q", "messages": [{"role": "king", "content": "x"}]}',
            "role is “king”",
        ),
        ("b.jsonl", '{"prompt": "q", "messages": [{"role": "user"}]}', "a text as its content"),
        ("b.jsonl", '{"prompt": "\\ud800"}', "Line 1 of b.jsonl: half a character"),
        ("b.jsonl", '{"prompt": ' + "[" * 100_000, "nested too deeply"),
        ("b.jsonl", '{"prompt": ' + "1" * 10_000 + "}", "too many digits"),
        ("b.csv", "id,expected\na,b\n", "Line 1 of b.csv: no column is named prompt"),
        ("b.csv", 'prompt,id\n"one\ntwo",a\n"  ",b\n', "Line 4 of b.csv: the prompt is empty"),
        ("b.csv", "id,prompt\na,q\na,r\n", "Line 3 of b.csv: the id “a” was used in line 2"),
        ("b.csv", "prompt,id\nHello, you,a\n", "Line 2 of b.csv: 3 cells, but the header has 2"),
        ("b.csv", 'prompt,id\nq,a\n"r,b\nlost,c\n', "Line 3 of b.csv: a quote opens here"),
        ("b.csv", 'prompt,id\n"a"b,c\n', "Line 2 of b.csv: a quote in the wrong place"),
        ("b.csv", "prompt,split\nq,dev\n", "Line 2 of b.csv: split is “dev”"),
        ("b.csv", "prompt,expected\nq,regex: [\n", "Line 2 of b.csv: The pattern “[”"),
        ("b.csv", "prompt,id\n", "b.csv holds no cases"),
        ("b.csv", ",,\n,,\n", "b.csv is empty"),
        ("b.csv", "", "b.csv is empty"),
        ("b.csv", codecs.BOM_UTF8 + b" \n", "b.csv is empty"),
        ("b.csv", b"prompt\nq\ncaf\xe9\n", "Line 3 of b.csv: not UTF-8 text"),
        ("b.csv", codecs.BOM_UTF16_LE + b"\x00\xd8", "Line 1 of b.csv: not UTF-16-LE text"),
        ("b.csv", b"PK\x03\x04\x14\x00\x06", "b.csv is not a text file"),
        ("b.csv", "prompt\nq".encode("utf-16-le"), "b.csv is not a text file"),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    with pytest.raises(ImportProblem) as caught:
        read_benchmark(write(tmp_path, name, content))
    message = str(caught.value)
    assert says in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match=r"missing\.csv cannot be read: No such file"):
        read_benchmark(tmp_path / "missing.csv")
    with pytest.raises(ImportProblem, match="cannot be read: Is a directory"):
        read_benchmark(tmp_path)


def test_a_long_cell_is_kept_whole() -> None:
    prompt = "word " * 60_000
    assert parse_benchmark(f'prompt,id\n"{prompt}",a\n', "b.csv").cases[0].prompt == prompt


_words = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)
_assertions = st.one_of(
    st.builds(Assertion, st.sampled_from(["contains", "not-icontains", "equals"]), _words),
    st.builds(
        Assertion, st.just("numeric"), st.sampled_from(["42", "1,5"]), st.floats(0, 9).map(float)
    ),
    st.just(Assertion("regex", r"^\d+\s")),
)
_spans = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted)
_evidence = st.one_of(
    st.builds(Evidence, _words, st.none() | st.integers(1, 99), quote=st.text(max_size=9)),
    st.builds(lambda name, span: Evidence(name, None, span[0], span[1]), _words, _spans),
)
_texts = _words | st.sampled_from(["contains: x", "\\regex: (", "a\n numeric: x\n\nb", "it's: \\"])
_drafts = st.builds(
    CaseDraft,
    prompt=st.text(min_size=1, max_size=30).filter(str.strip),
    expectation=st.builds(
        Expectation,
        _texts.map(lambda text: text.replace("\r", "")) | st.just(""),
        st.lists(_assertions, max_size=3).map(tuple),
    ),
    messages=st.lists(
        st.builds(lambda text: {"role": "user", "content": text}, _words), max_size=2
    ).map(tuple),
    evidence=st.lists(_evidence, max_size=2).map(tuple),
    tags=st.lists(_words, max_size=3, unique=True).map(tuple),
    split=st.sampled_from(["test", "train"]),
)


@settings(deadline=None)
@given(st.lists(st.tuples(_drafts, _words | st.just("")), min_size=1, max_size=5))
def test_what_is_exported_is_imported_the_same(
    pairs: list[tuple[CaseDraft, str]],
) -> None:
    drafts = {
        key or str(place): replace(draft, key=key) for place, (draft, key) in enumerate(pairs)
    }
    cases = tuple(drafts.values())
    result = parse_benchmark(write_jsonl(cases), "b.jsonl")
    assert result.cases == cases
    assert result.unknown == ()


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(alphabet='{}[]":,;\t\n\r prompt\\u0d8ix-', max_size=80).map(lambda t: t.encode())
    | st.text(alphabet='"\n\r,;\tab:(', max_size=60).map(lambda t: f"prompt,expected\n{t}".encode())
)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    try:
        result = read_benchmark(path)
    except ImportProblem as problem:
        assert "\n" not in str(problem)
    else:
        assert all(case.prompt.strip() for case in result.cases)
