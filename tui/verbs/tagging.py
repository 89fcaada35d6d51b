"""`litmus docs tag`: tags by which documents are told apart in a search."""

from __future__ import annotations

import argparse

from lab.engine import Engine
from store import documents
from tui.verbs import output
from tui.verbs.documents import find
from tui.verbs.working import desk_of, with_engine


def tag(options: argparse.Namespace) -> int:
    """Give documents tags, or take tags off; without either, say which they have."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        given = [find(desk, name) for name in dict.fromkeys(options.names)]
        if options.add or options.remove:
            given = [
                await desk.database.write(
                    documents.tag, item.id, add=options.add or (), remove=options.remove or ()
                )
                for item in given
            ]
        rows = [{"id": item.id, "name": item.name, "tags": list(item.tags)} for item in given]
        if options.json:
            output.data({"documents": rows})
        else:
            for item in given:
                output.say(f"{item.name}: {', '.join(item.tags) or 'no tags'}")
        return 0

    return with_engine(options, work)
