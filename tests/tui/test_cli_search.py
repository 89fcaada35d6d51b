"""`litmus docs search` and `litmus docs tag`, on documents put into the store by the command."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.server import running

NOTES = """\
# Ferries

The motto of the company is "Late is better than wet".

The Grey Tern can carry 34 cars. \x1b]0;no\x07
"""
OFFICE = "The office opens at nine. Nobody knows the motto there."


@pytest.fixture(scope="module")
def store(used: Any) -> Iterator[Any]:
    """The shared command, with two documents promoted in short chunks."""
    used.env["LITMUS_API_KEY"] = "hunter2-0123456789"
    with running() as server:
        assert used("docs", "search", "motto").refused().startswith("No document is in the RAG")
        files = [used.file("notes.md", NOTES), used.file("office.txt", OFFICE)]
        assert used("docs", "add", *files).status == 0
        how = ["--embedder", "custom", "--embedding-url", server.base_url, "--embedding-model", "e"]
        promoted = used("docs", "promote", "--chunk-tokens", "12", *how)
        assert promoted.status == 0, promoted.err
        yield used


def search(store: Any, *words: str) -> list[dict[str, Any]]:
    results = store("docs", "search", *words, "--json").data["results"]
    assert isinstance(results, list)
    return results


def test_the_best_chunks_are_printed_as_json(store: Any) -> None:
    results = search(store, "What is the company's motto?", "-k", "2")
    assert [list(each) for each in results] == [
        ["document", "page", "start", "end", "score", "text"]
    ] * 2
    first = results[0]
    assert (first["document"], first["page"]) == ("notes.md", 1)
    assert "motto of the company" in first["text"]
    text = NOTES.replace("\x1b", "\ufffd").replace("\x07", "\ufffd")
    assert text[first["start"] : first["end"]] == first["text"]
    assert first["score"] > results[1]["score"] > 0


def test_modes_are_as_asked(store: Any) -> None:
    keyword = search(store, "motto", "--mode", "keyword", "--chunk-tokens", "12")
    assert sorted(each["document"] for each in keyword) == ["notes.md", "office.txt"]
    # The fixture server's vectors are alike for the same text only.
    sought = keyword[0]["text"]
    nearest = search(store, sought, "--mode", "vector", "-k", "1")[0]
    assert (nearest["text"], nearest["score"]) == (sought, pytest.approx(1, abs=1e-3))


def test_documents_and_tags_narrow_a_search(store: Any) -> None:
    found = search(store, "motto", "--mode", "keyword", "--document", "office.txt")
    assert [each["document"] for each in found] == ["office.txt"]
    assert store("docs", "tag", "notes.md", "--add", "Fleet", "--add", "old").out == (
        "notes.md: Fleet, old\n"
    )
    tags = store("docs", "tag", "notes.md", "office.txt", "--remove", "old", "--json").data
    assert [each["tags"] for each in tags["documents"]] == [["Fleet"], []]
    found = search(store, "motto", "--mode", "keyword", "--tag", "fleet")
    assert [each["document"] for each in found] == ["notes.md"]


def test_the_text_shows_rank_score_document_page_and_chunk(
    store: Any, no_controls: Callable[[Any], None]
) -> None:
    outcome = store("docs", "search", "Grey", "Tern", "--mode", "keyword")
    no_controls(outcome)
    head, *lines = outcome.out.splitlines()
    assert head.startswith(" 1  ") and head.endswith("  notes.md, page 1  (keyword 1)")
    assert any("The Grey Tern can carry 34 cars." in line for line in lines)


def test_nothing_found_is_an_answer(store: Any) -> None:
    outcome = store("docs", "search", "zeppelin", "--mode", "keyword")
    assert (outcome.status, outcome.out) == (1, "Nothing was found.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([" "], "it is empty"),
        (["x", "--document", "nope.md"], "There is no document “nope.md”"),
        (["x", "--tag", "nope"], "No document in the RAG store has the tag “nope”."),
        (["x", "--chunk-tokens", "77"], "no chunks of 77 tokens in the store, only of 12;"),
        (["x", "-k", "0"], "is not a whole number from 1 to 100"),
    ],
)
def test_what_cannot_be_searched_is_told(store: Any, words: list[str], says: str) -> None:
    assert says in store("docs", "search", *words).refused()


def test_a_query_may_be_long(store: Any) -> None:
    assert search(store, "motto " * 16_000, "--mode", "keyword", "-k", "1")


def test_who_holds_the_index_is_said_with_what_works(store: Any) -> None:
    script = (
        "import sys; from pathlib import Path; from store.vector_index import VectorIndex;"
        "index = VectorIndex(Path(sys.argv[1])); index.open(); print('open', flush=True);"
        "sys.stdin.read(); index.close()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, store.home],
        env=store.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout and holder.stdout.readline() == b"open\n"
        said = store("docs", "search", "motto").refused()
        assert f"process {holder.pid} on" in said
        assert said.endswith("searching by keyword works without it (--mode keyword).")
        assert search(store, "motto", "--mode", "keyword")


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is POSIX's")
def test_matches_are_bold_on_a_terminal(store: Any) -> None:
    ours, theirs = pty.openpty()
    words = ("docs", "search", "mottoes", "--mode", "keyword", "--document", "office.txt")
    store.env["TERM"] = "xterm-256color"
    with store.start(*words, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says so when the other side is closed
            pass
        assert process.wait(60) == 0
    os.close(ours)
    assert b"Nobody knows the \x1b[1mmotto\x1b[22m there." in shown
