"""`litmus docs promote` and `litmus docs demote`, with a loopback server that embeds."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from fixtures.server import EMBEDDINGS, FixtureServer, running
from fixtures.server_faults import Fault

ROW = {"id", "name", "state", "chunks", "error"}


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running() as started:
        yield started


@pytest.fixture
def add(litmus):
    """Add documents of some lines to a new session."""
    litmus.env["LITMUS_API_KEY"] = "hunter2-0123456789"
    assert litmus("new", "one").status == 0

    def added(*names: str, lines: int = 6) -> None:
        files = [
            litmus.file(name, "\n\n".join(f"{name} has in line {n} {n * 7}." for n in range(lines)))
            for name in names
        ]
        assert litmus("docs", "add", "--no-context", *files).status == 0

    return added


@pytest.fixture
def way(server: FixtureServer) -> tuple[str, ...]:
    embedder = ("--embedder", "custom", "--embedding-url", server.base_url)
    return (*embedder, "--embedding-model", "embed", "--chunk-tokens", "16")


def states(litmus) -> list[str]:
    return [row["state"] for row in litmus("docs", "list", "--json").data["documents"]]


def test_documents_go_into_the_store_and_out(litmus, add, way, server, no_controls):
    add("a.txt", "b.txt")
    litmus("docs", "attach", "b.txt")
    told = litmus("docs", "promote", "b.txt", *way)
    assert told.status == 0, told.err
    first, last = told.out.splitlines()
    assert first.startswith("b.txt: ") and first.endswith(" chunks, promoted")
    assert last.startswith("1 document promoted, ") and "cost unknown" in last
    no_controls(told)
    assert states(litmus) == ["promoted", "read"]
    assert "promoted + context" in litmus("docs", "list").out
    both = litmus("docs", "promote", *way, "--json").data
    assert [both[key] for key in ("outcome", "promoted", "already", "failed", "left")] == [
        *("finished", 1, 1, 0, 0)
    ]
    [row] = both["documents"]
    assert set(row) == ROW and (row["name"], row["state"]) == ("a.txt", "promoted")
    assert both["chunks"] == row["chunks"] and both["indexing"]["chunk_tokens"] == 16
    asked = len(server.requests)
    assert litmus("docs", "promote", *way).out == "Everything is promoted already.\n"
    assert len(server.requests) == asked
    assert litmus("docs", "demote", "b.txt", "--json").data["demoted"] == ["b.txt"]
    assert states(litmus) == ["context", "promoted"]
    assert litmus("docs", "demote", "b.txt").out == "Nothing of that was in the store.\n"


def test_what_cannot_be_embedded_is_told_once(litmus, add, way, server):
    add("a.txt", "b.txt", "c.txt")
    server.fail_next(Fault.CONTEXT_OPENAI, 2, EMBEDDINGS)  # all together, then the first alone
    some = litmus("docs", "promote", *way)
    assert some.status == 1 and some.err.startswith("litmus: a.txt: ")
    assert "2 documents promoted" in some.out
    listed = litmus("docs", "list")
    assert "read, 0 of" in listed.out and "promoted only in part" in listed.err
    server.api_key = "another"
    none = litmus("docs", "promote", *way, "--chunk-tokens", "24", "--embedding-model", "other")
    assert (none.status, none.out) == (2, "")
    first, more = none.err.splitlines()
    assert "refused the key" in first and more == "litmus: 2 more documents: the same."


def test_what_cannot_be_done_is_said_in_one_sentence(litmus, add, way):
    assert "no documents yet" in litmus("docs", "promote").refused()
    add("a.txt")
    assert "“b.txt”" in litmus("docs", "promote", "b.txt", *way).refused()
    assert "overlap" in litmus("docs", "promote", *way, "--overlap", "16").refused()
    assert "embedding model" in litmus("docs", "promote", *way[:4]).refused()
    assert "custm" in litmus("docs", "promote", "--embedder", "custm").refused()
    assert states(litmus) == ["read"]


def test_ctrl_c_keeps_what_is_in_and_another_litmus_is_told_of_the_first(litmus, add, way, server):
    add("a.txt", lines=700)
    process = litmus.start("docs", "promote", *way)
    until(lambda: len(server.requests) >= 2)
    server.fault = Fault.STALL_FIRST
    until(lambda: indexed(litmus) > 0)
    refused = litmus("docs", "promote", *way).refused()
    assert refused.startswith("Another Litmus (process ") and str(process.pid) in refused
    assert states(litmus) == ["read"]
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    left, stopped = told.decode().splitlines()
    assert "chunks are in the store; the same command goes on from there." in left
    assert stopped == "litmus: Stopped; what has come is kept."
    server.fault = None
    before = indexed(litmus)
    went_on = litmus("docs", "promote", *way, "--json").data
    assert 0 < before == indexed(litmus) - went_on["chunks"]
    assert states(litmus) == ["promoted"]


def until(condition) -> None:
    last = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.002)


def indexed(litmus) -> int:
    """Return how many chunks are acknowledged."""
    with closing(sqlite3.connect(litmus.home / "litmus.db")) as database:
        return int(database.execute("SELECT count(*) FROM chunks WHERE indexed").fetchone()[0])
