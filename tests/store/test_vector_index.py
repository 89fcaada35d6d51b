"""The vector index: a real Chroma folder in a child process, and a real Chroma server."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest

from store import index_files
from store.vector_index import IndexFailed, IndexHeld, VectorIndex

DIMENSIONS = 24
NAME = "litmus-test"
SITE = """
import os, socket
log = os.environ["ATTEMPTS"]
def told(name, real):
    def call(*args):
        with open(log, "a") as file:
            file.write(name + "\\n")
        return real(*args)
    return call
open(log, "a").close()
socket.socket.connect = told("connect", socket.socket.connect)
socket.getaddrinfo = told("getaddrinfo", socket.getaddrinfo)
"""


def vectors(count: int, seed: int = 1) -> list[bytes]:
    made = numpy.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype("<f4")
    return [(row / numpy.linalg.norm(row)).tobytes() for row in made]


def document(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    """An index that is open; each test uses a collection of its own, or drops it."""
    index = VectorIndex(tmp_path_factory.mktemp("home"))
    index.open()
    index.mark_sound()
    yield index
    index.close()


@pytest.fixture
def index(opened: VectorIndex) -> Iterator[VectorIndex]:
    yield opened
    opened.drop(NAME)


def process(index: VectorIndex) -> int:
    """Return the id of the process that has a home's index open."""
    assert index._child is not None
    return index._child.pid


def test_a_chunk_is_found_by_its_vector_among_the_documents_asked_for(index):
    given = vectors(60)
    ids = list(range(101, 161))
    index.upsert(NAME, ids, given, [document(n // 10) for n in range(60)])
    rows = index.query(NAME, given[:3], 4)
    assert [row[0][0] for row in rows] == [101, 102, 103]
    assert all(len(row) == 4 for row in rows)
    assert rows[0][0][1] == pytest.approx(1, abs=1e-5)
    assert [near for _, near in rows[0]] == sorted((near for _, near in rows[0]), reverse=True)
    exact = numpy.frombuffer(given[0], "<f4") @ numpy.frombuffer(given[rows[0][1][0] - 101], "<f4")
    assert rows[0][1][1] == pytest.approx(float(exact), abs=1e-5)
    inside = index.query(NAME, given[:1], 50, [document(2), document(5), document(9)])
    assert {chunk for chunk, _ in inside[0]} == {*range(121, 131), *range(151, 161)}
    assert index.query(NAME, given[:2], 5, []) == [[], []]
    assert index.query(NAME, given[:1], 5, [document(77)]) == [[]]
    assert index.ids(NAME) == set(ids)


def test_what_is_removed_is_not_found_and_an_id_that_comes_again_is_replaced(index):
    given = vectors(12)
    index.upsert(NAME, list(range(1, 11)), given[:10], [document(1)] * 10)
    index.remove(NAME, [1, 2, 999])
    assert index.ids(NAME) == set(range(3, 11))
    assert {chunk for chunk, _ in index.query(NAME, given[:1], 50)[0]} == set(range(3, 11))
    index.upsert(NAME, [3, 4], [given[10], given[3]], [document(2), document(1)])
    assert index.query(NAME, given[10:11], 1)[0][0][0] == 3
    assert index.query(NAME, given[10:11], 9, [document(2)])[0] == [(3, pytest.approx(1, abs=1e-5))]
    assert index.lost(NAME, [3, 4, 1], [given[10], given[3], given[0]]) == {1}
    assert index.lost(NAME, [3], [given[2]]) == {3}
    index.remove(NAME, list(index.ids(NAME)))
    assert index.query(NAME, given[:1], 5) == [[]]


def test_many_chunks_with_the_same_vector_are_all_found_and_hide_nothing(index):
    """Chroma's own graph loses hundreds of these, and what lies near them."""
    given = vectors(400)
    for start in (0, 200):
        given[start : start + 150] = [given[start]] * 150
    ids = list(range(1, 401))
    documents = [document(n // 100) for n in range(400)]
    for at in range(0, 400, 64):
        index.upsert(NAME, ids[at : at + 64], given[at : at + 64], documents[at : at + 64])
    assert index.lost(NAME, ids, given) == set()
    same = index.query(NAME, [given[0]], 200)[0]
    assert [chunk for chunk, _ in same[:150]] == ids[:150]
    assert len({chunk for chunk, _ in same}) == 200
    assert [chunk for chunk, _ in index.query(NAME, [given[0]], 60, [document(1)])[0][:50]] == (
        list(range(101, 151))
    )
    index.remove(NAME, ids[:149])
    assert index.query(NAME, [given[0]], 1)[0][0][0] == 150


def test_a_second_one_is_told_who_holds_the_index(opened):
    other = VectorIndex(opened.home)
    with pytest.raises(IndexHeld) as caught:
        other.open()
    assert caught.value.owner["pid"] == os.getpid()
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(caught.value)
    assert index_files.held(opened.home)
    other.close()
    assert opened.ids("litmus-none") == set()


def test_a_proper_close_is_told_from_a_change_and_from_a_kill(tmp_path):
    index = VectorIndex(tmp_path)
    assert index.open() is False  # there is nothing yet that could be as it was left
    given = vectors(30)
    index.upsert(NAME, list(range(30)), given, [document(0)] * 30)
    index.mark_sound()
    index.close()
    assert not index_files.held(tmp_path) and not index_files.owner(tmp_path)

    # Somebody restored another copy of Chroma's folder, or changed a file in it.
    database = tmp_path / index_files.FOLDER / "chroma.sqlite3"
    os.utime(database, ns=(database.stat().st_atime_ns, database.stat().st_mtime_ns + 1))
    with pytest.raises(IndexFailed, match="was not closed properly; try again"):
        index.query(NAME, given[:1], 1)
    assert index.open() is False
    index.mark_sound()
    index.close()

    # A resting index opens by itself.
    assert index.query(NAME, given[:1], 1)[0][0][0] == 0
    assert index.sound and index.checked
    os.kill(process(index), signal.SIGKILL)
    with pytest.raises(IndexFailed, match=r"ended by itself \(exit status -9\); try again"):
        index.query(NAME, given[:1], 1)
    assert not index.alive and not index_files.held(tmp_path)
    assert index.open() is False
    assert index.ids(NAME) == set(range(30))

    # What is added may make other vectors unreachable, and is checked at the next start.
    index.mark_sound()
    index.upsert(NAME, [30], vectors(1, seed=9), [document(0)])
    assert index.sound and not index.checked
    index.close()
    assert index_files.stamp(tmp_path) == {}


def test_the_last_two_folders_that_were_set_aside_are_kept(tmp_path):
    (tmp_path / index_files.FOLDER).write_text("a file in its place")
    for number in range(2):
        (tmp_path / f"{index_files.BROKEN}2001-{number}").mkdir()
    index_files.set_aside(tmp_path)
    aside = sorted(tmp_path.glob(f"{index_files.BROKEN}*"))
    assert len(aside) == index_files.KEPT_BROKEN
    assert aside[-1].read_text() == "a file in its place"


def test_a_home_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch):
    folder = tmp_path / index_files.FOLDER
    folder.mkdir()
    (folder / "kept").write_text("as it was")
    # Root may write anywhere, but not where a folder is.
    (tmp_path / f"{index_files.LOCK}.room").mkdir()
    with pytest.raises(IndexFailed, match=r"^Litmus cannot write the index in .*; change its"):
        VectorIndex(tmp_path).open()
    assert (folder / "kept").read_text() == "as it was"
    assert not list(tmp_path.glob("chroma.broken-*")) and not index_files.held(tmp_path)


def test_nothing_leaves_the_machine_nor_reaches_the_terminal(tmp_path, monkeypatch, capfd):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    (tmp_path / "home").mkdir()
    attempts = tmp_path / "attempts"
    monkeypatch.setenv("ATTEMPTS", str(attempts))
    monkeypatch.syspath_prepend(str(site))
    # What Chroma would take from the environment, or from a .env in the current folder.
    monkeypatch.setenv("CHROMA_API_IMPL", "chromadb.api.fastapi.FastAPI")
    monkeypatch.setenv("PERSIST_DIRECTORY", str(tmp_path / "elsewhere"))
    (tmp_path / ".env").write_text("MIGRATIONS=nonsense\n")
    monkeypatch.chdir(tmp_path)
    index = VectorIndex(tmp_path / "home")
    index.open()
    index.upsert(NAME, [1, 2], vectors(2), [document(0)] * 2)
    assert index.query(NAME, vectors(1), 1)[0][0][0] == 1
    assert not internet(process(index))
    index.close()
    assert attempts.read_text() == ""
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "elsewhere").exists()


def internet(pid: int) -> list[str]:
    """Return the lines of a process's TCP and UDP sockets, as Linux tells them."""
    if sys.platform != "linux":
        return []
    links = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
    mine = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    tables = (Path(f"/proc/{pid}/net/{kind}") for kind in ("tcp", "tcp6", "udp", "udp6"))
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()]
    return [line for line in lines if mine & set(line.split())]


# -- a server -----------------------------------------------------------------------------


class Server:
    """`chroma run` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        code = "from chromadb.cli.cli import app; app()"
        where = ["--path", str(self._folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "run", *where],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: listens(self.port) or self._process.poll() is not None)
        assert self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


def test_two_homes_share_a_server_and_one_that_is_gone_is_named(tmp_path, server, monkeypatch):
    homes = [tmp_path / "one", tmp_path / "two"]
    first, second = (VectorIndex(home, server.url, prefix=f"{home.name}-") for home in homes)
    given = vectors(20)
    for index in (first, second):
        index.home.mkdir()
        with monkeypatch.context() as patch:
            patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # a proxy that is not there
            assert index.open() is False
    if sys.platform == "linux":
        assert internet(process(first))  # so that none elsewhere means something
    first.upsert(NAME, list(range(20)), given, [document(n // 10) for n in range(20)])
    second.upsert(NAME, [500], given[:1], [document(3)])
    second.keep_only([])  # its own collections only
    assert first.ids(NAME) == set(range(20))
    assert first.query(NAME, given[12:13], 2)[0][0][0] == 12
    assert {n for n, _ in first.query(NAME, given[12:13], 20, [document(0)])[0]} == set(range(10))
    with pytest.raises(IndexHeld):  # the server could, but two would repair the same
        VectorIndex(homes[0], server.url, prefix="one-").open()
    first.mark_sound()
    first.close()
    assert first.open() is True
    assert not (homes[0] / index_files.FOLDER).exists()

    # Somebody deletes a collection.
    drop(server, f"one-{NAME}")
    with pytest.raises(IndexFailed, match=r"^A collection of the index has gone; try again"):
        first.query(NAME, given[:1], 2)
    assert not first.alive and not index_files.held(homes[0])

    server.stop()
    with pytest.raises(IndexFailed, match=f"^No Chroma server answers at {server.url}; start it"):
        second.ids(NAME)
    with pytest.raises(IndexFailed, match=f"^No Chroma server answers at {server.url}; start"):
        second.open()
    assert not any(index_files.held(home) for home in homes)


def drop(server: Server, name: str) -> None:
    import chromadb

    chromadb.HttpClient("127.0.0.1", server.port).delete_collection(name)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:8000", r"^localhost:8000 is no address of a Chroma server; LITMUS_CHROMA_URL"),
        ("http://me:secret@localhost", "no address of a Chroma server"),
        ("http://localhost:many", "no address of a Chroma server"),
        (401, "wants a key; set CHROMA_CLIENT_AUTH_PROVIDER"),
        (404, "is no Chroma server of version 1; start one"),
        (200, "is no Chroma server of version 1; start one"),
    ],
)
def test_what_is_no_chroma_server_is_said_in_one_sentence(tmp_path, url, sentence):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(url)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"0.5\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        given = f"http://127.0.0.1:{other.server_port}" if isinstance(url, int) else url
        with pytest.raises(IndexFailed, match=sentence) as caught:
            VectorIndex(tmp_path, given, prefix="home-").open()
        other.shutdown()
    assert "secret" not in str(caught.value)
    assert not index_files.held(tmp_path)
