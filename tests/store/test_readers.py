"""Each format is read into text that a person can follow and a chunk can be cut from."""

from __future__ import annotations

import pytest

from store.readers import kinds
from store.readers.source import Refused, Source
from tests import good_files
from tests.good_files import docx, epub, numbered, odt, packed, paragraph, pptx, word_table, xlsx

W = good_files.W


def pages(name: str, data: bytes | str, max_chars: int = 1_000_000) -> list[str]:
    raw = data.encode() if isinstance(data, str) else data
    return kinds.pages(Source(name, raw, max_chars))[1]


def text(name: str, data: bytes | str) -> str:
    [page] = pages(name, data)
    return page


def refused(name: str, data: bytes | str, max_chars: int = 1_000_000) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        pages(name, data, max_chars)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize("name", good_files.FILES)
def test_what_a_file_is_does_not_depend_on_its_name(name):
    data = good_files.FILES[name]
    kind, found = kinds.pages(Source(name, data, 1000))
    if name not in ("a.csv", "a.md"):  # these can be read in two ways
        assert kinds.pages(Source("other.png", data, 1000)) == (kind, found)
    extension = name.rpartition(".")[2]
    kinds_of_text = {"md": "markdown", "txt": "plain"}
    assert kind == kinds.MEDIA_TYPES[kinds_of_text.get(extension, extension)]


# -- Word ------------------------------------------------------------------------------


def test_word_headings_lists_and_tables():
    body = (
        paragraph("Plan", "Berschrift1")
        + paragraph("Scope", "Own")
        + numbered("first", 1)
        + numbered("inner", 1, 1)
        + numbered("second", 1)
        + numbered("point", 2)
        + paragraph("Text &amp; more.")
        + word_table(("What", "When"), ("Ferry", "at\nnine"), ("", ""))
        + paragraph("After.")
    )
    assert text("a.docx", docx(body)) == (
        "# Plan\n\n## Scope\n\n1. first\n  1.a) inner\n2. second\n- point\n\nText & more.\n\n"
        "| What | When |\n| --- | --- |\n| Ferry | at nine |\n\nAfter."
    )


def test_word_shows_what_the_page_shows():
    run = "<w:r><w:t>{}</w:t></w:r>"
    gone = f"<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>{run.format('kept ')}"
    added = f"<w:ins>{run.format('added')}</w:ins><w:moveFrom>{run.format('moved')}</w:moveFrom>"
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
    field = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    breaks = "<w:r><w:t>one</w:t><w:br/><w:t>two</w:t><w:tab/><w:t>three</w:t></w:r>"
    deleted = (
        f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('row')}</w:tc></w:tr></w:tbl>"
    )
    body = f"<w:p>{gone}{added}{hidden}{field}</w:p><w:p>{breaks}</w:p>{deleted}"
    assert text("a.docx", docx(body)) == "kept added\n\none\ntwo\tthree"


def test_word_notes_boxes_and_margins():
    box = f"<w:txbxContent>{paragraph('In a box.')}</w:txbxContent>"
    both = f"<w:AlternateContent><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback>"
    note = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    body = f"<w:p><w:r><w:t>See</w:t></w:r>{note}<w:r>{both}</w:AlternateContent></w:r></w:p>"
    cell = paragraph("cell").replace("</w:p>", f"<w:r>{both}</w:AlternateContent></w:r></w:p>")
    body += f"<w:tbl><w:tr><w:tc>{cell}{word_table(('inner',))}</w:tc></w:tr></w:tbl>"
    parts = {
        "header1.xml": ("header", f"<w:hdr {W}>{paragraph('Draft')}</w:hdr>"),
        "header2.xml": ("header", f"<w:hdr {W}>{paragraph('Draft')}</w:hdr>"),
        "footer1.xml": ("footer", f"<w:ftr {W}>{paragraph('7')}</w:ftr>"),
        "footnotes.xml": (
            "footnotes",
            f'<w:footnotes {W}><w:footnote w:type="separator" w:id="0">{paragraph("x")}'
            f'</w:footnote><w:footnote w:id="2">{paragraph("A note.")}</w:footnote></w:footnotes>',
        ),
    }
    assert text("a.docx", docx(body, parts=parts)) == (
        "Draft\n\nSee[^2]\n\nIn a box.\n\n| cell In a box. inner |\n| --- |\n\n[^2]: A note."
    )


def test_a_word_document_without_its_text_is_damaged():
    data = packed({"[Content_Types].xml": "", "word/other.xml": "", "_rels/.rels": "<a/>"})
    assert refused("a.docx", data) == ("damaged", "Word document")
    assert refused("a.docx", docx("<w:p>")) == ("damaged", "document")
    assert refused("a.docx", docx("<w:p/>")) == ("blank", "")


# -- the other files of offices ----------------------------------------------------------


def test_a_workbook_is_a_page_for_each_visible_sheet():
    assert pages("a.xlsx", xlsx()) == ["# People\n\nname: Ada L.\nborn: 1915-12-10\npaid: TRUE"]


def test_a_sheet_without_column_names_is_a_line_for_each_row():
    row = '<row><c t="n"><v>{}</v></c><c r="F9"><v>2.5</v></c></row>'
    assert text("a.xlsx", xlsx(row.format(1) + row.format(2))) == "# People\n\n1 | 2.5\n2 | 2.5"


def test_slides_come_in_the_order_in_which_they_are_shown():
    assert pages("a.pptx", pptx("A", "B")) == [
        f"# {title}\n\nPoint one\n  Below" for title in ("A", "B")
    ]


def test_open_document_text():
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body>"
    body = (
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Tides</text:h>'
        f'<text:p>High<text:s text:c="2"/>at\n  six{note}<text:p>Or so.</text:p></text:note-body>'
        "</text:note>.</text:p>"
        "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item>"
        "<text:p>two</text:p></text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert text("a.odt", odt(body)) == (
        "# Tides\n\nHigh  at six[^1].\n\n- one\n  - two\n\n| a | b |\n| --- | --- |\n\n[^1]: Or so."
    )
    assert refused("a.odt", odt(manifest="<encryption-data/>")) == ("locked", "")


def test_a_book_is_a_page_for_each_chapter():
    assert pages("a.epub", epub()) == ["# One\n\nIt began.", "# Two\n\nIt ended."]


# -- HTML ------------------------------------------------------------------------------


def test_html_as_markdown():
    html = """<!doctype html><title>Ferries</title><style>p{}</style><h1>Times</h1>
    <p>Leaves <b>at</b>
    nine &amp; ten&nbsp;&#x263A;<br>daily<script>alert(1)</script><!-- no -->
    <ul><li>a<li>b<ol start=3><li>c</ol></ul><ul><li><p>d</ul>
    <table><caption>Prices</caption><tr><th>Who<th>Price<tr><td>adult<td><b>7</b> €</table>
    <table><tr><td><p>side<p>by side</table><pre>  x\n  y</pre><img alt="A map" src=//x.invalid>"""
    assert text("page", html) == (
        "# Ferries\n\n# Times\n\nLeaves at nine & ten\xa0☺\ndaily\n\n"
        "- a\n- b\n  3. c\n- d\n\nPrices\n\n| Who | Price |\n| --- | --- |\n| adult | 7 € |\n\n"
        "side\n\nby side\n\n```\n  x\n  y\n```\n\nA map"
    )


def test_what_a_page_hides_is_not_read():
    html = (
        "<html><body><p>Shown.</p><p hidden>a</p><div style='color:red; DISPLAY : none'>b"
        "<p>c</p></div><template>d</template><noscript>e</noscript><p>Also.</p></body></html>"
    )
    assert text("a.html", html) == "Shown.\n\nAlso."


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=koi8-r>", "koi8-r"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "cp1251"),
        ("<meta charset=utf-16>", "utf-8"),
        ("<meta charset=utf-8>", "cp1251"),
        ("<meta charset=koi8-r>", "utf-8-sig"),
        ("", "utf-16"),
    ],
)
def test_a_page_says_its_own_encoding_and_may_be_wrong(head, encoding):
    words = "Паром отходит от пристани каждый день в девять часов утра."
    html = f"<!DOCTYPE html><html><head>{head}</head><body><p>{words}</p></body></html>"
    assert text("a.html", html.encode(encoding)) == words


# -- tables and JSON -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.csv", "name,born\nAda,1815\n\nBo,\n", "name: Ada\nborn: 1815\n\nname: Bo"),
        ("a.csv", "x;y\n1,5;2\n", "x: 1,5\ny: 2"),
        ("a.tsv", "x\ty\n1\t2\t3\n", "x: 1\ny: 2\ncolumn 3: 3"),
        ("a.csv", "1,2\n3,4\n", "1 | 2\n3 | 4"),
        ("a.csv", 'x,y\n"a, b","c\nd"\n', "x: a, b\ny: c\nd"),
        ("a.csv", "x,y\n", "Columns: x, y"),
        ("a.txt", "x\ty\n1\t2\n3\t4\n", "x: 1\ny: 2\n\nx: 3\ny: 4"),
        ("a.txt", "Yes, he came, once\nNo, he left, twice\nA, b, c\n", None),
        ("a.md", "a,b,c\n1,2,3\n4,5,6\n", None),
    ],
)
def test_tables(name, data, found):
    assert text(name, data) == (data if found is None else found)


def test_a_quote_that_nothing_closes_swallows_nothing():
    found = text("a.csv", 'x,y\n1,"open\n' + "2,3\n" * 500)
    assert found.startswith('x: 1\ny: "open\n\nx: 2\ny: 3\n\n') and found.count("x: 2") == 500


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            '{"b": 1.10, "a": [1,2], "b": "\\u00e9\\ud800"}',
            '{"b": 1.10, "a": [1, 2], "b": "é\ufffd"}',
        ),
        (f'["{"x" * 90}",{{}}]', f'[\n  "{"x" * 90}",\n  {{}}\n]'),
        ('{"a": 1}\n\n[true, null]\n', '{"a": 1}\n\n[true, null]'),
        ('{"a": 1}\n{"a": ', None),
        ("[a note] with brackets [x]", None),
        ("[" * 90_000 + "]" * 90_000, None),
        ("[" * 500 + "]" * 500, None),
    ],
)
def test_json_is_laid_out_and_nothing_in_it_changes(data, found):
    assert text("a.txt", data) == (data if found is None else found)


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{\\rtf1\\ansi Hello}", ".docx"),
        (b"\x89PNG\r\n\x1a\n123", "OCR"),
        (b"RIFF1234WEBPVP8 ", "OCR"),
        (b"\0\0\0\x18ftypmp42", "transcript"),
        (packed({"a.txt": "x", "b/c.docx": docx()}), "unpack"),
        (packed({"Index/Document.iwa": "x"}), "Pages"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), ".docx"),
        (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), ".xlsx"),
    ],
)
def test_what_is_not_read_says_what_to_save_it_as(data, says):
    reason, detail = refused("a.txt", data)
    assert (reason, says in detail) == ("format", True)


def test_text_that_swells_is_refused():
    cells = "".join("<c t='s'><v>0</v></c>" for _ in range(100))
    data = xlsx(f"<row>{cells}</row>" * 50, f"<si><t>{'x' * 1000}</t></si>")
    assert refused("a.xlsx", data) == ("long", "")
    assert refused("a.csv", f"{'x' * 90},y\n" + "1,2\n" * 500, 9_000) == ("long", "")
