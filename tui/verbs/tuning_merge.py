"""`litmus tune merge`: a model that was trained here, as a folder that other servers take."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.engine import Engine
from lab.tuning.local import merging
from store import tuned
from store.errors import NotFound
from tui.verbs import output
from tui.verbs.tuning_jobs import job_named
from tui.verbs.working import desk_of, with_engine


def merge(options: argparse.Namespace) -> int:
    """Write base and adapter of a training as one model."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        if options.job is None:
            job = await engine.database.read(tuned.last_made, desk.session.id)
            if job is None:
                raise NotFound("There is no tuned model yet; `litmus tune start` trains one.")
        else:
            job = await job_named(engine.database, desk, options.job)
        folder = Path(options.folder).absolute()
        merging.refuse(job, folder)
        output.note("Merging the adapter into its base.")
        await merging.merge(job, folder)
        if options.json:
            output.data({"session": desk.session.name, "job": job.id, "folder": str(folder)})
        else:
            output.say(
                f"Written: {folder}. Serve it, such as with `transformers serve`, and ask it with "
                f"`litmus run --rung tuned --base-url URL --model {folder}`."
            )
        return 0

    return with_engine(options, work)
