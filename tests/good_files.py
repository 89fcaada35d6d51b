"""Small sound files of each kind that Litmus reads, made by hand and the same each time."""

from __future__ import annotations

import zipfile
from io import BytesIO

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def packed(entries: dict[str, str | bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    """Return a zip archive with these entries, dated alike so that it is always the same."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def relations(*targets: tuple[str, str, str]) -> str:
    """Return the relations (id, kind, target) of a part of an Office file."""
    lines = (
        f'<Relationship Id="{name}" Type="{_R}/{kind}" Target="{target}"/>'
        for name, kind, target in targets
    )
    return f'<Relationships xmlns="{_RELS}">{"".join(lines)}</Relationships>'


def office(main: str, entries: dict[str, str | bytes]) -> bytes:
    """Return an Office file whose first part is `main`."""
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("rId1", "officeDocument", main)),
            **entries,
        }
    )


def paragraph(text: str, style: str = "", extra: str = "") -> str:
    """Return a paragraph of a Word document; `extra` are more settings of it."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{extra}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def numbered(text: str, list_id: int, depth: int = 0) -> str:
    """Return a paragraph that is an item of a list."""
    place = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, extra=place)


def word_table(*rows: tuple[str, ...]) -> str:
    """Return a table of a Word document."""
    lines = (
        "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in rows
    )
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(lines)}</w:tbl>"


_STYLES = f"""<w:styles {W}>
<w:style w:type="paragraph" w:styleId="Berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="own"/><w:basedOn w:val="Two"/></w:style>
<w:style w:type="paragraph" w:styleId="Two"><w:name w:val="x"/>
<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
</w:styles>"""
_NUMBERING = f"""<w:numbering {W}>
<w:abstractNum w:abstractNumId="7">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="8">
<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="&#8226;"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>
</w:numbering>"""


def docx(
    body: str = "", *, parts: dict[str, tuple[str, str]] | None = None, lead: str = ""
) -> bytes:
    """Return a Word document. `parts` are more parts, by name: their kind and content."""
    parts = {
        "styles.xml": ("styles", _STYLES),
        "numbering.xml": ("numbering", _NUMBERING),
        **(parts or {}),
    }
    body = body or paragraph("A plan", "Berschrift1") + paragraph("The ferry leaves at nine.")
    kinds = [(f"r{place}", kind, name) for place, (name, (kind, _)) in enumerate(parts.items())]
    return office(
        "word/document.xml",
        {
            "word/document.xml": f"{lead}<w:document {W}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(*kinds),
            **{f"word/{name}": content for name, (_, content) in parts.items()},
        },
    )


def xlsx(rows: str = "", shared: str = "") -> bytes:
    """Return a workbook with one visible sheet and one hidden."""
    rows = rows or (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>born</t></is></c>'
        '<c r="D1" t="str"><v>paid</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" s="1"><v>5823</v></c>'
        '<c r="D3" t="b"><v>1</v></c></row>'
    )
    shared = shared or "<si><t>name</t></si><si><r><t>Ada </t></r><r><t>L.</t></r></si>"
    return office(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_R}"><sheets>'
            '<sheet name="People" sheetId="5" r:id="rA"/>'
            '<sheet name="Secret" sheetId="6" state="hidden" r:id="rB"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations(
                ("rA", "worksheet", "worksheets/one.xml"),
                ("rB", "worksheet", "worksheets/two.xml"),
                ("rC", "sharedStrings", "sharedStrings.xml"),
                ("rD", "styles", "styles.xml"),
            ),
            "xl/worksheets/one.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>'
            "</worksheet>",
            "xl/worksheets/two.xml": f'<worksheet xmlns="{_MAIN}"/>',
            "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
            '<xf numFmtId="14"/></cellXfs></styleSheet>',
        },
    )


def pptx(*slides: str) -> bytes:
    """Return a presentation with a slide for each title, in the given order."""
    slides = slides or ("First slide", "Second slide")
    ids = "".join(f'<p:sldId id="{256 + n}" r:id="r{n}"/>' for n in range(len(slides)))
    names = [f"slides/slide{len(slides) - n}.xml" for n in range(len(slides))]
    spaces = f'xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}" xmlns:r="{_R}"'
    entries: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{ids}</p:sldIdLst>"
        "</p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *((f"r{n}", "slide", name) for n, name in enumerate(names))
        ),
    }
    for name, title in zip(names, slides, strict=True):
        entries[f"ppt/{name}"] = (
            f"<p:sld {spaces}><p:sp><p:nvSpPr><p:nvPr><p:ph type='title'/></p:nvPr></p:nvSpPr>"
            f"<p:txBody><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:txBody></p:sp>"
            "<p:sp><p:txBody><a:p><a:r><a:t>Point one</a:t></a:r></a:p>"
            "<a:p><a:pPr lvl='1'/><a:r><a:t>Below</a:t></a:r></a:p></p:txBody></p:sp></p:sld>"
        )
    return office("ppt/presentation.xml", entries)


def odt(body: str = "", manifest: str = "<manifest/>") -> bytes:
    """Return an OpenDocument text."""
    body = body or '<text:h text:outline-level="2">Tides</text:h><text:p>High at six.</text:p>'
    spaces = " ".join(f'xmlns:{each}="{_ODF}{each}:1.0"' for each in ("office", "text", "table"))
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": manifest,
            "content.xml": f"<office:document-content {spaces}><office:body><office:text>{body}"
            "</office:text></office:body></office:document-content>",
        },
        stored=("mimetype",),
    )


def epub(*chapters: str) -> bytes:
    """Return a book with these chapters of HTML."""
    chapters = chapters or ("<h1>One</h1><p>It began.</p>", "<h1>Two</h1><p>It ended.</p>")
    items = "".join(f'<item id="c{n}" href="text/c%20{n}.html"/>' for n in range(len(chapters)))
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/book.opf"/>'
            "</rootfiles></container>",
            "OPS/book.opf": f"<package><manifest>{items}</manifest>"
            f"<spine>{order}</spine></package>",
            **{
                f"OPS/text/c {n}.html": f"<html><body>{chapter}</body></html>"
                for n, chapter in enumerate(chapters)
            },
        },
        stored=("mimetype",),
    )


def pdf(*pages: str) -> bytes:
    """Return a PDF with these pages of text, in Latin letters, written by hand."""
    pages = pages or ("The harbour opens at nine.", "Boats leave every hour.")
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for n, text in enumerate(pages):
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        stream = f"BT /F1 12 Tf 72 720 Td ({escaped}) Tj ET" if text else ""
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {5 + 2 * n} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>",
            f"<</Length {len(stream.encode('latin-1'))}>>stream\n{stream}\nendstream",
        ]
    return numbered_objects(objects)


def numbered_objects(objects: list[str]) -> bytes:
    """Return a PDF of these objects, the first of which is its catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"
    return bytes(out) + trailer.encode()


HTML = """<!DOCTYPE html><html><head><title>Ferry times</title><script>alert(1)</script></head>
<body><h1>Harbour</h1><p>Boats &amp; people.</p></body></html>"""

FILES: dict[str, bytes] = {
    "a.pdf": pdf(),
    "a.docx": docx(),
    "a.xlsx": xlsx(),
    "a.pptx": pptx(),
    "a.odt": odt(),
    "a.epub": epub(),
    "a.html": HTML.encode(),
    "a.csv": b"name,born\nAda,1815\nGrace,1906\n",
    "a.json": b'{"name": "Ada", "born": 1815}',
    "a.jsonl": b'{"name": "Ada"}\n{"name": "Grace"}\n',
    "a.md": b"# Ferry\n\nIt leaves at nine.\n",
    "a.txt": b"It leaves at nine.\n",
}
