"""How far a promotion is, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lab.rag.promotion_events import Progress
from store.library_records import Indexing
from store.records import Document

# Until documents are cut: how many characters English text has to a token.
_CHARACTERS_A_TOKEN = 4


class Pace:
    """Counts the chunks that are done; those of documents not cut yet are estimated."""

    def __init__(self, todo: Sequence[Document], indexing: Indexing) -> None:
        self._began = time.monotonic()
        self._uncut = sum(document.chars for document in todo)  # characters
        self._cut = 0  # characters
        self._a_chunk = indexing.chunk_tokens * _CHARACTERS_A_TOKEN  # characters
        self._of_cut = 0
        self._chunks = 0
        self._done = 0
        self._now = 0

    def cut(self, document: Document, chunks: int, indexed: int) -> None:
        """Take in how many chunks a document has, and how many are acknowledged already."""
        self._uncut -= document.chars
        self._cut += document.chars
        self._of_cut += chunks
        self._chunks += chunks
        self._done += indexed

    def skip(self, document: Document) -> None:
        """Take in that a document will not be cut."""
        self._uncut -= document.chars

    def give_up(self, chunks: int) -> None:
        """Take in that so many chunks will not be done."""
        self._chunks -= chunks

    def indexed(self, chunks: int) -> None:
        """Take in that so many more chunks are done."""
        self._done += chunks
        self._now += chunks

    def progress(self) -> Progress:
        """Return how far it is."""
        size = self._cut / self._of_cut if self._of_cut else self._a_chunk
        total = self._chunks + round(self._uncut / max(1.0, size))
        taken = time.monotonic() - self._began
        left = (total - self._done) / self._now * taken if self._now else None
        return Progress(self._done, max(total, self._done), left)
