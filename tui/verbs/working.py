"""What the verbs share: an engine for as long as one takes, and the session it works on."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from lab.desk import Desk
from lab.engine import Engine
from store import sessions
from store.errors import NotFound
from store.home import home

Work = Callable[[Engine], Awaitable[int]]


def with_engine(options: argparse.Namespace, work: Work) -> int:
    """Open the engine, do the work, close it however the work ends; return its status."""

    async def main() -> int:
        engine = Engine(home(options.home))
        try:
            await engine.recover()
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


async def desk_of(engine: Engine, options: argparse.Namespace) -> Desk:
    """Open the session that was named, or the last used. Raises NotFound."""
    if options.session:
        session = await engine.database.read(sessions.named, options.session)
    else:
        session = await engine.database.read(sessions.last)
        if session is None:
            raise NotFound("There is no session yet; make one with `litmus new NAME`.")
    return await Desk.open(engine, session)
