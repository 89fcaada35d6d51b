"""The hosted backend, over HTTP to a server that fine-tunes on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import pytest
from aiohttp import web

from fixtures.server_base import LoopbackServer
from fixtures.server_faults import Fault
from fixtures.server_tuning import JOBS
from lab.ladder.economics import keep_economics, read_economics
from lab.setup import Setup
from lab.tuning import jobs, wish
from lab.tuning.examples.dataset import Example
from lab.tuning.hosted import backend as hosted
from lab.tuning.hosted import training_prices
from lab.tuning.hosted.api import Happening
from lab.tuning.hosted.events import event_of
from lab.tuning.hosted.refusals import Gone, Refused
from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, Pace
from store import jobs as kept_jobs
from store.errors import NotFound
from store.jobs import JobEvent
from store.records import CaseDraft, Expectation

FAST = Pace(0.001, 0.001)


@pytest.fixture
async def prepare(desk) -> Callable[..., Awaitable[kept_jobs.Job]]:
    """Keep the job of a wish on a session with ten examples."""
    towns = [f"{letter}holm" for letter in "ABCDEFGHIJ"]
    await desk.add_cases(
        CaseDraft(f"Who is mayor of {town}?", expectation=Expectation(f"Ann {town}"), split="train")
        for town in towns
    )
    await desk.add_cases([CaseDraft("Where does the Orm rise?")])

    async def prepared(**changes: object) -> kept_jobs.Job:
        wanted = replace(wish.wish_for(desk, "hosted"), **changes)
        report = await wish.examine_for(desk, wanted)
        return await wish.keep(desk, await wish.draft(desk, wanted, report))

    return prepared


@pytest.fixture
def train(engine, prepare):
    """Start a job and follow it to its end; return what was told."""

    async def trained(**changes: object) -> list[jobs.TuningEvent]:
        job = await prepare(**changes)
        told = [event async for event in jobs.start(engine, job)]
        job = told[-1].job
        return told + [event async for event in jobs.follow(engine, job, FAST)]

    return trained


def states(told: list[jobs.TuningEvent]) -> list[str]:
    return [event.job.state for event in told if isinstance(event, JobChanged)]


async def test_what_a_job_tells_is_kept_before_it_is_told(engine, server, train):
    told = await train(seed=3, suffix="orm")
    assert states(told) == ["queued", "running", "succeeded"]
    job = told[-1].job
    events = [event.event for event in told if isinstance(event, JobTold)]
    kept = await engine.database.read(kept_jobs.events, job.id)
    assert {event.key for event in events} <= {event.key for event in kept}
    metrics = [event for event in events if event.kind == "metrics"]
    assert [event.step for event in metrics] == [1, 2, 3]
    assert metrics[0].data == {"loss": 1.0, "accuracy": 0.9, "steps": 3}
    result = next(event for event in events if event.kind == "result")
    assert result.data["model"] == job.tuned_model == "ft:fixture-large:fixture:orm:2"
    assert job.plan["seed"] == 3 and job.finished_at and job.cost_usd is None
    assert job.training_sha256 == job.plan["manifest"]["training"]["sha256"]


async def test_events_of_many_pages_are_caught_up_with_once(engine, server, train, prepare):
    server.tuning.steps = 230
    server.tuning.hold = "running"
    job = await prepare()
    job = [event async for event in jobs.start(engine, job)][-1].job
    looked = [event async for event in jobs.look(engine, job)]  # now it is queued
    looked += [event async for event in jobs.look(engine, looked[-1].job)]
    server.tuning.hold = ""
    for _ in range(230):
        server.tuning.respond("GET", f"{JOBS}/{job.remote}", "", {})
    told = [event async for event in jobs.follow(engine, looked[-1].job, FAST)]
    steps = [each.event.step for each in told if isinstance(each, JobTold) if each.event.step]
    assert steps[:230] == list(range(1, 231))
    kept = await engine.database.read(kept_jobs.events, job.id, kinds=("metrics",))
    assert len(kept) == 230


async def test_open_jobs_are_picked_up_by_another_process(engine, server, prepare):
    server.tuning.hold = "queued"
    job = await prepare()
    assert await jobs.pick_up(engine) == []  # it was never sent
    started = [event async for event in jobs.start(engine, job)][-1].job
    [found] = await jobs.pick_up(engine)
    assert found == started
    server.tuning.hold = ""
    told = [event async for event in jobs.follow(engine, found, FAST)]
    assert told[-1].job.state == "succeeded"
    assert await jobs.pick_up(engine) == []


async def test_it_is_looked_at_less_often_while_nothing_happens(engine, server, prepare):
    server.tuning.hold = "queued"
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 7:
            server.tuning.hold = ""
        await asyncio.sleep(0)

    job = [event async for event in jobs.start(engine, await prepare())][-1].job
    pace = Pace(2.0, 10.0, sleep)
    assert [e async for e in jobs.follow(engine, job, pace)][-1].job.state == "succeeded"
    assert waits[:7] == [2.0, 3.0, 4.5, 6.75, 10.0, 10.0, 10.0]
    assert waits[7:] == [2.0] * len(waits[7:])


async def test_a_server_that_is_gone_is_told_once_and_waited_for(engine, server, prepare):
    server.tuning.hold = "running"
    job = [event async for event in jobs.start(engine, await prepare())][-1].job
    notices: list[str] = []
    looks = 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            await server.stop()
        if looks == 8:
            server.tuning.hold = ""
            await server.start()
        await asyncio.sleep(0)

    async with aclosing(jobs.follow(engine, job, Pace(1, 1, sleep))) as told:
        async for event in told:
            if isinstance(event, JobNoticed):
                notices.append(event.sentence)
            job = event.job
    assert job.state == "succeeded"
    assert notices[0].endswith("; Litmus keeps looking.")
    assert len(notices) == 2 and notices[1] == "The server answers again."


async def test_what_a_server_does_not_take_is_left_out_and_told(server, train):
    server.tuning.refuses = ("seed", "suffix")
    told = await train(seed=3, suffix="orm")
    assert [event.sentence for event in told if isinstance(event, JobNoticed)] == [
        "Custom server does not take seed; the job goes on without it.",
        "Custom server does not take suffix; the job goes on without it.",
    ]
    assert states(told)[-1] == "succeeded"


async def test_the_method_is_never_left_out(engine, server, prepare):
    server.tuning.refuses = ("method",)
    job = await prepare()
    with pytest.raises(Refused, match="did not fine-tune fixture-large"):
        [event async for event in jobs.start(engine, job)]
    assert (await engine.database.read(kept_jobs.get, job.id)).state == "failed"


async def test_hyperparameters_go_with_the_method(engine, server, prepare):
    job = await prepare(epochs=2, options={"batch_size": "auto", "learning_rate_multiplier": 0.5})
    assert [event async for event in jobs.start(engine, job)]
    [sent] = server.tuning.jobs.values()
    chosen = {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": 0.5}
    assert sent["method"] == {"type": "supervised", "supervised": {"hyperparameters": chosen}}
    # What no provider takes is told before anything is kept.
    with pytest.raises(jobs.TuningError, match="has no setting “rank”"):
        await prepare(options={"rank": 8})
    assert len(await engine.database.read(kept_jobs.listed, job.session_id)) == 1


async def test_preferences_go_as_dpo(engine, server, prepare):
    job = await prepare()
    plan = {**job.plan, "method": "dpo", "epochs": 2}
    wishes = hosted._wishes(replace(job, plan=plan), "file-9")
    assert wishes == {
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2}}},
        "validation_file": "file-9",
    }


async def test_a_job_that_the_provider_no_longer_has_fails(engine, server, prepare):
    job = [event async for event in jobs.start(engine, await prepare())][-1].job
    server.tuning.jobs.clear()
    told = [event async for event in jobs.follow(engine, job, FAST)]
    assert told[-1].job.state == "failed"
    assert "does not know the job ftjob-2" in told[-1].job.error


async def test_a_key_refused_later_leaves_the_job_open(engine, server, prepare):
    job = [event async for event in jobs.start(engine, await prepare())][-1].job
    server.api_key = "another-one"
    with pytest.raises(Refused, match="refused the key"):
        [event async for event in jobs.follow(engine, job, FAST)]
    assert (await engine.database.read(kept_jobs.get, job.id)).state == "queued"


async def test_one_look_tells_that_nobody_answers(engine, server, prepare, no_retries):
    job = [event async for event in jobs.start(engine, await prepare())][-1].job
    server.fault = Fault.BAD_GATEWAY
    with pytest.raises(Gone, match=r"HTTP 502"):
        [event async for event in jobs.look(engine, job)]


async def test_a_web_page_is_no_fine_tuning(engine, prepare):
    class Website(LoopbackServer):
        async def respond(self, request: web.BaseRequest) -> web.Response:
            await request.content.read()
            return web.Response(text="<html>hello</html>", content_type="text/html")

    async with Website() as website:
        job = await prepare(base_url=f"http://127.0.0.1:{website.port}/v1")
        with pytest.raises(Refused, match="no fine-tuning API"):
            [event async for event in jobs.start(engine, job)]


async def test_the_tuned_model_is_no_other_variant(desk, engine, server, train):
    with pytest.raises(NotFound, match="no tuned model yet"):
        await jobs.tuned_setup(engine, desk.session.id)
    job = (await train())[-1].job
    setup = await jobs.tuned_setup(engine, desk.session.id)
    variant = setup.variant(desk.documents)
    assert variant.tuned is not None
    assert (variant.rung, variant.model) == ("tuned", job.tuned_model)
    assert variant.tuned.base_model == "fixture-large"
    assert (variant.tuned.made_by, variant.tuned.training_sha256) == (
        job.remote,
        job.training_sha256,
    )
    other = replace(variant, tuned=replace(variant.tuned, made_by="ftjob-99"))
    assert len({variant.hash, other.hash, replace(variant, tuned=None).hash}) == 3
    assert Setup.from_json(setup.to_json()) == setup == Setup.of(variant)
    # On any other rung nothing is said of what it was made from.
    assert replace(setup, rung="bare").variant([]).tuned is None


async def test_what_training_costs_is_what_the_rung_costs_once(desk, engine, train):
    async def economics():
        return await engine.database.read(read_economics, desk.session.id)

    assert (await economics()).upfront("tuned") == 0.0
    job = (await train())[-1].job
    assert (await economics()).upfront("tuned") is None  # nobody knows this server's prices
    assert (await desk.spent()) == (0.0, 1)
    typed = {("tuned", "upfront"): 3.0}
    await engine.database.write(keep_economics, desk.session.id, {}, typed)
    assert (await economics()).upfront("tuned") == 3.0
    await engine.database.write(kept_jobs.update, job.id, cost_usd=1.5)
    assert (await economics()).upfront("tuned") == 4.5
    assert (await desk.spent()) == (1.5, 0)


async def test_a_price_over_the_cap_is_refused(desk, prepare):
    job = await prepare()
    draft = kept_jobs.JobDraft("hosted", "custom", "m", "{}\n", plan={"price": {"low_usd": 6.0}})
    with pytest.raises(jobs.TuningError, match=r"of the session's cap of \$5.00 \$5.00 is left"):
        await wish.refuse_over_cap(desk, draft)
    await wish.refuse_over_cap(desk, draft, 10.0)
    assert job.plan["price"]["low_usd"] is None
    await wish.refuse_over_cap(desk, replace(draft, plan=job.plan))


async def test_a_job_alike_is_found_while_it_is_open(desk, engine, prepare):
    job = await prepare()
    texts = await engine.database.read(kept_jobs.training, job.id)
    draft = kept_jobs.JobDraft(
        "hosted", job.provider, job.base_model, *texts, base_url=job.base_url
    )
    assert await wish.alike(desk, draft) == job
    assert await wish.unsent(desk) == job
    assert await wish.alike(desk, replace(draft, base_model="other")) is None
    # Set otherwise it is another training.
    assert await wish.alike(desk, replace(draft, plan={"options": {"batch_size": 8}})) is None
    await jobs.cancel(engine, job)
    assert await wish.alike(desk, draft) is None
    with pytest.raises(jobs.TuningError, match="ended already"):
        await jobs.cancel(engine, await engine.database.read(kept_jobs.get, job.id))


def examples(number: int, tokens: int, *, exact: bool = True, rejected: str = "") -> list[Example]:
    message = ({"role": "user", "content": "q"},)
    return [Example(None, message, "a", "expected", rejected, tokens, exact)] * number  # type: ignore[arg-type]


def test_a_price_is_a_range_where_it_is_known():
    dear = training_prices.per_token("openai", "gpt-4o-2024-08-06")
    assert dear == training_prices.per_token("openai", "gpt-4o") == 25 / 1e6
    assert training_prices.per_token("openai", "gpt-9") is None
    assert training_prices.per_token("https://elsewhere.example/v1", "gpt-4o") is None
    assert training_prices.per_token("vllm", "anything") == 0.0
    found = training_prices.ahead("openai", "gpt-4o", examples(100, 1000), 3)
    assert (found.low_tokens, found.high_tokens) == (300_000, 303_600)
    assert found.low_usd == pytest.approx(7.5) and found.high_usd == pytest.approx(7.59)
    # Few examples are gone over more often where the provider chooses.
    auto = training_prices.ahead("openai", "gpt-4o", examples(10, 1000, exact=False), None)
    assert (auto.low_tokens, auto.high_tokens) == (21_000, 131_200)
    both = training_prices.ahead("openai", "gpt-4o", examples(10, 1000, rejected="b"), 1)
    assert both.high_tokens == 20_120


def test_an_event_without_a_loss_is_a_message():
    told = event_of(Happening("e", 1.0, "Step", data={"step": 2.0, "train_loss": None}))
    assert told == JobEvent("e", 1.0, "message", 2, {"text": "Step", "level": "info"})
