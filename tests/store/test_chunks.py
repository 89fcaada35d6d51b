"""Collections, promotions and chunks: each step kept, resumed where it stood."""

from __future__ import annotations

import pytest

from store import chunk_words, chunks, documents, promotions, sessions
from store.library_records import Indexing, Piece
from store.reading import ReadDocument

TEXT = "alpha beta\ngamma delta\nepsilon zeta\n"
PIECES = [Piece(0, 10, 2), Piece(11, 22, 2), Piece(23, 35, 2)]
PAGES = (0, 11)


def add(home, sha256: str = "a", text: str = TEXT, session_id: int = 0):
    read = ReadDocument(
        name=f"{sha256}.txt",
        path=f"/{sha256}.txt",
        sha256=sha256,
        media_type="text/plain",
        bytes=len(text),
        text=text,
        pages=PAGES,
    )
    return home.write(documents.add, session_id or home.session.id, read)


@pytest.fixture
def collection(home):
    add(home)
    return home.write(chunks.keep_collection, home.session.id, Indexing())


def cut(home, collection, sha256: str = "a", text: str = TEXT):
    home.write(promotions.begin, collection.id, sha256)
    home.write(promotions.keep_pieces, collection.id, sha256, PIECES, text=text, pages=PAGES)
    home.write(promotions.keep_cut, collection.id, sha256, len(PIECES))
    return home.read(promotions.pending, collection.id, sha256)


def vector(number: int) -> bytes:
    return bytes([number]) * 8


def state(home, collection, sha256: str = "a"):
    found = home.read(promotions.promotions, collection.id).get(sha256)
    return found and (found.chunks, found.indexed, found.finished)


def test_a_session_has_one_collection_for_each_indexing(home, collection):
    assert home.write(chunks.keep_collection, home.session.id, Indexing()) == collection
    other = home.write(chunks.keep_collection, home.session.id, Indexing(chunk_tokens=64))
    assert other.name != collection.name and other.indexing.chunk_tokens == 64
    assert home.read(chunks.collection, home.session.id, Indexing(overlap=7)) is None
    assert home.read(chunks.collections, home.session.id) == [collection, other]
    second = home.write(sessions.create, "two")
    apart = home.write(chunks.keep_collection, second.id, Indexing())
    assert apart.name != collection.name
    assert home.read(chunks.all_collections) == [collection, other, apart]


def test_chunks_have_their_span_text_and_page(home, collection):
    cut(home, collection)
    found = home.read(chunks.chunks_of, collection.id, "a")
    assert [(c.place, c.page, c.text) for c in found] == [
        (0, 1, "alpha beta"),
        (1, 2, "gamma delta"),
        (2, 2, "epsilon zeta"),
    ]
    assert all(TEXT[c.start : c.end] == c.text for c in found)
    assert home.read(chunks.between, collection.id, "a", 1, 9) == found[1:]
    ids = [found[2].id, 10**9, found[0].id]
    assert home.read(chunks.by_ids, ids) == {c.id: c for c in (found[0], found[2])}


def test_what_is_cut_only_in_part_is_cut_anew(home, collection):
    home.write(promotions.begin, collection.id, "a")
    home.write(promotions.keep_pieces, collection.id, "a", PIECES[:2], text=TEXT, pages=PAGES)
    assert state(home, collection) == (None, 0, False)
    assert not home.write(promotions.finish, collection.id, "a")
    assert home.write(promotions.begin, collection.id, "a").chunks is None
    assert home.read(chunks.chunks_of, collection.id, "a") == []
    assert len(cut(home, collection)) == 3


def test_a_chunk_is_acknowledged_when_it_has_a_vector_and_is_indexed(home, collection):
    first, second, third = cut(home, collection)
    home.write(promotions.keep_vectors, [(first.id, vector(1)), (second.id, vector(2))])
    home.write(chunks.mark_indexed, [first.id])
    left = home.read(promotions.pending, collection.id, "a")
    assert [(c.id, c.vector) for c in left] == [(second.id, vector(2)), (third.id, None)]
    assert home.read(promotions.pending, collection.id, "a", after=1) == left[1:]
    assert home.read(promotions.pending, collection.id, "a", limit=1) == left[:1]
    assert state(home, collection) == (3, 1, False)
    assert not home.write(promotions.finish, collection.id, "a")
    # To begin once more takes nothing back.
    assert home.write(promotions.begin, collection.id, "a").indexed == 1
    home.write(promotions.keep_vectors, [(third.id, vector(3))])
    home.write(chunks.mark_indexed, [second.id, third.id])
    assert home.write(promotions.finish, collection.id, "a")
    assert state(home, collection) == (3, 3, True)
    ids = [first.id, second.id, third.id]
    assert home.read(chunks.indexed_ids, collection.id) == set(ids)
    assert home.read(chunks.vectors, collection.id, after=first.id) == [
        (second.id, "a", vector(2)),
        (third.id, "a", vector(3)),
    ]


def test_a_document_is_promoted_when_it_is_wholly_in(home, collection):
    parts = cut(home, collection)
    home.write(promotions.keep_vectors, [(c.id, vector(1)) for c in parts])
    home.write(chunks.mark_indexed, [c.id for c in parts])
    [document] = home.read(documents.listed, home.session.id)
    assert document.promoted == ()
    home.write(promotions.finish, collection.id, "a")
    [document] = home.read(documents.listed, home.session.id)
    assert document.promoted == (collection.indexing.key,)
    assert home.write(promotions.withdraw, collection.id, "a") == [c.id for c in parts]
    [document] = home.read(documents.listed, home.session.id)
    assert document.promoted == ()
    assert state(home, collection) == (3, 0, False)


def test_what_is_forgotten_leaves_nothing_and_its_ids_never_come_back(home, collection):
    before = {c.id for c in cut(home, collection)}
    words = chunk_words.table(collection.id)
    found = f"SELECT count(*) FROM {words} WHERE {words} MATCH 'gamma'"
    assert home.rows(found) == [(1,)]
    home.write(promotions.forget, collection.id, "a")
    assert home.rows("SELECT count(*) FROM chunks") == [(0,)]
    assert home.rows(found) == [(0,)]
    assert state(home, collection) is None
    assert not before & {c.id for c in cut(home, collection)}


def test_embeddings_of_the_same_text_by_the_same_model_are_known(home, collection):
    first, second, _ = cut(home, collection)
    home.write(promotions.keep_vectors, [(first.id, vector(1)), (second.id, vector(2))])
    wanted = [first.text, first.text, "never seen", "epsilon zeta"]
    # Cutting otherwise does not change what the embedding of a text is; the model does.
    assert home.read(promotions.known_vectors, Indexing(chunk_tokens=9), wanted) == {
        first.text: vector(1)
    }
    for other in (
        Indexing(model="other"),
        Indexing(embedder="openai"),
        Indexing(base_url="http://127.0.0.1:1/v1"),
    ):
        assert home.read(promotions.known_vectors, other, wanted) == {}


def test_the_older_versions_of_a_document_are_known(home):
    one, two, three = (add(home, name) for name in "abc")

    def replace(connection, old: int, new: int) -> None:
        connection.execute("UPDATE documents SET replaced_by = ? WHERE id = ?", (new, old))

    home.write(replace, one.id, two.id)
    home.write(replace, two.id, three.id)
    assert set(home.read(promotions.replaced, three.id)) == {"a", "b"}
    assert home.read(promotions.replaced, one.id) == []


def test_what_embedding_costs_is_spent_by_the_session(home, collection):
    home.write(chunks.spend, home.session.id, Indexing(), 0.25)
    home.write(chunks.spend, home.session.id, Indexing(), None)
    assert home.read(sessions.spent, home.session.id) == (0.25, 1)
    assert home.read(sessions.spent, home.write(sessions.create, "two").id) == (0.0, 0)
