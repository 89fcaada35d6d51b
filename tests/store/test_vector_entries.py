"""Entries of a collection in Chroma, over a graph that is too thin to find them all."""

from __future__ import annotations

import numpy
import pytest

from store.vector_entries import Entries

COUNT = 600
THIN = {"space": "cosine", "ef_construction": 2, "max_neighbors": 2, "ef_search": 2}


@pytest.fixture(scope="module")
def chroma(tmp_path_factory):
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(
        tmp_path_factory.mktemp("chroma"), settings=Settings(anonymized_telemetry=False)
    )
    yield client.create_collection("thin", configuration={"hnsw": THIN}, embedding_function=None)
    client.close()


def test_what_the_graph_does_not_find_is_compared_exactly_once_it_is_put_again(chroma):
    made = numpy.random.default_rng(3).normal(size=(COUNT, 24))
    given = (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype("<f4")
    ids = list(range(1, COUNT + 1))
    documents = [f"{n % 3:064x}" for n in range(COUNT)]
    entries = Entries(chroma)
    entries.put(ids, given, documents)
    lost = entries.lost(ids, given)
    assert len(lost) > 20
    places = [n - 1 for n in lost]
    entries.put(lost, given[places], [documents[n] for n in places])
    assert entries.lost(lost, given[places]) == []

    # Which ones they are is kept in Chroma.
    again = Entries(chroma)
    found = again.find(given[places], 10, None)
    assert [row[0][0] for row in found] == lost
    assert [row[0][1] for row in found] == pytest.approx([1] * len(lost), abs=1e-5)
    assert all(len({chunk for chunk, _ in row}) == 10 for row in found)
    own = again.find(given[places[:1]], 5, documents[places[0] : places[0] + 1])[0]
    assert own[0][0] == lost[0]
    assert all(documents[chunk - 1] == documents[places[0]] for chunk, _ in own)

    again.remove(lost[:1])
    assert again.find(given[places[:1]], 1, None)[0][0][0] != lost[0]
    assert again.lost(lost[:2], given[places[:2]]) == lost[:1]
    assert set(Entries(chroma).ids()) == set(ids) - {lost[0]}
