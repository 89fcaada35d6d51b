"""Second looks: one in ten labelled answers comes again, unannounced, to measure the labeller."""

from __future__ import annotations

import random

from lab.labels.cards import Card
from store import queue
from store.database import Database

EVERY = 10
"""One second look is taken for so many labels."""
APART = 5
"""So many other labels lie between an answer's label and the second look at it."""


class SecondLooks:
    """When a second look is due, and at what.

    They come among new answers as if they were such: the first after twice `EVERY` labels,
    so that twenty answers take twenty verdicts, and those still due when no new answer is
    left.
    """

    def __init__(self, database: Database, session_id: int) -> None:
        self._database = database
        self._session_id = session_id
        self._owing = 0  # labels for which none was taken yet
        self._since = 0  # labels in this sitting since the last one

    async def open(self) -> None:
        """Count what earlier sittings left; labels given elsewhere earn one, not a row."""
        given, looks = await self._database.read(queue.labels_and_looks, self._session_id)
        self._owing = max(0, min(given - EVERY * looks, 2 * EVERY - 1))

    def labelled(self, labels: int) -> None:
        """Count labels that were given, or taken back where negative."""
        self._owing += labels
        self._since += labels

    def to_come(self, new: int) -> int:
        """Return how many will be taken when so many new answers are labelled."""
        return max(0, self._owing + new) // EVERY

    @property
    def due(self) -> bool:
        """Whether one is due while there are new answers."""
        return self._owing >= 2 * EVERY and self._since >= EVERY

    async def take(self) -> Card | None:
        """Take one of the last labels, though none of the very last; None if there is none."""
        self._since = 0
        if self._owing < EVERY:
            return None
        found = await self._database.read(
            queue.for_second_look, self._session_id, skip=APART, limit=EVERY + APART
        )
        if not found:
            return None
        label_id, answer_id = random.choice(found)
        item = await self._database.read(queue.item, answer_id)
        if item is None:
            return None
        self._owing -= EVERY
        return Card(item, looked_at=label_id)

    def put_off(self) -> None:
        """Count one that was taken as not taken."""
        self.labelled(EVERY)
