"""What every format's reader gets and gives: the file, the wishes of the person, the cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from store.records import CaseDraft


class Stopped(Exception):
    """The person stopped an import; nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: its path, for the files that it names itself, and its decoded text."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.name


def _nothing(done: int, of: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a person wants a file read.

    `columns` maps a field of ours (`prompt`, `expected`, `id`, `tags`, `split`, `context`,
    `metadata.…`) to a column's name, or to its number from 1 in a file without a header.
    `strict` refuses a file of which a check is not understood. `progress` is called now and
    then with the records read and how many there are about (0: not known); it may raise
    Stopped.
    """

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    strict: bool = False
    progress: Callable[[int, int], None] = _nothing


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not understood, or is understood otherwise than elsewhere.

    `what` is a plain phrase, such as “a javascript assertion is never run”; `line` counts
    from 1, None where the format has no lines; `cases` is how many cases it touches.
    """

    what: str
    line: int | None = None
    cases: int = 1


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text that came with the benchmark and becomes a document of the session."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a file holds. `unknown` are names of columns or keys that were not used.

    `by_hand` is how many cases have nothing that a machine can check. `format` is the name
    that `--format` takes. `columns` are pairs of a field of ours and the column or key that
    filled it, where the person could have chosen another.
    """

    cases: tuple[CaseDraft, ...]
    unknown: tuple[str, ...] = ()
    format: str = ""
    notes: tuple[Note, ...] = ()
    documents: tuple[SourceText, ...] = ()
    by_hand: int = 0
    columns: tuple[tuple[str, str], ...] = ()


class Format(Protocol):
    """A module for one format. A writer's file is read back as the same cases."""

    NAME: str
    TITLE: str

    @staticmethod
    def matches(source: Source) -> bool:
        """Tell from the content whether the file is of this format; cheap, never raises."""
        ...

    @staticmethod
    def read(source: Source, wishes: Wishes) -> ImportResult:
        """Read the file. Raises ImportProblem with the line and the reason, or Stopped."""
        ...
