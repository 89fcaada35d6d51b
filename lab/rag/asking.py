"""What the RAG store gives to the questions of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from store.library_records import Passage
from store.records import CaseDraft, Variant

if TYPE_CHECKING:
    from lab.desk import Desk

Retrieve = Callable[[CaseDraft], Awaitable[list[Passage]]]


def retrieving(desk: Desk, variant: Variant) -> Retrieve | None:
    """Return what finds a case's passages under a variant; None where it is given none.

    What is returned raises PlainError where the store cannot be searched.
    """
    retrieval = variant.retrieval
    if retrieval is None:
        return None
    within = [sha256 for _, sha256, *_ in variant.documents]
    found: dict[str, list[Passage]] = {}

    async def retrieve(case: CaseDraft) -> list[Passage]:
        from lab.rag.retrieve import passages

        # Further epochs and attempts ask the same.
        if case.prompt not in found:
            found[case.prompt] = await passages(desk, case.prompt, retrieval, documents=within)
        return found[case.prompt]

    return retrieve
