"""The library: what the RAG store of a home folder needs while Litmus runs.

Its two parts, the vector index and the embedder, are child processes that start at first use.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from store import sessions
from store.database import Connection
from store.errors import PlainError

# The engine has a library from the first; what only its use needs is imported then.
if TYPE_CHECKING:
    from lab.engine import Engine
    from store.embedder import Embedder
    from store.vector_index import VectorIndex

Progress = Callable[[str, int, int], None]

URL = "LITMUS_CHROMA_URL"
REST_S = 120.0


class Closed(PlainError):
    """The library was closed while its index was being repaired."""

    def __init__(self) -> None:
        super().__init__("The index is repaired when it is next opened, since Litmus ends.")


class Library:
    """The engine's index and embedder; one event loop uses it.

    `writing` is held by what changes the index, so that two such things follow each other.
    """

    def __init__(self, engine: Engine, *, rest_s: float = REST_S) -> None:
        """`rest_s` is after how many idle seconds the index is let go, for another Litmus."""
        self.engine = engine
        self.writing = asyncio.Lock()
        self._database = engine.database
        self._rest_s = rest_s
        self._index: VectorIndex | None = None
        self._opening: asyncio.Task[VectorIndex] | None = None
        self._watchers: list[Progress] = []
        self._closing = threading.Event()
        self._clock: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None
        self._embedder: Embedder | None = None
        self._embedder_model: Path | None = None

    async def index(self, progress: Progress | None = None) -> VectorIndex:
        """Return the index, open and sound; it is opened, and repaired where that is due, once.

        `progress` is told what is being done, how many chunks of it are done and how many
        there are; it is called in this event loop. Raises IndexHeld, IndexFailed, StoreError.
        """
        if self._index is not None and self._index.sound:
            return self._index
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())
            # Also when all who waited for it have been cancelled.
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        if progress is not None:
            self._watchers.append(progress)
        try:
            # One that is cancelled must not stop what others wait for.
            return await asyncio.shield(self._opening)
        finally:
            if progress is not None:
                self._watchers.remove(progress)

    async def embedder(self, *, cutting: bool = False) -> Embedder:
        """Return the embedder that runs here.

        Where its weights are missing it can only cut; it is returned so with `cutting`. Raises
        WeightsError otherwise.
        """
        from lab.weights import MINILM, WeightsError, missing_weights, weights_path
        from store.embedder import Embedder

        lack = await asyncio.to_thread(missing_weights, MINILM)
        if lack and not cutting:
            raise WeightsError(f"{lack.removesuffix('.')}; `litmus docs promote` fetches them.")
        model = None if lack else weights_path(MINILM)
        if self._embedder is None or self._embedder_model != model:
            if self._embedder is not None:
                await asyncio.to_thread(self._embedder.close)
            self._embedder, self._embedder_model = Embedder(model), model
        return self._embedder

    async def close(self) -> None:
        """End both children and let the index go; what is being repaired is left for later."""
        self._closing.set()
        if self._clock is not None:
            self._clock.cancel()
        waited = [task for task in (self._opening, self._resting) if task is not None]
        if waited:
            await asyncio.wait(waited)
        for part in (self._index, self._embedder):
            if part is not None:
                await asyncio.to_thread(part.close)

    async def _open(self) -> VectorIndex:
        from store.index_repair import make_sound

        self._loop = asyncio.get_running_loop()
        if self._index is None:
            self._index = await self._made()
        await asyncio.to_thread(make_sound, self._database, self._index, self._told)
        self._rest_later(self._rest_s)
        return self._index

    async def _made(self) -> VectorIndex:
        from store.vector_index import VectorIndex

        home = self._database.home
        url = os.environ.get(URL, "").strip()
        prefix = await self._database.write(home_id, str(home)) + "-" if url else ""
        return VectorIndex(home, url, prefix=prefix)

    def _told(self, what: str, done: int, total: int) -> None:
        """Pass on what a repairing thread tells; ends it when the library is closed."""
        if self._closing.is_set():
            raise Closed
        self._loop.call_soon_threadsafe(self._tell, what, done, total)

    def _tell(self, what: str, done: int, total: int) -> None:
        for watcher in list(self._watchers):
            watcher(what, done, total)

    def _rest_later(self, seconds: float) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._clock = asyncio.get_running_loop().call_later(seconds, self._rest)

    def _rest(self) -> None:
        """Let the index go when it was not used for long; its next use opens it again."""
        if self._index is None or self._closing.is_set():
            return
        left = self._index.used_at + self._rest_s - time.monotonic()
        if not self._index.alive:
            self._rest_later(self._rest_s)  # its next use may open it again
        elif left > 0 or self.writing.locked():
            self._rest_later(max(left, self._rest_s / 10))
        else:
            self._resting = asyncio.create_task(self._let_go(self._index))

    async def _let_go(self, index: VectorIndex) -> None:
        from store.index_repair import repair
        from store.vector_index import IndexFailed

        async with self.writing:
            if index.sound and not index.checked:
                # What fails here, or is broken off, is done when the index is next opened.
                with suppress(IndexFailed, Closed):
                    await asyncio.to_thread(repair, self._database, index, self._told)
            await asyncio.to_thread(index.close)
        self._rest_later(self._rest_s)


def home_id(connection: Connection, path: str) -> str:
    """Return what tells this home's collections from others' on a Chroma server.

    A copy of a home in another place gets one of its own, or both would write the same.
    """
    kept = sessions.setting(connection, "chroma_home")
    if not kept or kept["path"] != path:
        kept = {"id": f"home-{secrets.token_hex(8)}", "path": path}
        sessions.save_setting(connection, "chroma_home", kept)
    return kept["id"]
