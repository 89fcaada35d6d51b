"""`litmus docs promote`, killed again and again: what is acknowledged stays, nothing is twice."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer, running
from lab.engine import Engine
from lab.rag.embeddings import embeddings_of
from store import chunks, documents, sessions
from store.database import Database
from store.reading import ReadDocument

ROOT = Path(__file__).resolve().parents[2]
KEY = "hunter2-0123456789"
DOCUMENTS, LINES, KILLS = 12, 24, 10
PATIENCE_S = 60
PROGRESS = "SELECT count(*) + count(vector) + coalesce(sum(indexed), 0) FROM chunks"
STATE = (
    "SELECT sha256, place, page, begins, ends, tokens, indexed, text, vector FROM chunks"
    " ORDER BY sha256, place"
)
UNFINISHED = "SELECT count(*) FROM promotions WHERE finished_at IS NULL"
ACKNOWLEDGED = "SELECT id, text FROM chunks WHERE indexed"


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running() as started:
        yield started


def make(home: Path) -> Path:
    """Make a home with a session of some documents."""
    database = Database(home)
    session = database.write_now(sessions.create, "one")
    for number in range(DOCUMENTS):
        lines = (f"Document {number} tells in line {n} of {n * 31}." for n in range(LINES))
        text = "\n\n".join(lines)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        name = f"{number}.txt"
        read = ReadDocument(name, f"/{name}", sha256, "text/plain", len(text), text, (0,))
        database.write_now(documents.add, session.id, read)
    database.close()
    return home


class Promoting:
    """Starts the command on a home, and looks at what it keeps."""

    def __init__(self, home: Path, server: FixtureServer) -> None:
        self.home = home
        self._arguments = (
            *("docs", "promote", "--chunk-tokens", "16", "--embedder", "custom"),
            *("--embedding-url", server.base_url, "--embedding-model", "embed"),
        )
        self._env = {
            **os.environ,
            "LITMUS_HOME": str(home),
            "LITMUS_API_KEY": KEY,
            "NO_PROXY": "*",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        }

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tui.cli", *self._arguments],
            cwd=self.home,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.home / "litmus.db", timeout=10)) as database:
            return database.execute(query).fetchall()

    def to_the_end(self) -> float:
        """Run it to its end; return how many seconds that took."""
        began = time.monotonic()
        with self.start() as process:
            _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, told.decode()
        assert self.rows(UNFINISHED) == [(0,)]
        return time.monotonic() - began

    def killed(self, *, after_s: float = 0.0, progress: int = 0) -> bool:
        """Kill it so long after it is so far; return whether it was still at work."""
        with self.start() as process:
            last = time.monotonic() + PATIENCE_S
            while process.poll() is None and self.rows(PROGRESS)[0][0] < progress:
                assert time.monotonic() < last
                time.sleep(0.002)
            until = time.monotonic() + after_s
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.002)
            process.kill()
            process.communicate(timeout=PATIENCE_S)
        return process.returncode < 0


def test_a_killed_promotion_loses_nothing_and_goes_on(tmp_path, server, monkeypatch):
    undisturbed = Promoting(make(tmp_path / "undisturbed"), server)
    took = undisturbed.to_the_end()
    [(total,)] = undisturbed.rows(PROGRESS)
    luck = random.Random(4)
    tried = Promoting(make(tmp_path / "killed"), server)
    # At some moments of its work, each further than the one before, and at others of its life.
    moments = sorted(luck.sample(range(1, total), KILLS // 2))
    kills = 0
    acknowledged: dict[int, str] = {}
    for progress in moments:
        kills += tried.killed(after_s=luck.uniform(0, took))
        kills += tried.killed(progress=progress, after_s=luck.uniform(0, 0.02))
        acknowledged |= dict(tried.rows(ACKNOWLEDGED))
    assert kills >= KILLS // 2 and acknowledged
    tried.to_the_end()
    assert tried.rows(STATE) == undisturbed.rows(STATE)
    assert len(tried.rows(STATE)) * 3 == total
    assert acknowledged.items() <= dict(tried.rows(ACKNOWLEDGED)).items()
    monkeypatch.setenv("LITMUS_API_KEY", KEY)
    asyncio.run(holds_all(tried))


async def holds_all(tried: Promoting) -> None:
    """Hold that the index has the acknowledged chunks only, each found by its own text."""
    engine = Engine(tried.home)
    try:
        [collection] = await engine.database.read(chunks.all_collections)
        kept = tried.rows(ACKNOWLEDGED)
        index = await engine.library.index()
        assert sorted(index.ids(collection.name)) == sorted(identity for identity, _ in kept)
        embeddings = await embeddings_of(engine.library, collection.indexing)
        asked = await embeddings.embed([text for _, text in kept])
        found = index.query(collection.name, asked, 2)
        for (identity, _), (best, *rest) in zip(kept, found, strict=True):
            assert best[0] == identity and best[1] == pytest.approx(1, abs=1e-3)
            assert all(near < 0.99 for _, near in rest)
    finally:
        await engine.close()
