"""The cases that a bench lists: all of them, or those that a line of the person's asks for."""

from __future__ import annotations

from lab.desk import Desk
from store import filters, overview
from store.filters import Term
from store.overview import CaseRow
from store.records import Variant

_AHEAD = 200


class Listed:
    """What the case list shows. `line` is the filter as it was typed, empty for all.

    A filter's cases are found once, so that one that is mended or labelled stays in sight
    until the list is filled anew.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._terms: tuple[Term, ...] = ()
        self._ids: list[int] = []
        self.line = ""
        self.of = 0

    def __len__(self) -> int:
        return len(self._ids)

    def choose(self, line: str) -> None:
        """Ask for the cases that a line names. Raises FilterProblem."""
        if not line.strip():
            self.line, self._terms = "", ()
            return
        # Here, since the first paint needs no filter.
        from lab.case_filter import read_filter

        self._terms = read_filter(line)
        self.line = line.strip()

    async def fill(self, variant_id: int, case_id: int | None) -> tuple[int, int]:
        """Find the cases anew; return how many there are, and a case's place among them."""
        self.of, index = await self._desk.place(case_id)
        if not self.line:
            return self.of, index
        self._ids = await self._desk.database.read(
            filters.matching, self._desk.session.id, variant_id, self._terms
        )
        return len(self._ids), self._place(case_id) or 0

    async def place(self, case_id: int) -> int | None:
        """Return a case's place in the list, or None where it is not in it."""
        if self.line:
            return self._place(case_id)
        return (await self._desk.place(case_id))[1]

    async def rows(self, variant_id: int, offset: int, limit: int) -> list[CaseRow]:
        """Return a window of the list."""
        if not self.line:
            return await self._desk.rows(variant_id, offset, limit)
        wanted = self._ids[offset : offset + limit]
        return await self._desk.database.read(
            overview.rows_of, self._desk.session.id, variant_id, wanted
        )

    async def next_unlabelled(self, variant: Variant, case_id: int, position: int) -> int | None:
        """Return the next case of the list whose answer waits for a verdict, or None."""
        if not self.line:
            return await self._desk.next_unlabelled(variant, position)
        here = (self._place(case_id) or 0) + 1
        ahead = [*self._ids[here:], *self._ids[: here - 1]]
        for start in range(0, len(ahead), _AHEAD):
            rows = await self._desk.database.read(
                overview.rows_of,
                self._desk.session.id,
                variant.id,
                ahead[start : start + _AHEAD],
            )
            waiting = {
                row.case_id
                for row in rows
                if row.status == "done" and row.verdict is None and row.sound
            }
            found = next((each for each in ahead[start:] if each in waiting), None)
            if found is not None:
                return found
        return None

    def _place(self, case_id: int | None) -> int | None:
        return next((place for place, each in enumerate(self._ids) if each == case_id), None)
