"""`litmus docs search`: what the RAG store finds for a query, without asking a model."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.rag.retrieve import SearchFailed, match_spans, search
from lab.rag.stores import searched
from store import chunks, promotions
from store.library_records import Found, Indexing, Retrieval
from tui.verbs import output
from tui.verbs.documents import find
from tui.verbs.working import desk_of, with_engine

_INDENT = "    "


def run(options: argparse.Namespace) -> int:
    """Print the chunks that are found, best first; exit 1 when there is none."""
    query = " ".join(options.query)

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        documents = [find(desk, name).sha256 for name in options.document or ()]
        retrieval = await _retrieval(desk, options)
        try:
            found = await search(
                desk, query, retrieval, documents=documents or None, tags=options.tag or ()
            )
        except SearchFailed as error:
            raise SearchFailed(f"{str(error).removesuffix('.')} (--mode keyword).") from error
        if options.json:
            output.data({"results": [_row(each) for each in found]})
        else:
            _print(query, found)
        await _note_unfinished(desk, retrieval.indexing)
        return 0 if found else 1

    return with_engine(options, work)


async def _retrieval(desk: Desk, options: argparse.Namespace) -> Retrieval:
    base = desk.setup.retrieval if desk.setup else Retrieval()
    indexing = await searched(desk, options.chunk_tokens)
    given = {"k": options.k, "mode": options.mode}
    return replace(
        base,
        indexing=indexing,
        **{name: value for name, value in given.items() if value is not None},
    )


def _row(found: Found) -> dict[str, Any]:
    chunk = found.chunk
    return {
        "document": found.document,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "score": found.score,
        "text": chunk.text,
    }


def _print(query: str, found: list[Found]) -> None:
    if not found:
        output.say("Nothing was found.")
    for place, each in enumerate(found):
        if place:
            output.say()
        ranks = [
            f"{name} {rank}"
            for name, rank in (("keyword", each.keyword_rank), ("vector", each.vector_rank))
            if rank is not None
        ]
        output.say(
            f"{each.rank:2}  {each.score:.3f}  {each.document}, page {each.chunk.page}"
            f"  ({', '.join(ranks)})"
        )
        output.marked(each.chunk.text, match_spans(query, each.chunk.text), indent=_INDENT)


async def _note_unfinished(desk: Desk, indexing: Indexing) -> None:
    collection = await desk.database.read(chunks.collection, desk.session.id, indexing)
    if collection is None:
        return
    there = await desk.database.read(promotions.promotions, collection.id)
    left = sum(not each.finished for each in there.values())
    if left:
        which = "1 document is" if left == 1 else f"{left:,} documents are"
        output.note(
            f"{which} not wholly in the store yet, and not searched; `litmus docs promote` goes on."
        )
