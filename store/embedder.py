"""Cutting texts into chunks and embedding them with MiniLM, in child processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from store.child import Child, ChildError, Message
from store.errors import StoreError
from store.library_records import EMBEDDED, Indexing, Piece

MOST_TOKENS = 254
LEAST_TOKENS = 8
DIMENSIONS = 384
_MODULE = "store.embedder_worker"
_BYTES = DIMENSIONS * 4
# A search waits for one batch of a promotion: about a quarter of a second on two processors.
_BATCH = 8
_URGENT = 2
_EMBED_S = 120.0
_CUT_S = 60.0
_SLOWEST_CHARS_PER_S = 5_000
_LOOK_S = 0.05


class EmbedderError(StoreError):
    """Texts could not be cut or embedded."""


class Embedder:
    """MiniLM and its tokenizer. Any thread may use it; every call waits for its answer.

    Two child processes do the work, so that a search need not wait for a long text to be cut.
    Each is started when it is first needed, and again when it has died.
    """

    def __init__(self, model: Path | None) -> None:
        """`model` is the ONNX file; without one, texts can be cut but not embedded."""
        self._model = model
        self._cutter = _Worker()
        self._embedder = _Worker()

    def cut(
        self,
        text: str,
        indexing: Indexing,
        *,
        markdown: bool = False,
        stop: threading.Event | None = None,
    ) -> list[Piece]:
        """Return where to cut a text, in order; `text[start:end]` is a chunk.

        Setting `stop` ends the work. Raises EmbedderError, also then.
        """
        check(indexing)
        answer, _ = self._cutter.ask(
            {
                "do": "cut",
                "most": indexing.chunk_tokens,
                "overlap": indexing.overlap,
                "markdown": markdown,
            },
            _sendable(text),
            timeout_s=_CUT_S + len(text) / _SLOWEST_CHARS_PER_S,
            stop=stop,
        )
        return [Piece(*piece) for piece in answer["pieces"]]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return each text's vector: 384 little-endian float32, of length 1.

        What a text has beyond 254 tokens is not looked at. One or two texts, as a search has
        them, go before the batches of what is longer. Raises EmbedderError.
        """
        if self._model is None:
            raise EmbedderError(
                "The embedding model's weights are not here; fetch them with `litmus docs promote`."
            )
        vectors: list[bytes] = []
        for at in range(0, len(texts), _BATCH):
            answer, data = self._embedder.ask(
                {
                    "do": "embed",
                    "path": os.fspath(self._model),
                    "texts": [_sendable(text).decode() for text in texts[at : at + _BATCH]],
                },
                timeout_s=_EMBED_S,
                urgent=len(texts) <= _URGENT,
            )
            if reason := answer.get("refused"):
                raise EmbedderError(
                    f"The embedding model in {self._model} cannot be used ({reason}); "
                    "remove the file so that it is fetched again, or set LITMUS_MINILM to another."
                )
            vectors += [data[at : at + _BYTES] for at in range(0, len(data), _BYTES)]
        return vectors

    def close(self) -> None:
        """End the children, and what they are doing. They start again when they are asked."""
        self._cutter.close()
        self._embedder.close()


def check(indexing: Indexing) -> None:
    """Raise EmbedderError when documents cannot be cut this way."""
    most = indexing.chunk_tokens
    if most < LEAST_TOKENS:
        raise EmbedderError(f"A chunk needs at least {LEAST_TOKENS} tokens; {most} are too few.")
    if indexing.embedder == EMBEDDED and most > MOST_TOKENS:
        raise EmbedderError(
            f"The embedded MiniLM sees {MOST_TOKENS} tokens of a chunk; choose at most so many, "
            f"not {most}."
        )
    if not 0 <= indexing.overlap < most:
        raise EmbedderError(
            f"The overlap must be at least 0 and less than the {most} tokens of a chunk; "
            f"{indexing.overlap} is not."
        )


def _sendable(text: str) -> bytes:
    """Return a text in UTF-8; what that cannot hold becomes a question mark each."""
    return text.encode("utf-8", "replace")


class _Worker:
    """A child, started when it is first asked; it does one thing at a time."""

    def __init__(self) -> None:
        self._turns = _Turns()
        self._lock = threading.Lock()
        self._child: Child | None = None

    def ask(
        self,
        message: Message,
        data: bytes = b"",
        *,
        timeout_s: float,
        stop: threading.Event | None = None,
        urgent: bool = False,
    ) -> tuple[Message, bytes]:
        """Return the child's answer; a child that died is replaced once, and asked again."""
        with self._turns.one(urgent):
            try:
                return self._once(message, data, timeout_s, stop)
            except ChildError as error:
                if error.reason != "died" or self._closed():
                    raise EmbedderError(str(error)) from error
            try:
                return self._once(message, data, timeout_s, stop)
            except ChildError as error:
                raise EmbedderError(str(error)) from error

    def _once(
        self, message: Message, data: bytes, timeout_s: float, stop: threading.Event | None
    ) -> tuple[Message, bytes]:
        _refuse_stopped(stop)
        child = self._started()
        try:
            with _killing(child, stop):
                return child.ask(message, data, timeout_s=timeout_s)
        except ChildError:
            _refuse_stopped(stop)
            raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            ended, self._child = self._child, None
        if ended is not None:
            ended.kill()
            ended.end()

    def _started(self) -> Child:
        with self._lock:
            if self._child is None or not self._child.alive:
                if self._child is not None:
                    self._child.end()
                self._child = Child(_MODULE, folder=Path(__file__).parent.parent)
            return self._child

    def _closed(self) -> bool:
        with self._lock:
            return self._child is None


class _Turns:
    """Lets one in at a time, those first who are in a hurry."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._hurried = 0

    @contextmanager
    def one(self, urgent: bool) -> Generator[None]:
        """Wait for a turn and take it."""
        with self._changed:
            self._hurried += urgent
            self._changed.wait_for(lambda: not self._taken and (urgent or not self._hurried))
            self._hurried -= urgent
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()


def _refuse_stopped(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise EmbedderError("Cutting was stopped; promote again to go on.")


@contextmanager
def _killing(child: Child, stop: threading.Event | None) -> Generator[None]:
    """Kill a child when `stop` is set meanwhile."""
    if stop is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_LOOK_S):
            if stop.is_set():
                child.kill()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
