"""What turns texts into vectors: the MiniLM that runs here, or a provider's embedding model."""

from __future__ import annotations

import asyncio
import base64
import binascii
import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lab import prices, tokens
from lab.failures import AskError, no_embeddings
from lab.replies import json_list, json_object, usage_of
from store.library_records import EMBEDDED, Indexing
from store.records import Usage

if TYPE_CHECKING:
    from lab.ask import Client
    from lab.rag.library import Library
    from lab.weights import Progress
    from store.embedder import Embedder

EMBEDDED_BATCH = 16
PROVIDER_BATCH = 64
_PATH = "/embeddings"


class Embeddings(Protocol):
    """Texts as vectors: little-endian float32 of length 1, all of the same dimensions.

    `batch` is how many texts to give at a time. `tokens` is how many were embedded so far, as
    the provider counted them, and `cost_usd` what that cost, None once that is not known.
    """

    batch: int
    tokens: int
    cost_usd: float | None

    def price(self, texts: Sequence[str]) -> float | None:
        """Return what texts would cost, in US dollars; None where no price is known."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return each text's vector. Raises PlainError."""
        ...


async def embeddings_of(
    library: Library, indexing: Indexing, progress: Progress | None = None
) -> Embeddings:
    """Return what embeds for an indexing.

    The embedded model's weights are fetched where they are missing; `progress` is called with
    the bytes so far and in all. Raises WeightsError, AskError, ProviderError.
    """
    if indexing.embedder == EMBEDDED:
        from lab.weights import MINILM, fetch_weights

        await fetch_weights(progress, MINILM)
        return EmbeddedEmbeddings(await library.embedder())
    client = await library.engine.client(indexing.embedder, indexing.base_url)
    if not indexing.model:
        raise AskError(
            f"Name the embedding model of {client.endpoint.label} that is to be used.", "model"
        )
    return ProviderEmbeddings(client, indexing.model)


class EmbeddedEmbeddings:
    """MiniLM on this machine, which costs nothing."""

    def __init__(self, embedder: Embedder) -> None:
        self.batch = EMBEDDED_BATCH
        self.tokens = 0
        self.cost_usd: float | None = 0.0
        self._embedder = embedder

    def price(self, texts: Sequence[str]) -> float | None:
        """Return 0."""
        return 0.0

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return each text's vector. Raises EmbedderError."""
        return await asyncio.to_thread(self._embedder.embed, texts)


class ProviderEmbeddings:
    """A provider's embedding model, by `POST /embeddings`."""

    def __init__(self, client: Client, model: str) -> None:
        self.batch = PROVIDER_BATCH
        self.tokens = 0
        self.cost_usd: float | None = 0.0
        self._client = client
        self._model = model
        self._dimensions = 0

    def price(self, texts: Sequence[str]) -> float | None:
        """Return about what texts would cost, in US dollars; None where no price is known."""
        a_token = self._cost(1)
        if not a_token:
            return a_token
        provider = self._client.endpoint.provider
        return self._cost(sum(tokens.count(text, self._model, provider).tokens for text in texts))

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return each text's vector. Raises AskError."""
        if not all(text.strip() for text in texts):
            raise AskError("There is no text to embed; write some.", "request")
        vectors: list[bytes] = []
        for at in range(0, len(texts), self.batch):
            vectors += await self._embed(texts[at : at + self.batch])
        return vectors

    async def _embed(self, texts: Sequence[str]) -> list[bytes]:
        try:
            answer = await self._client.post(
                _PATH,
                self._model,
                {"input": list(texts)},
                # A third of the size of numbers written out, and quicker to read.
                {"encoding_format": "base64"},
            )
        except AskError as error:
            raise self._about_chunks(error) from error.__cause__
        try:
            vectors = await asyncio.to_thread(_vectors, answer, len(texts))
        except (ValueError, struct.error, OverflowError) as error:
            raise no_embeddings(self._client.endpoint.label, self._model) from error
        self._reckon(answer)
        self._refuse_other_size(vectors)
        return vectors

    def _about_chunks(self, error: AskError) -> AskError:
        if error.kind != "window":
            return error
        return AskError(
            f"A text is longer than {self._model} takes; promote with smaller chunks.",
            "window",
        )

    def _reckon(self, answer: object) -> None:
        usage = usage_of(json_object(answer).get("usage")) or Usage()
        self.tokens += usage.prompt or 0
        cost = self._cost(usage.prompt)
        if cost is None or self.cost_usd is None:
            self.cost_usd = None
        else:
            self.cost_usd += cost

    def _cost(self, counted: int | None) -> float | None:
        return prices.cost(self._client.endpoint.prices, self._model, Usage(counted, 0))

    def _refuse_other_size(self, vectors: Sequence[bytes]) -> None:
        sizes = {len(vector) // 4 for vector in vectors} | ({self._dimensions} - {0})
        if len(sizes) > 1:
            raise AskError(
                f"{self._client.endpoint.label} gave vectors of {min(sizes)} and of {max(sizes)} "
                f"numbers; use a model in place of “{self._model}” whose vectors have one size.",
                "model",
                fatal=True,
            )
        self._dimensions = next(iter(sizes), self._dimensions)


def _vectors(answer: object, count: int) -> list[bytes]:
    """Return the vectors of an answer in the order of the texts.

    Raises ValueError, struct.error or OverflowError where it does not hold `count` of them.
    """
    items = [json_object(item) for item in json_list(json_object(answer).get("data")) or []]
    places = [item.get("index", place) for place, item in enumerate(items)]
    if sorted(map(str, places)) != sorted(map(str, range(count))):
        raise ValueError("not one vector for each text")
    found = {int(place): item.get("embedding") for place, item in zip(places, items, strict=True)}
    return [_normalised(found[place]) for place in range(count)]


def _normalised(given: object) -> bytes:
    """Return a vector of length 1. It may be given as numbers or as base64 of float32."""
    if isinstance(given, str):
        try:
            raw = base64.b64decode(given, validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error
        numbers = struct.unpack(f"<{len(raw) // 4}f", raw)
    else:
        numbers = [number for number in json_list(given) or [] if isinstance(number, int | float)]
        if len(numbers) != len(json_list(given) or []):
            raise ValueError("not numbers")
    length = math.hypot(*numbers)
    if not math.isfinite(length) or length == 0:
        raise ValueError("a vector without a direction")
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))
