"""`litmus docs attach`, `detach` and `order`, for all cases and for one."""

from __future__ import annotations

import json

import pytest

PDF_PAGES = 4


@pytest.fixture
def filled(litmus):
    """A session with a PDF of four pages and two short texts in the context."""
    return fill(litmus.session())


@pytest.fixture(scope="module")
def unchanged(used):
    """Such a session, shared by tests that change nothing."""
    return fill(used)


def fill(litmus):
    from fpdf import FPDF

    pdf = FPDF()
    for number in range(1, PDF_PAGES + 1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.cell(text=f"This is page {number}.")
    book = litmus.folder / "book.pdf"
    pdf.output(str(book))
    files = [book, litmus.file("a.md", "Alpha."), litmus.file("b.md", "Beta.")]
    assert litmus("docs", "add", *files).status == 0
    return litmus


def test_pages_and_order(filled):
    told = filled("docs", "attach", "book.pdf", "--pages", "4, 1-2")
    assert told.out == "In the context: book.pdf, pages 1-2,4; a.md; b.md.\n"
    told = filled("docs", "order", "b.md", "a.md")
    assert told.out == "In the context: b.md; a.md; book.pdf, pages 1-2,4.\n"
    listed = filled("docs", "list")
    assert "1-2,4 of 4" in listed.out
    rows = filled("docs", "list", "--json").data["documents"]
    assert [(row["name"], row["pages"], row["chosen"]) for row in rows] == [
        ("b.md", 1, ""),
        ("a.md", 1, ""),
        ("book.pdf", 4, "1-2,4"),
    ]
    assert filled("docs", "detach", "a.md", "--json").data == {
        "context": ["b.md", "book.pdf"],
        "documents": [{"name": "b.md", "pages": ""}, {"name": "book.pdf", "pages": "1-2,4"}],
    }
    assert "a.md is not in the context" in filled("docs", "order", "a.md").refused()
    told = filled("docs", "attach", "a.md", "book.pdf", "--pages", "all")
    assert told.out == "In the context: b.md; book.pdf; a.md.\n"
    dry = filled("run", "--rung", "context", "--model", "m", "--base-url", "http://h", "--dry-run")
    assert "with b.md; book.pdf; a.md in the context;" in dry.out


def test_documents_of_one_case(filled):
    told = filled("docs", "detach", "a.md", "b.md", "--case", "river")
    assert told.out == "river: Saved as revision 2.\nIn the context of river: book.pdf.\n"
    told = filled("docs", "attach", "book.pdf", "--case", "river", "--pages", "3", "--json")
    assert told.data == {
        "context": ["book.pdf"],
        "documents": [{"name": "book.pdf", "pages": "3"}],
        "id": "river",
        "revision": 3,
        "answers_on_older_revision": 0,
        "labels_on_older_revision": 0,
        "answers_again": 0,
    }
    said = "without a.md; without b.md; with book.pdf, page 3"
    [row] = [row for row in filled("bench", "list").out.splitlines() if row.startswith("river")]
    assert row.endswith(said)
    rows = {row["id"]: row["documents"] for row in filled("bench", "list", "--json").data["cases"]}
    assert rows["river"][2] == {"name": "book.pdf", "used": True, "pages": "3"}
    assert rows["capital"] == []
    assert "  + with book.pdf, page 3\n" in filled("bench", "history", "river").out
    [line] = [
        json.loads(line)
        for line in filled("bench", "export", "-").out.splitlines()
        if '"river"' in line
    ]
    assert [each["name"] for each in line["litmus"]["documents"]] == ["a.md", "b.md", "book.pdf"]
    told = filled("docs", "attach", "a.md", "--case", "river")
    assert told.out.endswith("In the context of river: book.pdf, page 3; a.md.\n")
    context = "In the context: book.pdf; a.md; b.md.\n"
    assert filled("docs", "attach", "b.md").out == context  # of all cases it is as it was


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("attach", "book.pdf", "--pages", "3-9"), "There is no page 9; book.pdf has pages 1 to 4"),
        (("attach", "book.pdf", "a.md", "--pages", "2"), "a.md has one page only."),
        (("attach", "book.pdf", "--pages", "last"), "“last” names no pages"),
        (("attach", "book.pdf", "--case", "nobody"), "No case has the id “nobody”"),
        (("attach", "c.md"), "There is no document “c.md”"),
        (("detach", "c.md", "--case", "river"), "There is no document “c.md”"),
        (("order", "b.md", "c.md"), "There is no document “c.md”"),
    ],
)
def test_what_cannot_be_is_told(unchanged, command, says):
    assert says in unchanged("docs", *command).refused()


def test_what_is_refused_has_changed_nothing(unchanged):
    unchanged("docs", "attach", "book.pdf", "a.md", "--pages", "2")
    assert unchanged("docs", "order", "book.pdf").out == "In the context: book.pdf; a.md; b.md.\n"


@pytest.fixture
def narrow():
    """The address of a server whose model has a window of 20 tokens."""
    from fixtures.server import running

    with running() as server:
        server.models = [{"id": "fixture-large", "max_model_len": 20}]
        yield server


def test_a_run_that_cannot_fit_is_refused_before_it_asks(filled, narrow):
    filled.file("long.md", "many words in a row " * 40)
    filled("docs", "add", filled.folder / "long.md")
    where = ("--base-url", narrow.base_url, "--model", "fixture-large")
    told = filled("run", "--rung", "context", *where).refused()
    assert told.startswith("None of the 3 cases fits, so none was asked: the shortest prompt has")
    assert "long.md alone is about" in told and "choose fewer of their pages" in told
    assert narrow.chats == []
    filled("docs", "detach", "long.md", "book.pdf", "a.md", "b.md", "--case", "river")
    mixed = filled("run", "--rung", "context", *where)
    assert mixed.status == 1 and len(narrow.chats) == 1
    assert "2 of 3 questions got no answer" in mixed.err
