"""`litmus docs`: read files into the session, list them, choose what is in the context."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.tokens import count
from store import documents, promotions
from store.errors import NotFound
from store.promotions import Promotion
from store.records import Document
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine


def listed(options: argparse.Namespace) -> int:
    """List the documents: those in the context in their order, then the rest."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        rows = [
            row(item, await engine.database.read(documents.text, item.sha256))
            for item in desk.documents
        ]
        partly = await engine.database.read(promotions.unfinished, desk.session.id)
        if options.json:
            output.data({"documents": rows})
        elif not rows:
            output.say("There are no documents yet; add some with `litmus docs add PATH…`.")
        else:
            cells = [("document", "pages", "tokens", "state")]
            cells += [
                (told["name"], _pages(told), f"{told['tokens']:,}", _standing(item, partly))
                for told, item in zip(rows, desk.documents, strict=True)
            ]
            output.table(cells, right=(1, 2))
        if any(item.sha256 in partly for item in desk.documents):
            output.note(
                "Some are promoted only in part; `litmus docs promote` goes on where it stopped."
            )
        return 0

    return with_engine(options, work)


def find(desk: Desk, name: str) -> Document:
    """Return a document by its name, path or id. Raises NotFound."""
    found = [item for item in desk.documents if name in (item.name, item.path, str(item.id))]
    if not found:
        raise NotFound(f"There is no document “{name}”; `litmus docs list` lists what there is.")
    return found[0]


def row(document: Document, text: str) -> dict[str, Any]:
    """Return what is told of a document in JSON."""
    return {
        "id": document.id,
        "name": document.name,
        "pages": len(document.pages),
        "chosen": document.chosen,
        "chars": document.chars,
        "tokens": count(text, "", "").tokens,
        "state": _state(document),
        "error": None,
    }


def _state(document: Document) -> str:
    """Return the furthest that a document has come; the store comes after the context."""
    if document.promoted:
        return "promoted"
    return "read" if document.attached is None else "context"


def _standing(document: Document, partly: Mapping[str, Promotion]) -> str:
    """Return where a document stands, for people: it may be in the context and the store."""
    state = _state(document)
    if document.promoted and document.attached is not None:
        state += " + context"
    if way := partly.get(document.sha256):
        of = "" if way.chunks is None else f" of {way.chunks:,}"
        state += f", {way.indexed:,}{of} chunks on their way in"
    return state


def _pages(row: dict[str, Any]) -> str:
    """Return how many pages there are, and which of them are in the context if not all."""
    return f"{row['chosen']} of {row['pages']}" if row["chosen"] else str(row["pages"])
