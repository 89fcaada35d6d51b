"""The notes of one file, each phrase once: where it holds first, and for how many cases."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.interop.files import Refused
from lab.interop.source import Note


@dataclass(slots=True)
class _Place:
    line: int | None
    latest: int
    cases: int


@dataclass(slots=True)
class Notes:
    """Collects the notes of a file while its cases are read in their order.

    With `strict` a check that is not understood is refused instead.
    """

    strict: bool = False
    _line: int | None = None
    _case: int = 0
    _found: dict[str, _Place] = field(default_factory=dict[str, _Place])

    def begin(self, line: int | None = None) -> None:
        """Say that the next case is read, from `line`; None where a format has no lines."""
        self._line = line
        self._case += 1

    def add(self, what: str) -> None:
        """Say `what` of the case that is being read; twice of one case counts once."""
        place = self._found.get(what)
        if place is None:
            self._found[what] = _Place(self._line, self._case, 1)
        elif place.latest != self._case:
            place.latest = self._case
            place.cases += 1

    def unchecked(self, what: str) -> None:
        """Say that a check of the case is not made. Raises Refused where that is not wished."""
        if self.strict:
            raise Refused(what)
        self.add(what)

    def listed(self) -> tuple[Note, ...]:
        """Return the notes in the order in which they came up."""
        return tuple(Note(what, place.line, place.cases) for what, place in self._found.items())
