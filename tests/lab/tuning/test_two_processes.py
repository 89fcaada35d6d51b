"""Two Litmus at the same job at the same moment: one trainer, and both follow it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from lab.desk import Desk
from lab.engine import Engine
from lab.tuning.local import backend as local
from lab.tuning.local import launching
from lab.tuning.trainer import running
from lab.tuning.trainer.checkpoints import last_checkpoint
from lab.tuning.trainer.training_spec import Spec
from store import jobs
from store.child import importing
from store.jobs import Job, JobDraft
from tests.lab.tuning.training import told

WAIT_S = 120.0
LONG = {"max_steps": 100_000, "every": 2, "batch": 1, "answer_tokens": 2, "patience": 10_000}
# Starts or goes on with a job at each line that it is sent, and follows it to its end.
LITMUS = """
import asyncio, sys
from pathlib import Path
from lab.engine import Engine
from lab.tuning.local import backend as local
from lab.tuning.jobs import JobChanged, Pace
from store import jobs

async def main():
    engine = Engine(Path(sys.argv[1]))
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        job = await engine.database.read(jobs.get, int(sys.argv[2]))
        go = local.start if job.state == "preparing" else local.resume
        async for event in go(engine, job):
            job = event.job
        print(job.state, flush=True)
        async for event in local.follow(engine, job, Pace(least_s=0.05)):
            job = event.job
        print(job.state, flush=True)

asyncio.run(main())
"""


async def kept(desk: Desk, base: str, lines: list[str]) -> Job:
    draft = JobDraft(
        "local", "embedded", base, "".join(lines[6:]), "".join(lines[:6]), plan={"options": LONG}
    )
    return await desk.database.write(jobs.create, desk.session.id, draft)


@asynccontextmanager
async def litmus(home: Path, job: Job) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LITMUS, str(home), str(job.id)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=importing(os.environ),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def say(processes: list[asyncio.subprocess.Process]) -> list[str]:
    """Return what each says next."""
    lines = []
    for each in processes:
        assert each.stdout
        async with asyncio.timeout(WAIT_S):
            lines.append((await each.stdout.readline()).decode().strip())
    return lines


def go(processes: list[asyncio.subprocess.Process]) -> None:
    for each in processes:
        assert each.stdin
        each.stdin.write(b"go\n")


def loads(folder: Path) -> int:
    return sum(each.data.get("state") == "loading" for each in told(folder))


@pytest.mark.tune
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
async def test_two_that_start_and_resume_at_once_follow_one_trainer(
    engine: Engine, desk: Desk, tiny: Path, tickets: Callable[[str], list[str]]
) -> None:
    job = await kept(desk, str(tiny), tickets("train"))
    folder = engine.database.home / "tuning" / str(job.id)
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(litmus(engine.database.home, job)) for _ in range(2)
        ]
        assert await say(both) == ["ready", "ready"]
        go(both)
        assert await say(both) == ["running", "running"]
        async with asyncio.timeout(WAIT_S):
            while not last_checkpoint(folder):
                await asyncio.sleep(0.05)
        assert loads(folder) == 1
        pid = running.pid(folder)
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert await say(both) == ["failed", "failed"]

        go(both)
        assert await say(both) == ["running", "running"]
        async with asyncio.timeout(WAIT_S):
            while loads(folder) < 2 or told(folder)[-1].data.get("state") in ("loading", "ready"):
                await asyncio.sleep(0.05)
        assert loads(folder) == 2
        assert "being trained in" not in (folder / "trainer.log").read_text()
        # Either of them, or a third, can stop it, and both are told.
        await local.cancel(engine, await engine.database.read(jobs.get, job.id))
        assert await say(both) == ["cancelled", "cancelled"]
        assert loads(folder) == 2


async def test_who_waited_for_the_start_does_not_start_another(
    engine: Engine,
    desk: Desk,
    tickets: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same without the libraries: what is started takes the folder and waits."""
    started: list[subprocess.Popen[bytes]] = []
    code = (
        "import sys, time; from pathlib import Path; from lab.tuning.trainer import running; "
        "assert running.claim(Path(sys.argv[1])); time.sleep(600)"
    )

    def spawn(folder: Path, spec: Spec) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, str(folder)]
        started.append(subprocess.Popen(command, env=importing(os.environ)))
        return started[-1]

    async def start(job: Job) -> Job:
        async for event in local.start(engine, job):
            job = event.job
        return job

    monkeypatch.setattr(launching, "_spawn", spawn)
    monkeypatch.setattr(local, "missing", lambda: None)
    job = await kept(desk, "anything", tickets("train"))
    try:
        ended = await asyncio.gather(*(start(job) for _ in range(3)))
        assert [each.state for each in ended] == ["running"] * 3
        assert len(started) == 1
    finally:
        for each in started:
            each.kill()
            each.wait()
    # One that has succeeded meanwhile is not started again.
    await engine.database.write(jobs.update, job.id, state="succeeded")
    assert (await start(job)).state == "succeeded"
    assert len(started) == 1
