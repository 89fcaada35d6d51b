"""A full disk and too little memory, for real: told in a sentence, the job kept, gone on with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.tuning.trainer import checkpoints
from store.child import importing
from tests.lab.tuning.training import told, trainer

# Prints what comes of a job on a disk of 24 MB, with more and less room left on it.
SCENARIO = """
import asyncio, json, sys
from pathlib import Path
from lab.engine import Engine
from lab.tuning.local import backend as local
from lab.tuning.jobs import Pace
from store import jobs, sessions
from store.errors import PlainError
from store.jobs import JobDraft

disk, filler = Path(sys.argv[1]), Path(sys.argv[1]) / "filler"
files = [Path(name).read_text() for name in sys.argv[3:5]]
OPTIONS = {"max_steps": 4, "every": 2, "batch": 2, "rank": 256, "answer_tokens": 4}

def leave(room):
    filler.unlink(missing_ok=True)
    import shutil
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free - room))

async def run(engine, what, job):
    try:
        async for event in what(engine, job):
            job = event.job
        async for event in local.follow(engine, job, Pace(least_s=0.05)):
            job = event.job
    except PlainError as error:
        print(json.dumps(["raised", str(error)]), flush=True)
        job = await engine.database.read(jobs.get, job.id)
    print(json.dumps([job.state, job.error]), flush=True)
    return job

async def main():
    # The trainings alone are on the small disk: else it may be the store that finds it full.
    home = Path(sys.argv[5])
    home.mkdir()
    (home / "tuning").symlink_to(disk)
    engine = Engine(home)
    session = await engine.database.write(sessions.create, "one")
    draft = JobDraft("local", "embedded", sys.argv[2], *files, plan={"options": OPTIONS})
    job = await engine.database.write(jobs.create, session.id, draft)
    leave(0)
    job = await run(engine, local.start, job)
    try:
        Engine(disk / "other")
    except PlainError as error:
        print(json.dumps(["raised", str(error)]), flush=True)
    leave(4_000_000)
    job = await run(engine, local.start, job)
    filler.unlink()
    job = await run(engine, local.resume, job)
    await engine.close()

asyncio.run(main())
"""
DISK = 'mount -t tmpfs -o size=24m none "$0" && exec "$@"'


def disk(folder: Path, *command: str) -> list[str]:
    """Return what runs a command with a small disk of its own in a folder; it is gone with it."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", DISK, str(folder), *command]


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        shutil.which("unshare") is None
        or subprocess.run(disk(folder, "true"), stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("this user may not mount a small disk of its own (unshare --mount)")
    return folder


@pytest.mark.tune
def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(
    tiny: Path, small_disk: Path, tmp_path: Path, tickets: Callable[[str], list[str]]
) -> None:
    lines = tickets("train")
    for name, some in (("training", lines[6:]), ("validation", lines[:6])):
        (tmp_path / name).write_text("".join(some))
    files = [str(tmp_path / name) for name in ("training", "validation", "home")]
    words = [str(small_disk), str(tiny), *files]
    done = subprocess.run(
        disk(small_disk, sys.executable, "-c", SCENARIO, *words),
        env=importing(os.environ) | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    # With no room at all it is not started; nothing of it is lost.
    unstarted, waiting, unopened, failed, ended = said
    assert unstarted[1].startswith("The disk that holds ")
    assert "is full; free some room" in unstarted[1]
    assert waiting == ["preparing", ""]
    assert "(no space left on device)" in unopened[1] or "is full; free some" in unopened[1]
    # With too little it trains until a checkpoint does not fit.
    assert failed[0] == "failed"
    assert failed[1].startswith("The disk is full: free some space for ")
    assert ended == ["succeeded", ""]


@pytest.mark.tune
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit, of util-linux")
def test_too_little_memory_is_told(tiny: Path, prepared: Callable[..., Path]) -> None:
    spec = prepared(tiny, max_steps=1, batch=48, answer_tokens=4)
    chat = {
        "messages": [
            {"role": "user", "content": "word " * 400},
            {"role": "assistant", "content": "x"},
        ]
    }
    # 48 times 400 tokens times a vocabulary of 49,152, four bytes each.
    (spec.parent / "training.jsonl").write_text((json.dumps(chat) + "\n") * 48)
    failed = trainer(spec, "prlimit", f"--as={3 << 30}")
    _, log = failed.communicate()
    assert failed.returncode == 1, log
    last = told(spec.parent)[-1].data
    assert last["state"] == "failed", log
    assert last["error"].startswith("There is too little memory for this training: close other")


def test_a_torn_checkpoint_is_passed_over_and_its_room_given_back(tmp_path: Path) -> None:
    for step, state in ((2, "{}"), (4, '{"global_st'), (6, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "optimizer.pt").write_bytes(b"x")
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert checkpoints.last_checkpoint(tmp_path) == (2, tmp_path / "checkpoint-2")
    checkpoints.drop_torn(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-2"]
