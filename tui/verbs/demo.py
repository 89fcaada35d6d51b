"""`litmus demo`: the ladder on the fixtures, with the embedded model."""

from __future__ import annotations

import argparse

from lab import demo as lab_demo
from lab.desk import Desk
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
        return with_engine(options, lambda engine: _headless(engine, options))
    return open_app(home(options.home), demo="tickets" if options.tune else "questions")


async def _headless(engine: Engine, options: argparse.Namespace) -> int:
    engine.refuse_without_extra()
    if options.tune:
        from lab.tuning.demo import refuse

        refuse()
    await _fetch()
    which = lab_demo.TICKETS if options.tune else lab_demo.QUESTIONS
    desk = await lab_demo.prepare(engine, which)
    status = 0
    promoted = promoting.Report(as_json=True)
    async for asking in lab_demo.climb(desk, promoted.note):
        report = Report()
        await watch(asking, report)
        status = max(status, report.status)
    if options.tune:
        status = max(status, await _last_rung(desk, options.seed))
    await laddering.print_ladder(desk, as_json=options.json)
    return status


async def _fetch() -> None:
    if have_weights():
        return
    progress = output.Progress()
    if SMOLLM2.own is None:
        output.note("Downloading the embedded model's weights, once.")
    await fetch_weights(
        lambda done, total: progress.show(
            f"{done / 1e6:.0f} of {total / 1e6:.0f} MB  {done / max(total, 1):.0%}"
        )
    )
    progress.done()


async def _last_rung(desk: Desk, seed: int) -> int:
    """Train on the train cases, then ask the tuned model and its base the test cases."""
    from lab.tuning import demo as lab_tuning
    from lab.tuning.base import base_of
    from lab.tuning.jobs import TuningError, end_text, tuned_setup
    from tui.verbs.tuning_watched import Watched

    watched = Watched()
    await watched.hear(lab_tuning.train(desk, seed=seed))
    if watched.job is not None and watched.job.state != "succeeded":
        raise TuningError(end_text(watched.job))
    setup = await tuned_setup(desk.engine, desk.session.id)
    status = 0
    cases = await desk.cases_to_ask()
    for variant in (setup.variant(()), base_of(setup).variant(())):
        report = Report()
        await watch(await desk.ask(cases, variant), report)
        status = max(status, report.status)
    return status
