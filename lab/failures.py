"""What a server's refusal means, in one plain sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from store.decoding import storable
from store.errors import PlainError

if TYPE_CHECKING:
    import openai

Kind = Literal["key", "model", "server", "address", "window", "limit", "request", "cut", "stalled"]

_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|too many tokens"
    r"|(prompt|input) is too long|maximum number of tokens",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"(model|deployment|endpoint).{0,80}(not found|does not exist|not exist|unknown)"
    r"|invalid model|not a valid model",
    re.IGNORECASE,
)
# Whatever looks like a key must not be repeated from a server's message.
_SECRET = re.compile(r"\b(sk|gsk|dapi|key|pk)[-_][A-Za-z0-9_*.\-]{6,}|\bdapi[0-9a-f]{8,}")

# Anything shorter is no key, and stands in the words of every sentence.
_SHORTEST_KEY = 6


class AskError(PlainError):
    """An answer did not come; `str()` is one plain sentence that says what to do.

    `kind` tells what to offer. `fatal`: every other case would fail in the same way.
    `again`: asking once more may help.
    """

    def __init__(
        self, sentence: str, kind: Kind, *, fatal: bool = False, again: bool = False
    ) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind
        self.fatal = fatal
        self.again = again


def cut(where: str) -> AskError:
    """The stream ended before the answer did."""
    return AskError(f"{where} cut the answer short; what came is kept.", "cut", again=True)


def garbled(where: str) -> AskError:
    """A piece of the stream is no JSON, or no UTF-8."""
    return AskError(
        f"{where} sent a piece that cannot be read; what came before it is kept.",
        "cut",
        again=True,
    )


def no_stream(where: str, base_url: str) -> AskError:
    """What answers is something else, such as a web page."""
    return AskError(
        f"{where} answered with something that is no stream; is {base_url} an "
        "OpenAI-compatible address? It usually ends in /v1.",
        "address",
        fatal=True,
    )


def no_models(where: str, base_url: str) -> AskError:
    """There is no list of models at this address, or no API at all."""
    return AskError(
        f"{where} has no list of models at {base_url}; name a model with --model, or check "
        "the address, which usually ends in /v1.",
        "address",
        fatal=True,
    )


def no_embeddings(where: str, model: str) -> AskError:
    """What came in place of one vector for each text is something else."""
    return AskError(
        f"{where} answered with something that is no embeddings; is “{model}” an embedding model?",
        "model",
        fatal=True,
    )


def explain(
    error: openai.OpenAIError,
    *,
    where: str,
    base_url: str,
    model: str,
    key_hint: str,
    api_key: str = "",
    timeout_s: float | None = None,
) -> AskError:
    """Return the AskError for an exception of the openai package.

    `where` is the provider's name for people; `key_hint` says where its key comes from.
    `api_key` is struck out of what the server says. `timeout_s` is how long it was
    waited for, in seconds.
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        waited = f"for {timeout_s:.0f} seconds" if timeout_s and timeout_s >= 1 else "for too long"
        return AskError(
            f"{where} sent nothing {waited}; try again later, or choose another model.", "stalled"
        )
    if isinstance(error, openai.APIStatusError):
        return _status(
            error, _message(error, api_key), where, base_url=base_url, model=model, hint=key_hint
        )
    if isinstance(error, openai.APIConnectionError):
        return _unreachable(error, base_url)
    if isinstance(error, openai.APIError):
        message = _message(error, api_key)
        if _TOO_LONG.search(message):
            return _too_long(model)
        return AskError(f"{where} broke off with an error: {ended(message)}", "cut", again=True)
    raise error


def refused_parameter(error: openai.APIStatusError, asked: Mapping[str, Any]) -> str | None:
    """Return which of the parameters asked with a 400 complains of, or None."""
    named: object = error.param
    if isinstance(named, str) and named in asked:
        return named
    message = str(error).lower()
    if "context" in message:
        return None
    return next((name for name in asked if re.search(rf"\b{re.escape(name)}\b", message)), None)


def nothing_answers(host: str) -> AskError:
    """Nothing listens there. `host` is a name with a port."""
    return AskError(
        f"Nothing answers at {host}; start the server, or check the address and the network.",
        "server",
        fatal=True,
    )


def _unreachable(error: openai.APIConnectionError, base_url: str) -> AskError:
    """Tell why there was no connection, from what lies below the openai package's error."""
    import socket
    import ssl

    parts = urlsplit(base_url)
    causes: list[BaseException] = [error]
    while (below := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(below)
    said = " ".join(str(cause) for cause in causes)
    sentence = ""
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        sentence = (
            f"There is no host “{parts.hostname}” to be found; check the address and the network."
        )
    elif "CERTIFICATE_VERIFY_FAILED" in said:
        sentence = (
            f"The certificate of {parts.netloc} is not trusted here; check the address, or set "
            "SSL_CERT_FILE to the certificates to trust."
        )
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        sentence = (
            f"{parts.netloc} does not answer in TLS; check the address, which may have to begin "
            "with http:// in place of https://."
        )
    elif any(type(cause).__name__ == "RemoteProtocolError" for cause in causes):
        sentence = f"{parts.netloc} gave no HTTP answer; check the address, or restart the server."
    if sentence:
        return AskError(sentence, "server", fatal=True)
    return nothing_answers(parts.netloc or base_url)


def _status(
    error: openai.APIStatusError, message: str, where: str, *, base_url: str, model: str, hint: str
) -> AskError:
    """Return the AskError for an error status; `message` is what the server says of it."""
    status = error.status_code
    code = str(error.code or "")
    if status == 401:
        return AskError(f"{where} refused the key; {hint}.", "key", fatal=True)
    if status == 403:
        what = model or "this"
        return AskError(
            f"{where} does not allow this key to use {what}: {ended(message)}", "key", fatal=True
        )
    if code in ("context_length_exceeded", "exceed_context_size_error") or (
        status in (400, 413, 422) and _TOO_LONG.search(message)
    ):
        return _too_long(model)
    if code == "model_not_found" or _NO_MODEL.search(message):
        return AskError(
            f"{where} has no model “{model}”; `litmus models` lists what it offers.",
            "model",
            fatal=True,
        )
    if status == 404:
        return AskError(
            f"{where} does not know the address {base_url}; it usually ends in /v1.",
            "address",
            fatal=True,
        )
    if code == "insufficient_quota":
        return AskError(
            f"{where} says that the account has no credit left; add some, or choose another "
            "provider.",
            "limit",
            fatal=True,
        )
    if status == 429:
        return AskError(
            f"{where} is still limiting the rate after several tries; ask again later, or with "
            "less concurrency.",
            "limit",
        )
    if status >= 500:
        return AskError(
            f"{where} has a fault of its own (HTTP {status}); try again later.", "server"
        )
    return AskError(
        f"{where} did not accept the request (HTTP {status}): {ended(message)}", "request"
    )


def _too_long(model: str) -> AskError:
    return AskError(
        f"The prompt is longer than the window of {model}; take documents out of the context, "
        "or choose a model with a larger window.",
        "window",
    )


def _message(error: openai.APIError, api_key: str) -> str:
    """Return the server's own words, short, on one line and without anything like a key."""
    import openai

    body: object = error.body
    text = "" if isinstance(error, openai.APIStatusError) else error.message
    if isinstance(body, dict):
        found = cast("dict[str, Any]", body)
        text = str(found.get("message") or found.get("error") or found.get("detail") or "")
    elif isinstance(body, str):
        text = body
    if text.lstrip().startswith("<"):  # a page of a gateway, which says nothing to a person
        text = ""
    return cleaned(text, api_key) or "it gave no reason"


def cleaned(text: str, api_key: str) -> str:
    """Return a server's words short, on one line and without anything like a key."""
    text = " ".join(storable(text).split())
    if len(api_key) >= _SHORTEST_KEY:
        text = text.replace(api_key, "…")
    text = _SECRET.sub("…", text)
    return text[:200] + "…" if len(text) > 200 else text


def ended(message: str) -> str:
    """Return a server's words as the end of a sentence."""
    return message if message.endswith((".", "!", "?", "…")) else f"{message}."
