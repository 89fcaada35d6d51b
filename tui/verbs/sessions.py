"""`litmus new` and `litmus sessions`."""

from __future__ import annotations

import argparse
from datetime import datetime

from lab.engine import Engine
from lab.prices import format_cost
from store import overview, sessions
from store.errors import Conflict
from store.records import DEFAULT_CAP_USD
from tui.verbs import output
from tui.verbs.working import with_engine


def new(options: argparse.Namespace) -> int:
    """Make a session."""
    name = options.name.strip()
    if not name or not name.isprintable():
        raise Conflict("A session needs a name that can be read; try `litmus new invoices`.")
    cap = DEFAULT_CAP_USD if options.cap is None else options.cap

    async def work(engine: Engine) -> int:
        session = await engine.database.write(sessions.create, name, options.task, cap)
        if options.json:
            output.data({"session": session.name, "task": session.task, "cap_usd": cap})
        else:
            output.say(f"Made the session {session.name}.")
            output.say(
                "Add cases with `litmus bench import FILE`, or open the app with `litmus resume`."
            )
        return 0

    return with_engine(options, work)


def listed(options: argparse.Namespace) -> int:
    """List the sessions, the last used first."""

    async def work(engine: Engine) -> int:
        found = await engine.database.read(sessions.page, -1)
        sums = await engine.database.read(overview.summaries, [item.id for item in found])
        if options.json:
            output.data(
                {
                    "sessions": [
                        {
                            "name": item.name,
                            "task": item.task,
                            "cases": sums[item.id].cases,
                            "cost_usd": sums[item.id].known_cost_usd,
                            "opened_at": datetime.fromtimestamp(item.opened_at)
                            .astimezone()
                            .isoformat(timespec="seconds"),
                        }
                        for item in found
                    ]
                }
            )
        elif not found:
            output.say("There is no session yet; make one with `litmus new NAME`.")
        else:
            rows = [("session", "cases", "cost", "last opened", "task")]
            rows += [
                (
                    item.name,
                    str(sums[item.id].cases),
                    format_cost(sums[item.id].known_cost_usd),
                    datetime.fromtimestamp(item.opened_at).strftime("%Y-%m-%d %H:%M"),
                    item.task,
                )
                for item in found
            ]
            output.table(rows, right=(1, 2))
        return 0

    return with_engine(options, work)
