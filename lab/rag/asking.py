"""What the RAG store gives to the questions of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from store.library_records import Indexing, Passage
from store.records import CaseDraft, Document, Variant

if TYPE_CHECKING:
    from lab.desk import Desk

Retrieve = Callable[[CaseDraft], Awaitable[list[Passage]]]


def not_promoted(indexing: Indexing, documents: Sequence[Document]) -> str:
    """Return the sentence for a session with nothing in the store that is cut this way."""
    if any(document.promoted for document in documents):
        return (
            f"No document is in the store in chunks of {indexing.chunk_tokens} tokens made for "
            f"{indexing.model or indexing.embedder}; promote with the same options, or choose "
            "those it was promoted with."
        )
    return (
        "Nothing is in the RAG store yet; put documents there with `litmus docs promote`, or with "
        "F3 in the app."
    )


def retrieving(desk: Desk, variant: Variant) -> Retrieve | None:
    """Return what finds a case's passages under a variant; None where it is given none.

    What is returned raises PlainError where the store cannot be searched.
    """
    retrieval = variant.retrieval
    if retrieval is None:
        return None
    if retrieval.oracle:
        from lab.rag.oracle import evidence_passages

        return partial(evidence_passages, desk)
    within = [sha256 for _, sha256, *_ in variant.documents]
    found: dict[str, list[Passage]] = {}

    async def retrieve(case: CaseDraft) -> list[Passage]:
        from lab.rag.retrieve import passages

        # Further epochs and attempts ask the same.
        if case.prompt not in found:
            found[case.prompt] = await passages(desk, case.prompt, retrieval, documents=within)
        return found[case.prompt]

    return retrieve
