"""`litmus run --rung tuned --base-url URL`: an adapter at a server that the person runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from fixtures.server import FixtureServer, running
from store import jobs, sessions
from store.database import Database
from store.jobs import JobDraft
from tests.tui.conftest import Litmus


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running(only_listed=True, models=("qwen-base", "my-lora")) as running_server:
        yield running_server


@pytest.fixture
def trained(litmus: Litmus) -> Litmus:
    """A session whose local training has made an adapter that only peft reads."""
    litmus.session()
    folder = litmus.home / "tuning" / "1"
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    draft = JobDraft("local", "embedded", "qwen-base", "{}\n", plan={"system": "Be brief."})
    with closing(Database(litmus.home)) as database:
        session = database.read_now(sessions.named, "one")
        job = database.write_now(jobs.create, session.id, draft)
        database.write_now(jobs.update, job.id, state="succeeded", folder=str(folder), cost_usd=0.0)
    return litmus


def test_an_adapter_is_asked_where_the_person_serves_it(
    trained: Litmus, server: FixtureServer
) -> None:
    folder = trained.home / "tuning" / "1" / "adapter"
    says = trained("run", "--rung", "tuned").refused()
    assert says == (
        f"The adapter in {folder} is none that the embedded server can load; serve it, such as "
        f"with `vllm serve qwen-base --enable-lora --lora-modules NAME={folder}`, or what "
        "`litmus tune merge` makes of it, and ask it there with --base-url URL --model NAME."
    )
    at = ("run", "--rung", "tuned", "--base-url", server.base_url)
    assert trained(*at).refused() == (
        f"Name the tuned model with --model, as it is served at {server.base_url}."
    )
    assert "is the base model and not the tuned" in trained(*at, "--model", "qwen-base").refused()
    found = trained(*at, "--model", "my-lora", "--json").data
    assert (found["rung"], found["provider"], found["model"]) == ("tuned", "custom", "my-lora")
    assert found["failed"] == 0 and found["answered"] > 0
    asked = [chat for chat in server.chats if chat["model"] == "my-lora"]
    assert asked[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    # Its base is asked there too, under the same prompt, and the receipt names the adapter.
    assert {chat["model"] for chat in server.chats} == {"my-lora", "qwen-base"}
    receipt = trained("receipt", "bare", "tuned").out
    assert hashlib.sha256(b"weights").hexdigest() in receipt
    # It stays what it was asked as, and only another adapter is another variant.
    assert trained(*at, "--model", "my-lora", "--json").data["answered"] == 0
    (folder / "adapter_model.safetensors").write_bytes(b"other weights")
    other = trained(*at, "--model", "my-lora", "--json").data
    assert other["variant"] != found["variant"] and other["answered"] > 0
    (folder / "adapter_model.safetensors").unlink()
    assert "cannot be read: No such file" in trained(*at, "--model", "my-lora").refused()
