"""The files that a benchmark names itself: only those in its own folder, and of a fair size.

A benchmark may come from a stranger, so that it must not make Litmus read a key or a password
file into a prompt: what lies outside the folder (links followed), begins with a dot, or stands
behind an address is refused.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from lab.interop.files import ImportProblem, Refused, decode

LARGEST = 64 * 2**20  # bytes of one file
MOST_BYTES = 512 * 2**20  # of all files together
MOST_FILES = 2_000

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_GLOB = re.compile(r"[*?\[]")


class Folder:
    """A folder whose files may be read, by the references that a file in it makes."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._read = 0
        self._texts: dict[Path, str] = {}

    def path(self, reference: str, base: Path | None = None) -> Path:
        """Return the file that a reference such as `file://a/b.txt` names.

        It is sought from `base`, a folder inside, else from the root. Raises Refused.
        """
        plain = reference.removeprefix("file://")
        if _ADDRESS.match(plain):
            raise Refused(f"{plain[:80]} is an address, and nothing is fetched; save it as a file")
        path = self._resolved(plain, plain, base)
        if not _is_file(path):
            raise Refused(f"the file {plain[:120]} is not there")
        return path

    def paths(self, reference: str, base: Path | None = None) -> list[Path]:
        """Return the files that a reference names, in order; it may hold `*`, `?` and `[…]`.

        Raises Refused where there is none.
        """
        plain = reference.removeprefix("file://")
        if not _GLOB.search(plain) or _ADDRESS.match(plain):
            return [self.path(reference, base)]
        parts = Path(plain).parts
        first = next(place for place, part in enumerate(parts) if _GLOB.search(part))
        start = self._resolved(str(Path(*parts[:first])), plain, base)
        try:
            found = sorted(islice(start.glob("/".join(parts[first:])), MOST_FILES + 1))
        except (OSError, ValueError, NotImplementedError, RuntimeError):
            found = []
        if len(found) > MOST_FILES:
            raise Refused(f"{plain[:120]} names more than {MOST_FILES:,} files")
        files = [path.resolve() for path in found if not _hidden(path, start) and _is_file(path)]
        for path in files:
            self._inside(path, plain)
        if not files:
            raise Refused(f"no file fits {plain[:120]}")
        return files

    def text(self, path: Path) -> str:
        """Return the text of a file that `path` or `paths` gave. Raises Refused."""
        if path not in self._texts:
            try:
                size = path.stat().st_size
                self._read += size
                if size > LARGEST or self._read > MOST_BYTES or len(self._texts) >= MOST_FILES:
                    raise Refused(f"the file {path.name} is too large, or one too many")
                self._texts[path] = decode(path.read_bytes(), path.name)[0]
            except OSError as problem:
                raise Refused(f"the file {path.name} cannot be read: {problem.strerror}") from None
            except ImportProblem as problem:
                raise Refused(str(problem).rstrip(".")) from None
        return self._texts[path]

    def shown(self, path: Path) -> str:
        """Return a file's path from the root on."""
        return path.relative_to(self.root).as_posix()

    def _resolved(self, name: str, plain: str, base: Path | None) -> Path:
        """Return where a name leads to, links followed. Raises Refused where that is outside."""
        try:
            path = ((base or self.root) / name).resolve()
        except (OSError, ValueError, RuntimeError):  # a name that no file can have
            raise Refused(f"the file {plain[:120]} is not there") from None
        self._inside(path, plain)
        return path

    def _inside(self, path: Path, plain: str) -> None:
        if not path.is_relative_to(self.root):
            raise Refused(
                f"{plain[:120]} is outside the file's own folder and is not read; "
                "put it into the folder"
            )
        if _hidden(path, self.root):
            raise Refused(f"{plain[:120]} is a hidden file and is not read")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or one that may not be looked at
        return False


def is_reference(value: object) -> bool:
    """Tell whether a value names a file, as `file://…`."""
    return isinstance(value, str) and value.startswith("file://")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
