"""What a person is told when an answer does not come: one plain sentence each."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import openai
import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import Fault
from lab.ask import Client, Endpoint
from lab.failures import AskError, explain

Hear = Callable[..., Awaitable[Any]]
Answering = Callable[..., Awaitable[Client]]
Http = Callable[..., bytes]

# The server's fault, whether it dooms the rest of a run, and what is said of it.
TOLD = [
    ("unauthorized", "key", True, "Custom server refused the key; check its key."),
    (
        "forbidden",
        "key",
        True,
        "Custom server does not allow this key to use fault:forbidden: "
        "Country, region, or territory not supported.",
    ),
    (
        "model_not_found",
        "model",
        True,
        "Custom server has no model “fault:model_not_found”; `litmus models` lists what it offers.",
    ),
    *[
        (
            f"context_{server}",
            "window",
            False,
            f"The prompt is longer than the window of fault:context_{server}; take documents out "
            "of the context, or choose a model with a larger window.",
        )
        for server in ("openai", "llamacpp", "vllm")
    ],
    (
        "insufficient_quota",
        "limit",
        True,
        "Custom server says that the account has no credit left; add some, or choose another "
        "provider.",
    ),
    (
        "rate_limited",
        "limit",
        False,
        "Custom server is still limiting the rate after several tries; ask again later, or with "
        "less concurrency.",
    ),
    *[
        (
            fault,
            "server",
            False,
            f"Custom server has a fault of its own (HTTP {status}); try again later.",
        )
        for fault, status in (("server_error", 500), ("bad_gateway", 502), ("unavailable", 503))
    ],
]
# These break off after some pieces, and are worth asking again.
BROKEN = [
    ("cut", "Custom server cut the answer short; what came is kept."),
    ("ends_early", "Custom server cut the answer short; what came is kept."),
    ("malformed", "Custom server sent a piece that cannot be read; what came before it is kept."),
    ("stream_error", "Custom server broke off with an error: The engine stopped answering."),
]


def is_plain(error: AskError | None, secret: str = "hunter2") -> str:
    """Return an error's text, once it is one sentence that holds no secret."""
    assert error is not None
    text = str(error)
    assert "\n" not in text and len(text) < 400
    assert re.fullmatch(r"[A-Z0-9].*[.!?…]", text), text
    assert not re.search(r"Traceback|Error code|\{|<|'error'|openai\.|httpx", text), text
    assert secret not in text
    return text


@pytest.mark.parametrize(("fault", "kind", "fatal", "says"), TOLD)
async def test_each_error_status_is_one_sentence(
    server: FixtureServer,
    client: Client,
    hear: Hear,
    no_retries: None,
    fault: str,
    kind: str,
    fatal: bool,
    says: str,
) -> None:
    server.retry_after = 60  # so that nothing recovers meanwhile
    got = await hear(client, f"fault:{fault}")
    assert is_plain(got.error) == says
    assert (got.error.kind, got.error.fatal, got.error.again) == (kind, fatal, False)
    assert got.pieces == []


@pytest.mark.parametrize(("fault", "says"), BROKEN)
async def test_a_broken_stream_keeps_what_came(
    server: FixtureServer, client: Client, hear: Hear, fault: str, says: str
) -> None:
    got = await hear(client, f"fault:{fault}")
    assert is_plain(got.error) == says
    assert (got.error.kind, got.error.fatal, got.error.again) == ("cut", False, True)
    assert got.text == "You asked: one"
    assert got.ended is None
    assert len(server.chats) == 1


async def test_a_context_that_turns_out_too_long_inside_the_stream(
    answering: Answering, http: Http, hear: Hear
) -> None:
    event = 'data: {"error":{"message":"input exceeds the context window"}}\n\n'
    got = await hear(await answering(http(event)))
    assert got.error.kind == "window"
    assert "longer than the window" in is_plain(got.error)


@pytest.mark.parametrize("event", [b'data: {"x":"\xff"}', b"data: " + b"[" * 200_000])
async def test_bytes_that_are_no_text_or_no_json(
    answering: Answering, http: Http, hear: Hear, event: bytes
) -> None:
    got = await hear(await answering(http(event + b"\n\n")))
    assert "sent a piece that cannot be read" in is_plain(got.error)
    assert got.error.again


@pytest.mark.parametrize(("fault", "text"), [("stall", "You asked: one"), ("stall_first", "")])
async def test_a_stall_is_told_when_the_time_is_over(
    endpoint: Endpoint, hear: Hear, no_retries: None, fault: str, text: str
) -> None:
    client = Client(endpoint, timeout_s=0.2)
    got = await hear(client, f"fault:{fault}")
    await client.close()
    assert got.text == text
    assert got.error.kind == "stalled"
    says = is_plain(got.error)
    assert "sent nothing for too long; try again later" in says


def test_how_long_it_was_waited_for_is_told() -> None:
    error = openai.APITimeoutError(httpx2.Request("POST", "http://x"))
    told = explain(
        error, where="X", base_url="http://x", model="m", key_hint="check it", timeout_s=300.0
    )
    assert str(told).startswith("X sent nothing for 300 seconds;")


async def test_a_rate_limit_is_waited_for(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.retry_after = 0.2
    server.fault = Fault.RATE_LIMITED
    got = await hear(client)
    assert got.ended
    assert len(server.chats) == 2
    first, second = server.requests
    assert second.at - first.at >= 0.2


async def test_a_server_that_recovers_is_asked_again(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.fail_next(Fault.UNAVAILABLE)
    assert (await hear(client)).ended
    assert len(server.chats) == 2


# -- addresses ----------------------------------------------------------------------------


async def ask_once(hear: Hear, endpoint: Endpoint) -> Any:
    client = Client(endpoint, timeout_s=5)
    try:
        return await hear(client)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            ("<html><b>nginx</b></html>", "text/html", "404 Not Found"),
            "Custom server does not know the address {url}; it usually ends in /v1.",
        ),
        *[
            (
                answer,
                "Custom server answered with something that is no stream; is {url} an "
                "OpenAI-compatible address? It usually ends in /v1.",
            )
            for answer in (("<html>hello</html>", "text/html"), ("{}", "application/json"))
        ],
        *[
            (answer, "{host} gave no HTTP answer; check the address, or restart the server.")
            for answer in (b"SSH-2.0-OpenSSH_9.6\r\n", b"")
        ],
    ],
)
async def test_an_address_that_is_something_else(
    answering: Answering,
    http: Http,
    hear: Hear,
    no_retries: None,
    answer: bytes | tuple[str, ...],
    says: str,
) -> None:
    client = await answering(answer if isinstance(answer, bytes) else http(*answer))
    got = await hear(client)
    url = client.endpoint.base_url
    host = url.removeprefix("http://").removesuffix("/v1")
    assert is_plain(got.error) == says.format(url=url, host=host)
    assert got.error.fatal


async def test_tls_to_a_port_without_it(endpoint: Endpoint, hear: Hear, no_retries: None) -> None:
    got = await ask_once(
        hear, replace(endpoint, base_url=endpoint.base_url.replace("http:", "https:"))
    )
    says = is_plain(got.error)
    assert "does not answer in TLS" in says and "http:// in place of https://" in says
    assert got.error.fatal


async def test_a_host_that_there_is_not(
    endpoint: Endpoint, hear: Hear, no_retries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(host: str, *args: Any, **settings: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}: Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    got = await ask_once(hear, replace(endpoint, base_url="http://models.invalid/v1"))
    assert is_plain(got.error) == (
        "There is no host “models.invalid” to be found; check the address and the network."
    )
    assert got.error.fatal


def test_a_certificate_that_is_not_trusted() -> None:
    error = openai.APIConnectionError(request=httpx2.Request("POST", "https://x"))
    error.__cause__ = httpx2.ConnectError("failed")
    error.__cause__.__context__ = ssl.SSLCertVerificationError(
        1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
    )
    told = explain(
        error, where="X", base_url="https://gpu.example:8443/v1", model="m", key_hint="check it"
    )
    assert is_plain(told, "secret").startswith(
        "The certificate of gpu.example:8443 is not trusted here;"
    )


# -- what a server says of itself ---------------------------------------------------------


@pytest.fixture
def told(
    answering: Answering, http: Http, hear: Hear, no_retries: None
) -> Callable[..., Awaitable[AskError]]:
    """Return what is told of an answer with an error status and this body."""

    async def asked(code: int, body: Any, key: str = "secret-0815") -> AskError:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/html" if text.startswith("<") else "application/json"
        got = await hear(await answering(http(text, kind, f"{code} No"), api_key=key))
        return got.error

    return asked


Told = Callable[..., Awaitable[AskError]]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (404, 'model "llama9" not found, try pulling it first'),  # Ollama
        (400, "Invalid model: mistral-huge"),  # Mistral
        (400, "gpt-99 is not a valid model ID"),  # OpenRouter
        (404, "The API deployment for this resource does not exist."),  # Azure
        (404, "The given endpoint does not exist, please retry after checking."),  # Databricks
    ],
)
async def test_an_unknown_model_in_many_words(told: Told, code: int, message: str) -> None:
    assert (await told(code, {"error": {"message": message}})).kind == "model"
    assert (await told(code, {"message": message})).kind == "model"


@pytest.mark.parametrize(
    "message",
    [
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ],
)
async def test_a_context_too_long_in_many_words(told: Told, message: str) -> None:
    assert (await told(400, {"error": {"message": message}})).kind == "window"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"error": {"message": "stop must\n be short"}}, "stop must be short."),
        ({"error": "plain words"}, "plain words."),
        ({"detail": "Who are you?"}, "Who are you?"),
        ("<html>\n<h1>Bad Request</h1>", "it gave no reason."),
        ("not JSON!", "not JSON!"),
        ({}, "it gave no reason."),
        ({"error": {"message": "a" * 5000}}, "a" * 200 + "…"),
        (r'{"error":{"message":"half \ud800 character"}}', "half \ufffd character."),
        ([1], "it gave no reason."),
        ({"error": {"message": "no", "param": ["temperature"], "code": {}}}, "no."),
    ],
)
async def test_the_servers_own_words_end_the_sentence(told: Told, body: Any, says: str) -> None:
    error = await told(400, body)
    is_plain(error, "secret-0815")
    assert str(error) == f"Custom server did not accept the request (HTTP 400): {says}"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("hunter2-hunter2", "the key hunter2-hunter2 may not do that"),
        ("sk-proj-abc123DEF456", "key sk-proj-abc***F456 has no access"),
        ("dapi0123456789abcdef", "token dapi0123456789abcdef is stale"),
    ],
)
@pytest.mark.parametrize("code", [400, 401, 403, 409])
async def test_no_key_is_repeated(told: Told, code: int, key: str, message: str) -> None:
    text = is_plain(await told(code, {"error": {"message": message}}, key), key)
    assert not re.search(r"hunter2|sk-proj|dapi0", text)


async def test_no_key_is_repeated_from_inside_a_stream(
    answering: Answering, http: Http, hear: Hear
) -> None:
    event = 'data: {"error":{"message":"bad key hunter2-0815"}}\n\n'
    got = await hear(await answering(http(event), api_key="hunter2-0815"))
    assert is_plain(got.error).endswith("with an error: bad key …")


async def test_a_short_key_leaves_the_words_alone(told: Told) -> None:
    error = await told(400, {"error": {"message": "seek the key"}}, "k")
    assert str(error).endswith("seek the key.")
