"""Training on this machine: started, followed, stopped, found dead and found again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.desk import Desk
from lab.engine import Engine
from lab.failures import AskError
from lab.tuning import adapter
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, Pace, TuningError, end_text
from lab.tuning.local import backend as local
from lab.tuning.trainer import heavy, running
from lab.tuning.trainer.checkpoints import last_checkpoint
from lab.tuning.wish import Wish
from store import jobs
from store.child import importing
from store.jobs import Job, JobDraft

PACE = Pace(least_s=0.05)
LONG = {"max_steps": 100_000, "every": 1_000, "batch": 1}
SHORT = {"max_steps": 6, "every": 3, "batch": 2, "answer_tokens": 4}
WISH = Wish("local", "embedded", "SmolLM2-135M-Instruct")
WAIT_S = 120.0
Keep = Callable[..., Awaitable[Job]]


@pytest.fixture
async def keep(desk: Desk, tickets: Callable[[str], list[str]]) -> Keep:
    """Keep a job that trains a base on the tickets, with these settings."""

    async def kept(base: str | Path, options: dict[str, Any]) -> Job:
        lines = tickets("train")
        draft = JobDraft(
            "local",
            "embedded",
            str(base),
            "".join(lines[6:]),
            "".join(lines[:6]),
            plan={"options": options, "seed": 5, "system": "Be short."},
        )
        return await desk.database.write(jobs.create, desk.session.id, draft)

    return kept


async def started(engine: Engine, job: Job) -> Job:
    async for event in local.start(engine, job):
        job = event.job
    return job


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.02)


def has_step(folder: Path) -> bool:
    return '"kind": "metrics"' in (folder / "events.jsonl").read_text()


@pytest.mark.tune
async def test_a_job_is_followed_to_its_end(
    engine: Engine, desk: Desk, keep: Keep, tiny: Path
) -> None:
    job = await started(engine, await keep(tiny, SHORT))
    assert job.state == "running"
    assert Path(job.folder) == engine.database.home / "tuning" / str(job.id)
    events = [event async for event in local.follow(engine, job, PACE)]
    ended = events[-1]
    assert isinstance(ended, JobChanged)
    assert (ended.job.state, ended.job.error, ended.job.cost_usd) == ("succeeded", "", 0.0)
    told = [event.event for event in events if isinstance(event, JobTold)]
    assert told == await desk.database.read(jobs.events, job.id)
    assert [each.step for each in told if each.kind == "heldout"] == [3, 6]
    assert told[-1].kind == "result"
    spec = json.loads((Path(job.folder) / "spec.json").read_text())
    assert (spec["seed"], spec["validation"]) == (5, "validation.jsonl")
    # Nothing is told twice, and there is nothing to go on with.
    assert [event async for event in local.look(engine, ended.job)] == []
    with pytest.raises(TuningError, match="nothing to go on with"):
        [event async for event in local.resume(engine, ended.job)]
    assert "--base-url URL --model NAME` asks it" in end_text(ended.job)
    with pytest.raises(TuningError, match="none that the embedded server can load"):
        local.setup(ended.job, "")
    assert local.setup(ended.job, "mine", "http://127.0.0.1:9/v1").tuned


@pytest.mark.tune
async def test_a_cancelled_job_keeps_a_checkpoint_and_goes_on(
    engine: Engine, keep: Keep, tiny: Path
) -> None:
    job = await started(engine, await keep(tiny, LONG))
    folder = Path(job.folder)
    await until(lambda: has_step(folder))
    job = await local.cancel(engine, job)
    assert (job.state, running.is_running(folder)) == ("cancelled", False)
    kept = last_checkpoint(folder)
    assert kept is not None
    async for event in local.resume(engine, job):
        job = event.job
    assert (job.state, job.finished_at) == ("running", None)
    await until(lambda: f'"start": {kept[0]}' in (folder / "events.jsonl").read_text())
    # What it told before it was cancelled does not count for how it stands now.
    events = [event async for event in local.look(engine, job)]
    assert not any(isinstance(event, JobChanged) for event in events)
    await local.cancel(engine, job)


@pytest.mark.tune
async def test_a_trainer_that_was_killed_is_told_and_goes_on(
    engine: Engine, keep: Keep, tiny: Path
) -> None:
    job = await started(engine, await keep(tiny, {**LONG, "every": 2}))
    folder = Path(job.folder)
    await until(lambda: last_checkpoint(folder))
    pid = running.pid(folder)
    assert pid
    os.kill(pid, signal.SIGKILL)
    events = [event async for event in local.follow(engine, job, PACE)]
    dead = events[-1].job
    assert dead.state == "failed"
    assert "was killed, as the system does where memory runs out" in dead.error
    assert "is kept, and resuming goes on from there" in dead.error
    kept = last_checkpoint(folder)
    assert kept is not None
    async for event in local.resume(engine, dead):
        dead = event.job
    await until(lambda: f'"start": {kept[0]}' in (folder / "events.jsonl").read_text())
    await local.cancel(engine, dead)


STARTER = """
import asyncio, sys
from pathlib import Path
from lab.engine import Engine
from lab.tuning.local import backend as local
from store import jobs

async def main():
    engine = Engine(Path(sys.argv[1]))
    job = await engine.database.read(jobs.get, int(sys.argv[2]))
    async for event in local.start(engine, job):
        print(event.job.state, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.tune
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
async def test_the_trainer_outlives_who_started_it(engine: Engine, keep: Keep, tiny: Path) -> None:
    job = await keep(tiny, LONG)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(engine.database.home), str(job.id)],
        stdout=subprocess.PIPE,
        env=importing(os.environ),
        text=True,
    )
    assert starter.stdout
    assert await asyncio.to_thread(starter.stdout.readline) == "running\n"
    starter.kill()
    await asyncio.to_thread(starter.communicate)
    job = await engine.database.read(jobs.get, job.id)
    folder = Path(job.folder)
    await until(lambda: has_step(folder))
    assert running.is_running(folder)
    # Whoever starts it again takes up the one that works.
    pid = running.pid(folder)
    job = await started(engine, job)
    assert running.pid(folder) == pid
    assert (await local.cancel(engine, job)).state == "cancelled"


def test_litmus_itself_loads_none_of_the_libraries() -> None:
    code = (
        "import sys, lab.tuning.local.backend, lab.tuning.trainer.__main__, lab.embedded_models; "
        "print({'torch', 'transformers', 'peft', 'accelerate', 'gguf', 'numpy'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=importing(os.environ), stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"set()\n"


async def test_a_recycled_process_id_is_not_taken_for_the_trainer(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (tmp_path / "trainer.lock").touch()
        (tmp_path / "process.json").write_text(json.dumps({"pid": other.pid, "launcher": 0}))
        assert not running.is_running(tmp_path)
        assert running.pid(tmp_path) is None
        running.tell_to_stop(tmp_path)
        running.kill(tmp_path)
        time.sleep(0.1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


async def test_a_job_that_never_started_is_told_so(engine: Engine, keep: Keep) -> None:
    job = await keep("anything", {})
    [noticed] = [event async for event in local.look(engine, job)]
    assert isinstance(noticed, JobNoticed)
    assert "is not started yet" in noticed.sentence
    assert (await local.cancel(engine, job)).state == "cancelled"


async def test_without_the_extra_it_says_what_to_install(
    engine: Engine, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy.importlib.util, "find_spec", lambda name: None)
    sentence = r"not installed \(1 GB, .*\): pip install 'litmus-bench\[tune\]'"
    with pytest.raises(TuningError, match=sentence):
        local.refuse(WISH)
    with pytest.raises(TuningError, match=sentence):
        await started(engine, await keep("anything", {}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"provider": "openai"}, "cannot be trained on this machine"),
        ({"format": "dpo"}, "takes right answers only"),
        ({"model": "SmolLM2-135M-Instruct+ab12cd34"}, "is tuned already"),
        ({"options": {"rank": 0}}, "rank must be a whole number"),
        ({"options": {"base": "other"}}, "base is set with --model"),
    ],
)
def test_what_this_machine_cannot_train_is_refused(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(local, "missing", lambda: None)
    local.refuse(WISH)
    with pytest.raises(TuningError, match=sentence):
        local.refuse(replace(WISH, **change))


def test_a_tuned_model_is_named_after_both_its_files(tmp_path: Path) -> None:
    def made(job: str, base: str, own: str) -> adapter.Adapter:
        folder = adapter.jobs_folder(tmp_path) / job
        folder.mkdir(parents=True)
        (folder / adapter.GGUF).write_bytes(b"GGUF")
        found = adapter.identified(folder, base_model="m", base_sha256=base, adapter_sha256=own)
        adapter.keep(found)
        return found

    one, other, third = made("1", "a", "b"), made("2", "a", "c"), made("10", "d", "b")
    assert len({one.model, other.model, third.model}) == 3
    assert one.model.startswith("m+") and len(one.model) == len("m+12345678")
    assert adapter.known(tmp_path) == [third, other, one]
    assert adapter.find(tmp_path, other.model) == other
    assert adapter.find(tmp_path, "m") is None and adapter.find(tmp_path, "m+00000000") is None
    other.gguf.unlink()
    assert adapter.find(tmp_path, other.model) is None
    with pytest.raises(adapter.AdapterProblem, match=r"The adapter of m.* is another file now"):
        adapter.refuse_changed(one, one.gguf)


@pytest.mark.tune
async def test_a_tuned_model_is_asked_by_its_name_and_the_base_by_its_own(
    engine: Engine, desk: Desk, keep: Keep, gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a job to its answers, with the real engines and the real base."""
    monkeypatch.setenv("LITMUS_GGUF", str(gguf))
    job = await started(engine, await keep("SmolLM2-135M-Instruct", {"max_steps": 2, "every": 2}))
    async for event in local.follow(engine, job, PACE):
        job = event.job
    assert job.state == "succeeded", job.error
    setup = local.setup(job, "")
    assert setup.model == job.tuned_model != job.base_model
    assert (setup.provider, setup.rung, setup.system) == ("embedded", "tuned", "Be short.")
    assert setup.tuned and setup.tuned.training_sha256 == job.training_sha256
    tuned = await engine.ready(setup.variant([]))
    base = await engine.ready(replace(setup, model=job.base_model, rung="bare").variant([]))
    assert tuned.endpoint.base_url != base.endpoint.base_url
    assert [model.id for model in await tuned.models()] == [job.tuned_model]
    assert [model.id for model in await base.models()] == [job.base_model]
    offered = [model.id for model in await engine.models("embedded")]
    assert offered == [job.base_model, job.tuned_model]
    assert await engine.best_model("embedded") == job.base_model
    with pytest.raises(AskError, match=r"has no model “SmolLM2-135M-Instruct.00000000”; it serves"):
        await engine.ready(replace(setup, model="SmolLM2-135M-Instruct+00000000").variant([]))
    found = adapter.find(engine.database.home, job.tuned_model)
    assert found is not None
    await engine.embedded_models.stop()
    with found.gguf.open("ab") as file:
        file.write(b"changed")
    with pytest.raises(adapter.AdapterProblem, match="is another file now"):
        await engine.ready(setup.variant([]))
