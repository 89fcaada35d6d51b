"""Presets, addresses, keys, and the servers that are found on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked
from openai import AsyncOpenAI

from lab import loopback, prices, providers
from lab.providers import FoundServer, ProviderError, detect_local, found, load, resolve, store_key
from store.records import Usage

SECRET = "sk-very-secret-0123456789"


class Memory(KeyringBackend):
    """A keyring that forgets."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class Locked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"cannot unlock {SECRET}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"cannot unlock {SECRET}")


@pytest.fixture(autouse=True)
def ring() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_the_presets_are_whole() -> None:
    presets = load()
    expected = "openai azure databricks openrouter together groq mistral fireworks "
    expected += "ollama lmstudio llamacpp vllm embedded custom"
    assert list(presets) == expected.split()
    for preset in presets.values():
        assert preset.label
        assert preset.base_url or preset.base_url_env or preset.name == "embedded"
        assert preset.key_env or not preset.needs_key
        assert preset.best or preset.local or preset.name == "custom"
    assert presets["embedded"].parameters == {"temperature": 0, "max_tokens": 512}


@pytest.mark.parametrize(
    ("name", "model"),
    [(preset.name, model) for preset in load().values() if preset.prices for model in preset.best],
)
def test_the_best_models_are_priced(name: str, model: str) -> None:
    cost = prices.cost(name, model, Usage(prompt=1000, completion=100))
    assert cost is not None
    assert cost > 0


@pytest.mark.parametrize(
    ("name", "environ", "address"),
    [
        ("openai", {"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1"),
        (
            "openai",
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/x/"},
            "http://127.0.0.1:9/x",
        ),
        (
            "azure",
            {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"},
            "https://me.openai.azure.com/openai/v1",
        ),
        (
            "azure",
            {
                "AZURE_OPENAI_API_KEY": "k",
                "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/openai/v1/",
            },
            "https://me.openai.azure.com/openai/v1",
        ),
        (
            "databricks",
            {"DATABRICKS_TOKEN": "k", "DATABRICKS_HOST": "adb-1.2.azuredatabricks.net"},
            "https://adb-1.2.azuredatabricks.net/serving-endpoints",
        ),
        ("custom", {"LITMUS_BASE_URL": "http://box:8000/v1"}, "http://box:8000/v1"),
        ("ollama", {}, "http://127.0.0.1:11434/v1"),
        ("embedded", {}, ""),
    ],
)
def test_addresses(name: str, environ: dict[str, str], address: str) -> None:
    got = resolve(name, environ=environ)
    assert got.base_url == address
    assert got.api_key == ("k" if "k" in environ.values() else None)


def test_openai_is_found_where_its_sdk_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    for address in (None, "https://gateway.example/openai/v1"):
        if address:
            monkeypatch.setenv("OPENAI_BASE_URL", address)
        else:
            monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        client = AsyncOpenAI()
        got = resolve("openai")
        assert got.base_url == str(client.base_url).rstrip("/")
        assert got.api_key == client.api_key


def test_a_given_address_wins_and_is_not_priced_as_the_presets_own() -> None:
    environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://other.example/v1"}
    got = resolve("openai", base_url="https://gateway.example/v1/", environ=environ)
    assert got.base_url == "https://gateway.example/v1"
    usage = Usage(prompt=1000, completion=100)
    assert prices.cost(got.prices, "gpt-5.5", usage) is None
    plain = resolve("openai", environ={"OPENAI_API_KEY": "k"})
    assert prices.cost(plain.prices, "gpt-5.5", usage) == prices.cost("openai", "gpt-5.5", usage)
    elsewhere = resolve("custom", base_url="https://api.deepseek.com/v1", environ={})
    assert prices.cost(elsewhere.prices, "deepseek-chat", usage)


@pytest.mark.parametrize(
    ("name", "base_url", "environ", "says"),
    [
        ("opnai", None, {}, "no provider “opnai”; choose one of openai, azure"),
        ("openai", None, {}, "no key for OpenAI: set OPENAI_API_KEY or run `keyring set litmus op"),
        ("azure", None, {"AZURE_OPENAI_API_KEY": "k"}, "no address: set AZURE_OPENAI_ENDPOINT"),
        ("custom", None, {}, "no address: set LITMUS_BASE_URL or give one with --base-url"),
        ("custom", "box:8000", {}, "begins with http:// or https://"),
        ("custom", "http://[::1", {}, "begins with http:// or https://"),
        ("custom", "http://box:99999", {}, "begins with http:// or https://"),
        ("custom", f"https://me:{SECRET}@box/v1", {}, "holds a user or a password"),
        ("openai", None, {"OPENAI_API_KEY": f"{SECRET}\nX: 1"}, "in OPENAI_API_KEY is empty or"),
        ("openai", None, {"OPENAI_API_KEY": f"{SECRET}…"}, "in OPENAI_API_KEY is empty or"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(
    name: str, base_url: str | None, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(ProviderError) as told:
        resolve(name, base_url=base_url, environ=environ)
    assert says in str(told.value)
    assert SECRET not in str(told.value)
    assert "\n" not in str(told.value)


def test_the_environment_goes_before_the_keyring(ring: Memory) -> None:
    store_key("openai", f" {SECRET}\n")
    assert ring.kept == {("litmus", "openai"): SECRET}
    got = resolve("openai", environ={})
    assert got.api_key == SECRET
    assert SECRET not in f"{got!r} {got}"
    assert resolve("openai", environ={"OPENAI_API_KEY": " other "}).api_key == "other"


def test_a_keyring_that_does_not_open_is_told() -> None:
    keyring.set_keyring(Locked())
    for action in (lambda: resolve("openai", environ={}), lambda: store_key("openai", SECRET)):
        with pytest.raises(ProviderError, match=r"KeyringLocked.*OPENAI_API_KEY") as told:
            action()
        assert SECRET not in str(told.value)
    assert resolve("openai", environ={"OPENAI_API_KEY": "k"}).api_key == "k"
    assert resolve("custom", base_url="http://box/v1", environ={}).api_key is None


def test_a_machine_without_a_keyring() -> None:
    keyring.set_keyring(NoKeyring())
    with pytest.raises(ProviderError, match="no key for OpenAI: set OPENAI_API_KEY"):
        resolve("openai", environ={})
    with pytest.raises(ProviderError, match=r"no keyring for OpenAI: set OPENAI_API_KEY"):
        store_key("openai", SECRET)


@pytest.mark.parametrize(("name", "key"), [("nobody", "k"), ("openai", " "), ("ollama", "k")])
def test_keys_that_are_not_stored(ring: Memory, name: str, key: str) -> None:
    with pytest.raises(ProviderError):
        store_key(name, key)
    assert ring.kept == {}


def test_found_reads_the_environment_only() -> None:
    keyring.set_keyring(Locked())
    environ = {
        "OPENAI_API_KEY": "k",
        "GROQ_API_KEY": " ",
        "DATABRICKS_TOKEN": "k",  # without a host it is of no use
        "MISTRAL_API_KEY": "k",
        "OLLAMA_API_KEY": "k",
    }
    assert [preset.name for preset in found(environ)] == ["openai", "mistral"]
    environ["LITMUS_BASE_URL"] = "http://box/v1"
    assert [preset.name for preset in found(environ)] == ["openai", "mistral", "custom"]
    assert found({}) == []


# -- servers on this machine ------------------------------------------------------------


def listing(owner: str, *models: object, head: str = "HTTP/1.0 200 OK") -> bytes:
    data = [{"id": model, "object": "model", "owned_by": owner} for model in models]
    body = json.dumps({"object": "list", "data": data}).encode()
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[int]:
    """A server that sends these bytes to everybody; with None it never says anything."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await over.wait()
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        over.set()


async def closed_port() -> int:
    async with answering(b"") as port:
        return port


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, int]], None]:
    """Move the local presets to other ports."""

    def move(ports: dict[str, int]) -> None:
        moved = {
            name: replace(preset, base_url=f"http://127.0.0.1:{ports[name]}/v1")
            for name, preset in load().items()
            if name in ports
        }
        monkeypatch.setattr(providers, "load", lambda: moved)

    return move


async def test_servers_are_told_by_what_they_say(place: Callable[[dict[str, int]], None]) -> None:
    answers = {
        "ollama": listing("library", "llama3.2:1b", "qwen3:4b"),
        "lmstudio": listing("somebody", "gemma"),
        "llamacpp": listing("vllm", "meta-llama/Llama-3.3-70B-Instruct"),
        "vllm": listing("llamacpp", "a.gguf", None, "", 7, "x" * 500),
    }
    async with AsyncExitStack() as stack:
        ports = {
            name: await stack.enter_async_context(answering(answer))
            for name, answer in answers.items()
        }
        place(ports)
        got = await detect_local(timeout_s=20)
    base = "http://127.0.0.1:{}/v1"
    assert got == [
        FoundServer("ollama", base.format(ports["ollama"]), ("llama3.2:1b", "qwen3:4b")),
        FoundServer("lmstudio", base.format(ports["lmstudio"]), ("gemma",)),
        FoundServer("vllm", base.format(ports["llamacpp"]), ("meta-llama/Llama-3.3-70B-Instruct",)),
        FoundServer("llamacpp", base.format(ports["vllm"]), ("a.gguf",)),
    ]


HTML = b"<html>hello</html>"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff" * 100,
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + HTML,
        b"HTTP/1.1 200\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\n\r\n{"data": {"id": "x"}}',
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b'HTTP/1.1 200 OK\r\n\r\n"\xff"',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (loopback.BODY_LIMIT + 1),
        listing("vllm", "m", head="HTTP/1.1 401 Unauthorized"),
    ],
)
async def test_anything_else_is_left_out(
    place: Callable[[dict[str, int]], None], answer: bytes
) -> None:
    async with answering(answer) as odd, answering(listing("vllm", "m")) as good:
        place({"ollama": odd, "lmstudio": await closed_port(), "vllm": good})
        assert [server.provider for server in await detect_local(timeout_s=20)] == ["vllm"]


async def test_a_silent_server_costs_no_more_than_the_timeout(
    place: Callable[[dict[str, int]], None],
) -> None:
    async with answering(None) as silent, answering(None) as silent_too:
        place({"ollama": silent, "vllm": silent_too})
        async with asyncio.timeout(20):
            assert await detect_local(timeout_s=0.05) == []
