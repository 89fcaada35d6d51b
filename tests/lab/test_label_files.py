"""Label files: what is written is read back exactly, and spreadsheets run none of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.interop.files import ImportProblem
from lab.interop.labels import LabelRow, parse_labels, read_labels, write_labels
from store.records import Verdict

_cells = st.text(max_size=20) | st.text(alphabet="'=+-@\t\r\n\",;x\0é", max_size=8)
_rows = st.builds(
    LabelRow,
    case=(st.text(min_size=1, max_size=9) | st.sampled_from(["-1", "'=a", "''@"]))
    .map(str.strip)
    .filter(bool),
    rung=st.sampled_from(["", "bare", "context", "rag", "tuned"]),
    model=_cells,
    answer=_cells,
    label=st.sampled_from(["pass", "partial", "fail"]),
    reason=st.sampled_from(["", "m", "f", "r"]),
    note=_cells,
)


@settings(deadline=None)
@given(st.lists(_rows, min_size=1, max_size=4), st.sampled_from(["csv", "jsonl"]))
def test_labels_are_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[LabelRow], kind: Literal["csv", "jsonl"]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"labels.{kind}"
    path.write_bytes(write_labels(rows, kind).encode())
    assert read_labels(path) == rows


@settings(deadline=None)
@given(st.lists(_rows, min_size=1, max_size=3))
def test_no_cell_of_a_csv_export_begins_a_formula(rows: list[LabelRow]) -> None:
    for cells in csv.reader(io.StringIO(write_labels(rows, "csv"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_only_the_guarding_apostrophe_is_taken_away() -> None:
    cells = ["=1+1", "'=1+1", "'quoted'", "-5", "a=b", "'"]
    rows = [LabelRow("c", "", "", cell, "pass", "", "") for cell in cells]
    written = write_labels(rows, "csv").splitlines()[1:]
    assert [line.split(",")[1] for line in written] == [
        "'=1+1",
        "''=1+1",
        "'quoted'",
        "'-5",
        "a=b",
        "'",
    ]


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("pass", "pass"),
        ("Y", "pass"),
        ("1", "pass"),
        ("TRUE", "pass"),
        ("partial", "partial"),
        ("p", "partial"),
        ("fail", "fail"),
        (" n ", "fail"),
        ("0", "fail"),
        ("false", "fail"),
    ],
)
def test_a_label_is_written_in_several_ways(typed: str, verdict: Verdict) -> None:
    table = f"Case;Answer;Label;author\n1;It is 5;{typed};me\n"
    assert [row.label for row in parse_labels(table, "l.csv")] == [verdict]
    line = f'{{"case": 1, "answer": "", "label": "{typed}", "note": null}}'
    assert parse_labels(line, "l") == [LabelRow("1", "", "", "", verdict, "", "")]


def test_json_booleans_and_numbers_are_labels() -> None:
    lines = "\n".join(f'{{"case":"a","answer":"x","label":{value}}}' for value in ("true", "0"))
    assert [row.label for row in parse_labels(lines, "l.jsonl")] == ["pass", "fail"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("l.csv", "case,label\na,pass\n", "Line 1 of l.csv: no column is named answer"),
        ("l.csv", "case,answer,label\na,x,maybe\n", "Line 2 of l.csv: label is “maybe”"),
        ("l.csv", "case,answer,label\na,x,pass\n,x,y\n", "Line 3 of l.csv: the case is empty"),
        ("l.csv", "case,answer,label\na,x\n", "Line 2 of l.csv: there is no label"),
        ("l.csv", "case,answer,label,rung\na,x,y,top\n", "rung is “top”"),
        ("l.csv", "case,answer,label,reason\na,x,n,bad date\n", "reason is “bad date”"),
        ("l.csv", "case,answer,label\n", "l.csv holds no labels"),
        ("l.csv", "", "l.csv is empty"),
        ("l.jsonl", '{"case":"a","answer":"x"}', "Line 1 of l.jsonl: there is no label"),
        ("l.jsonl", '{"case":"a","answer":["x"],"label":1}', "answer must be text"),
        ("l.jsonl", '{"case":"a","answer":"x","label":0.5}', "label is “0.5”"),
    ],
)
def test_a_bad_label_file_is_refused(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ImportProblem) as caught:
        read_labels(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
