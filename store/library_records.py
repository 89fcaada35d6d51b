"""The records of the RAG store: how it is made, what is in it, what is found in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

Mode = Literal["vector", "keyword", "hybrid"]
MODES: tuple[Mode, ...] = ("vector", "keyword", "hybrid")

EMBEDDED = "embedded"
MINILM = "all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Indexing:
    """How documents are cut and embedded; each session has one collection for each way.

    `chunk_tokens` is the most that a chunk has and `overlap` how many it shares with the one
    before it, in MiniLM's tokens. `embedder` is a provider's name, or "embedded" for the
    MiniLM that runs here; `base_url` is empty for the provider's own.
    """

    chunk_tokens: int = 160
    overlap: int = 0
    embedder: str = EMBEDDED
    model: str = MINILM
    base_url: str = ""

    @cached_property
    def key(self) -> str:
        """The first 16 hex digits of the SHA-256 of the content; it names the way."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Retrieval:
    """What a variant of the rung `rag` is given with a question.

    `k` chunks are taken; chunks that adjoin are joined. A document of at most `whole_tokens`
    of which a chunk is found is given whole. With `oracle` nothing is searched for: the
    case's evidence itself is given. Such a variant measures retrieval, and stands on no rung.
    """

    indexing: Indexing = field(default_factory=Indexing)
    mode: Mode = "hybrid"
    k: int = 5
    whole_tokens: int = 0
    oracle: bool = False

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Retrieval:
        """Return what `asdict` gave."""
        rest = {name: value for name, value in values.items() if name != "indexing"}
        return Retrieval(Indexing(**values["indexing"]), **rest)


@dataclass(frozen=True, slots=True)
class Collection:
    """A session's chunks, cut and embedded one way. `name` is what Chroma calls it."""

    id: int
    session_id: int
    name: str
    indexing: Indexing


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk as it is cut: a span of the document's text, in characters, and its tokens."""

    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk. `place` counts from 0 in its document, `page` from 1.

    `start` and `end` are character offsets into the document's text.
    """

    id: int
    sha256: str
    place: int
    page: int
    start: int
    end: int
    tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that was found, best first from rank 1.

    `score` is the cosine similarity (-1 to 1) of a vector search, the negated BM25 of a
    keyword search (more is better), or the reciprocal rank sum of both. `vector_rank` and
    `keyword_rank` are its ranks in the two lists, None where it is not in one.
    """

    rank: int
    document: str
    chunk: Chunk
    score: float
    vector_rank: int | None = None
    keyword_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What is sent of one place in a document: chunks that adjoin, or the whole document.

    `number` is what the answer cites it by, from 1; `found` are the chunks that brought it.
    `page` is the page that it begins on.
    """

    number: int
    document: str
    sha256: str
    page: int
    start: int
    end: int
    text: str
    found: tuple[Found, ...] = ()
