"""What is sent of the chunks that were found: passages of the documents, numbered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from store import chunk_search, documents
from store.database import Connection
from store.library_records import Collection, Found, Passage


def passages_of(
    connection: Connection, collection: Collection, found: Sequence[Found], whole_tokens: int
) -> list[Passage]:
    """Return the passages that hold these chunks, the one with the best chunk first.

    Chunks that adjoin or overlap in a document are one passage, in its order and without
    repetition. A document of at most `whole_tokens` tokens, as its chunks count them, is one
    passage as a whole. Raises NotFound when a document's text has gone.
    """
    by_document: defaultdict[str, list[Found]] = defaultdict(list)
    for each in found:
        by_document[each.chunk.sha256].append(each)
    passages: list[Passage] = []
    for sha256, here in by_document.items():
        text, _ = documents.content(connection, sha256)
        tokens = chunk_search.tokens_of(connection, collection.id, sha256) if whole_tokens else 1
        if tokens <= whole_tokens:
            passages.append(_passage(here, text, 0, len(text), page=1))
        else:
            for run in joined(here):
                end = max(each.chunk.end for each in run)
                first = run[0].chunk
                passages.append(_passage(run, text, first.start, end, page=first.page))
    passages.sort(key=lambda each: min(chunk.rank for chunk in each.found))
    return [replace(each, number=number) for number, each in enumerate(passages, start=1)]


def joined(found: Sequence[Found]) -> list[list[Found]]:
    """Return chunks of one document in its order, together those that adjoin or overlap."""
    runs: list[list[Found]] = []
    for each in sorted(found, key=lambda each: each.chunk.place):
        if runs and each.chunk.place <= runs[-1][-1].chunk.place + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _passage(found: Sequence[Found], text: str, start: int, end: int, *, page: int) -> Passage:
    best_first = tuple(sorted(found, key=lambda each: each.rank))
    first = best_first[0]
    return Passage(
        0, first.document, first.chunk.sha256, page, start, end, text[start:end], best_first
    )
