"""A loopback server for each test, and what asks it: a client, an engine, a desk."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer, running
from lab import ask as ask_module
from lab import events, providers
from lab.ask import Client, Ended, Endpoint, Piece
from lab.desk import Desk
from lab.engine import Engine
from lab.failures import AskError
from lab.setup import Setup
from store import chunks, promotions, runs, sessions
from store.database import Connection
from store.library_records import Collection, Indexing
from store.library_records import Piece as Cut
from store.reading import ReadDocument
from store.records import Answer, Case, CaseDraft, Document, Expectation, Variant

KEY = "hunter2-0123456789"
MODEL = "fixture-large"


@dataclass
class Heard:
    """What a stream gave, and how it ended."""

    pieces: list[Piece]
    ended: Ended | None = None
    error: AskError | None = None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def reasoning(self) -> str:
        return "".join(piece.reasoning for piece in self.pieces)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the keys and addresses of whoever runs the tests out of the environment."""
    for preset in providers.load().values():
        for variable in filter(None, (*preset.key_env, preset.base_url_env)):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LITMUS_API_KEY", KEY)  # so that no keyring is asked


@pytest.fixture
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no request be sent again, where a test has no time for the waits between."""
    monkeypatch.setattr(ask_module, "RETRIES", 0)


@pytest.fixture
async def server() -> AsyncIterator[FixtureServer]:
    async with FixtureServer(retry_after=0.05) as running_server:
        yield running_server


@pytest.fixture
def server_url() -> Iterator[str]:
    """The address of a server that outlives the test's event loops."""
    with running() as started:
        yield started.base_url


@pytest.fixture
def endpoint(server: FixtureServer) -> Endpoint:
    return Endpoint("custom", "Custom server", server.base_url, KEY)


@pytest.fixture
async def client(endpoint: Endpoint) -> AsyncIterator[Client]:
    made = Client(endpoint, timeout_s=5)
    yield made
    await made.close()


@pytest.fixture
def hear() -> Callable[..., Awaitable[Heard]]:
    """Ask a client one question, and return what came of it."""

    async def heard(
        client: Client, model: str = MODEL, text: str = "one two three", **parameters: Any
    ) -> Heard:
        got = Heard([])
        messages = [{"role": "user", "content": text}]
        try:
            async for piece in client.stream(model, messages, parameters):
                if isinstance(piece, Ended):
                    got.ended = piece
                else:
                    got.pieces.append(piece)
        except AskError as error:
            got.error = error
        return got

    return heard


@pytest.fixture
async def answering(endpoint: Endpoint) -> AsyncIterator[Callable[[bytes], Awaitable[Client]]]:
    """Return a client of a server that sends the same bytes whatever is asked."""
    async with AsyncExitStack() as open_until_the_end:

        async def made(answer: bytes, **changes: Any) -> Client:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.read(1)
                writer.write(answer)
                writer.close()

            listening = await asyncio.start_server(handle, "127.0.0.1", 0)
            await open_until_the_end.enter_async_context(listening)
            url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
            client = Client(replace(endpoint, base_url=url, **changes), timeout_s=5)
            open_until_the_end.push_async_callback(client.close)
            return client

        yield made


@pytest.fixture
def http() -> Callable[..., bytes]:
    """Return an HTTP answer as its bytes."""

    def answer(body: str | bytes, kind: str = "text/event-stream", status: str = "200 OK") -> bytes:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
        return head.encode() + (body.encode() if isinstance(body, str) else body)

    return answer


@pytest.fixture
async def engine(tmp_path: Path, alone: None) -> AsyncIterator[Engine]:
    made = Engine(tmp_path / "home")
    yield made
    await made.close()


@pytest.fixture
async def desk(engine: Engine, server: FixtureServer) -> Desk:
    """A session that asks the fixture server."""
    session = await engine.database.write(sessions.create, "test")
    opened = await Desk.open(engine, session)
    opened.setup = Setup("custom", MODEL, base_url=server.base_url)
    return opened


@pytest.fixture
def add(desk: Desk) -> Callable[..., Awaitable[list[Case]]]:
    """Append cases with these prompts, each expecting the same, and return all of them."""

    async def added(*prompts: str, expect: str = "") -> list[Case]:
        await desk.add_cases(
            CaseDraft(prompt, expectation=Expectation(expect)) for prompt in prompts
        )
        return await desk.cases()

    return added


@pytest.fixture
def variant(desk: Desk) -> Callable[..., Variant]:
    """Return the desk's variant with something changed, such as `model` or `rung`."""

    def changed(**changes: Any) -> Variant:
        assert desk.setup
        return replace(desk.setup, **changes).variant(desk.documents)

    return changed


@pytest.fixture
def run(
    desk: Desk, variant: Callable[..., Variant]
) -> Callable[..., Awaitable[list[events.Event]]]:
    """Ask cases, with another model or as the plan says, and return every event."""

    async def ran(cases: Sequence[Case], model: str = MODEL, **plan: Any) -> list[events.Event]:
        asking = await desk.ask(cases, variant(model=model), **plan)
        return [event async for event in asking.events()]

    return ran


@pytest.fixture
def kept(desk: Desk) -> Callable[[events.Event], Awaitable[list[Answer]]]:
    """Return the stored answers of a run, given its first event."""

    async def answers(begun: events.Event) -> list[Answer]:
        assert isinstance(begun, events.RunStarted)
        return await desk.database.read(runs.answers_of_run, begun.run_id)

    return answers


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait until a condition holds."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def read(desk: Desk) -> Callable[..., Awaitable[Document]]:
    """Give the session a document with this name and text."""

    async def added(name: str, text: str, pages: Sequence[int] = (0,)) -> Document:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        given = ReadDocument(name, name, digest, "text/plain", len(data), text, tuple(pages))
        return await desk.add_document(given, attach=False)

    return added


@pytest.fixture
def shelve(desk: Desk) -> Callable[..., Awaitable[Collection]]:
    """Put a document's paragraphs into the session's store as chunks that keywords find."""

    async def stored(document: Document, indexing: Indexing | None = None) -> Collection:
        text = await desk.document_text(document)
        pieces = [
            Cut(match.start(), match.end(), len(match[0].split()))
            for match in re.finditer(r"\S.*?(?=\n\n|\Z)", text, re.DOTALL)
        ]

        def keep(connection: Connection) -> Collection:
            collection = chunks.keep_collection(connection, desk.session.id, indexing or Indexing())
            where = (collection.id, document.sha256)
            promotions.begin(connection, *where)
            promotions.keep_pieces(connection, *where, pieces, text=text, pages=document.pages)
            promotions.keep_cut(connection, *where, len(pieces))
            ids = [each.id for each in chunks.chunks_of(connection, *where)]
            promotions.keep_vectors(connection, [(key, b"") for key in ids])
            chunks.mark_indexed(connection, ids)
            assert promotions.finish(connection, *where)
            return collection

        collection = await desk.database.write(keep)
        await desk.refresh_documents()
        return collection

    return stored
