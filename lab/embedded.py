"""The embedded model: llama.cpp in a child process, so that Litmus works with no key.

The child (`lab.embedded_server`) listens on a free port of 127.0.0.1 behind a random key.
It ends with Litmus however Litmus ends, and nothing that its native code writes reaches
the terminal.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import secrets
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lab import loopback, weights
from store.errors import PlainError

if TYPE_CHECKING:
    from lab.tuning.adapter import Adapter

WINDOW = 4096
SLOTS = 2
_START_S = 120.0
_STOP_S = 2.0
_DYING_S = 0.5
_LOOK_S = 0.05
_SERVER = Path(__file__).with_name("embedded_server.py")
_QUANTISATION = re.compile(r"[.-](?:i?q\d\w*|b?f16|f32)$", re.IGNORECASE)


class EmbeddedError(PlainError):
    """The embedded model cannot run; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the embedded model answers. `window` is the tokens of one prompt and answer."""

    base_url: str
    api_key: str = field(repr=False)
    model: str
    window: int


def extra_installed() -> bool:
    """Return whether the extra `embedded` is installed."""
    return importlib.util.find_spec("xllamacpp") is not None


def missing(gguf: Path | None = None) -> str | None:
    """Return one sentence on what the embedded model still needs, None when it can run.

    `gguf` is a file to use in place of the fetched weights.
    """
    if not extra_installed():
        return (
            "The embedded model needs an extra that is not installed: "
            "pip install 'litmus-bench[embedded]'."
        )
    if gguf is not None:
        return None if gguf.is_file() else f"{gguf} is not a file."
    return weights.missing_weights()


def model_name(gguf: Path) -> str:
    """Return the name that a GGUF file's model is shown by: its stem, no quantisation."""
    return _QUANTISATION.sub("", gguf.name.removesuffix(".gguf"))


class EmbeddedServer:
    """The child process and its endpoint; one event loop uses it.

    `window` is in tokens, for each of `slots` prompts at a time. `gguf` is the file to
    serve, by default the fetched weights. With an `adapter` it is the tuned model that is
    served, under its own name and no other.
    """

    def __init__(
        self,
        *,
        window: int = WINDOW,
        slots: int = SLOTS,
        gguf: Path | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        self._window = window
        self.slots = slots
        self._gguf = gguf
        self._adapter = adapter
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._endpoint: Endpoint | None = None
        self._drain: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=20)

    @property
    def alive(self) -> bool:
        """Whether the child runs and has said that it is ready."""
        process = self._process
        return process is not None and process.returncode is None and self._endpoint is not None

    @property
    def pid(self) -> int | None:
        """The child's process id, None when there is no child."""
        return self._process.pid if self._process else None

    def available(self) -> str | None:
        """Return one sentence on what is missing, None when the model can be started."""
        return missing(self._gguf)

    async def ensure(self) -> Endpoint:
        """Return the endpoint of a living child, starting one if there is none.

        Raises:
            EmbeddedError: it cannot be started; the text says why.
            AdapterProblem: the adapter or its base is no longer the file that it was.
        """
        async with self._lock:
            if self._process and self._endpoint and await _answers(self._process, self._endpoint):
                return self._endpoint
            await self._end()
            return await self._begin()

    async def start(self) -> Endpoint:
        """Start the child, or find it running, and return its endpoint; see `ensure`."""
        return await self.ensure()

    async def stop(self) -> None:
        """End the child, also one that is still loading. Does nothing when there is none."""
        if self._process and self._process.returncode is None and not self._endpoint:
            self._process.kill()
        async with self._lock:
            await self._end()

    async def _begin(self) -> Endpoint:
        if lack := self.available():
            raise EmbeddedError(lack)
        gguf = self._gguf or weights.weights_path()
        _check_magic(gguf)
        if self._adapter is not None:
            from lab.tuning.adapter import refuse_changed

            await asyncio.to_thread(refuse_changed, self._adapter, gguf)
        key = secrets.token_urlsafe(24)
        try:
            async with asyncio.timeout(_START_S):
                self._process = await _spawn()
                self._drain = asyncio.create_task(self._listen(self._process))
                port = await self._load(self._process, gguf, key)
                endpoint = await self._ready(self._process, port, key, gguf)
                self._endpoint = endpoint
        except TimeoutError:
            raise EmbeddedError(
                f"The embedded model was not ready after {_START_S:.0f} seconds: close other "
                "programs and try again, or point LITMUS_GGUF at a smaller file."
            ) from None
        finally:
            if self._endpoint is None:
                await self._end(kindly=False)
        return endpoint

    async def _load(self, process: asyncio.subprocess.Process, gguf: Path, key: str) -> int:
        """Send the settings; return the port that the child listens on."""
        assert process.stdin and process.stdout
        settings = {
            "gguf": str(gguf),
            "api_key": key,
            "alias": self._name(gguf),
            "adapter": str(self._adapter.gguf) if self._adapter else "",
            "window": self._window,
            "slots": self.slots,
            "parent": os.getpid(),
        }
        try:
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            await process.stdin.drain()
        except ConnectionError as error:
            raise await self._death(process) from error
        line = await process.stdout.readline()
        if not line:
            raise await self._death(process)
        reply: dict[str, str] = json.loads(line)
        if "error" in reply:
            raise EmbeddedError(
                f"The embedded model could not load {gguf} ({reply['error'].strip(' .')}): "
                "the file may be damaged, or xllamacpp too old for it."
            )
        return urlsplit(reply["url"]).port or 0

    async def _ready(
        self, process: asyncio.subprocess.Process, port: int, key: str, gguf: Path
    ) -> Endpoint:
        """Wait until the child lists its model; return the endpoint."""
        while process.returncode is None:
            try:
                status, body = await loopback.get(
                    port, "/v1/models", headers={"Authorization": f"Bearer {key}"}
                )
            except loopback.NoAnswer:
                status, body = 0, b""
            if status == 200:
                window = _served_window(body) or self._window
                return Endpoint(f"http://127.0.0.1:{port}/v1", key, self._name(gguf), window)
            await asyncio.sleep(_LOOK_S)
        raise await self._death(process)

    def _name(self, gguf: Path) -> str:
        return self._adapter.model if self._adapter else model_name(gguf)

    async def _death(self, process: asyncio.subprocess.Process) -> EmbeddedError:
        """Return the error of a child that ended by itself, with the last thing it said."""
        code = await process.wait()
        if self._drain:
            await asyncio.wait({self._drain}, timeout=_STOP_S)
        last = self._said[-1][:200].strip(" .") if self._said else "it said nothing"
        return EmbeddedError(
            f"The embedded model ended while it started (exit {code}: {last}): try again, "
            "or choose another provider."
        )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keep the last lines that the child writes, so that its pipe never fills."""
        assert process.stderr
        while piece := await process.stderr.read(65536):
            lines = piece.decode("utf-8", "replace").splitlines()
            self._said.extend(line for line in lines if line.strip())

    async def _end(self, *, kindly: bool = True) -> None:
        process, self._process, self._endpoint = self._process, None, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            if not kindly and process.returncode is None:
                process.kill()
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
            if self._drain:
                self._drain.cancel()
            self._drain = None
            self._said.clear()
        await process.wait()


async def _spawn() -> asyncio.subprocess.Process:
    # By path and with -P: neither the folder that Litmus is started in nor this package's
    # own modules can take the place of the standard library or of xllamacpp.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(_SERVER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
        start_new_session=True,
    )


def _check_magic(gguf: Path) -> None:
    try:
        with gguf.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise EmbeddedError(f"{gguf} cannot be read: {error.strerror or error}.") from error
    if magic != b"GGUF":
        raise EmbeddedError(f"{gguf} is not a GGUF file: point LITMUS_GGUF at one that is.")


async def _answers(process: asyncio.subprocess.Process, endpoint: Endpoint) -> bool:
    """Return whether a child lives. One that is only too busy to answer does."""
    port = urlsplit(endpoint.base_url).port or 0
    try:
        await loopback.get(port, "/health")
        return True
    except loopback.NoAnswer:
        pass
    try:
        async with asyncio.timeout(_DYING_S):
            await process.wait()
        return False
    except TimeoutError:
        return await loopback.listens(port)


def _served_window(body: bytes) -> int | None:
    """Return the tokens of a slot as the server lists them, None where it does not."""
    try:
        listed: Any = json.loads(body)
        window: Any = listed["data"][0]["meta"]["n_ctx"]
    except (ValueError, LookupError, TypeError):
        return None
    return window if isinstance(window, int) and window > 0 else None
