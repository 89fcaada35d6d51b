"""MiniLM in its child processes, with its real weights."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import IO

import pytest

from lab.weights import MINILM, fetch_weights
from store import child as children
from store import embedder as module
from store.embedder import DIMENSIONS, Embedder, EmbedderError
from store.library_records import Indexing, Piece

TEXT = " ".join(f"The ferry of day {day} carried {day * 3} lorries over." for day in range(200))


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The real weights; the first run of all fetches them."""
    return asyncio.run(fetch_weights(None, MINILM))


@pytest.fixture
def cutter() -> Iterator[Embedder]:
    made = Embedder(None)
    yield made
    made.close()


@pytest.fixture
def embedder(minilm: Path) -> Iterator[Embedder]:
    made = Embedder(minilm)
    yield made
    made.close()


@pytest.fixture
def when_asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call something once, when a child has been sent the next request."""
    send = children.send

    def once(act: Callable[[], object]) -> None:
        def sent(pipe: IO[bytes], message: children.Message, data: bytes) -> None:
            send(pipe, message, data)
            monkeypatch.setattr(children, "send", send)
            act()

        monkeypatch.setattr(children, "send", sent)

    return once


def numbers(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{DIMENSIONS}f", vector)


def cosine(one: bytes, other: bytes) -> float:
    return sum(a * b for a, b in zip(numbers(one), numbers(other), strict=True))


def pids(embedder: Embedder) -> list[int]:
    workers = (embedder._cutter, embedder._embedder)
    return [worker._child.pid for worker in workers if worker._child is not None]


def test_pieces_are_spans_of_the_text(cutter: Embedder, capfd: pytest.CaptureFixture[str]) -> None:
    pieces = cutter.cut(TEXT, Indexing(chunk_tokens=64, overlap=16))
    assert all(isinstance(piece, Piece) and piece.tokens <= 64 for piece in pieces)
    assert all(TEXT[piece.start : piece.end].endswith("over.") for piece in pieces)
    assert all(one.start < other.start < one.end for one, other in pairwise(pieces))
    assert (pieces[0].start, pieces[-1].end) == (0, len(TEXT))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("chunk_tokens", "overlap", "says"),
    [(255, 0, "sees 254 tokens"), (7, 0, "at least 8"), (64, 64, "overlap"), (64, -1, "overlap")],
)
def test_what_cannot_be_cut_so_is_refused(
    cutter: Embedder, refused: Callable[..., str], chunk_tokens: int, overlap: int, says: str
) -> None:
    indexing = Indexing(chunk_tokens=chunk_tokens, overlap=overlap)
    assert says in refused(cutter.cut, TEXT, indexing)
    assert pids(cutter) == []


def test_a_provider_may_have_larger_chunks(cutter: Embedder) -> None:
    pieces = cutter.cut(TEXT, Indexing(chunk_tokens=1000, embedder="openai", model="e"))
    assert max(piece.tokens for piece in pieces) > 900


def test_nothing_is_embedded_without_weights(cutter: Embedder, refused: Callable[..., str]) -> None:
    assert "litmus docs promote" in refused(cutter.embed, ["tea"])


def test_stop_ends_the_cutting(cutter: Embedder, when_asked: Callable[..., None]) -> None:
    cutter.cut("warm", Indexing())
    (pid,) = pids(cutter)
    stop = threading.Event()
    when_asked(stop.set)
    with pytest.raises(EmbedderError, match="stopped"):
        cutter.cut("字" * 3_000_000, Indexing(), stop=stop)
    with pytest.raises(EmbedderError, match="stopped"):
        cutter.cut("more", Indexing(), stop=stop)
    assert cutter.cut("A third.", Indexing(), stop=threading.Event()) == [Piece(0, 8, 3)]
    assert pids(cutter) != [pid]


def test_close_ends_what_runs_and_leaves_it_usable(
    cutter: Embedder, when_asked: Callable[..., None]
) -> None:
    when_asked(threading.Thread(target=cutter.close).start)
    with pytest.raises(EmbedderError):
        cutter.cut("字" * 3_000_000, Indexing())
    assert cutter.cut("again", Indexing()) == [Piece(0, 5, 1)]


def test_a_child_that_died_is_started_again(cutter: Embedder) -> None:
    before = cutter.cut(TEXT, Indexing())
    (pid,) = pids(cutter)
    os.kill(pid, signal.SIGTERM)
    assert cutter.cut(TEXT, Indexing()) == before
    assert pids(cutter) != [pid]


def test_a_child_that_always_dies_is_told(
    cutter: Embedder, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    monkeypatch.setattr(module, "_MODULE", "this")
    assert "ended by itself" in refused(cutter.cut, TEXT, Indexing())


def test_a_child_that_cannot_start_is_told(
    cutter: Embedder, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    monkeypatch.setattr(children.sys, "executable", "/nowhere/python")
    assert "could start" in refused(cutter.cut, TEXT, Indexing())


PARENT = """
import sys, time
from store.embedder import Embedder
from store.library_records import Indexing
embedder = Embedder(None)
embedder.cut("warm", Indexing())
print(embedder._cutter._child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_the_child_ends_with_a_parent_that_was_killed(
    child: Callable[..., subprocess.Popen[str]],
) -> None:
    parent = child(PARENT)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    parent.kill()
    wait_for(lambda: gone(pid))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits for its parent's look has."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.mark.embedded
def test_vectors_have_length_one_and_tell_meanings_apart(
    embedder: Embedder, capfd: pytest.CaptureFixture[str]
) -> None:
    tea, mug, law = embedder.embed(
        ["Boil the water and brew some tea.", "How do I make a hot cup of tea?", "Tax law, § 12."]
    )
    assert all(math.isclose(cosine(vector, vector), 1, abs_tol=1e-5) for vector in (tea, mug, law))
    assert cosine(tea, mug) > 0.6
    assert abs(cosine(tea, law)) < 0.2
    assert capfd.readouterr() == ("", "")


@pytest.mark.embedded
def test_a_vector_depends_on_its_text_alone(embedder: Embedder) -> None:
    texts = [TEXT[: 20 * length] for length in range(12)]
    assert embedder.embed(texts) == [embedder.embed([text])[0] for text in texts]


@pytest.mark.embedded
@pytest.mark.parametrize("text", ["", "\0\0", "\ud800", "a" * 500, "[SEP]" * 600, "字" * 900])
def test_any_text_has_a_vector(embedder: Embedder, text: str) -> None:
    (vector,) = embedder.embed([text])
    assert math.isclose(cosine(vector, vector), 1, abs_tol=1e-5)


@pytest.mark.embedded
def test_words_on_two_pages_stay_two(embedder: Embedder) -> None:
    one, other, joined = embedder.embed(["the boat\fsails", "the boat sails", "the boatsails"])
    assert one == other != joined


@pytest.mark.embedded
def test_a_search_goes_before_what_waits(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    begun, queued = threading.Event(), threading.Event()
    send = children.send

    def noted(pipe: IO[bytes], message: children.Message, data: bytes) -> None:
        order.append("search" if message["texts"] == ["a question"] else "batch")
        begun.set()
        queued.wait(10)
        send(pipe, message, data)

    monkeypatch.setattr(children, "send", noted)
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(embedder.embed, ["a chunk"] * 40)
        begun.wait(10)
        search = pool.submit(embedder.embed, ["a question"])
        wait_for(lambda: embedder._embedder._turns._hurried == 1)
        queued.set()
        assert len(search.result()) == 1
        assert len(long.result()) == 40
    assert order == ["batch", "search", *["batch"] * 4]


@pytest.mark.embedded
def test_a_child_killed_amid_a_batch_is_replaced(
    embedder: Embedder, when_asked: Callable[..., None]
) -> None:
    before = embedder.embed(["a chunk"] * 8)
    (pid,) = pids(embedder)
    when_asked(lambda: os.kill(pid, signal.SIGTERM))
    assert embedder.embed(["a chunk"] * 24) == before * 3
    assert pids(embedder) != [pid]


@pytest.mark.embedded
@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_told(
    tmp_path: Path, content: bytes | None, refused: Callable[..., str]
) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    damaged = Embedder(path)
    said = refused(damaged.embed, ["tea"])
    damaged.close()
    assert "model.onnx cannot be used" in said and "LITMUS_MINILM" in said
