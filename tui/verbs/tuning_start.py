"""What `litmus tune start` is asked for, turned into a job that can be started."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

from lab.checking.findings import count
from lab.desk import Desk
from lab.forecast import range_text
from lab.tuning import jobs as tuning
from lab.tuning import wish as wishes
from lab.tuning.jobs import TuningError
from lab.tuning.local.pace import time_text
from lab.tuning.settings import parsed
from store.jobs import Job, JobDraft
from tui.verbs import output


def _options(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is set of the training by name."""
    found = parsed(options.backend, options.set or ())
    if options.minutes is not None:
        if options.backend != "local":
            raise TuningError(
                "--minutes is for --backend local; a provider takes the time that it takes."
            )
        if "max_minutes" in found:
            raise TuningError("max_minutes and --minutes are the same; leave one of them out.")
        found["max_minutes"] = options.minutes
    return found


async def to_start(desk: Desk, options: argparse.Namespace) -> Job | None:
    """Return the job to start, None where the person does not want it."""
    if options.resume:
        return await wishes.unsent(desk)
    if options.method == "dpo" and options.source:
        raise TuningError(
            "--from is for --method sft; a preference is a passed answer beside a failed one."
        )
    wish = replace(
        wishes.wish_for(
            desk,
            options.backend,
            provider=options.provider or "",
            base_url=options.base_url or "",
            model=options.model or "",
        ),
        format=options.method,
        source=None if options.source in (None, "both") else options.source,
        epochs=options.epochs,
        seed=options.seed,
        suffix=options.suffix or "",
        validation=(
            wishes.held_back(options.backend) if options.validation is None else options.validation
        ),
        allow_leaks=options.allow_leaks,
        options=_options(options),
    )
    tuning.backend(wish.backend).refuse(wish)
    progress = output.Progress()
    report = await wishes.examine_for(
        desk, wish, lambda what, done, of: progress.show(f"{what}: {done:,} of {of:,}")
    )
    progress.done()
    draft = await wishes.draft(desk, wish, report)
    twin = await wishes.alike(desk, draft)
    if twin is not None and twin.state != "preparing":
        raise TuningError(
            f"Job {twin.id} trains the same model on the same examples already; "
            "`litmus tune status --follow` follows it."
        )
    await wishes.refuse_over_cap(desk, draft, options.budget)
    if not _agreed(draft, options):
        return None
    if twin is not None:
        output.note(f"Job {twin.id} was never started; going on with it.")
        return twin
    return await wishes.keep(desk, draft)


def _agreed(draft: JobDraft, options: argparse.Namespace) -> bool:
    """Say what it will cost; ask a person at a terminal whether to go on."""
    price = draft.plan["price"]
    examples = count(draft.plan["examples"], "example")
    takes = f"price {range_text(price['low_usd'], price['high_usd'])}"
    if draft.backend == "local":
        takes = time_text(price)
    what = f"Training {draft.base_model} on {examples}: {takes}."
    if options.yes:
        output.note(what)
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TuningError(f"{what[:-1]}; start it with --yes.")
    output.note(what)
    sys.stderr.write("Start it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
