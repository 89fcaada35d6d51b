"""The order of the label queue: shuffled, the same in every sitting, fetched one ahead."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Sequence
from hashlib import blake2b

from lab.labels.cards import Card
from store import queue
from store.database import Connection, Database
from store.queue import Item

_FETCHED = 2
"""So many answers are fetched before they are asked for."""


class Order:
    """What is left of a session's queue.

    The place of an answer is a hash of its id under the session's seed, so that neither
    what was labelled nor what came since changes the order of the others.

    With `wanted` answers it holds these only, in their own order, also those that the checks
    have graded.
    """

    def __init__(
        self,
        database: Database,
        session_id: int,
        seed: str,
        wanted: Sequence[int] | None = None,
    ) -> None:
        self._wanted = wanted
        self._places: dict[int, int] = {}  # of those that are wanted, by what they are now
        self._database = database
        self._session_id = session_id
        self._seed = bytes.fromhex(seed)
        # Bare numbers, since a hundred thousand small objects would hold up the collector.
        self._ids: list[int] = []  # in order of rank, the next one last
        self._ahead: list[Card] = []  # come before those, the next one last
        self._skipped: set[int] = set()
        self._coming: dict[int, asyncio.Task[Item | None]] = {}

    @property
    def left(self) -> int:
        """How many are still to come."""
        return len(self._ids) + len(self._ahead)

    @property
    def new(self) -> int:
        """How many of those have no label yet."""
        return len(self._ids) + sum(card.is_new for card in self._ahead)

    @property
    def skipped(self) -> int:
        """How many were passed over."""
        return len(self._skipped)

    async def fill(self, *, graded: bool, shown: int = 0) -> None:
        """Read anew what waits, without what was passed over and what is `shown`."""
        self._ahead = [card for card in self._ahead if not card.is_new]
        found = await self._read(graded)
        self._ids = [known for known in found if known not in self._skipped and known != shown]

    async def next(self) -> Card | None:
        """Take the next answer; None where none is left."""
        if self._ahead:
            return self._ahead.pop()
        while self._ids:
            item = await self._fetch(self._ids.pop())
            # It may have been labelled elsewhere since.
            if item is not None and item.answer.label is None:
                return Card(item)
        return None

    def put_back(self, *cards: Card) -> None:
        """Let cards come next, the first of them first."""
        self._ahead += reversed(cards)

    def skip(self, card: Card) -> None:
        """Leave an answer out until `unskip`."""
        if card.is_new:
            self._skipped.add(card.item.answer.id)

    def unskip(self, card: Card | None = None) -> None:
        """Take back that an answer was passed over; without one, that any was."""
        if card is None:
            self._skipped.clear()
        else:
            self._skipped.discard(card.item.answer.id)

    async def drop_case(self, case_id: int) -> None:
        """Take a case's answers out."""
        self._ahead = [card for card in self._ahead if card.item.case.id != case_id]
        gone = set(await self._read(True, case_id))
        self._ids = [known for known in self._ids if known not in gone]

    async def bring_case(self, case_id: int, shown: int, *, graded: bool) -> None:
        """Put in a case's answers that wait; `shown` is one that is on the screen."""
        known = set(self._ids)
        for answer_id in await self._read(graded, case_id):
            if answer_id != shown and answer_id not in known:
                insort(self._ids, answer_id, key=self._rank)

    def prefetch(self) -> None:
        """Fetch what comes next before it is asked for."""
        wanted = self._ids[-_FETCHED:]
        for answer_id in wanted:
            if answer_id not in self._coming:
                call = self._database.read(queue.item, answer_id)
                self._coming[answer_id] = asyncio.create_task(call)
        self._forget(keep=wanted)

    def close(self) -> None:
        """Let go of what is being fetched."""
        self._forget(keep=[])

    def _forget(self, keep: list[int]) -> None:
        for answer_id in [known for known in self._coming if known not in keep]:
            self._coming.pop(answer_id).cancel()

    async def _fetch(self, answer_id: int) -> Item | None:
        coming = self._coming.pop(answer_id, None)
        return await (coming or self._database.read(queue.item, answer_id))

    async def _read(self, graded: bool, case_id: int | None = None) -> list[int]:
        if self._wanted is None:
            return await self._database.read(self._ranked, graded, case_id)
        found = await self._database.read(queue.still_waiting, self._wanted)
        self._places = {answer_id: place for place, answer_id in enumerate(found)}
        if case_id is not None:
            found = await self._database.read(queue.still_waiting, self._wanted, case_id)
        return found[::-1]

    def _ranked(self, connection: Connection, graded: bool, case_id: int | None) -> list[int]:
        found = queue.waiting(connection, self._session_id, graded=graded, case_id=case_id)
        return sorted(found, key=self._rank)

    def _rank(self, answer_id: int) -> float:
        if self._wanted is not None:
            return -float(self._places.get(answer_id, 0))
        digest = blake2b(answer_id.to_bytes(8, "big"), digest_size=6, key=self._seed).digest()
        return float(int.from_bytes(digest, "big"))  # which sorts twice as fast as a whole number
