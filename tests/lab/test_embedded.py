"""The embedded model in its child process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lab import embedded, loopback
from lab.embedded import EmbeddedError, EmbeddedServer, Endpoint, model_name
from lab.embedded_server import threads
from lab.weights import fetch_weights

ROOT = Path(embedded.__file__).parents[1]
WAIT_S = 60.0


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The real weights; the first run of all fetches them."""
    return asyncio.run(fetch_weights())


@pytest.fixture
async def server(gguf: Path) -> AsyncIterator[EmbeddedServer]:
    made = EmbeddedServer(window=512, gguf=gguf)
    yield made
    await made.stop()


def ask(endpoint: Endpoint, key: str) -> dict[str, Any]:
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "temperature": 0,
        "max_tokens": 16,
    }
    request = urllib.request.Request(
        f"{endpoint.base_url}/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return json.load(answer)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that waits for its parent's look has."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.mark.embedded
async def test_it_answers_only_who_has_the_key(
    server: EmbeddedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    assert server.available() is None
    assert not server.alive
    endpoint = await server.start()
    assert server.alive
    assert endpoint.model == "SmolLM2-135M-Instruct"
    assert endpoint.window == 512
    assert endpoint.api_key not in repr(endpoint)
    answer = await asyncio.to_thread(ask, endpoint, endpoint.api_key)
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] > 0
    assert answer["model"] == endpoint.model
    with pytest.raises(urllib.error.HTTPError, match="401"):
        await asyncio.to_thread(ask, endpoint, "another")
    await server.stop()
    assert not server.alive
    assert not await loopback.listens(urlsplit(endpoint.base_url).port or 0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.embedded
async def test_the_key_is_not_on_the_command_line(server: EmbeddedServer) -> None:
    endpoint = await server.start()
    shown = await asyncio.to_thread(_command_line, server.pid)
    assert b"embedded_server" in shown
    assert endpoint.api_key.encode() not in shown


def _command_line(pid: int | None) -> bytes:
    """Return a process's command line; from /proc where there is one, since `ps` may not be."""
    listed = Path(f"/proc/{pid}/cmdline")
    if listed.exists():
        return listed.read_bytes()
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.embedded
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_it_is_found_dead_and_restarted(server: EmbeddedServer, how: signal.Signals) -> None:
    first = await server.ensure()
    pid = server.pid
    assert pid
    assert await server.ensure() == first
    os.kill(pid, how)
    await until(lambda: gone(pid))
    second = await server.ensure()
    assert server.pid != pid
    assert second.base_url != first.base_url or second.api_key != first.api_key
    assert "choices" in await asyncio.to_thread(ask, second, second.api_key)


@pytest.mark.embedded
async def test_who_asks_at_once_shares_one_child(server: EmbeddedServer) -> None:
    first, second, third = await asyncio.gather(server.ensure(), server.ensure(), server.ensure())
    assert first == second == third


@pytest.mark.embedded
async def test_stop_ends_one_that_still_loads(server: EmbeddedServer) -> None:
    starting = asyncio.create_task(server.start())
    await until(lambda: server.pid is not None)
    pid = server.pid
    assert pid
    await server.stop()
    with pytest.raises(EmbeddedError):
        await starting
    assert gone(pid)
    assert server.pid is None


@pytest.mark.embedded
async def test_cancelling_the_start_leaves_no_child(server: EmbeddedServer) -> None:
    starting = asyncio.create_task(server.start())
    await until(lambda: server.pid is not None)
    pid = server.pid
    assert pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert gone(pid)


PARENT = """
import asyncio, os, sys, time
from pathlib import Path
from lab.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(window=512, gguf=Path(sys.argv[1]))
    endpoint = await server.start()
    # A sibling made by fork holds the other end of the child's standard input.
    sibling = os.fork() if sys.argv[2] == "sibling" else 0
    if sys.argv[2] == "sibling" and sibling == 0:
        time.sleep(600)
    print(server.pid, sibling, endpoint.base_url, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.embedded
@pytest.mark.skipif(os.name != "posix", reason="kill -9 and fork are POSIX's")
@pytest.mark.parametrize("family", ["alone", "sibling"])
async def test_it_ends_with_a_parent_that_was_killed(
    gguf: Path, tmp_path: Path, family: str
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("raise SystemExit('the wrong lab')")
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", PARENT, str(gguf), family],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        text=True,
    )
    assert parent.stdout and parent.stderr
    pid, sibling, url = (await asyncio.to_thread(parent.stdout.readline)).split()
    try:
        assert not gone(int(pid))
        assert await loopback.listens(urlsplit(url).port or 0)
        parent.kill()
        await until(lambda: gone(int(pid)))
        async with asyncio.timeout(WAIT_S):
            while await loopback.listens(urlsplit(url).port or 0):
                await asyncio.sleep(0.02)
    finally:
        parent.kill()
        if int(sibling):
            os.kill(int(sibling), signal.SIGKILL)
    out, errors = await asyncio.to_thread(parent.communicate)
    assert (out, errors) == ("", "")


@pytest.mark.embedded
async def test_a_damaged_file_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(b"GGUF" + bytes(4000))
    server = EmbeddedServer(gguf=damaged)
    with pytest.raises(EmbeddedError, match=r"could not load .*model\.gguf.* damaged"):
        await server.start()
    assert not server.alive
    assert capfd.readouterr() == ("", "")


@pytest.mark.embedded
async def test_a_child_that_dies_at_once_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        "import sys\nprint('first', file=sys.stderr)\nsys.exit('illegal instruction')"
    )
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(embedded, "_SERVER", script)
    server = EmbeddedServer(gguf=tmp_path / "model.gguf")
    with pytest.raises(EmbeddedError, match=r"exit 1: illegal instruction"):
        await server.start()
    assert server.pid is None


@pytest.mark.embedded
async def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Hello")
    with pytest.raises(EmbeddedError, match=r"notes\.txt is not a GGUF file"):
        await EmbeddedServer(gguf=text).start()
    with pytest.raises(EmbeddedError, match="is not a file"):
        await EmbeddedServer(gguf=tmp_path / "none.gguf").start()


async def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LITMUS_GGUF", raising=False)
    monkeypatch.setenv("LITMUS_CACHE", str(tmp_path))
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: object())
    assert "not been downloaded" in (EmbeddedServer().available() or "")
    monkeypatch.setenv("LITMUS_GGUF", str(tmp_path / "none.gguf"))
    assert "is not a file" in (EmbeddedServer().available() or "")
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'litmus-bench[embedded]'" in (EmbeddedServer().available() or "")
    with pytest.raises(EmbeddedError, match="litmus-bench"):
        await EmbeddedServer().ensure()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
        ("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Llama-3.2-1B-Instruct"),
        ("gemma-IQ4_XS.gguf", "gemma"),
        ("model-BF16.gguf", "model"),
        ("Qwen3-0.6B.gguf", "Qwen3-0.6B"),
    ],
)
def test_the_model_is_named_after_its_file(file: str, name: str) -> None:
    assert model_name(Path("/models") / file) == name


def test_threads_stay_within_the_machine() -> None:
    assert 1 <= threads() <= min(8, os.cpu_count() or 1)
