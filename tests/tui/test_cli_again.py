"""`litmus run --stop-early` and `litmus run --again`, in a session with two rungs."""

from __future__ import annotations

import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from fixtures.server import FixtureServer, running

NUMBER = 12


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running(resolved={"fixture-large": "fixture-large-2025"}) as running_server:
        yield running_server


@pytest.fixture
def ask(litmus, server):
    """Run a rung of a session with a document and twelve cases, right with it and wrong without."""
    assert litmus("new", "one").status == 0
    rows = "\n".join(
        f'{{"id": "c{n}", "prompt": "case {n}", "expected": "contains: Paris"}}'
        for n in range(NUMBER)
    )
    assert litmus("bench", "import", litmus.file("cases.jsonl", rows)).status == 0
    assert litmus("docs", "add", litmus.file("papers.md", "The papers.")).status == 0
    server.reply = says("Rome", "Paris")
    where = ("--base-url", server.base_url, "--model", "fixture-large")
    return lambda rung, *arguments: litmus("run", "--rung", rung, *where, *arguments)


@pytest.fixture
def climbed(litmus, ask, server):
    assert ask("bare").status == 0 and ask("context").status == 0
    assert litmus("ladder", "--require", "CLIMB").status == 0
    server.requests.clear()
    return litmus


def says(bare: str, context: str):
    return lambda body: context if body["messages"][0]["role"] == "system" else bare


# -- early stop -----------------------------------------------------------------------------


def test_a_run_says_when_its_verdict_is_fixed(litmus, server, ask):
    assert ask("bare").status == 0
    ran = ask("context", "--concurrency", "1")
    note = ran.err.splitlines()[-1]
    assert re.match(r"The verdict is fixed: CLIMB .*to context: 7 more right in 7 cases", note)
    assert note.endswith("5 answers left; Ctrl+C stops.")
    assert ran.status == 0 and "12 answers" in ran.out


def test_told_to_it_stops_by_itself(litmus, server, ask):
    assert ask("bare").status == 0
    asked = len(server.chats)
    ran = ask("context", "--concurrency", "1", "--stop-early")
    assert ran.status == 0 and len(server.chats) - asked == 7
    assert ran.err.splitlines()[-1].endswith("Stopped here; that leaves out 5 answers.")
    assert ran.out.endswith("Stopped early: 5 answers not asked.\n")
    assert litmus("ladder", "--require", "CLIMB").status == 0


def test_what_stopping_saved_is_told(litmus, server, ask):
    assert ask("bare").status == 0
    with closing(sqlite3.connect(litmus.home / "litmus.db")) as connection, connection:
        connection.execute("UPDATE answers SET cost_usd = 0.001")
    litmus.env["AZURE_OPENAI_API_KEY"] = "hunter2-0123456789"
    where = ("--provider", "azure", "--model", "gpt-4o-mini", "--base-url", server.base_url)
    server.reply = says("Rome", "Paris " * 1000)  # 0.0006
    found = litmus(
        *("run", "--rung", "context", *where, "--concurrency", "1", "--stop-early", "--json")
    )
    assert "saves about $0.0030" in found.err
    settled = found.data["settled"]
    assert found.data["outcome"] == "settled"
    assert (settled["verdict"], settled["fixed"], settled["answers_left"]) == ("CLIMB", True, 5)
    assert settled["saved_usd"] == pytest.approx(5 * 0.0006, rel=0.01)
    assert settled["sentence"] == litmus("ladder", "--json").data["steps"][0]["sentence"]


# -- asking again ---------------------------------------------------------------------------


def test_without_a_verdict_it_says_what_tells_one(litmus):
    litmus.session()
    assert "`litmus ladder` tells one" in litmus("run", "--again").refused()


def test_a_verdict_that_still_stands(climbed, server):
    planned = climbed("run", "--again", "--dry-run")
    assert planned.status == 0 and server.requests == []
    assert "on bare → context, CLIMB, rests on: 24 answers; price: unknown." in planned.out
    ran = climbed("run", "--again")
    assert ran.status == 0 and len(server.chats) == 24
    assert "Asking anew what the verdict of 20" in ran.err.splitlines()[0]
    bare, context, sentence = ran.out.splitlines()
    assert bare.startswith("bare: 0% (0% to 24%, n 12) then, 0% (0% to 24%, n 12) now; 0 gained")
    assert context.startswith("context: 100% (76% to 100%, n 12) then, 100%")
    assert "answered by" not in ran.out  # it is the same build
    assert re.match(r"The verdict still stands: CLIMB .*to context: 12 more right", sentence)


def test_a_verdict_that_no_longer_stands(climbed, server):
    server.reply = says("Paris", "Paris")
    server.resolved = {"fixture-large": "fixture-large-2026"}
    ran = climbed("run", "--again")
    assert ran.status == 1
    assert "bare: 0% (0% to 24%, n 12) then, 100%" in ran.out
    assert "12 gained and 0 lost of 12 cases since (+100 points" in ran.out
    assert "answered by fixture-large-2025 then, by fixture-large-2026 now." in ran.out
    assert "It no longer stands: was CLIMB, is now " in ran.out.splitlines()[-1]
    assert climbed("ladder", "--require", "CLIMB").status == 1


def test_it_says_so_in_json(climbed, server):
    planned = climbed("run", "--again", "--dry-run", "--json").data
    assert (planned["left"], planned["stands"], planned["price_high_usd"]) == (24, None, None)
    found = climbed("run", "--again", "--json").data
    assert found.keys() == {
        *("session", "was", "resumed", "left", "stands", "sentence", "now", "variants"),
        *("waiting_labels", "outcome", "answered"),
    }
    assert (found["stands"], found["answered"], found["outcome"]) == (True, 24, "finished")
    assert found["was"]["verdict"] == found["now"]["verdict"] == "CLIMB"
    assert found["was"]["from_variant"] == found["now"]["from_variant"]
    bare, context = found["variants"]
    assert (bare["rung"], context["rung"]) == ("bare", "context")
    assert (context["then"]["rate"], context["now"]["rate"], context["delta"]) == (1.0, 1.0, 0.0)
    assert context["models_now"] == ["fixture-large-2025"]


def test_the_cap_ends_it_and_more_money_goes_on(climbed, server):
    with closing(sqlite3.connect(climbed.home / "litmus.db")) as connection, connection:
        connection.execute("UPDATE runs SET cost_usd = 1")
    ended = climbed("run", "--again", "--budget", "0.5")
    assert ended.status == 1 and server.chats == []
    assert "before the next call could pass the cap" in ended.err
    assert ended.out == (
        "The verdict CLIMB is open: 24 answers are still to come; `litmus run --again` goes on.\n"
    )
    data = climbed("run", "--again", "--budget", "0.5", "--json")
    assert data.status == 1 and '"outcome": "budget"' in data.out and '"stands": null' in data.out
    assert climbed("run", "--again", "--budget", "5").status == 0


def test_interrupted_it_goes_on_where_it_was(climbed, server):
    server.chunk_delay = 0.05
    process = climbed.start("run", "--again", "--concurrency", "1")
    try:
        until(lambda: len(server.chats) == 4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130 and b"what has come is kept" in err
    server.chunk_delay = 0.0
    asked = len(server.chats)
    ran = climbed("run", "--again")
    assert ran.err.startswith("Going on to ask anew what the verdict of 20")
    assert ran.status == 0 and 20 <= len(server.chats) - asked <= 21


def test_new_answers_that_only_a_person_can_judge(litmus, server, ask):
    rows = "\n".join(f'{{"id": "c{n}", "prompt": "case {n}"}}' for n in range(NUMBER))
    assert litmus("bench", "import", litmus.file("bare.jsonl", rows), "--replace").status == 0
    assert ask("bare").status == 0 and ask("context").status == 0
    label(litmus, "Rome", "fail")
    label(litmus, "Paris", "pass")
    assert litmus("ladder", "--require", "CLIMB").status == 0
    server.reply = says("Rome", "Paris, France")
    found = litmus("run", "--again")
    assert found.status == 1
    assert "12 new answers wait for a label" in found.out.splitlines()[-1]
    label(litmus, "Paris, France", "pass")
    asked = len(server.chats)
    concluded = litmus("run", "--again")
    assert concluded.status == 0 and len(server.chats) == asked
    assert "The verdict still stands" in concluded.out


def label(litmus, answer: str, verdict: str) -> None:
    rows = "\n".join(
        f'{{"case": "c{n}", "answer": "{answer}", "label": "{verdict}"}}' for n in range(NUMBER)
    )
    assert litmus("label", "import", litmus.file("labels.jsonl", rows)).status == 0


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
