"""What the readers of promptfoo's files share: the folder, the notes, and what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, cast

from lab.interop.files import ImportProblem, Refused, at
from lab.interop.folder import Folder, is_reference
from lab.interop.notes import Notes
from lab.interop.templates import Values, render
from lab.interop.values import kind
from lab.interop.yaml_text import Lined, load

MOST_NAMED = 50  # pieces of code that are named one by one
_CODE = (".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".py", ".rb", ".go", ".sh", ".bash", ".exe")
_MOST_NODES = 2_000_000
_DEEPEST_REFERENCE = 20

Object = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test stands: its number in the benchmark, its line (0: not known) and its file."""

    number: int
    line: int
    file: str

    def refuse(self, reason: str) -> NoReturn:
        """Raise the ImportProblem that names the test and the reason."""
        reason = reason.rstrip(".")
        if self.line:
            at(self.line, self.file, f"test {self.number}: {reason}")
        raise ImportProblem(f"Test {self.number} of {self.file}: {reason}.")


@dataclass(slots=True)
class Job:
    """One import: the files that it may read, and what came up.

    `lost` is the first check that cannot be made, with its place, and `losers` how many tests
    have such a check; `left_out` is what of the prompts and tests is not read.
    """

    name: str
    folder: Folder | None
    notes: Notes = field(default_factory=Notes)
    unknown: dict[str, None] = field(default_factory=dict[str, None])
    lost: tuple[Place, str] | None = None
    losers: int = 0
    left_out: list[str] = field(default_factory=list[str])
    _named: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _loser: int = 0
    _data: dict[Path, object] = field(default_factory=dict[Path, object])

    def paths(self, reference: str, base: Path | None = None) -> list[Path]:
        """Return the files that a reference names; see `Folder.paths`. Raises Refused."""
        if self.folder is None:
            raise Refused(f"{reference[:80]} is a file's name, and no file is read here")
        return self.folder.paths(reference, base)

    def text(self, path: Path) -> str:
        """Return a file's text. Raises Refused."""
        assert self.folder is not None  # a path comes from `paths` alone
        return self.folder.text(path)

    def data(self, path: Path) -> object:
        """Return what a YAML or JSON file holds. Raises Refused or ImportProblem."""
        if path not in self._data:
            value = load(self.text(path), self.shown(path))
            self._data[path] = dereferenced(value) if "$ref" in self.text(path) else value
        return self._data[path]

    def shown(self, path: Path) -> str:
        """Return a file's name as a person is told of it."""
        return self.folder.shown(path) if self.folder else path.name

    def opened(self, value: object) -> object:
        """Return a value, or what the YAML or JSON file holds that it names instead."""
        if not is_reference(value):
            return value
        reference = cast(str, value)
        if is_code(reference):
            raise Refused(f"{reference} is code and is never run")
        return self.data(self.paths(reference)[0])

    def render(self, text: str, values: Values) -> str:
        """Return a text with its templates filled in; what went otherwise is noted."""
        return render(text, values, self.notes.add)

    def lose(self, place: Place, what: str) -> None:
        """Note a check of a test that is not made."""
        self._lose(place, what)
        self.notes.add(what)

    def lose_code(self, place: Place, what: str, code: str) -> None:
        """Note code that is not run: each different piece by itself, up to a number."""
        shown = " ".join(code.split())
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        self._lose(place, f"{what} is code and is never run")
        if (what, shown) not in self._named:
            first = "" if place.file == self.name and place.line else f" (test {place.number})"
            told = f"{what} “{shown}” is code and is never run{first}"
            if len(self._named) >= MOST_NAMED:
                told = f"{what} with other code is never run either"
            self._named[what, shown] = told
        self.notes.add(self._named[what, shown])

    def leave_out(self, what: str) -> None:
        """Note prompts or tests that are not read."""
        self.left_out.append(what)
        self.notes.add(what)

    def _lose(self, place: Place, what: str) -> None:
        self.lost = self.lost or (place, what)
        if self._loser != place.number:
            self._loser = place.number
            self.losers += 1

    def refuse_lost(self) -> None:
        """Raise ImportProblem for the first check that cannot be made, if there is one."""
        if self.lost is None:
            return
        place, what = self.lost
        others = f"{self.losers:,} tests have" if self.losers > 1 else "one test has"
        place.refuse(f"{what}, and {others} such a check; leave --strict out to import without")


def is_code(reference: str) -> bool:
    """Tell whether a reference names a program, perhaps with a function, as `a.py:f`."""
    plain = reference.removeprefix("file://")
    parts = plain.split(":")
    return plain.startswith(("exec:", "python:", "package:")) or any(
        part.casefold().endswith(_CODE) for part in parts[-2:]
    )


def an_object(value: object, name: str) -> Object:
    """Return an object; empty where there is none. Raises Refused for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{name} is {kind(value)}, and must be a mapping")
    return cast("dict[str, object]", value)


def a_list(value: object, name: str) -> list[object]:
    """Return a list; empty where there is none. Raises Refused for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused(f"{name} is {kind(value)}, and must be a list")
    return cast("list[object]", value)


def line_of(value: object) -> int:
    """Return the line of a mapping, 0 where it is not known."""
    return value.line if isinstance(value, Lined) else 0


def dereferenced(root: object) -> object:
    """Return a document in which each `{$ref: '#/a/b'}` is what stands there.

    Raises Refused for one that leads nowhere, to another file, or round in a circle.
    """
    left = [_MOST_NODES]

    def walk(value: object, depth: int) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Refused("its $refs unfold to too much")
        if isinstance(value, list):
            return [walk(item, depth) for item in cast("list[object]", value)]
        if not isinstance(value, dict):
            return value
        fields = cast("dict[str, object]", value)
        reference = fields.get("$ref")
        if isinstance(reference, str) and len(fields) == 1:
            if depth > _DEEPEST_REFERENCE:
                raise Refused(f"the $ref {reference[:80]} leads round in a circle")
            return walk(_pointed(root, reference), depth + 1)
        copy = Lined(line_of(fields))
        for key, item in fields.items():
            copy[key] = walk(item, depth)
        return copy

    return walk(root, 0)


def _pointed(root: object, reference: str) -> object:
    """Return what a JSON pointer (RFC 6901) such as `#/assertionTemplates/short` names."""
    if not reference.startswith("#"):
        raise Refused(f"the $ref {reference[:80]} leads out of the file and is not followed")
    value = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = cast("dict[str, object]", value)[name]
        elif (
            isinstance(value, list)
            and name.isdigit()
            and int(name) < len(cast("list[object]", value))
        ):
            value = cast("list[object]", value)[int(name)]
        else:
            raise Refused(f"the $ref {reference[:80]} leads nowhere")
    return value
