"""What a person does to the context, of the session or of a single case."""

from __future__ import annotations

from collections.abc import Sequence

from lab import context, pages
from lab.desk import Desk
from lab.setup import Setup
from store import documents
from store.records import Case, CaseDraft, Document, Variant


async def choose_pages(desk: Desk, document: Document, typed: str) -> str:
    """Set which pages of a document are in the session's context; return them as kept.

    Raises PagesProblem.
    """
    chosen = pages.choose(typed, document.name, len(document.pages))
    await desk.database.write(documents.choose_pages, document.id, chosen)
    await desk.refresh_documents()
    return chosen


async def order(desk: Desk, first: Sequence[Document]) -> None:
    """Put these documents first in the session's context, in their order."""
    ids = [document.id for document in first]
    await desk.database.write(documents.order, desk.session.id, ids)
    await desk.refresh_documents()


async def refuse_hopeless(
    desk: Desk, setup: Setup, variant: Variant, cases: Sequence[Case]
) -> None:
    """Raise AskError where none of the cases fits, as far as that is known without asking."""
    from lab.limits import Limits

    window = await desk.engine.known_window(setup)
    limits = Limits(variant, window=window, prices="")
    given = context.Context(desk.database, variant)
    await given.refuse_hopeless([case.draft for case in cases], limits)


def with_document(case: CaseDraft, document: Document, typed: str | None = None) -> CaseDraft:
    """Return a case with a document in its context; `typed` are the pages of it, if any.

    Raises PagesProblem.
    """
    if typed is None:
        return context.use(case, document)
    chosen = pages.choose(typed, document.name, len(document.pages))
    return context.use(case, document, chosen)


def turned(case: CaseDraft, place: context.Place) -> CaseDraft:
    """Return a case with a document that it has not, or without one that it has."""
    document = place.document
    if document is None:
        return context.follow(case, place.part.sha256)
    if place.inside:
        return context.leave_out(case, document)
    return context.use(case, document)
