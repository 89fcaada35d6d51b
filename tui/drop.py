"""A drop is a paste: terminals deliver dropped files as text.

Each terminal writes the paths its own way: as `file://` URLs, in quotes, with backslashes
before spaces, or bare; separated by spaces or by newlines. A text can be read in several
ways, so each way is tried, and the text is a drop only if every path in it exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote_to_bytes

MAX_BYTES = 65_536
MAX_PATHS = 200

_SPACE = " \t\r\n"
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]")
_URL = re.compile(r"file:(?://(?P<host>[^/]*))?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
_HOME = re.compile(r"~[^/\s]*/")
_ABSOLUTE = re.compile(rf"/|{_HOME.pattern}|{_WINDOWS.pattern}|file:/", re.IGNORECASE)
# Where a path that starts at the root can begin: after a space, with or without a quote.
_BEGIN = re.compile(rf"(?<=[ \t])(?=['\"]?(?:{_ABSOLUTE.pattern}|\.\.?/))", re.IGNORECASE)
_QUOTED = re.compile(r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.)+(?=[ \t]|$)", re.DOTALL)
_PIECE = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | '(?P<single>[^']*)'
    | "(?P<windows>(?:[A-Za-z]:[\\/]|\\\\[^\\"])[^"]*)"
    | "(?P<double>(?:[^"\\]|\\.)*)"
    | \\(?P<escaped>.)
    | (?P<plain>[^ \t\r\n'"\\]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE_WINDOWS = re.compile(rf"(?:{_WINDOWS.pattern})[^ \t\r\n'\"]*")

Exists = Callable[[Path], bool]


def parse(text: str, *, cwd: Path | None = None, exists: Exists = Path.exists) -> list[Path] | None:
    """Return the paths that were dropped, in their order, or None when it is just text.

    Files and folders alike are returned. A relative path counts only if it has a
    separator in it, and is taken from `cwd` (default: the current folder). Anything over
    64 KB or 200 paths is text. `exists` is the only touch of the disk, and an OSError or
    ValueError from it means no; nothing is raised, whatever the text is.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return None
    text = text.strip(_SPACE)
    there = _Known(cwd, exists)
    whole = there.first(_readings(text))
    if whole is not None or not ("\n" in text or "\r" in text):
        return whole
    found: list[Path] = []
    for line in filter(None, (line.strip(_SPACE) for line in re.split(r"[\r\n]+", text))):
        paths = there.first(_readings(line)) if len(found) < MAX_PATHS else None
        if paths is None:
            return None
        found += paths
    return found if len(found) <= MAX_PATHS else None


def is_candidate(text: str) -> bool:
    """Tell, without the disk, whether `parse` could find a drop in the text."""
    return parse(text, cwd=Path(), exists=lambda _: True) is not None


class _Known:
    """Asks of each path once whether it exists."""

    def __init__(self, cwd: Path | None, exists: Exists) -> None:
        self._cwd = cwd
        self._exists = exists
        self._answers: dict[Path, bool] = {}

    def first(self, readings: Iterator[list[str]]) -> list[Path] | None:
        """Return the paths of the first reading of which all exist."""
        for words in readings:
            paths = [path for word in words if (path := _path(word, self._cwd))]
            if 0 < len(paths) == len(words) <= MAX_PATHS and all(map(self._is_there, paths)):
                return paths
        return None

    def _is_there(self, path: Path) -> bool:
        if path not in self._answers:
            try:
                self._answers[path] = self._exists(path)
            except (OSError, ValueError):
                self._answers[path] = False
        return self._answers[path]


def _readings(text: str) -> Iterator[list[str]]:
    """Yield the ways to read a text as path words, the likelier first."""
    one_line = "\n" not in text and "\r" not in text
    if one_line and (_ABSOLUTE.match(text) or not re.search(r"^['\"]| ", text)):
        yield [text]
    words = _shell_words(text)
    if words:
        yield words
    if one_line:
        yield from _mixed(text)


def _mixed(line: str) -> Iterator[list[str]]:
    """Read a line as several paths of which some may be bare and have spaces in them."""
    parts = _parts(line)
    if len(parts) > MAX_PATHS:
        return
    plain: list[str] = []
    unescaped: list[str] = []
    for part in parts:
        words = _shell_words(part) or [part]
        quoted = part[0] in "'\""
        plain += words if quoted else [part]
        unescaped += words if quoted or "\\" in part else [part]
    yield plain
    yield unescaped


def _parts(line: str) -> list[str]:
    """Cut a line where a quoted part ends and before whatever starts at the root."""
    parts: list[str] = []
    at = 0
    while at < len(line) and len(parts) <= MAX_PATHS:
        quoted = _QUOTED.match(line, at)
        begin = quoted or _BEGIN.search(line, at + 1)
        end = len(line) if begin is None else begin.end()
        parts.append(line[at:end].strip(_SPACE))
        at = end + len(line[end:]) - len(line[end:].lstrip(" \t"))
    return parts


def _shell_words(text: str) -> list[str]:
    """Split a text as a shell does; [] when a quote or a backslash has nothing behind it.

    A word that starts with a drive or a UNC share is Windows's, where a backslash
    separates folders.
    """
    words: list[str] = []
    at, fresh = 0, True
    while at < len(text):
        bare = _BARE_WINDOWS.match(text, at) if fresh else None
        piece = bare or _PIECE.match(text, at)
        if piece is None:
            return []
        at = piece.end()
        if bare is None and piece["space"]:
            fresh = True
            continue
        if fresh:
            words.append("")
        words[-1] += piece[0] if bare else _unquoted(piece)
        fresh = False
        if len(words) > MAX_PATHS:
            return []
    return words


def _unquoted(piece: re.Match[str]) -> str:
    if piece["double"] is not None:
        return re.sub(r'\\(["\\$`])', r"\1", piece["double"])
    return next(
        part
        for part in (piece["single"], piece["windows"], piece["escaped"], piece["plain"])
        if part is not None
    )


def _path(word: str, cwd: Path | None) -> Path | None:
    """Return the path that a word names, or None when a word like it names none."""
    if "\0" in word:
        return None
    try:
        if url := _URL.fullmatch(word):
            return _from_url(url["host"] or "", url["path"])
        if _WINDOWS.match(word):
            return Path(word) if PureWindowsPath(word).name else None
        if ("/" not in word and os.sep not in word) or not _names_something(word):
            return None
        path = Path(word)
        if _HOME.match(word):
            path = Path(os.path.expanduser(word))  # noqa: PTH111 - Path.expanduser can raise
        return path if path.is_absolute() else (cwd or Path.cwd()) / path
    except (OSError, ValueError):
        return None


def _from_url(host: str, encoded: str) -> Path | None:
    """Return the path of a file URL. Bytes that are not UTF-8 are kept as Linux keeps them."""
    name = os.fsdecode(unquote_to_bytes(encoded))
    if host.lower() not in ("", "localhost"):
        # Another machine: only Windows can reach it by a path.
        return Path(f"//{host}{name}") if os.name == "nt" else None
    if os.name == "nt" and _WINDOWS.match(name, 1):
        name = name[1:]
    return Path(name) if "\0" not in name and _names_something(name) else None


def _names_something(word: str) -> bool:
    """Tell `/`, `..` and `~/`, which are never meant as a file, from a path to one."""
    return PurePosixPath(word).name not in ("", "..") and word.rstrip("/") != "~"
