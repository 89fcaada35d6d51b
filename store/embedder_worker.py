"""The child process that cuts texts and embeds them: `python -m store.embedder_worker`.

Its parent is `store.embedder`. onnxruntime's native code can crash, and here that costs this
process alone; nor does the program wait for the libraries to load.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from store import child
from store.child import Message
from store.cutting import Cutter, tokenizer, unpaged

WINDOW = 256
_DIMENSIONS = 384
_MOST_THREADS = 8
_NICENESS = 5
# onnxruntime's errors have no base class of their own.
_ERRORS = (
    *("EPFail", "EngineError", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf"),
    *("NoModel", "NoSuchFile", "NotImplemented", "RuntimeException"),
)


class UnfitModel(Exception):
    """The file is not MiniLM's ONNX model; the text says why."""


class Model:
    """MiniLM: a text becomes the mean of its tokens' vectors, of length 1.

    The way of sentence-transformers' all-MiniLM-L6-v2 (Reimers and Gurevych 2019, "Sentence-BERT").
    """

    def __init__(self, path: str) -> None:
        """Load it. Raises UnfitModel."""
        runtime: Any = importlib.import_module("onnxruntime")
        native: Any = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
        self._errors: tuple[type[Exception], ...] = tuple(getattr(native, name) for name in _ERRORS)
        options = runtime.SessionOptions()
        # One thread for each text. Two on the same text take more processor time together, and
        # twice as much while they spin. Padded to batches, texts of over 64 tokens take longer
        # than alone: 160 tokens 24% in a batch of 16, 254 tokens 31%.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session: Any = runtime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except self._errors as error:
            raise UnfitModel(str(error)) from error
        self._tokenizer: Any = tokenizer()
        self._tokenizer.enable_truncation(WINDOW)
        self._pool = ThreadPoolExecutor(_threads())

    def embed(self, texts: Sequence[str]) -> bytes:
        """Return the vectors one after the other, as little-endian float32. Raises UnfitModel.

        Each text is alone in the model, so no vector depends on what else was asked for.
        """
        return b"".join(self._pool.map(self._vector, texts))

    def _vector(self, text: str) -> bytes:
        import numpy

        ids = numpy.array([self._tokenizer.encode(unpaged(text)).ids], numpy.int64)
        given = {
            "input_ids": ids,
            "attention_mask": numpy.ones_like(ids),
            "token_type_ids": numpy.zeros_like(ids),
        }
        try:
            hidden = numpy.asarray(self._session.run(None, given)[0])
        except (*self._errors, ValueError) as error:
            raise UnfitModel(str(error)) from error
        if hidden.shape != (1, ids.shape[1], _DIMENSIONS):
            raise UnfitModel(f"its vectors have the shape {hidden.shape}")
        mean = hidden[0].mean(axis=0)
        return (mean / numpy.linalg.norm(mean)).astype("<f4").tobytes()


def _threads() -> int:
    """Return how many texts to embed at a time; more than there are processors do no harm."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(usable, _MOST_THREADS)


class Worker:
    """What serves the requests."""

    def __init__(self) -> None:
        self._cutter = Cutter()
        self._model: Model | None = None

    def handle(self, message: Message, data: bytes) -> tuple[Message, bytes]:
        """Answer a request: `cut` a text, or `embed` texts with the model at `path`."""
        if message["do"] == "cut":
            text = data.decode()
            pieces = self._cutter.cut(
                text, message["most"], message["overlap"], markdown=message["markdown"]
            )
            return {"pieces": pieces}, b""
        try:
            if self._model is None:
                self._model = Model(message["path"])
            return {}, self._model.embed(message["texts"])
        except UnfitModel as error:
            return {"refused": " ".join(str(error).split())[:200].strip(" .")}, b""


def main() -> None:
    """Serve until the parent is gone."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)  # the screen goes first
    child.serve(Worker().handle)


if __name__ == "__main__":
    main()
