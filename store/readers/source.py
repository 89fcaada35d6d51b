"""What a reader is given, how it refuses, and how much it may write."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """A file that cannot be read. `reason` is a key of `store.reading_errors.SENTENCES`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its name, its bytes, and the most characters that its text may have."""

    name: str
    data: bytes
    max_chars: int
    password: str | None = None

    def named(self, *endings: str) -> bool:
        """Tell whether the name has one of these endings, given in lower case."""
        return self.name.lower().endswith(endings)


class Writer:
    """Text that grows block by block, with a blank line between two blocks.

    Blocks that belong together (`tight`), such as the rows of a table, stand on adjoining
    lines. Raises Refused when there is more than `max_chars` of it.
    """

    def __init__(self, max_chars: int) -> None:
        self._left = max_chars
        self._parts: list[str] = []
        self._tight = ""

    def block(self, text: str, *, tight: str = "") -> None:
        """Add a block. One after another with the same `tight` word stand together."""
        if not text:
            return
        if self._parts:
            self._add("\n" if tight and tight == self._tight else "\n\n")
        self._add(text)
        self._tight = tight

    def heading(self, level: int, text: str) -> None:
        """Add a heading of level 1 to 6; line breaks in it become spaces."""
        words = " ".join(text.split())
        if words:
            self.block("#" * max(1, min(level, 6)) + " " + words)

    def row(self, cells: list[str], *, first: bool) -> None:
        """Add a row of a table; below the first one comes the line that Markdown asks for."""
        if not any(cell.strip() for cell in cells):
            return
        if first:
            self.cut()
        self.block(_row(cells), tight="row")
        if first:
            self.block("|" + " --- |" * len(cells), tight="row")

    def cut(self) -> None:
        """Let nothing join the block before."""
        self._tight = ""

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __str__(self) -> str:
        return "".join(self._parts)

    def _add(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise Refused("long")
        self._parts.append(text)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"
