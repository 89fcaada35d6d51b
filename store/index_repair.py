"""Making the vector index right again from what SQLite keeps; nothing is embedded for it.

SQLite says which chunks the index must have, and has their vectors. Whether the index has them
is told by searching for each one, since Chroma can count a vector, list its id, and yet never
find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from store import chunks
from store.database import Database
from store.library_records import Collection
from store.vector_index import IndexFailed, VectorIndex

# What is being done, how many chunks are done, and how many there are.
Progress = Callable[[str, int, int], None]

CHECKING = "Checking the index"
REBUILDING = "Rebuilding the index"

_PART = 500
# When more than this share of a collection is lost, it is the collection that is broken.
_BROKEN = 0.05

_Row = tuple[int, str, bytes]


def make_sound(database: Database, index: VectorIndex, progress: Progress) -> None:
    """Open an index so that it holds what SQLite says, and finds every chunk of it; blocking.

    An index that its owner checked and closed is only opened. Any other is repaired, and a
    folder that Chroma cannot work with is set aside and made anew. Raises IndexHeld,
    IndexFailed.
    """
    if index.open():
        return
    try:
        repair(database, index, progress)
    except IndexFailed as error:
        if not error.is_broken:
            raise
        index.open_anew()
        repair(database, index, progress)


def repair(database: Database, index: VectorIndex, progress: Progress) -> None:
    """Make an open index hold what SQLite says, and find every chunk of it; blocking.

    Nothing else may write to it meanwhile. Raises IndexFailed.
    """
    wanted = database.read_now(chunks.all_collections)
    index.keep_only([each.name for each in wanted])
    for collection in wanted:
        _Repair(database, index, progress, collection).run()
    index.mark_sound()


class _Repair:
    def __init__(
        self, database: Database, index: VectorIndex, progress: Progress, collection: Collection
    ) -> None:
        self._database = database
        self._index = index
        self._progress = progress
        self._id = collection.id
        self._name = collection.name
        self._wanted = database.read_now(chunks.indexed_ids, collection.id)

    def run(self) -> None:
        """Take out and put in what is due, then search for every chunk.

        Raises IndexFailed where chunks are not found though the collection was made anew.
        """
        there = self._index.ids(self._name)
        if not self._wanted:
            if there:
                self._index.drop(self._name)
            return
        self._index.remove(self._name, sorted(there - self._wanted))
        self._put(self._wanted - there)
        lost = self._lost(self._wanted)
        if len(lost) > len(self._wanted) * _BROKEN:
            self._index.drop(self._name)
            self._put(self._wanted)
            lost = self._lost(self._wanted)
        if lost:
            self._put(lost)
            lost = self._lost(lost)
        if lost:
            raise IndexFailed("unsound", self._index.home, f"{len(lost)} of {len(self._wanted)}")

    def _put(self, ids: set[int]) -> None:
        for rows in self._rows(REBUILDING, ids):
            keys, documents, vectors = zip(*rows, strict=True)
            self._index.upsert(self._name, keys, vectors, documents)

    def _lost(self, ids: set[int]) -> set[int]:
        """Return which of these chunks a search for their own vector does not find."""
        lost: set[int] = set()
        for rows in self._rows(CHECKING, ids):
            keys, _, vectors = zip(*rows, strict=True)
            lost |= self._index.lost(self._name, keys, vectors)
        return lost

    def _rows(self, doing: str, ids: set[int]) -> Iterator[list[_Row]]:
        """Yield these chunks in parts, and tell how far that is."""
        done, after = 0, 0
        while done < len(ids):
            self._progress(doing, done, len(ids))
            rows = self._database.read_now(chunks.vectors, self._id, after=after, limit=_PART)
            if not rows:
                break
            after = rows[-1][0]
            if found := [row for row in rows if row[0] in ids]:
                done += len(found)
                yield found
        if ids:
            self._progress(doing, done, len(ids))
