"""Texts as vectors, from the model that runs here and from a provider."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import struct
from typing import Any

import pytest
from aiohttp import web

from fixtures.server import EMBEDDINGS, FixtureServer
from fixtures.server_faults import Fault
from fixtures.server_shapes import vector
from lab.ask import Client, Endpoint
from lab.engine import Engine
from lab.failures import AskError
from lab.rag.embeddings import Embeddings, ProviderEmbeddings, embeddings_of
from lab.weights import WeightsError
from store.library_records import Indexing

pytestmark = pytest.mark.usefixtures("alone", "no_retries")
MODEL = "text-embedding-3-small"


@pytest.fixture
async def embeddings(engine: Engine, server: FixtureServer) -> Embeddings:
    indexing = Indexing(embedder="custom", model=MODEL, base_url=server.base_url)
    return await embeddings_of(engine.library, indexing)


def numbers(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def answering(server: FixtureServer, answer: object, status: int = 200) -> list[Any]:
    """Let the server answer so, whatever it is asked to embed; return the bodies it gets."""
    bodies: list[Any] = []

    async def embed(request: object, got: Any, spoiled: object) -> web.Response:
        bodies.append(got.body)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(status=status, text=text, content_type="application/json")

    server._routes["POST", EMBEDDINGS] = embed
    return bodies


def data(*vectors: object) -> dict[str, Any]:
    return {"data": [{"index": at, "embedding": one} for at, one in enumerate(vectors)]}


async def test_each_text_has_its_vector(embeddings: Embeddings, server: FixtureServer) -> None:
    texts = [f"text {number}" for number in range(150)]
    made = await embeddings.embed(texts)
    for text, packed in zip(texts, made, strict=True):
        assert numbers(packed) == pytest.approx(vector(text, server.vector_size), abs=1e-6)
    assert [len(request.body["input"]) for request in server.requests] == [64, 64, 22]
    assert embeddings.tokens == 300
    assert embeddings.cost_usd is None  # nobody knows what a server of one's own costs


async def test_vectors_come_normalised_in_the_order_of_the_texts(
    embeddings: Embeddings, server: FixtureServer
) -> None:
    packed = base64.b64encode(struct.pack("<2f", 0, 5)).decode()
    answering(
        server,
        {"data": [{"index": 1, "embedding": [3.0, 4]}, {"index": 0, "embedding": packed}]},
    )
    first, second = await embeddings.embed(["one", "two"])
    assert numbers(first) == [0, 1]
    assert numbers(second) == pytest.approx([0.6, 0.8])


async def test_a_server_that_refuses_base64_is_asked_without(
    embeddings: Embeddings, server: FixtureServer
) -> None:
    bodies = answering(
        server, {"error": {"message": "bad", "param": "encoding_format"}}, status=400
    )
    with pytest.raises(AskError):
        await embeddings.embed(["one"])
    assert [body.get("encoding_format") for body in bodies] == ["base64", None]


@pytest.mark.parametrize(
    "answer",
    [
        "<html>hello</html>",
        "[]",
        {"data": []},
        {"data": None},
        data([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]),
        data([1.0, "x"], [1.0, 0.0]),
        data([1.0, True], [[1.0], 0.0]),
        data([0.0, 0.0], [1.0, 0.0]),
        data([1e999, 1.0], [1.0, 0.0]),
        data([1e300, 1e300], [float("nan"), 0.0]),
        data([], [1.0]),
        data("not base64!", "AAAA"),
        data("QUJD", "AAAA"),
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]},
        {"data": [{"index": {}, "embedding": [1.0]}, {"index": "x", "embedding": [1.0]}]},
    ],
)
async def test_what_is_no_embeddings_is_told(
    embeddings: Embeddings, server: FixtureServer, answer: object
) -> None:
    answering(server, answer)
    with pytest.raises(AskError, match=rf"no embeddings; is “{MODEL}” an embedding model\?"):
        await embeddings.embed(["one", "two"])


async def test_vectors_of_another_size_are_refused(
    embeddings: Embeddings, server: FixtureServer
) -> None:
    await embeddings.embed(["one"])
    server.vector_size = 16
    with pytest.raises(AskError, match="vectors of 16 and of 32 numbers"):
        await embeddings.embed(["two"])


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault.UNAUTHORIZED, "refused the key"),
        (Fault.MODEL_NOT_FOUND, f"no model “{MODEL}”"),
        (Fault.CONTEXT_OPENAI, f"longer than {MODEL} takes; promote with smaller chunks"),
        (Fault.RATE_LIMITED, "limiting the rate"),
        (Fault.SERVER_ERROR, "fault of its own"),
    ],
)
async def test_what_a_server_refuses_is_told(
    embeddings: Embeddings, server: FixtureServer, fault: Fault, says: str
) -> None:
    server.fault = fault
    with pytest.raises(AskError, match=says):
        await embeddings.embed(["one"])


@pytest.mark.parametrize("text", ["", " \n"])
async def test_nothing_is_not_sent(
    embeddings: Embeddings, server: FixtureServer, text: str
) -> None:
    with pytest.raises(AskError, match="no text to embed"):
        await embeddings.embed(["one", text])
    assert server.requests == []


async def test_a_model_has_to_be_named(engine: Engine, server: FixtureServer) -> None:
    indexing = Indexing(embedder="custom", model="", base_url=server.base_url)
    with pytest.raises(AskError, match="Name the embedding model"):
        await embeddings_of(engine.library, indexing)


async def test_cost_is_reckoned_where_the_price_is_known(server: FixtureServer) -> None:
    client = Client(Endpoint("openai", "OpenAI", server.base_url, "key", prices="openai"))
    made = ProviderEmbeddings(client, MODEL)
    assert made.price(["word"] * 1000) == pytest.approx(1000 * 0.02 / 1e6)
    await made.embed(["one two three", "four"])
    await made.embed(["five"])
    assert made.tokens == 5
    assert made.cost_usd == pytest.approx(5 * 0.02 / 1e6)
    answering(server, data([1.0, 0.0]))  # without usage
    made._dimensions = 2
    await made.embed(["six"])
    assert made.cost_usd is None
    await client.close()


async def test_what_runs_here_costs_nothing(server: FixtureServer) -> None:
    client = Client(Endpoint("ollama", "Ollama", server.base_url, "", prices="ollama"))
    made = ProviderEmbeddings(client, "nomic-embed-text")
    await made.embed(["one"])
    assert made.price(["one"]) == made.cost_usd == 0
    await client.close()


async def test_weights_that_are_named_and_missing_are_told(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITMUS_MINILM", "/nowhere/model.onnx")
    with pytest.raises(WeightsError, match=r"LITMUS_MINILM names /nowhere/model\.onnx"):
        await embeddings_of(engine.library, Indexing())


@pytest.mark.embedded
async def test_the_embedded_model_leaves_the_loop_alone(engine: Engine) -> None:
    made = await embeddings_of(engine.library, Indexing())
    beats = 0
    working = asyncio.create_task(made.embed(["The boat sails at six."] * 16))
    while not working.done():
        beats += 1
        await asyncio.sleep(0.001)
    vectors = await working
    assert beats > 5
    assert len(set(vectors)) == 1
    assert math.hypot(*numbers(vectors[0])) == pytest.approx(1)
    assert (made.tokens, made.cost_usd, made.price(["one"])) == (0, 0.0, 0.0)
