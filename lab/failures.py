"""What a server's refusal means, in one plain sentence that says what to do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from store.errors import PlainError

if TYPE_CHECKING:
    import openai

Kind = Literal["key", "model", "server", "window", "limit", "request", "cut", "stalled"]

_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|too many tokens|prompt is too long",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model.{0,80}(not found|does not exist|not exist|unknown)", re.IGNORECASE)
# Whatever looks like a key must not be repeated from a server's message.
_SECRET = re.compile(r"\b(sk|gsk|dapi|key|pk)[-_][A-Za-z0-9_*.\-]{6,}|\bdapi[0-9a-f]{8,}")


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


def explain(error: Exception, *, where: str, base_url: str, model: str, key_hint: str) -> AskError:
    """Return the AskError for an exception of the openai package or of its transport.

    `where` is the provider's name for people; `key_hint` says where its key comes from.
    """
    import openai

    host = urlsplit(base_url).netloc or base_url
    if isinstance(error, json.JSONDecodeError):
        return AskError(
            f"{where} sent something that is no event stream; is {base_url} an "
            "OpenAI-compatible address?",
            "cut",
            again=True,
        )
    if isinstance(error, openai.APITimeoutError):
        return AskError(
            f"{where} sent nothing for too long; try again, or raise its timeout.", "stalled"
        )
    if isinstance(error, openai.APIStatusError):
        return _status(error, where=where, base_url=base_url, model=model, key_hint=key_hint)
    if isinstance(error, openai.APIConnectionError):
        return AskError(
            f"Nothing answers at {host}; start the server, or check the address and the network.",
            "server",
            fatal=True,
        )
    if isinstance(error, openai.APIError):
        message = _message(error)
        if _TOO_LONG.search(message):
            return _too_long(model)
        return AskError(f"{where} broke off with an error: {message}", "cut", again=True)
    raise error


def _status(
    error: openai.APIStatusError, *, where: str, base_url: str, model: str, key_hint: str
) -> AskError:
    status = error.status_code
    message = _message(error)
    code = str(error.code or "")
    if status == 401:
        return AskError(f"{where} refused the key; {key_hint}.", "key", fatal=True)
    if status == 403:
        return AskError(
            f"{where} does not allow this key to use {model}: {message}", "key", fatal=True
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
            "server",
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
    return AskError(f"{where} did not accept the request (HTTP {status}): {message}", "request")


def _too_long(model: str) -> AskError:
    return AskError(
        f"The prompt is longer than the window of {model}; take documents out of the context, "
        "or choose a model with a larger window.",
        "window",
    )


def _message(error: openai.APIError) -> str:
    """Return the server's own words, short, on one line and without anything like a key."""
    body: object = error.body
    text = ""
    if isinstance(body, dict):
        found = cast("dict[str, Any]", body)
        text = str(found.get("message") or found.get("error") or found.get("detail") or "")
    elif error.message and not error.message.lstrip().startswith("<"):
        text = error.message
    text = _SECRET.sub("…", " ".join(text.split()))
    return (text[:200] + "…" if len(text) > 200 else text) or "it gave no reason"
