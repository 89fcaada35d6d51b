"""`litmus run` and what follows it, against a server on loopback."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from fixtures.server import FixtureServer, running
from fixtures.server_faults import Fault

RUNG = {
    *("rung", "provider", "model", "n", "passed", "rate", "low", "high", "cost_usd", "seconds"),
    *("verdicts", "judged"),
}
ANSWERS = {"capital": "It is Paris.", "river": "The Rhine.", "tower": "Eiffel's."}


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running(answers=ANSWERS, only_listed=True) as running_server:
        yield running_server


@pytest.fixture
def ask(litmus, server):
    """Run the bare rung of a session on the server."""
    litmus.session()
    where = ("--base-url", server.base_url, "--model", "fixture-large")

    def run(*arguments, rung="bare", where=where):
        return litmus("run", "--rung", rung, *where, *arguments)

    return run


def stored(litmus, query: str) -> list[tuple[str, ...]]:
    """Return what a query finds in the database."""
    with closing(sqlite3.connect(litmus.home / "litmus.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_run_is_reported_and_not_asked_twice(litmus, server, ask):
    found = ask("--json").data
    assert found.keys() == RUNG | {
        *("session", "variant", "outcome", "answered", "failed", "unlabelled", "wall_seconds"),
        "settled",
    }
    assert (found["outcome"], found["answered"], found["failed"]) == ("finished", 3, 0)
    assert found["settled"] is None
    # The third case has no expectation: it waits for a person.
    assert (found["n"], found["passed"], found["unlabelled"]) == (2, 1, 1)
    assert found["low"] < found["rate"] == 0.5 < found["high"]
    assert (found["model"], found["provider"], found["session"]) == (
        *("fixture-large", "custom"),
        "one",
    )

    ladder = litmus("ladder", "--json").data
    [rung] = ladder["rungs"]
    assert (ladder["session"], ladder["judge"]) == ("one", None)
    assert {key: rung[key] for key in RUNG} == {key: found[key] for key in RUNG}
    assert litmus("ladder").out.splitlines()[1].split()[:2] == ["bare", "50%"]

    again = ask()
    assert again.status == 0 and len(server.chats) == 3
    assert "50% right" in again.out and "1 to label. 0 answers" in again.out
    assert ask("--epochs", "2", "--json").data["answered"] == 3
    every = ask("--fresh", "--split", "all", "--json", "--concurrency", "1")
    assert (every.data["answered"], every.data["n"]) == (4, 2)
    assert every.err == (
        "What the other answer will cost is unknown: no price is known for fixture-large.\n"
        "The rate is that of the test cases; the others do not count.\n"
    )


def test_the_context_rung_sends_the_documents(litmus, server, ask):
    assert "litmus docs add" in ask(rung="context").refused()
    litmus("docs", "add", litmus.file("facts.txt", "The tower is of iron."))
    planned = ask("--dry-run", "--json", rung="context").data
    assert planned.keys() == {
        *("session", "rung", "provider", "model", "variant", "cases", "to_ask", "documents"),
        *("cases_with_other_documents", "price_low_usd", "price_high_usd"),
    }
    assert (planned["to_ask"], planned["documents"], server.chats) == (3, ["facts.txt"], [])
    assert "Would ask fixture-large" in ask("--dry-run", rung="context").out

    assert ask("--json", rung="context").data["variant"] == planned["variant"]
    assert all("of iron" in body["messages"][0]["content"] for body in server.chats)
    assert [row["rung"] for row in litmus("ladder", "--json").data["rungs"]] == ["context"]


def test_options_reach_the_model(server, ask):
    ask("--system", "Be terse.", "--temperature", "0.5", "--max-tokens", "9")
    body = server.chats[0]
    assert body["messages"][0] == {"role": "system", "content": "Be terse."}
    assert (body["temperature"], body["max_tokens"]) == (0.5, 9)


def test_a_label_settles_what_the_machine_could_not(litmus, ask):
    ask()
    labels = litmus.file(
        "labels.jsonl",
        '{"case": "tower", "answer": "Eiffel\'s.", "label": "pass", "note": "=1+1"}\n'
        '{"case": "river", "answer": "The Rhine.", "label": "partial", "reason": "m"}\n',
    )
    assert litmus("label", "import", labels).status == 0
    rung = litmus("ladder", "--json").data["rungs"][0]
    assert (rung["n"], rung["rate"]) == (3, pytest.approx(2.5 / 3))

    exported = litmus.folder / "labels.csv"
    assert litmus("label", "export", exported).err == "Wrote 2 labels.\n"
    assert "'=1+1" in exported.read_text() and "fixture-large" in exported.read_text()
    assert "0 are new" in litmus("label", "import", exported).out
    assert litmus("label", "export", "-", "--format", "jsonl").out.count('"note": "=1+1"') == 1


def test_models_are_listed(litmus, server, no_controls):
    server.models = ({"id": "wide", "max_model_len": 8192}, "odd\x1b[2J")
    listed = litmus("models", "--base-url", server.base_url, "--json").data
    assert listed == {
        "models": [
            {"provider": "custom", "model": "wide", "window": 8192},
            {"provider": "custom", "model": "odd\x1b[2J", "window": None},
        ]
    }
    table = litmus("models", "--base-url", server.base_url)
    assert "8192" in table.out
    no_controls(table)
    server.models = ()
    none = litmus("models", "--base-url", server.base_url)
    assert (none.status, none.err) == (1, "litmus: custom lists no model; load one there.\n")


def test_without_a_key_the_variable_is_named(litmus):
    litmus.session()
    for verb in (("run", "--rung", "bare"), ("models",)):
        assert "OPENAI_API_KEY" in litmus(*verb, "--provider", "openai").refused()


def test_a_wrong_key_is_told_and_not_repeated(litmus, server, ask):
    server.api_key = "right"
    litmus.env["LITMUS_API_KEY"] = "sk-wrong-one-123456"
    said = ask("--concurrency", "1").refused()
    assert "refused the key" in said and "LITMUS_API_KEY" in said and "wrong-one" not in said
    assert len(server.chats) == 1


def test_an_unknown_model_is_told_and_not_kept(litmus, server, ask, no_controls):
    assert ask().status == 0
    where = ("--base-url", server.base_url, "--model", "absent\x1b[2J")
    refused = ask("--fresh", where=where)
    no_controls(refused)
    assert "no model “absent␛[2J”; `litmus models`" in refused.refused()
    assert "nosuch" in ask(where=("--provider", "nosuch", "--model", "m")).refused()
    # What failed is not what the next run begins with.
    assert ask("--dry-run", "--json", where=()).data["model"] == "fixture-large"


def test_a_dead_server(litmus):
    with running() as server:
        address = server.base_url
    litmus.session()
    where = ("--base-url", address, "--model", "m")
    assert "Nothing answers at" in litmus("run", "--rung", "bare", *where).refused()
    assert "Nothing answers at" in litmus("models", "--base-url", address).refused()
    assert "http://" in litmus("models", "--base-url", "nonsense").refused()


def test_a_prompt_longer_than_the_window(litmus, server, ask):
    server.fail_next(Fault.CONTEXT_OPENAI)
    some = ask("--concurrency", "1")
    assert some.status == 1 and "2 answers" in some.out
    assert some.err.startswith("litmus: 1 of 3 questions got no answer: The prompt is longer")
    server.fault = Fault.CONTEXT_OPENAI
    assert "take documents out of the context" in ask("--fresh").refused()


def test_ctrl_c_keeps_everything_and_running_again_asks_the_rest(litmus, server, ask):
    server.reply = lambda body: "Paris" if "capital" in str(body) else "word " * 2000
    server.chunk_delay = 0.01
    where = ("--base-url", server.base_url, "--model", "fixture-large")
    process = litmus.start("run", "--rung", "bare", "--concurrency", "1", *where)
    try:
        until(lambda: len(server.chats) == 2 and stored(litmus, "SELECT text FROM journal"))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        took = time.monotonic() - began
    finally:
        process.kill()
    assert (process.returncode, out) == (130, b"")
    assert err == b"litmus: Stopped; what has come is kept.\n"
    assert took < 3  # a tenth of a second on a quiet machine
    first, half = stored(litmus, "SELECT status, text FROM answers ORDER BY id")
    assert first == ("done", "Paris")
    assert half[0] == "stopped" and half[1].startswith("word word")

    server.reply, server.chunk_delay = None, 0.0
    assert ask("--json").data["answered"] == 2
    assert len(server.chats) == 4


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
