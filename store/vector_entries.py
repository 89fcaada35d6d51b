"""One collection in Chroma, made so that every vector in it is found.

Chroma's index is a graph (Malkov & Yashunin 2018, "Efficient and robust approximate nearest
neighbor search using Hierarchical Navigable Small World graphs"), and equal or almost equal
vectors make islands in it that a search does not leave: of 5,000 vectors with five that come
600 times each, 650 were never found. So each distinct vector is one entry, with the chunks
that have it, and an entry that the graph does not find is set apart and compared exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Measured with 20,000 vectors; a search takes hardly longer than with Chroma's own 100.
HNSW = {"space": "cosine", "ef_construction": 100, "max_neighbors": 16, "ef_search": 200}

_PART = 500
_QUERY = 100
_PAGE = 10_000
# An entry counts as found when it is among so many, or those are all practically equal to it.
_LOOK = 10
_EQUAL = 1e-5

Members = dict[int, str]


@dataclass(frozen=True, slots=True)
class _Near:
    key: str
    similarity: float
    members: Members


class Entries:
    """A collection of Chroma's as chunks; what it raises is Chroma's.

    `vectors` are always arrays of shape (count, dimensions), 4-byte floats of length 1.
    """

    def __init__(self, chroma: Any) -> None:
        self._chroma = chroma
        self._loaded: dict[str, Members] | None = None
        self._keys: dict[int, str] = {}
        self._apart_loaded: dict[str, Any] | None = None

    def put(self, ids: Sequence[int], vectors: Any, documents: Sequence[str]) -> None:
        """Add chunks, or put them in place of those with the same ids."""
        for part in _parts(len(ids), _PART):
            self._put(ids[part], vectors[part], documents[part])

    def remove(self, ids: Sequence[int]) -> None:
        """Take chunks out; those that are not there do not matter."""
        for part in _parts(len(ids), _PART):
            self._write({}, self._detach(ids[part]))

    def ids(self) -> list[int]:
        """Return the chunks' ids."""
        self._members()
        return list(self._keys)

    def find(
        self, vectors: Any, n: int, documents: Sequence[str] | None
    ) -> list[list[tuple[int, float]]]:
        """Return for each vector the nearest chunks, at most `n`, as (id, cosine similarity)."""
        among = None if documents is None else set(documents)
        keys = None if among is None else self._keys_of(among)
        return [
            [
                (chunk, near.similarity)
                for near in row
                for chunk, document in sorted(near.members.items())
                if among is None or document in among
            ][:n]
            for row in self._nearest(vectors, n, keys)
        ]

    def lost(self, ids: Sequence[int], vectors: Any) -> list[int]:
        """Return which chunks are not found by their own vectors."""
        self._members()
        keys = [_key(vector) for vector in vectors]
        there = {
            key: vector
            for chunk, key, vector in zip(ids, keys, vectors, strict=True)
            if self._keys.get(chunk) == key
        }
        missed = self._missed(there)
        return [
            chunk for chunk, key in zip(ids, keys, strict=True) if key not in there or key in missed
        ]

    def _put(self, ids: Sequence[int], vectors: Any, documents: Sequence[str]) -> None:
        members = self._members()
        keys = [_key(vector) for vector in vectors]
        moved = [
            chunk for chunk, key in zip(ids, keys, strict=True) if self._keys.get(chunk, key) != key
        ]
        changed = self._detach(moved)
        written: dict[str, Any] = {}
        again: dict[str, Any] = {}
        for chunk, key, vector, document in zip(ids, keys, vectors, documents, strict=True):
            if key in members and chunk in members[key]:
                again[key] = vector
            elif key not in members:
                written[key] = vector
            members.setdefault(key, {})[chunk] = document
            self._keys[chunk] = key
            changed.add(key)
        self._write(written | again, changed)
        # What is put once more was lost; should the graph not take it, it is set apart.
        if missed := self._missed(again):
            self._apart().update({key: again[key] for key in missed})
            self._chroma.update(ids=list(missed), metadatas=[self._metadata(key) for key in missed])

    def _detach(self, ids: Sequence[int]) -> set[str]:
        """Take chunks from their entries; return the entries that are changed by it."""
        members = self._members()
        changed: set[str] = set()
        for chunk in ids:
            key = self._keys.pop(chunk, None)
            if key is not None:
                del members[key][chunk]
                changed.add(key)
        return changed

    def _write(self, written: dict[str, Any], changed: set[str]) -> None:
        """Bring Chroma up to date with entries, of which `written` have a new vector."""
        members = self._members()
        gone = [key for key in changed if not members[key]]
        kept = [key for key in changed if members[key] and key not in written]
        if written:
            self._chroma.upsert(
                ids=list(written),
                embeddings=list(written.values()),
                metadatas=[self._metadata(key) for key in written],
            )
        if kept:
            self._chroma.update(ids=kept, metadatas=[self._metadata(key) for key in kept])
        if gone:
            self._chroma.delete(ids=gone)
            for key in gone:
                del members[key]
                self._apart().pop(key, None)

    def _missed(self, vectors: dict[str, Any]) -> set[str]:
        """Return those entries that are not apart and that the graph does not find."""
        import numpy

        asked = [key for key in vectors if key not in self._apart()]
        missed: set[str] = set()
        for part in _parts(len(asked), _QUERY):
            found = self._chroma.query(
                query_embeddings=numpy.stack([vectors[key] for key in asked[part]]),
                n_results=_LOOK,
                include=["distances"],
            )
            rows = zip(asked[part], found["ids"], found["distances"], strict=True)
            missed |= {key for key, *row in rows if not _is_found(key, *row)}
        return missed

    def _nearest(self, vectors: Any, n: int, keys: Sequence[str] | None) -> list[list[_Near]]:
        if keys is not None and not keys:
            return [[] for _ in vectors]
        rows: list[list[_Near]] = []
        for part in _parts(len(vectors), _QUERY):
            found = self._chroma.query(
                query_embeddings=vectors[part],
                n_results=n,
                ids=keys,
                include=["distances", "metadatas"],
            )
            rows += [
                [
                    _Near(key, 1.0 - distance, _unpacked(metadata["members"]))
                    for key, distance, metadata in zip(*columns, strict=True)
                ]
                for columns in zip(
                    found["ids"], found["distances"], found["metadatas"], strict=True
                )
            ]
        return self._with_apart(rows, vectors, n, keys)

    def _with_apart(
        self, rows: list[list[_Near]], vectors: Any, n: int, keys: Sequence[str] | None
    ) -> list[list[_Near]]:
        """Add to what the graph has found what is compared exactly."""
        import numpy

        apart = self._apart()
        chosen = list(apart) if keys is None else [key for key in keys if key in apart]
        if not chosen:
            return rows
        members = self._members()
        near = vectors @ numpy.stack([apart[key] for key in chosen]).T
        merged: list[list[_Near]] = []
        for row, similarities in zip(rows, near, strict=True):
            best: list[int] = numpy.argsort(-similarities)[:n].tolist()
            exact: dict[str, _Near] = {
                chosen[at]: _Near(chosen[at], float(similarities[at]), members[chosen[at]])
                for at in best
            }
            both = [*exact.values(), *(item for item in row if item.key not in exact)]
            merged.append(sorted(both, key=lambda item: -item.similarity)[:n])
        return merged

    def _keys_of(self, documents: set[str]) -> list[str]:
        return [
            key
            for key, members in self._members().items()
            if not documents.isdisjoint(members.values())
        ]

    def _metadata(self, key: str) -> dict[str, Any]:
        return {"members": _packed(self._members()[key]), "apart": key in self._apart()}

    def _members(self) -> dict[str, Members]:
        """Return every entry's chunks and their documents; read once."""
        if self._loaded is None:
            loaded: dict[str, Members] = {}
            while True:
                page = self._chroma.get(include=["metadatas"], limit=_PAGE, offset=len(loaded))
                for key, metadata in zip(page["ids"], page["metadatas"], strict=True):
                    loaded[key] = _unpacked(metadata["members"])
                if len(page["ids"]) < _PAGE:
                    break
            self._keys = {chunk: key for key, members in loaded.items() for chunk in members}
            self._loaded = loaded
        return self._loaded

    def _apart(self) -> dict[str, Any]:
        """Return the vectors of the entries that are compared exactly; read once."""
        if self._apart_loaded is None:
            import numpy

            found = self._chroma.get(where={"apart": True}, include=["embeddings"])
            vectors = numpy.asarray(found["embeddings"], dtype="<f4")
            self._apart_loaded = dict(zip(found["ids"], vectors, strict=True))
        return self._apart_loaded


def _key(vector: Any) -> str:
    return hashlib.blake2b(vector.tobytes(), digest_size=16).hexdigest()


def _is_found(key: str, found: Sequence[str], distances: Sequence[float]) -> bool:
    return key in found or (len(found) == _LOOK and distances[-1] <= _EQUAL)


def _packed(members: Members) -> str:
    """Return `document:id,id;document:id` for chunks and their documents."""
    of: dict[str, list[str]] = {}
    for chunk, document in members.items():
        of.setdefault(document, []).append(str(chunk))
    return ";".join(f"{document}:{','.join(chunks)}" for document, chunks in of.items())


def _unpacked(text: str) -> Members:
    return {
        int(chunk): document
        for document, _, chunks in (group.partition(":") for group in text.split(";"))
        for chunk in chunks.split(",")
    }


def _parts(count: int, size: int) -> Iterator[slice]:
    return (slice(at, at + size) for at in range(0, count, size))
