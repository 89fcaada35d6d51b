"""The demo's last rung, for real and in short: trained, asked beside its base, found again."""

from __future__ import annotations

import pytest

from lab import demo
from lab.engine import Engine
from lab.events import Answered
from lab.ladder.reading import read_ladder
from lab.tuning import demo as tuned_demo
from lab.tuning.base import base_of
from lab.tuning.jobs import JobTold, TuningError, tuned_setup
from lab.tuning.trainer.heavy import all_installed
from store import tuned
from store.jobs import listed

CASES = 4


@pytest.mark.tune
async def test_it_trains_and_asks_beside_the_base(
    engine: Engine, gguf: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned_demo, "MINUTES", 0.1)
    desk = await demo.prepare(engine, demo.TICKETS)
    told = [e.event async for e in tuned_demo.train(desk, seed=3) if isinstance(e, JobTold)]
    assert any(event.kind == "metrics" for event in told)
    [job] = await engine.database.read(listed, desk.session.id)
    assert (job.state, job.plan["seed"], job.plan["examples"]) == ("succeeded", 3, 48)
    assert 0 < await engine.database.read(tuned.hours, desk.session.id) < 0.5

    # It has what it wants now, and begins nothing anew.
    assert [event async for event in tuned_demo.train(desk)] == []

    setup = await tuned_setup(engine, desk.session.id)
    cases = (await desk.cases_to_ask())[:CASES]
    answered: dict[str, list[str]] = {}
    for asked in (setup, base_of(setup)):
        run = await desk.ask(cases, asked.variant(()))
        found = [e.answer async for e in run.events() if isinstance(e, Answered)]
        answered[asked.model] = [answer.model for answer in found]
    base = setup.tuned.base_model if setup.tuned else ""
    assert setup.model.startswith(f"{base}+")
    # Who answered is what the server called itself: the base is never taken for the tuned one.
    assert answered == {setup.model: [setup.model] * CASES, base: [base] * CASES}
    ladder = await engine.database.read(read_ladder, desk.session)
    assert ladder.beside_base and ladder.beside_base.comparison.unshared == 0


@pytest.mark.skipif(all_installed(), reason="the extra is installed")
def test_without_the_extra_it_says_what_to_install() -> None:
    with pytest.raises(TuningError, match=r"not installed \(1 GB.*pip install"):
        tuned_demo.refuse()
