"""`litmus docs`: read files into the session, list them, choose what is in the context."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.tokens import count
from store import documents
from store.errors import NotFound
from store.reading import ReadingError, Stop, expand, read_many
from store.records import Document
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine


def add(options: argparse.Namespace) -> int:
    """Read files; one line for each, exit 1 when some failed and 2 when all did."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        paths = await asyncio.to_thread(expand, options.paths)
        if not paths:
            raise NotFound("There is no file in there to read; name a file or another folder.")
        shown: list[dict[str, Any]] = []
        stop = Stop()
        outcomes = read_many(paths, password=options.password, stop=stop)
        try:
            for path in paths:
                outcome = await asyncio.to_thread(next, outcomes)
                if isinstance(outcome, ReadingError):
                    shown.append(_failed(path, _hinted(outcome)))
                    output.complain(shown[-1]["error"])
                    continue
                kept = await desk.add_document(outcome, attach=not options.no_context)
                shown.append(_row(kept, outcome.text))
                if not options.json:
                    output.say(_line(shown[-1]))
        finally:
            stop.set()  # else a file that takes long would hold up the end
        if options.json:
            output.data({"documents": shown})
        failed = sum(row["error"] is not None for row in shown)
        return 0 if not failed else 2 if failed == len(paths) else 1

    return with_engine(options, work)


def listed(options: argparse.Namespace) -> int:
    """List the documents: those in the context in their order, then the rest."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        rows = [
            _row(item, await engine.database.read(documents.text, item.sha256))
            for item in desk.documents
        ]
        if options.json:
            output.data({"documents": rows})
        elif not rows:
            output.say("There are no documents yet; add some with `litmus docs add PATH…`.")
        else:
            cells = [("document", "pages", "tokens", "state")]
            cells += [
                (row["name"], str(row["pages"]), f"{row['tokens']:,}", row["state"]) for row in rows
            ]
            output.table(cells, right=(1, 2))
        return 0

    return with_engine(options, work)


def attach(options: argparse.Namespace) -> int:
    """Put documents into the context, in the order in which they are named."""
    return _set_attached(options, True)


def detach(options: argparse.Namespace) -> int:
    """Take documents out of the context."""
    return _set_attached(options, False)


def _set_attached(options: argparse.Namespace, attached: bool) -> int:
    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        for document in [_find(desk, name) for name in options.names]:
            await desk.attach(document.id, attached)
        names = [item.name for item in desk.documents if item.attached is not None]
        if options.json:
            output.data({"context": names})
        else:
            output.say("In the context: " + (", ".join(names) or "nothing") + ".")
        return 0

    return with_engine(options, work)


def _find(desk: Desk, name: str) -> Document:
    found = [item for item in desk.documents if name in (item.name, item.path, str(item.id))]
    if not found:
        raise NotFound(f"There is no document “{name}”; `litmus docs list` lists what there is.")
    return found[0]


def _row(document: Document, text: str) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        "pages": len(document.pages),
        "chars": document.chars,
        "tokens": count(text, "", "").tokens,
        "state": "read" if document.attached is None else "context",
        "error": None,
    }


def _hinted(error: ReadingError) -> str:
    """Return the sentence of an error, with the option that helps where there is one."""
    sentence = str(error)
    return f"{sentence[:-1]} with --password." if error.reason == "encrypted" else sentence


def _failed(path: Path, error: str) -> dict[str, Any]:
    return {
        "id": None,
        "name": path.name,
        "pages": None,
        "chars": None,
        "tokens": None,
        "state": "failed",
        "error": error,
    }


def _line(row: dict[str, Any]) -> str:
    pages = f"{row['pages']} pages, " if row["pages"] > 1 else ""
    where = "in the context" if row["state"] == "context" else "read"
    return f"{row['name']}: {pages}about {row['tokens']:,} tokens, {where}"
