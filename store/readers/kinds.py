"""What a file is, told by its content, and the reader that it goes to.

A name decides only where the content can be read in two ways: Markdown or plain text, and
a table of values or lines with commas in them.
"""

from __future__ import annotations

import re

from store.readers.source import Refused, Source

_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "markdown": "text/markdown",
    "plain": "text/plain",
}

_ARCHIVE = "an archive; unpack it and add what is in it"
_PICTURE = "a picture; run text recognition (OCR) on it and add the text"
_RECORDING = "a recording; add a transcript of it"
_OLD = "in a format of Office 97–2003; save it as {}"
# The first bytes of files that are no text, or text that nobody would want to read.
_REFUSED = (
    (b"{\\rtf", "an RTF file; save it as .docx"),
    (b"%!PS", "PostScript; save it as PDF"),
    *((magic, _PICTURE) for magic in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")),
    *((magic, _ARCHIVE) for magic in (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ")),
    *((magic, _ARCHIVE) for magic in (b"BZh", b"\x28\xb5\x2f\xfd")),
    *((magic, _RECORDING) for magic in (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names of streams in the old container of Office, and what a file with one of them is.
_STREAMS = (
    ("WordDocument", _OLD.format(".docx")),
    ("Workbook", _OLD.format(".xlsx or .csv")),
    ("PowerPoint Document", _OLD.format(".pptx")),
    ("__properties_version1.0", "an Outlook message; save it as text or HTML"),
)
_HTML = re.compile(
    rb"(?:\s|<\?xml[^>]*>|<!--.*?-->)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def pages(source: Source) -> tuple[str, list[str]]:
    """Return a file's media type and the text of each of its pages. Raises Refused."""
    from importlib import import_module

    kind, text = _kind(source)
    reader = import_module(f"store.readers.{kind}") if text is None else None
    found: list[str] = reader.pages(source) if reader else [text or ""]
    if not any(page.strip() for page in found):
        raise Refused("blank")
    return MEDIA_TYPES[kind], found


def _kind(source: Source) -> tuple[str, str | None]:
    """Return what a file is, and its text where that is known thereby."""
    from store.readers import pdf

    if pdf.matches(source):
        return "pdf", None
    if source.data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from store.readers.packed import kind

        return kind(source), None
    _refuse(source.data)
    if _is_html(source):
        return "html", None
    return _text(source)


def _refuse(data: bytes) -> None:
    """Refuse what is known to be no text, and say what to do with it."""
    if data.startswith(_OLE):
        raise _old_office(data)
    for magic, what in _REFUSED:
        if data.startswith(magic):
            raise Refused("format", what)
    if data.startswith(b"RIFF"):
        raise Refused("format", _PICTURE if data[8:12] == b"WEBP" else _RECORDING)
    if data[4:8] == b"ftyp":
        raise Refused("format", _RECORDING)
    if data[257:262] == b"ustar":
        raise Refused("format", _ARCHIVE)


def _old_office(data: bytes) -> Refused:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Refused("locked")
    for stream, what in _STREAMS:
        if stream.encode("utf-16-le") in data:
            return Refused("format", what)
    return Refused("format", _OLD.format(".docx, .xlsx or .pptx"))


def _is_html(source: Source) -> bool:
    # UTF-16 has a NUL beside each of these letters.
    head = source.data[:4096].lstrip(b"\xef\xbb\xbf\xfe\xff").replace(b"\0", b"")
    if _HTML.match(head):
        return True
    return source.named(".html", ".htm", ".xhtml") and bool(re.search(rb"<[a-zA-Z]", head))


def _text(source: Source) -> tuple[str, str]:
    """Return the kind and the text of a file in some encoding."""
    from store.decoding import decode
    from store.readers import json_text, table

    text = decode(source.data)
    if text is None:
        raise Refused("binary")
    if len(text) > source.max_chars:
        raise Refused("long")
    found = json_text.readable(text, source.max_chars)
    if found is not None:
        return found
    if source.named(".md", ".markdown"):
        return "markdown", text
    rows = table.rows(text, named=source.named(".csv", ".tsv", ".tab"))
    if rows is not None:
        return "csv", table.records(rows, source.max_chars)
    return "plain", text
