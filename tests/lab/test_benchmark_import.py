"""Reading benchmark files: whole, or refused with one sentence."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.interop import jsonl, tables
from lab.interop.columns import parse_mapping
from lab.interop.files import ImportProblem, is_jsonl, read_text
from lab.interop.source import ImportResult, Note, Source, Stopped, Wishes
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


def parse(text: str, name: str, wishes: Wishes | None = None) -> ImportResult:
    reader = jsonl if is_jsonl(text, name) else tables
    return reader.read(Source(Path(name), text), wishes or Wishes())


def read(path: Path) -> ImportResult:
    return parse(read_text(path), path.name)


def mapped(*typed: str) -> Wishes:
    return Wishes(parse_mapping(typed))


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
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        CSV.encode("cp1252"),
    ],
    ids=[
        *("utf-8", "bom", "utf-16-le", "utf-16-be", "lf", "cr", "empty rows", "aliases"),
        *("utf-16-le, no mark", "utf-16-be, no mark", "windows-1252"),
    ],
)
def test_a_table_is_read_in_any_encoding_and_with_any_line_end(
    tmp_path: Path, content: bytes
) -> None:
    result = read(write(tmp_path, "b.csv", content))
    assert result.cases == CSV_CASES
    assert result.unknown == ()


@pytest.mark.parametrize("name", ["b.tsv", "b.csv", "b.txt"])
@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_the_delimiter_is_guessed_from_the_header(name: str, delimiter: str) -> None:
    text = "expected,id,prompt\n1,a,One and one?\n".replace(",", delimiter)
    assert parse(text, name).cases == (CaseDraft("One and one?", "a", Expectation("1")),)


def test_jsonl_carries_all_that_a_case_has(tmp_path: Path) -> None:
    row = {
        "id": 7,
        "input": "How long?",
        "target": 30,
        "tags": ["terms", "terms", " pay "],
        "split": "Train",
        "assert": [
            {"type": "numeric", "value": 30, "tolerance": 0.5},
            {"type": "not-icontains", "value": "forty", "weight": 2, "by": "me"},
            {"type": "contains-any", "value": ["a, b", "c"], "threshold": None},
        ],
        "threshold": 0.5,
        "metadata": {"level": 3},
        "metadata.author": "Ann",
        "evidence": [{"document": "a.pdf", "page": 3, "start": 5, "end": 9, "quote": "q", "by": 1}],
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hm"}],
        "author": "me",
    }
    text = f"\n{json.dumps(row)}\r\n  \r\n" + '{"prompt":" Why?\\n","expected":null,"difficulty":2}'
    result = read(write(tmp_path, "anything", text))
    assert result.unknown == ("author", "assert.by", "evidence.by", "difficulty")
    assert result.cases == (
        CaseDraft(
            "How long?",
            "7",
            Expectation(
                "30",
                (
                    Assertion("numeric", "30", 0.5),
                    Assertion("not-icontains", "forty", weight=2.0),
                    Assertion("contains-any", '"a, b", c'),
                ),
                0.5,
            ),
            ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hm"}),
            (Evidence("a.pdf", 3, 5, 9, "q"),),
            ("terms", "pay"),
            "train",
            {"level": 3, "author": "Ann"},
        ),
        CaseDraft(" Why?\n"),
    )


def test_names_without_a_use_are_told_and_the_first_alias_wins() -> None:
    result = parse("text,question,notes,expected,answer\nT,Q,N,E,A\n", "b.csv")
    assert result.cases == (CaseDraft("Q", "", Expectation("E")),)
    assert result.unknown == ("text", "notes", "answer")


def test_an_expected_cell_is_read_as_it_is_typed() -> None:
    rows = 'prompt,expected\nq,"Thirty\nnumeric: 30 ± 1"\n'
    line = json.dumps({"prompt": "q", "expected": "Thirty\nnumeric: 30 ± 1"})
    assert parse(rows, "b.csv").cases == parse(line, "b.jsonl").cases
    assert parse(line, "").cases[0].expectation.assertions == (Assertion("numeric", "30", 1.0),)


GOOD = '{"id": "a", "prompt": "q"}\n'


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("b.jsonl", GOOD + '{"prompt": "q', "Line 2 of b.jsonl: not whole JSON"),
        ("b.jsonl", GOOD + "\n[1]", "Line 3 of b.jsonl: not a JSON object"),
        ("b.json", '[{"prompt": "q"},\n\n{"prompt": "r"', "Line 3 of b.json: not whole JSON"),
        ("b.json", '[{"prompt": "q"},\n"r"]', "Line 2 of b.json: not a JSON object"),
        ("b.json", '[{"prompt": "q"}\n{"prompt": "r"}]', "Line 2 of b.json: the JSON list"),
        ("b.json", '[{"prompt": "q"}\n]\n{}', "Line 3 of b.json: something stands after"),
        ("b.json", "[]", "b.json holds no cases"),
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
            '{"prompt": "q", "assert": [{"type": "contians", "value": "a"}]}',
            "cannot check “contians”",
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
        ("b.csv", "prompt\nq\nnaïve café é".encode()[:-1], "Line 3 of b.csv: not UTF-8 text"),
        ("b.csv", codecs.BOM_UTF16_LE + b"\x00\xd8", "Line 1 of b.csv: not UTF-16-LE text"),
        ("b.csv", b"PK\x03\x04\x14\x00\x06", "b.csv is not a text file"),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    with pytest.raises(ImportProblem) as caught:
        read(write(tmp_path, name, content))
    message = str(caught.value)
    assert says in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match=r"missing\.csv cannot be read: No such file"):
        read(tmp_path / "missing.csv")
    with pytest.raises(ImportProblem, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_long_cell_is_kept_whole() -> None:
    prompt = "word " * 60_000
    assert parse(f'prompt,id\n"{prompt}",a\n', "b.csv").cases[0].prompt == prompt


def test_a_json_list_of_objects_is_read_with_its_lines() -> None:
    text = '[\r\n {"id": "a",\r\n  "prompt": "q"},\r\n {"prompt": "r"} ]\r\n'
    assert parse(text, "b.json").cases == (CaseDraft("q", "a"), CaseDraft("r"))
    with pytest.raises(ImportProblem, match=r"Line 4 of b\.json: there is no prompt"):
        parse(text.replace('"prompt": "r"', '"ask": "r"'), "b.json")


def test_of_several_right_answers_any_will_do() -> None:
    several = parse('{"prompt": "q", "ideal": ["a, b", "c"]}', "b.jsonl").cases[0]
    assert several.expectation.assertions == (Assertion("icontains-any", '"a, b", c'),)
    one = parse('{"prompt": "q", "ideal": ["a"]}', "b.jsonl").cases[0]
    assert one.expectation == Expectation("a")


NEWS = '"3","Potatoes up","The price of potatoes rose."\n"4","A, b","Another one."\n'


@pytest.mark.parametrize(
    ("text", "typed", "cases", "unknown"),
    [
        (
            NEWS,
            ["1=expected,3=prompt"],
            (
                CaseDraft("The price of potatoes rose.", "", Expectation("3")),
                CaseDraft("Another one.", "", Expectation("4")),
            ),
            ("column 2",),
        ),
        (NEWS.replace('"4"', '"5"'), ["3=prompt"], 2, ("column 1", "column 2")),
        ("label,text\nx,hello\n", ["1=expected", "2=prompt"], 1, ()),
        ("1,2\nx,hello\n", ["1=expected,2=prompt"], 1, ()),
        ("Body;Kind, of\nhello;x\n", ["body=prompt", "Kind, of=expected"], 1, ()),
        ("text,prompt,x=y\nhello,b,x\n", ["text=prompt", "x=y=expected"], 1, ("prompt",)),
        ("kind,body\nx,hello\n", ["1=expected", "body=prompt"], 1, ()),
    ],
    ids=["numbers", "one", "a header after all", "numbers as names", "names", "equals", "mixed"],
)
def test_columns_can_be_mapped(
    text: str, typed: list[str], cases: tuple[CaseDraft, ...] | int, unknown: tuple[str, ...]
) -> None:
    found = parse(text, "b.csv", mapped(*typed))
    assert found.unknown == unknown
    if cases == 1:
        assert found.cases == (CaseDraft("hello", "", Expectation("x")),)
    else:
        assert cases in (found.cases, len(found.cases))


def test_a_taken_header_is_told() -> None:
    found = parse("label,text\nx,hello\n", "b.csv", mapped("1=expected,2=prompt"))
    assert found.notes == (Note("the first row (label, text) is taken for a header"),)


@pytest.mark.parametrize(
    ("text", "shown", "typed"),
    [
        (NEWS, "“3”, “Potatoes up”, “The price of potatoes r…”", "1=expected,3=prompt"),
        ("kind,body\nx,hello you\n", "“kind”, “body”", "kind=expected,body=prompt"),
        ("my kind,body\nx,hello you\n", "“my kind”", "'my kind=expected,body=prompt'"),
        ("id,frage,antwort\n1,Wie?,so\n", "“id”, “frage”", "antwort=expected,frage=prompt"),
        ("One question?\nTwo?\n", "“One question?”", "1=prompt"),
    ],
)
def test_without_a_prompt_the_mapping_to_type_is_shown(text: str, shown: str, typed: str) -> None:
    with pytest.raises(ImportProblem) as caught:
        parse(text, "b.csv")
    assert shown in str(caught.value)
    assert str(caught.value).endswith(f"--map {typed}.")
    found = parse(text, "b.csv", mapped(typed.strip("'")))
    assert len(found.cases) == text.count("\n") - ("body" in text or "frage" in text)


@pytest.mark.parametrize(
    ("text", "typed", "says"),
    [
        ("a,b\nx,y\n", ["c=prompt"], "b.csv has no column “c” to take prompt from"),
        ("a,b\nx,y\n", ["7=prompt"], "b.csv has no column “7”"),
        ("a,b\nx,y\n", ["a=answers"], "“answers” is no field of a case"),
        ("a,b\nx,y\n", ["a"], "“a” maps nothing"),
        ("a,b\nx,y\n", ["a=prompt,b=prompt"], "prompt is mapped twice"),
        ('{"a": "q"}', ["c=prompt"], "Line 1 of b.csv: there is no “c” to take the prompt from"),
        ('{"prompt": "q"}', ["c=id"], "b.csv has no key “c” to take id from"),
    ],
)
def test_a_mapping_that_is_amiss_is_refused(text: str, typed: list[str], says: str) -> None:
    with pytest.raises(ImportProblem, match=says):
        parse(text, "b.csv", mapped(*typed))


def test_a_context_becomes_a_document_and_evidence() -> None:
    text = "In 19366 nothing was. It was founded in 1936 by Ann."
    rows = [
        {"id": "a", "prompt": "When?", "expected": "1936", "context": text},
        {"id": "b", "prompt": "Who?", "expected": "ann", "context": ["Before.", text]},
        {"prompt": "Why?", "context": "Before."},
    ]
    found = parse("\n".join(map(json.dumps, rows)), "quiz.jsonl")
    assert [(each.name, each.text) for each in found.documents] == [
        ("quiz, case a, text 1", text),
        ("quiz, case b, text 1", "Before."),
    ]
    one, other = (document.name for document in found.documents)
    assert [case.evidence for case in found.cases] == [
        (Evidence(one, None, 40, 44, "1936"),),
        (Evidence(other, None, 0, 7, "Before."), Evidence(one, None, 48, 51, "Ann")),
        (Evidence(other, None, 0, 7, "Before."),),
    ]


def test_a_formula_guard_is_taken_away() -> None:
    assert parse("prompt,expected\n'=1+1,'quoted'\n", "b.csv").cases == (
        CaseDraft("=1+1", "", Expectation("'quoted'")),
    )


@pytest.mark.parametrize("name", ["b.csv", "b.jsonl"])
def test_progress_is_told_and_can_stop_it(name: str) -> None:
    count = 1200
    table = "prompt\n" + "q\n" * count
    text = table if name == "b.csv" else '{"prompt": "q"}\n' * count
    told: list[tuple[int, int]] = []
    parse(text, name, Wishes(progress=lambda done, of: told.append((done, of))))
    assert [done for done, _ in told] == [500, 1000, 1200]
    assert all(count <= of <= count + 2 for _, of in told)

    def stop(done: int, of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        parse(text, name, Wishes(progress=stop))


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
        result = read(path)
    except ImportProblem as problem:
        assert "\n" not in str(problem)
    else:
        assert all(case.prompt.strip() for case in result.cases)
