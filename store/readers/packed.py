"""Files that are zip archives inside (Office, OpenDocument, EPUB), opened with bounds.

Nothing that an archive says of itself is believed: entries are counted, what they unpack to
is measured as it comes, and an archive within is never opened.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import unquote

from store.readers.source import Refused, Source

MAX_ENTRIES = 20_000
MAX_PART = 256_000_000
MAX_UNPACKED = 512_000_000
_CHUNK = 65_536
_BINARY_WORKBOOK = "a binary workbook (.xlsb); save it as .xlsx"
_APPLE = "from Apple's Pages, Numbers or Keynote; export it as .docx, .xlsx, .pptx or PDF"
_OPEN_DOCUMENT = {
    "spreadsheet": "an OpenDocument spreadsheet; save it as .xlsx or .csv",
    "presentation": "an OpenDocument presentation; save it as .pptx or PDF",
    "graphics": "an OpenDocument drawing; save it as PDF",
}
_CLAIMED = {
    ".docx": "Word document",
    ".xlsx": "workbook",
    ".pptx": "presentation",
    ".odt": "OpenDocument text",
    ".epub": "EPUB",
}
_ARCHIVE = "an archive; unpack it and add what is in it"


class Package:
    """An opened archive. `kind` is what it holds, for the sentence of a refusal."""

    def __init__(self, data: bytes, kind: str) -> None:
        self._kind = kind
        self._left = MAX_UNPACKED
        with self._sound():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        self.names = set(self._zip.namelist())
        if len(self.names) > MAX_ENTRIES:
            raise Refused("bomb")

    def read(self, name: str) -> bytes:
        """Return an entry unpacked; empty where it is not there."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield an entry unpacked, piece by piece; nothing where it is not there."""
        if name not in self.names:
            return
        with self._sound(), self._opened(name) as file:
            part = MAX_PART
            while chunk := file.read(_CHUNK):
                part -= len(chunk)
                self._left -= len(chunk)
                if part < 0 or self._left < 0:
                    raise Refused("bomb")
                yield chunk

    def relations(self, of: str) -> dict[str, tuple[str, str]]:
        """Return what an entry refers to: by id, the last word of the type and the entry."""
        from store.readers.xml_stream import elements

        folder, name = posixpath.split(of)
        found: dict[str, tuple[str, str]] = {}
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        for relation in elements(self.chunks(path), {"Relationship"}):
            kind = relation.get("Type", "").rpartition("/")[2]
            target = unquote(relation.get("Target", ""))
            found[relation.get("Id", "")] = (kind, joined(folder, target))
        return found

    def main(self) -> str:
        """Return the entry that an Office file begins with. Raises Refused."""
        for kind, target in self.relations("").values():
            if kind == "officeDocument" and target in self.names:
                return target
        raise Refused("damaged", self._kind)

    def _opened(self, name: str) -> IO[bytes]:
        if self._zip.getinfo(name).flag_bits & 1:
            raise Refused("locked")
        return self._zip.open(name)

    @contextmanager
    def _sound(self) -> Generator[None]:
        broken = (zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError, zlib.error)
        try:
            yield
        except (*broken, NotImplementedError, RuntimeError, IndexError) as error:
            raise Refused("damaged", self._kind) from error


def joined(folder: str, target: str) -> str:
    """Return the entry that a reference means: from the top where it begins with a slash."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def kind(source: Source) -> str:
    """Return which reader an archive is for. Raises Refused where there is none."""
    package = Package(source.data, _named(source))
    names = package.names
    mimetype = package.read("mimetype")[:100].decode("ascii", "replace").strip()
    if mimetype == "application/epub+zip" or "META-INF/container.xml" in names:
        return "epub"
    if mimetype.startswith("application/vnd.oasis.opendocument."):
        for word, what in _OPEN_DOCUMENT.items():
            if word in mimetype:
                raise Refused("format", what)
        return "odt"
    if "xl/workbook.bin" in names:
        raise Refused("format", _BINARY_WORKBOOK)
    if "[Content_Types].xml" in names:
        for folder, reader in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(name.startswith(folder) for name in names):
                return reader
    if any(name.endswith(".iwa") or name == "Index.zip" for name in names):
        raise Refused("format", _APPLE)
    raise Refused("format", _ARCHIVE)


def _named(source: Source) -> str:
    """Return what an archive claims to be, for the sentence that says it is damaged."""
    return next((what for ending, what in _CLAIMED.items() if source.named(ending)), "archive")
