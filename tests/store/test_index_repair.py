"""Repairing the index: after a kill, a corruption, a deletion; SQLite knows what belongs there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from store import chunks, documents, index_files, promotions, sessions
from store.database import Database
from store.index_repair import CHECKING, REBUILDING, make_sound
from store.library_records import Collection, Indexing, Piece
from store.reading import ReadDocument
from store.vector_index import IndexFailed, VectorIndex

DIMENSIONS = 16
DOCUMENTS = 21
CHUNKS = 50  # of each document; Chroma writes its graph after every thousand
WORDS = "some words of a document "
# What another Litmus does when it is killed: it adds and takes away, and says what is done.
WORKER = """
import sys
from pathlib import Path
from store import chunks, promotions
from store.database import Database
from store.index_repair import make_sound
from store.vector_index import VectorIndex

home = Path(sys.argv[1])
database, index = Database(home), VectorIndex(home)
make_sound(database, index, lambda *told: None)
print(index._child.pid, flush=True)
for collection in database.read_now(chunks.all_collections):
    for sha256 in database.read_now(promotions.promotions, collection.id):
        ids = database.write_now(promotions.withdraw, collection.id, sha256)
        index.remove(collection.name, ids)
        for at in range(0, len(ids), 5):
            part = database.read_now(promotions.pending, collection.id, sha256, limit=5)
            index.upsert(
                collection.name,
                [each.id for each in part],
                [each.vector for each in part],
                [sha256] * len(part),
            )
            database.write_now(chunks.mark_indexed, [each.id for each in part])
            print(at, flush=True)
"""


def silent(what: str, done: int, total: int) -> None:
    pass


class Store:
    """A home with two collections of the same documents, and its index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder)
        self.index = VectorIndex(folder)

    def fill(self) -> None:
        write = self.database.write_now
        session = write(sessions.create, "one")
        made = numpy.random.default_rng(2).normal(size=(DOCUMENTS * CHUNKS, DIMENSIONS))
        # Some chunks are the same, as in documents that repeat themselves.
        made[100:108] = made[100]
        made = (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype("<f4")
        pieces = [Piece(n * 5, n * 5 + 4, 1) for n in range(CHUNKS)]
        for tokens, most in ((160, DOCUMENTS), (64, 2)):
            indexing = Indexing(chunk_tokens=tokens)
            collection = write(chunks.keep_collection, session.id, indexing)
            for number in range(most):
                sha256 = f"{number:064x}"
                text = WORDS * CHUNKS
                read = ReadDocument(sha256, sha256, sha256, "text/plain", 1, text, (0,))
                if tokens == 160:
                    write(documents.add, session.id, read)
                where = (collection.id, sha256)
                write(promotions.begin, *where)
                write(promotions.keep_pieces, *where, pieces, text=text, pages=(0,))
                write(promotions.keep_cut, *where, CHUNKS)
                rows = self.database.read_now(promotions.pending, *where)
                given = made[number * CHUNKS : (number + 1) * CHUNKS]
                write(
                    promotions.keep_vectors,
                    [(row.id, vector.tobytes()) for row, vector in zip(rows, given, strict=True)],
                )
                write(chunks.mark_indexed, [row.id for row in rows])
                write(promotions.finish, *where)

    @property
    def collections(self) -> list[Collection]:
        return self.database.read_now(chunks.all_collections)

    def rows(self, collection: Collection) -> list[tuple[int, str, bytes]]:
        return self.database.read_now(chunks.vectors, collection.id, limit=10_000)

    def repair(self) -> set[str]:
        """Open and repair the index; return what was done."""
        done: set[str] = set()
        make_sound(self.database, self.index, lambda what, *_: done.add(what))
        return done

    def assert_whole(self) -> None:
        """Assert that every chunk is found by its own vector, and nothing twice."""
        every_chunk_is_found(self)
        for collection in self.collections:
            rows = self.rows(collection)
            for chunk, sha256, vector in rows[:: len(rows) // 7]:
                near = self.index.query(collection.name, [vector], 99, [sha256])[0]
                assert chunk in {each for each, _ in near} and len(near) <= CHUNKS
                assert {each for each, _ in near} == {row[0] for row in rows if row[1] == sha256}

    def close(self) -> None:
        self.index.close()
        self.database.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose index is closed and sound."""
    store = Store(tmp_path_factory.mktemp("original"))
    store.fill()
    assert store.repair() == {REBUILDING, CHECKING}
    store.assert_whole()
    store.close()
    return store.folder


@pytest.fixture
def copied(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "home"))


@pytest.fixture
def store(copied: Path) -> Iterator[Store]:
    made = Store(copied)
    yield made
    made.close()


def graph(folder: Path) -> Path:
    """Return the folder of Chroma's largest graph."""
    found = (folder / index_files.FOLDER).glob("*/data_level0.bin")
    return max(found, key=lambda path: path.stat().st_size).parent


def broken(folder: Path) -> int:
    return len(list(folder.glob(f"{index_files.BROKEN}*")))


def test_what_sqlite_does_not_have_goes_and_what_is_missing_comes(store):
    assert store.repair() == set()  # what is sound is only opened
    large, small = store.collections
    rows = store.rows(large)
    stale = [row[0] for row in rows[:60]]
    store.index.upsert("litmus-of-a-deleted-session", [1], [rows[0][2]], ["a"])
    store.index.remove(large.name, [row[0] for row in rows[500:700]])
    # An id in the index whose vector is another's is not found by its own.
    store.index.upsert(small.name, [store.rows(small)[0][0]], [rows[9][2]], ["a"])
    store.index.close()
    store.database.write_now(chunks.mark_indexed, stale, indexed=False)
    assert store.repair() == {REBUILDING, CHECKING}
    store.assert_whole()
    assert store.index.ids(large.name).isdisjoint(stale)
    assert store.index.ids("litmus-of-a-deleted-session") == set()
    assert broken(store.folder) == 0


@pytest.mark.parametrize(
    ("name", "damage", "aside"),
    [
        # A graph that Chroma segfaults on.
        ("data_level0.bin", lambda file: file.write_bytes(os.urandom(file.stat().st_size)), 1),
        # One that it opens with all ids and counts in order, and finds few chunks of.
        ("index_metadata.pickle", Path.unlink, 0),
        ("chroma.sqlite3", lambda file: file.write_bytes(b"no database " * 900), 1),
    ],
)
def test_a_corrupted_folder_costs_a_rebuild_and_no_data(store, name, damage, aside):
    folder = store.folder / index_files.FOLDER
    damage((folder if name.startswith("chroma") else graph(store.folder)) / name)
    assert REBUILDING in store.repair()
    store.assert_whole()
    assert broken(store.folder) == aside


def test_every_acknowledged_chunk_is_found_after_kills_in_the_middle_of_the_work(copied):
    chance = random.Random(11)
    for victim in ("Litmus", "its child"):
        with subprocess.Popen(
            [sys.executable, "-c", WORKER, str(copied)], stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            child = int(worker.stdout.readline())
            for _ in range(chance.randrange(1, 60)):
                assert worker.stdout.readline()
            os.kill(worker.pid if victim == "Litmus" else child, signal.SIGKILL)
            worker.stdout.read()
        store = Store(copied)
        until_let_go(store)
        acknowledged = store.database.read_now(indexed)
        assert 0 < acknowledged < (DOCUMENTS + 2) * CHUNKS
        assert CHECKING in store.repair()
        assert store.database.read_now(indexed) == acknowledged
        every_chunk_is_found(store)
        store.close()


def until_let_go(store: Store) -> None:
    """Wait until the child of a killed Litmus has finished what it was doing."""
    from filelock import FileLock

    with FileLock(store.folder / index_files.LOCK, timeout=30):
        pass


def indexed(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT count(*) FROM chunks WHERE indexed").fetchone()[0]


def every_chunk_is_found(store: Store) -> None:
    for collection in store.collections:
        rows = store.rows(collection)
        assert store.index.ids(collection.name) == {row[0] for row in rows}
        found = store.index.query(collection.name, [row[2] for row in rows], 10)
        for (chunk, _, _), near in zip(rows, found, strict=True):
            assert chunk in {each for each, _ in near}
            assert len({each for each, _ in near}) == len(near)


def test_an_index_that_stays_unsound_is_said_plainly(store, monkeypatch):
    ids = [row[0] for collection in store.collections for row in store.rows(collection)]
    store.database.write_now(chunks.mark_indexed, ids[10:], indexed=False)
    (store.folder / index_files.STAMP).unlink()
    monkeypatch.setattr(VectorIndex, "lost", lambda index, name, ids, vectors: set(ids))
    with pytest.raises(IndexFailed, match=r"^10 of 10 chunks are not found in the index"):
        store.repair()
    assert not store.index.sound
