"""Demotion: documents are taken out of the RAG store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from lab.desk import Desk
from lab.rag.library import Library
from store import chunks, promotions
from store.database import Connection, Database
from store.errors import PlainError
from store.library_records import Collection, Indexing
from store.records import Document


class StoreBusy(PlainError):
    """The store is being changed, which can take long."""


async def demote(
    desk: Desk, given: Sequence[Document], indexing: Indexing | None = None
) -> list[Document]:
    """Take documents out of the collection of `indexing`, or of all the session's; return which.

    Their older versions go too; the documents themselves stay. Raises StoreBusy while others
    are put in or taken out, IndexHeld or IndexFailed when the index cannot be used; what is
    out by then is out.
    """
    library = desk.engine.library
    found = await desk.database.read(_found, desk.session.id, given, indexing)
    if not found:
        return []
    if library.writing.locked():
        raise StoreBusy(
            "The store is being changed; wait until that has ended, or stop it, and try again."
        )
    async with library.writing:
        for _, places in found:
            for collection, sha256 in places:
                await take_out(library, desk.database, collection, sha256)
    await desk.refresh_documents()
    return [document for document, _ in found]


async def take_out(
    library: Library, database: Database, collection: Collection, sha256: str
) -> None:
    """Take one document out of a collection.

    A kill between two steps leaves a document that is on its way in, which can be promoted or
    demoted as before.
    """
    index = await library.index()
    ids = await database.write(promotions.withdraw, collection.id, sha256)
    await asyncio.to_thread(index.remove, collection.name, ids)
    await database.write(promotions.forget, collection.id, sha256)


async def take_out_replaced(
    library: Library, database: Database, collection: Collection, document: Document
) -> None:
    """Take the older versions of a document out of a collection."""
    for sha256 in await database.read(_replaced, collection.id, document.id):
        await take_out(library, database, collection, sha256)


def _found(
    connection: Connection,
    session_id: int,
    given: Sequence[Document],
    indexing: Indexing | None,
) -> list[tuple[Document, list[tuple[Collection, str]]]]:
    """Return documents that are in collections, or on their way, in any of their versions."""
    made = [
        collection
        for collection in chunks.collections(connection, session_id)
        if indexing is None or collection.indexing == indexing
    ]
    found: list[tuple[Document, list[tuple[Collection, str]]]] = []
    for document in given:
        versions = [document.sha256, *promotions.replaced(connection, document.id)]
        places = [
            (collection, sha256)
            for collection in made
            for sha256 in versions
            if promotions.promotion(connection, collection.id, sha256)
        ]
        if places:
            found.append((document, places))
    return found


def _replaced(connection: Connection, collection_id: int, document_id: int) -> list[str]:
    return [
        sha256
        for sha256 in promotions.replaced(connection, document_id)
        if promotions.promotion(connection, collection_id, sha256)
    ]
