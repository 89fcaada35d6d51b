"""Which of a session's stores is searched: each has the documents cut and embedded one way."""

from __future__ import annotations

from lab.desk import Desk
from lab.rag.retrieve import NotPromoted
from store import chunks
from store.library_records import Indexing, Retrieval


async def filled(desk: Desk) -> list[Indexing]:
    """Return the ways in which documents are in the store, the oldest first.

    Raises NotPromoted where no document is wholly in.
    """
    made = await desk.database.read(chunks.collections, desk.session.id)
    keys = {key for document in desk.documents for key in document.promoted}
    found = [each.indexing for each in made if each.indexing.key in keys]
    if not found:
        raise NotPromoted(
            "No document is in the RAG store yet; put the session's documents there with "
            "`litmus docs promote`."
        )
    return found


async def searched(desk: Desk, chunk_tokens: int | None = None) -> Indexing:
    """Return the way whose chunks are searched: the session's own choice, or else the newest.

    With `chunk_tokens`, the newest with chunks of that many. Raises NotPromoted where there
    is none.
    """
    there = await filled(desk)
    chosen = (desk.setup.retrieval if desk.setup else Retrieval()).indexing
    if chosen in there and chunk_tokens in (None, chosen.chunk_tokens):
        return chosen
    for each in reversed(there):
        if chunk_tokens in (None, each.chunk_tokens):
            return each
    have = ", ".join(str(size) for size in sorted({each.chunk_tokens for each in there}))
    raise NotPromoted(
        f"There are no chunks of {chunk_tokens} tokens in the store, only of {have}; make them "
        f"with `litmus docs promote --chunk-tokens {chunk_tokens}`."
    )
