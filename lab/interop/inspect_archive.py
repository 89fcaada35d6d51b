"""The zip file that an eval log of Inspect is.

Inspect compresses with zstandard, which Python's zipfile cannot read before 3.14; then the
package `zstandard` is used.
"""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from types import TracebackType

from lab.interop.files import ImportProblem

_ZSTANDARD = 93
_LARGEST = 2**31
_LOCAL_HEADER = struct.Struct("<26xHH")


class Archive:
    """A log's files. Every method raises ImportProblem where the file is broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as problem:
            raise self._broken(problem) from None
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        if sum(entry.file_size for entry in self._entries.values()) > _LARGEST:
            self._zip.close()
            raise ImportProblem(f"{path.name} unpacks to more than 2 GB, which is too much.")

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The names of the files in the log, in their order."""
        return list(self._entries)

    def json(self, name: str) -> object:
        """Return what a file of the log holds."""
        try:
            return json.loads(self._bytes(self._entries[name]))
        except (OSError, EOFError, zipfile.BadZipFile, ValueError, RecursionError) as problem:
            raise self._broken(problem) from None

    def _bytes(self, entry: zipfile.ZipInfo) -> bytes:
        try:
            return self._zip.read(entry)
        except NotImplementedError:
            if entry.compress_type != _ZSTANDARD:
                raise ImportProblem(
                    f"{self._path.name} is compressed in a way that cannot be read here."
                ) from None
        return self._unpacked(entry)

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        import zstandard

        with self._path.open("rb") as file:
            file.seek(entry.header_offset)
            name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            file.seek(name + extra, 1)
            packed = file.read(entry.compress_size)
        try:
            # A large file is written as several frames, one after the other.
            with zstandard.ZstdDecompressor().stream_reader(
                packed, read_across_frames=True
            ) as reader:
                return bytes(reader.read(entry.file_size))
        except zstandard.ZstdError as problem:
            raise self._broken(problem) from None

    def _broken(self, problem: Exception) -> ImportProblem:
        return ImportProblem(f"{self._path.name} is no whole eval log of Inspect ({problem}).")
