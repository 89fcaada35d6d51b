"""`litmus docs add`: one line for each file, whatever it is called and whatever is in it."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing
from typing import Any

from lab.engine import Engine
from lab.intake import Taken, take_in
from store.decoding import storable
from store.errors import NotFound
from store.reading import ReadingError, Stop, expand
from tui.verbs import output
from tui.verbs.documents import row
from tui.verbs.working import desk_of, with_engine


def add(options: argparse.Namespace) -> int:
    """Read files; one line for each, exit 1 when some failed and 2 when all did."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        stop = Stop()
        shown: list[dict[str, Any]] = []
        try:
            paths = await asyncio.to_thread(expand, options.paths, stop=stop)
            if not paths:
                raise NotFound("There is no file in there to read; name a file or another folder.")
            taken = take_in(
                desk,
                paths,
                attach=not options.no_context,
                password=options.password,
                stop=stop,
            )
            async with aclosing(taken):
                async for outcome in taken:
                    shown.append(_shown(outcome, options.json))
        finally:
            stop.set()
        if options.json:
            output.data({"documents": shown})
        failed = sum(each["error"] is not None for each in shown)
        return 0 if not failed else 2 if failed == len(shown) else 1

    return with_engine(options, work)


def _shown(outcome: Taken | ReadingError, json: bool) -> dict[str, Any]:
    """Print a file's line; return what is told of it in JSON."""
    if isinstance(outcome, ReadingError):
        failed = _failed(outcome)
        output.complain(failed["error"])
        return failed
    values = row(outcome.document, outcome.text)
    if not json:
        output.say(_line(outcome, values))
    return values


def _failed(error: ReadingError) -> dict[str, Any]:
    sentence = str(error)
    if error.reason == "encrypted":
        sentence = f"{sentence[:-1]} with --password."
    return {
        "id": None,
        "name": storable(error.path.name or str(error.path)),
        "pages": None,
        "chosen": None,
        "chars": None,
        "tokens": None,
        "state": "failed",
        "error": sentence,
    }


def _line(taken: Taken, values: dict[str, Any]) -> str:
    parts = [taken.standing] if taken.standing else []
    if values["pages"] > 1:
        parts.append(f"{values['pages']} pages")
    parts.append(f"about {values['tokens']:,} tokens")
    parts.append("in the context" if values["state"] == "context" else values["state"])
    return f"{taken.name}: {', '.join(parts)}"
