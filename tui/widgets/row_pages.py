"""The rows of a long list, a few pages of them at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

PAGE = 200
"""Rows that are fetched at once."""
PAGES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: `key` names what it stands for, `text` is untrusted."""

    key: int
    glyph: str
    text: str
    muted: bool = False


Fetch = Callable[[int, int], Awaitable[Sequence[Row]]]
"""Given an offset and a limit, returns the rows from there, at most so many."""


async def _nothing(_offset: int, _limit: int) -> Sequence[Row]:
    return ()


class RowPages:
    """Rows by index, of which those fetched last or asked for last are kept.

    A stale page is still shown, and fetched anew when it is wanted.
    """

    def __init__(self, count: int = 0, fetch: Fetch = _nothing) -> None:
        self.count = max(0, count)
        self.busy = False
        self._fetch = fetch
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._stale: set[int] = set()
        self._loading: int | None = None

    def get(self, index: int) -> Row | None:
        """Return a row, or None where there is none or it has not been fetched."""
        page, place = self._pages.get(index // PAGE, []), index % PAGE
        return page[place] if 0 <= index < self.count and place < len(page) else None

    def put(self, index: int, row: Row) -> None:
        """Replace a row. One that is on its way is fetched once more: it may be older."""
        if self.get(index) is not None:
            self._pages[index // PAGE][index % PAGE] = row
        self.outdate(index)

    def outdate(self, index: int) -> None:
        """Have a row that is on its way fetched once more."""
        if index // PAGE == self._loading:
            self._stale.add(index // PAGE)

    def invalidate(self, first: int, last: int) -> None:
        """Make the pages stale that hold the rows `first` to `last`."""
        known = {*self._pages, *([] if self._loading is None else [self._loading])}
        self._stale |= {page for page in known if first // PAGE <= page <= last // PAGE}

    def missing(self, indices: Iterable[int]) -> int | None:
        """Return the first page that holds one of the rows and has to be fetched."""
        for page in dict.fromkeys(index // PAGE for index in indices):
            if page not in self._pages or page in self._stale:
                return page
            self._pages.move_to_end(page)
        return None

    async def load(self, page: int) -> None:
        """Fetch a page."""
        self._loading = page
        self._stale.discard(page)
        try:
            rows = await self._fetch(page * PAGE, min(PAGE, self.count - page * PAGE))
        finally:
            self._loading = None
        self._pages[page] = list(rows)
        self._pages.move_to_end(page)
        while len(self._pages) > PAGES_KEPT:
            dropped, _ = self._pages.popitem(last=False)
            self._stale.discard(dropped)
