"""Having a local training's adapter merged into its base, by a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from lab.tuning import adapter
from lab.tuning.jobs import TuningError
from lab.tuning.local import backend as local
from store.child import importing
from store.jobs import Job


def refuse(job: Job, folder: Path) -> None:
    """Raise TuningError where there is nothing to merge, or nowhere to put it."""
    if job.backend != "local":
        raise TuningError(f"Job {job.id} trained at {job.provider}, which keeps the weights.")
    if job.state != "succeeded" or not (Path(job.folder) / adapter.PEFT).is_dir():
        raise TuningError(f"Job {job.id} has no adapter to merge; it is {job.state}.")
    local.refuse_without_extra()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TuningError(f"{folder} is there already; name a folder that is not.")
    if not folder.parent.is_dir():
        raise TuningError(f"{folder.parent} is no folder; make it first, or name another.")


async def merge(job: Job, folder: Path) -> None:
    """Write a job's tuned model to a new folder, as transformers and vLLM load it.

    Raises TuningError as `refuse` does, and where it cannot be done; then nothing is left in
    the folder's place.
    """
    refuse(job, folder)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "lab.tuning.trainer.merger", job.folder, str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=importing(os.environ) | {"HF_HUB_DISABLE_TELEMETRY": "1"},
    )
    try:
        out, err = await child.communicate()
    finally:
        if child.returncode is None:  # it was not waited for
            child.kill()
            await child.wait()
    try:
        error = json.loads(out or b"-").get("error", "")
    except (ValueError, AttributeError):
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it was killed"]
        error = f"The model could not be merged: {last[0].strip(' .')[:300]}."
    if error:
        raise TuningError(error)
