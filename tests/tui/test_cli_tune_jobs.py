"""`litmus tune start`, `status` and `cancel`, against a server that fine-tunes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.server import FixtureServer, running
from fixtures.server_faults import HOSTILE, Fault
from fixtures.server_tuning import FILES, INVALID_TRAINING, JOBS

ANN = "Ann of {}"
TOWNS = [f"{letter}holm" for letter in "ABCDEFGHIJKL"]
JOB_KEYS = {
    *("id", "backend", "provider", "base_url", "base_model", "state", "remote", "folder"),
    *("tuned_model", "error", "cost_usd", "price", "created_at", "updated_at", "finished_at"),
    *("method", "epochs", "seed", "options", "examples", "validation_examples", "leaks_allowed"),
    *("training_sha256", "step", "steps", "curve", "heldout", "checkpoints", "messages"),
}


def case(key: str, prompt: str, expected: str, split: str = "train") -> str:
    return json.dumps({"id": key, "prompt": prompt, "expected": expected, "split": split}) + "\n"


TRAIN = "".join(case(f"t{n}", f"Who is mayor of {town}?", ANN.format(town)) for n, town in
                enumerate(TOWNS))  # fmt: skip
RIVER = "Where does the river Orm rise?"
TEST = case("x1", RIVER, "contains: Skarn", "test")
LEAK = case("t99", "WHERE does the river Orm rise", "In the Skarn hills.")
FAST = ("--yes", "--every", "0.02")


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running(answers={"Orm": "I do not know."}, only_listed=True) as running_server:
        running_server.tuning.answers = {"Orm": "In the Skarn hills."}
        yield running_server


@pytest.fixture
def tune(litmus, server):
    """Start a training in the session `one`, whose cases can be trained on."""
    assert litmus("new", "one").status == 0
    imported(litmus, TRAIN + TEST)
    where = ("--base-url", server.base_url, "--model", "fixture-small")

    def start(*arguments, where=where):
        return litmus("tune", "start", *where, *arguments)

    start.where = where
    return start


def imported(litmus, text: str) -> None:
    done = litmus("bench", "import", litmus.file("cases.jsonl", text))
    assert done.status == 0, done.err


def posts(server: FixtureServer, path: str) -> list[dict[str, Any]]:
    return [got.body for got in server.requests if (got.method, got.path) == ("POST", path)]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def looks(server: FixtureServer) -> int:
    return sum(got.method == "GET" and got.path.startswith(JOBS + "/") for got in server.requests)


def test_a_model_is_trained_and_asked_beside_its_base(litmus, server, tune):
    base = litmus("run", "--rung", "bare", "--system", "Be brief.", *tune.where, "--json")
    assert base.data["passed"] == 0
    more = ("--seed", "7", "--epochs", "2", "--suffix", "orm", "--validation", "16%")
    more += ("--set", "batch_size=4", "learning_rate_multiplier=0.5")
    done = tune(*FAST, *more)
    assert done.status == 0, done.err
    name = "ft:fixture-small:fixture:orm:3"
    assert done.out == (
        f"Job 1 has made {name} (cost: unknown); `litmus run --rung tuned` asks it the test "
        "cases.\n"
    )
    assert done.err.splitlines()[0] == "Training fixture-small on 10 examples: price unknown."
    assert "Job 1 is queued." in done.err and "Fine-tuning job started" in done.err

    [job] = server.tuning.jobs.values()
    assert (job["seed"], job["suffix"], job["model"]) == (7, "orm", "fixture-small")
    assert job["method"] == {
        "type": "supervised",
        "supervised": {
            "hyperparameters": {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}
        },
    }
    content = server.tuning.files[job["training_file"]]["content"]
    [first, *rest] = map(json.loads, content.splitlines())
    assert len(rest) == 9 and [each["role"] for each in first["messages"]] == [
        *("system", "user"),
        "assistant",
    ]
    assert first["messages"][0]["content"] == "Be brief."
    assert len(server.tuning.files[job["validation_file"]]["content"].splitlines()) == 2

    [kept] = litmus("tune", "status", "--json").data["jobs"]
    assert kept.keys() == JOB_KEYS
    assert (kept["state"], kept["tuned_model"], kept["remote"]) == ("succeeded", name, "ftjob-3")
    assert [(each["step"], each["loss"]) for each in kept["curve"]] == [
        *((1, 1.0), (2, 0.5)),
        (3, 0.3333),
    ]
    assert kept["curve"][1]["validation_loss"] == 0.6
    assert kept["checkpoints"] == [{"step": 3, "model": f"{name}:ckpt-step-3"}]
    assert name in litmus("tune", "status").out

    found = litmus("run", "--rung", "tuned", "--json").data
    assert (found["rung"], found["model"], found["passed"]) == ("tuned", name, 1)
    assert found["variant"] != base.data["variant"]
    # The base was asked the same already.
    assert (found["base"]["variant"], found["base"]["answered"]) == (base.data["variant"], 0)
    assert server.chats[-1]["model"] == name
    assert server.chats[-1]["messages"][0] == {"role": "system", "content": "Be brief."}
    ladder = litmus("ladder", "--json").data
    assert [rung["rung"] for rung in ladder["rungs"]] == ["bare", "tuned"]
    assert ladder["beside_base"] == ladder["steps"][0] and len(ladder["steps"]) == 1
    # What it was made from is told, so the models' names need no warning.
    assert "The models differ" not in json.dumps(ladder)
    receipt = litmus("receipt", "bare", "tuned").out
    assert (
        "fixture-small" in receipt and "ftjob-3" in receipt and kept["training_sha256"] in receipt
    )
    # The session goes on with the base.
    again = litmus("run", "--rung", "bare", "--dry-run", "--json").data
    assert (again["model"], again["to_ask"]) == ("fixture-small", 0)
    assert "is a tuned model" in litmus("run", "--rung", "bare", "--model", name).refused()


def test_what_it_costs_is_said_before_anything_is_sent(litmus, server, tune):
    says = "Training fixture-small on 12 examples: price unknown; start it with --yes."
    assert tune().refused() == says
    assert not posts(server, FILES) and litmus("tune", "status", "--json").data["jobs"] == []
    free = tune(*FAST, where=("--provider", "vllm", *tune.where))
    assert free.err.startswith("Training fixture-small on 12 examples: price free.")
    assert "(cost: free)" in free.out
    assert litmus("economics", "--json").data["tuning_usd"] == 0.0


def test_what_must_not_be_trained_on_is_not_sent(litmus, server, tune):
    imported(litmus, LEAK)
    refused = tune(*FAST)
    assert refused.status == 1
    assert refused.err.startswith("litmus: Nothing was sent: 1 pair leaks;")
    told = tune(*FAST, "--json")
    assert told.status == 1
    told = json.loads(told.out)
    assert (told["started"], told["ok"], len(told["leaks"])) == (False, False, 1)
    assert not posts(server, FILES)
    allowed = tune(*FAST, "--allow-leaks", "--json")
    assert allowed.data["job"]["leaks_allowed"] is True
    for rung in (("bare", *tune.where), ("tuned",)):
        assert litmus("run", "--rung", *rung).status == 0
    told = litmus("receipt", "bare", "tuned").out
    assert "Leaks allowed" in told and "may only be remembered" in told


def test_too_few_examples_are_not_sent(litmus, server):
    assert litmus("new", "one").status == 0
    imported(litmus, case("t1", "Who?", "Ann") + TEST)
    where = ("--base-url", server.base_url, "--model", "fixture-small")
    done = litmus("tune", "start", *where, *FAST)
    assert done.status == 1 and "at least 10" in done.err
    assert not posts(server, FILES)


def test_holding_back_too_many_is_told(server, tune):
    says = tune(*FAST, "--validation", "50%").refused()
    assert says.startswith("Only 6 examples would be left to train on")
    assert not posts(server, FILES)


def test_a_job_outlives_the_process_that_started_it(litmus, server, tune):
    server.tuning.hold = "queued"
    with litmus.start("tune", "start", *tune.where, *FAST) as process:
        until(lambda: [job["status"] for job in server.tuning.jobs.values()] == ["queued"])
        seen = looks(server)
        until(lambda: looks(server) > seen + 2)
        process.kill()
        process.communicate()
    waiting = litmus("tune", "status")
    assert waiting.status == 0 and " queued " in waiting.out
    twice = tune(*FAST).refused()
    assert twice.startswith("Job 1 trains the same model on the same examples already")
    server.tuning.hold = ""
    done = litmus("tune", "status", "--follow", "--every", "0.02", "--json")
    assert done.data["job"]["state"] == "succeeded"
    assert len(done.data["job"]["curve"]) == 3
    texts = [each["text"] for each in done.data["job"]["messages"]]
    assert len(texts) == len(set(texts)) == 4
    assert len(posts(server, JOBS)) == 1


def test_a_start_that_was_killed_is_gone_on_with(litmus, server, tune):
    server.fail_next(Fault.STALL_FIRST, path=JOBS)
    with litmus.start("tune", "start", *tune.where, *FAST) as process:
        until(lambda: posts(server, JOBS))
        process.kill()
        process.communicate()
    told = litmus("tune", "status")
    assert "`litmus tune start --resume` goes on with it" in told.err and "preparing" in told.out
    assert litmus("tune", "start", "--resume", *FAST).status == 0
    assert (len(posts(server, FILES)), len(server.tuning.jobs)) == (1, 1)
    assert "leave out --resume" in litmus("tune", "start", "--resume").refused()


def test_starting_again_goes_on_with_the_same(litmus, server, tune):
    server.fail_next(Fault.STALL_FIRST, path=FILES)
    with litmus.start("tune", "start", *tune.where, *FAST) as process:
        until(lambda: posts(server, FILES))
        process.kill()
        process.communicate()
    done = tune(*FAST)
    assert done.status == 0 and "Job 1 was never started; going on with it." in done.err
    assert len(litmus("tune", "status", "--json").data["jobs"]) == 1


def test_a_job_whose_answer_was_lost_is_found_and_not_made_twice(litmus, server, tune):
    server.tuning.loses_answer = True
    lost = tune(*FAST)
    assert (lost.status, lost.out) == (2, "")
    assert "the job is kept, and `litmus tune start --resume` goes on.\n" in lost.err
    assert len(server.tuning.jobs) == 1
    assert litmus("tune", "start", "--resume", *FAST).status == 0
    assert len(server.tuning.jobs) == len(posts(server, JOBS)) == 1


def test_a_job_whose_answer_was_lost_is_cancelled_there_too(litmus, server, tune):
    server.tuning.loses_answer = True
    assert tune(*FAST).status == 2
    assert litmus("tune", "cancel").status == 0
    assert [job["status"] for job in server.tuning.jobs.values()] == ["cancelled"]


def test_a_person_at_a_terminal_is_asked(litmus, server, tune):
    for typed, status, ends in ((b"n\n", 1, b"Nothing was sent."), (b"y\n", 0, b"is started")):
        ours, theirs = os.openpty()
        command = (sys.executable, "-m", "tui.cli", "tune", "start", *tune.where, "--detach")
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=litmus.folder, env=litmus.env
        ) as process:
            os.close(theirs)
            shown = b""
            while b"[y/N]" not in shown:
                shown += os.read(ours, 4096)
            assert b"Training fixture-small on 12 examples: price unknown." in shown
            os.write(ours, typed)
            while ends not in shown:
                shown += os.read(ours, 4096)
        os.close(ours)
        assert process.returncode == status
    assert len(server.tuning.jobs) == 1


def test_a_server_that_is_gone_is_waited_for(litmus, server, tune):
    server.tuning.hold = "running"
    with litmus.start("tune", "start", *tune.where, *FAST) as process:
        until(lambda: [job["status"] for job in server.tuning.jobs.values()] == ["running"])
        server.stop_thread()
        lines = iter(process.stderr.readline, b"")
        assert any(line.endswith(b"Litmus keeps looking.\n") for line in lines)
        server.start_in_thread()
        assert next(lines) == b"The server answers again.\n"
        server.fault = Fault.SERVER_ERROR
        assert any(b"a fault of its own (HTTP 500)" in line for line in lines)
        server.fault = None
        server.tuning.hold = ""
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and b"has made ft:" in out, err


CLOSED_OPENAI = (
    "OpenAI takes no fine-tuning job from this organisation: it closed fine-tuning on 7 May 2026 "
    "to those that had not used it, and ends it for all on 6 January 2027; choose another "
    "provider with --provider"
)


def test_openai_having_closed_fine_tuning_is_told_as_such(litmus, server, tune):
    server.tuning.closed = True
    litmus.env |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "hunter2-0123456789"}
    where = ("--provider", "openai", "--model", "fixture-small")
    assert tune(*FAST, where=where).err.splitlines()[-1].startswith(f"litmus: {CLOSED_OPENAI}")
    [job] = litmus("tune", "status", "--json").data["jobs"]
    assert job["state"] == "failed" and job["error"].startswith(CLOSED_OPENAI)


@pytest.mark.parametrize(
    ("wrong", "state", "says"),
    [
        ("closed", "failed", "Custom server takes no fine-tuning job from this organisation"),
        ("bad_file", "failed", "did not take the training file (HTTP 400): Invalid file format."),
        ("available", "failed", "Custom server has no fine-tuning at http://127.0.0.1"),
        ("key", "preparing", "Custom server refused the key; set LITMUS_API_KEY"),
        ("forbidden", "preparing", "does not allow this key to take the training file: Country"),
        ("server_error", "preparing", "has a fault of its own (HTTP 500)"),
        ("gone", "", "Nothing answers at 127.0.0.1"),
    ],
)
def test_a_refused_start_is_told_in_a_sentence_and_kept(litmus, server, tune, wrong, state, says):
    match wrong:
        case "key":
            server.api_key = "another-one"
        case "forbidden" | "server_error":
            server.fault = Fault(wrong)
        case "gone":
            server.stop_thread()
        case _:
            setattr(server.tuning, wrong, wrong != "available")
    done = tune(*FAST)
    assert (done.status, done.out) == (2, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("litmus: ") and says in last, last
    if wrong == "gone":
        server.start_in_thread()
    [job] = litmus("tune", "status", "--json").data["jobs"]
    assert job["state"] == (state or "preparing")
    assert says.split("(")[0] in job["error"]
    assert not server.tuning.jobs


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (INVALID_TRAINING, "Custom server rejected the examples: The job failed due to an invalid"),
        (
            {"code": "server_error", "message": f"Boom {HOSTILE} sk-abcdefgh12345", "param": None},
            "The training at Custom server failed: Boom",
        ),
    ],
)
def test_a_training_that_fails_is_told(litmus, server, tune, no_controls, error, says):
    server.tuning.fails = error
    done = tune(*FAST)
    assert (done.status, done.out) == (1, "")
    assert says in done.err.splitlines()[-1]
    no_controls(done)
    told = litmus("tune", "status")
    assert "failed" in told.out and "sk-abc" not in told.out
    no_controls(told)
    assert "There is no tuned model yet" in litmus("run", "--rung", "tuned").refused()


def test_a_job_is_cancelled_here_and_elsewhere(litmus, server, tune):
    server.tuning.hold = "running"
    detached = tune("--yes", "--detach", "--json").data["job"]
    assert (detached["state"], detached["remote"]) == ("queued", "ftjob-2")
    assert litmus("tune", "cancel").out == "Job 1 is cancelled.\n"
    assert server.tuning.jobs["ftjob-2"]["status"] == "cancelled"
    assert "all of them have ended" in litmus("tune", "cancel").refused()
    assert "has ended already: cancelled" in litmus("tune", "cancel", "1").refused()

    assert "litmus tune status --follow" in tune("--yes", "--detach").out
    server.tuning.jobs["ftjob-4"]["status"] = "cancelled"
    followed = litmus("tune", "status", "--follow", "--every", "0.02")
    assert followed.status == 1 and "Job 2 was cancelled" in followed.err
    assert tune("--yes", "--detach").status == 0
    server.tuning.hold = ""
    while server.tuning.jobs["ftjob-6"]["status"] != "succeeded":
        server.tuning.respond("GET", f"{JOBS}/ftjob-6", "", {})
    assert "has ended already: succeeded" in litmus("tune", "cancel", "3").refused()
    assert litmus("tune", "status", "--json").data["jobs"][0]["state"] == "succeeded"


def test_ctrl_c_leaves_the_job_to_go_on(litmus, server, tune):
    server.tuning.hold = "running"
    with litmus.start("tune", "start", *tune.where, *FAST) as process:
        until(lambda: [job["status"] for job in server.tuning.jobs.values()] == ["running"])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == (
        b"litmus: Job 1 goes on; `litmus tune status --follow` follows it, and `litmus tune "
        b"cancel` stops it."
    )
    assert server.tuning.jobs["ftjob-2"]["status"] == "running"


def test_azure_asks_for_the_deployment_of_the_tuned_model(litmus, server, tune):
    server.models = ("fixture-small", "my-deployment")
    endpoint = server.base_url.removesuffix("/v1")
    litmus.env |= {"AZURE_OPENAI_ENDPOINT": endpoint, "AZURE_OPENAI_API_KEY": "hunter2-012345"}
    done = tune(*FAST, where=("--provider", "azure", "--model", "fixture-small"))
    assert done.status == 0, done.err
    assert "only where it is deployed" in litmus("run", "--rung", "tuned").refused()
    elsewhere = litmus("run", "--rung", "tuned", "--base-url", "http://127.0.0.1:9/v1").refused()
    assert elsewhere == "The tuned model is asked where it was trained; leave out --base-url."
    base = litmus("run", "--rung", "tuned", "--model", "fixture-small").refused()
    assert "is the base model and not the tuned one" in base
    found = litmus("run", "--rung", "tuned", "--model", "my-deployment", "--json").data
    assert (found["provider"], found["model"]) == ("azure", "my-deployment")


def test_what_cannot_be_done_is_told_in_a_sentence(litmus, server, tune):
    for arguments, says in (
        (["run", "--rung", "tuned"], "There is no tuned model yet"),
        (["run", "--rung", "tuned", "--provider", "openai"], "leave out --provider"),
        (["tune", "start", "--yes"], "Name the model to train with --provider and --model."),
        (["tune", "start", "--provider", "embedded", "--model", "m"], "trained by no provider"),
        (["tune", "start", "--provider", "mistral", "--model", "m"], "not of OpenAI's shape"),
        (["tune", "start", "--provider", "nobody", "--model", "m"], "no provider “nobody”"),
        (["tune", "start", "--every", "0"], "no number of seconds"),
        (["tune", "start", "--minutes", "0"], "no number of minutes"),
        (["tune", "start", *tune.where, "--minutes", "9"], "--minutes is for --backend local"),
        (["tune", "start", *tune.where, "--set", "rank"], "write NAME=VALUE, as in rank=8"),
        (["tune", "start", *tune.where, "--set", "rank=8"], "A hosted training has no setting"),
        (["tune", "start", *tune.where, "--set", "batch_size=x"], "batch_size must be a whole"),
        (["tune", "start", "--backend", "local", "--set", "tempo=3"], "no setting “tempo”; it"),
        (
            ["tune", "start", "--backend", "local", "--minutes", "9", "--set", "max_minutes=8"],
            "max_minutes and --minutes are the same",
        ),
        (["tune", "start", *tune.where, "--method", "dpo", "--from", "passed"], "--method sft"),
        (["tune", "status", "--follow"], "There is no job to follow"),
        (["tune", "status", "9"], "no longer there"),
        (["tune", "cancel", "x"], "is not a job's number"),
        (["tune", "cancel"], "There is no job to cancel"),
        (["tune", "merge", "m"], "There is no tuned model yet"),
    ):
        assert says in litmus(*arguments).refused()
    assert "no fine-tuning job yet" in litmus("tune", "status").out
