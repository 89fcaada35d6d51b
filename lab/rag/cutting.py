"""Documents into chunks, kept as they are cut."""

from __future__ import annotations

import asyncio
import threading

from lab.rag.library import Library
from store import documents, promotions
from store.database import Connection, Database
from store.errors import NotFound
from store.library_records import Collection
from store.promotions import Promotion
from store.reading import is_markdown
from store.records import Document

# How many chunks one transaction keeps.
PART = 256


class Cutter:
    """Cuts documents for a collection; setting `halt` breaks it off."""

    def __init__(
        self,
        database: Database,
        library: Library,
        collection: Collection,
        halt: threading.Event,
    ) -> None:
        self._database = database
        self._library = library
        self._collection = collection
        self._halt = halt

    async def cut(self, document: Document) -> tuple[int, int]:
        """Cut a document, unless that is done; return its chunks, and the acknowledged ones.

        Raises EmbedderError, and NotFound where it is gone by now or holds no text.
        """
        begun = await self._database.write(_begin, self._collection.id, document)
        count = await self._cut(document) if begun.chunks is None else begun.chunks
        return count, begun.indexed

    async def _cut(self, document: Document) -> int:
        text = await self._database.read(documents.text, document.sha256)
        embedder = await self._library.embedder(cutting=True)
        pieces = await asyncio.to_thread(
            embedder.cut,
            text,
            self._collection.indexing,
            markdown=is_markdown(document.media_type),
            stop=self._halt,
        )
        where = (self._collection.id, document.sha256)
        if not pieces:
            await self._database.write(promotions.forget, *where)
            raise NotFound(f"{document.name} holds no text to put into the store.")
        for first in range(0, len(pieces), PART):
            await self._database.write(
                promotions.keep_pieces,
                *where,
                pieces[first : first + PART],
                text=text,
                pages=document.pages,
                first=first,
            )
        await self._database.write(promotions.keep_cut, *where, len(pieces))
        return len(pieces)


def _begin(connection: Connection, collection_id: int, document: Document) -> Promotion:
    documents.get(connection, document.id)
    return promotions.begin(connection, collection_id, document.sha256)
