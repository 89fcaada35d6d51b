"""promptfoo's CSV: what a cell stands for, which column is asked, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.interop import formats
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Wishes
from store.records import Assertion, Expectation

CELLS = Path(__file__).with_name("files") / "promptfoo-csv_cells.csv"


def imported(folder: Path, text: str, wishes: Wishes | None = None) -> ImportResult:
    path = folder / "tests.csv"
    path.write_text(text)
    return formats.read(path, "promptfoo-csv", wishes)


def test_a_cell_is_read_as_promptfoo_reads_it() -> None:
    result = formats.read(CELLS)
    assert [each.expectation for each in result.cases] == [
        Expectation("", (Assertion("equals", "4"), Assertion("not-contains", "four")), 0.5),
        Expectation("", (Assertion("is-json"),)),
        Expectation(
            "",
            (
                Assertion("contains-any", 'Paris, "Paris, France"'),
                Assertion("levenshtein", "Paris", threshold=3),
            ),
        ),
        Expectation("", (Assertion("llm-rubric", "does not say that it is a machine"),)),
    ]
    assert [(each.what, each.line) for each in result.notes] == [
        ("the javascript assertion “output.length > 3” is code and is never run", 5)
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("contains: x", Assertion("contains", "x")),
        ("similar(0.7):x", Assertion("similar", "x", threshold=0.7)),
        ("similar: x", Assertion("similar", "x", threshold=0.8)),
        ('"contains-any: a,b"', Assertion("contains-any", "a, b")),
        ("not-contains:x", Assertion("not-contains", "x")),
        ("latency(900)", Assertion("latency", threshold=900)),
        ("latency: 900", Assertion("latency", threshold=900)),
        ("contain: x", Assertion("equals", "contain: x")),
        ("{{answer}}", Assertion("equals", "yes")),
    ],
)
def test_the_short_form_of_an_assertion(tmp_path: Path, cell: str, expected: Assertion) -> None:
    result = imported(tmp_path, f"question,answer,__expected\nHi,yes,{cell}\n")
    assert result.cases[0].expectation.assertions == (expected,)


@pytest.mark.parametrize("cell", ["fn: 1", "eval: 1", "javascript: 1", "python: 1", "file://a.py"])
def test_code_in_a_cell_is_named_and_never_run(tmp_path: Path, cell: str) -> None:
    result = imported(tmp_path, f"question,__expected\nHi,{cell}\n")
    assert "is code and is never run" in result.notes[0].what
    assert result.by_hand == 1
    with pytest.raises(ImportProblem, match=r"Line 2 of tests.csv: test 1: the .* is code"):
        imported(tmp_path, f"question,__expected\nHi,{cell}\n", Wishes(strict=True))


def test_prefix_suffix_description_and_metadata(tmp_path: Path) -> None:
    columns = "text,__prefix,__suffix,__description,__metadata:a,__metadata:b[],__metric"
    result = imported(tmp_path, columns + '\nHi,"Say ",!,D,1,"x, y\\, z",m\n')
    case = result.cases[0]
    assert case.prompt == "Say Hi!"
    assert case.metadata == {"a": "1", "b": ["x", "y, z"], "description": "D"}
    assert result.unknown == ("__metric",)


def test_the_asked_column_is_told_by_its_name_or_by_the_person(tmp_path: Path) -> None:
    assert imported(tmp_path, "a,Question,__expected\n1,Why?,x\n").cases[0].prompt == "Why?"
    assert imported(tmp_path, "topic,__expected\nBread,x\n").cases[0].prompt == "Bread"
    several = imported(tmp_path, "topic,tone,__expected\nBread,dry,x\n")
    assert several.cases[0].prompt == "topic: Bread\ntone: dry"
    assert several.notes[0].what == "the prompt is the columns topic, tone, each on a line"
    mapped = imported(
        tmp_path,
        "topic,no,labels,__expected\nBread,7,a;b,x\n",
        Wishes({"prompt": "topic", "id": "no", "tags": "labels"}),
    )
    assert (mapped.cases[0].prompt, mapped.cases[0].key) == ("Bread", "7")
    assert mapped.cases[0].tags == ("a", "b")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("question,__expected\nHi,contains:\n", "Line 2 of tests.csv: test 1: contains needs"),
        ("question,__threshold\nHi,x\n", "Line 2 .*: __threshold is “x”, and must be a number"),
        ("question,__config:__expected1:wide,__expected\nHi,1,x\n", "is not as in __config"),
        ("question,question,__expected\na,b,c\n", "Line 1 of tests.csv: two columns are named"),
        ("__expected\nx\n", "no column is a variable"),
        ("question,__expected\n", "holds no cases"),
        ('question,__expected\n"Hi,x\n', "Line 2 of tests.csv: a quote opens here"),
        ("question,__expected\nHi,x,y\n", "Line 2 of tests.csv: 3 cells"),
    ],
)
def test_a_bad_row_says_where_and_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        imported(tmp_path, text)
