"""`litmus demo`: the ladder on the fixtures, with the embedded model."""

from __future__ import annotations

import argparse

from lab import demo as lab_demo
from lab.engine import Engine
from lab.weights import SMOLLM2, fetch_weights, have_weights
from store.home import home
from tui.verbs import laddering, output, promoting
from tui.verbs.app import open_app
from tui.verbs.watching import Report, watch
from tui.verbs.working import with_engine


def demo(options: argparse.Namespace) -> int:
    """Climb the ladder, in the app or without it."""
    if options.headless or options.json:
        return with_engine(options, lambda engine: _headless(engine, as_json=options.json))
    return open_app(home(options.home), demo=True)


async def _headless(engine: Engine, *, as_json: bool) -> int:
    engine.refuse_without_extra()
    if not have_weights():
        progress = output.Progress()
        if SMOLLM2.own is None:
            output.note("Downloading the embedded model's weights, once.")
        await fetch_weights(
            lambda done, total: progress.show(
                f"{done / 1e6:.0f} of {total / 1e6:.0f} MB  {done / max(total, 1):.0%}"
            )
        )
        progress.done()
    desk = await lab_demo.prepare(engine)
    status = 0
    promoted = promoting.Report(as_json=True)
    async for asking in lab_demo.climb(desk, promoted.note):
        report = Report()
        await watch(asking, report)
        status = max(status, report.status)
    await laddering.print_ladder(desk, as_json=as_json)
    return status
