"""One question to one model: the streaming client, and what servers do differently."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from lab.failures import AskError, cut, explain
from lab.prompt import Message
from store.records import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import CompletionUsage
    from openai.types.chat.chat_completion_chunk import ChoiceDelta

RETRIES = 4
OTHER_NAME = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider's models are asked.

    `key_hint` says what to do about its key, `prices` is what `lab.prices` knows it by.
    `window` is the number of tokens that fit, None where it is not known.
    """

    provider: str
    label: str
    base_url: str
    api_key: str = field(repr=False)
    key_hint: str = "check its key"
    local: bool = False
    prices: str = ""
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk of the stream adds."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last thing of a stream: what the server said about it as a whole."""

    model: str
    usage: Usage
    finish_reason: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a provider offers; `window` in tokens, None where it does not say."""

    id: str
    window: int | None = None


class Client:
    """A provider's models behind the `openai` package, one for each endpoint.

    It learns what a server does not take (`stream_options`, `temperature`, `max_tokens`)
    from its refusals, leaves that out from then on, and names it in `notices`.
    """

    def __init__(self, endpoint: Endpoint, *, timeout_s: float | None = None) -> None:
        self.endpoint = endpoint
        self.notices: list[str] = []
        self._timeout_s = timeout_s or (600.0 if endpoint.local else 120.0)
        self._openai: AsyncOpenAI | None = None
        self._left_out: dict[str, set[str]] = {}
        self._answers = False

    async def close(self) -> None:
        """Let go of the connections."""
        if self._openai is not None:
            await self._openai.close()
            self._openai = None

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider lists. Raises AskError."""
        async with self._explained("") as client:
            page = await client.models.list()
        return [ModelInfo(model.id, _window(model.model_extra or {})) for model in page.data]

    async def stream(
        self, model: str, messages: Sequence[Message], parameters: dict[str, Any]
    ) -> AsyncGenerator[Piece | Ended]:
        """Ask, and yield pieces as they come, then one `Ended`.

        Raises AskError; pieces that came before it stand.
        """
        async with self._explained(model) as client:
            response = await self._open(client, model, messages, parameters)
            finish_reason, resolved, usage = "", model, Usage()
            async with response:
                async for chunk in response:
                    resolved = chunk.model or resolved
                    if chunk.usage is not None:
                        usage = _usage(chunk.usage)
                    for choice in chunk.choices[:1]:
                        finish_reason = choice.finish_reason or finish_reason
                        piece = _piece(choice.delta)
                        if piece.text or piece.reasoning:
                            yield piece
        if not finish_reason:
            raise cut(self.endpoint.label)
        yield Ended(resolved, usage, finish_reason)

    async def _open(
        self,
        client: AsyncOpenAI,
        model: str,
        messages: Sequence[Message],
        parameters: dict[str, Any],
    ) -> Any:
        """Send the request, again without what the server refuses to take."""
        import openai

        left_out = self._left_out.setdefault(model, set())
        while True:
            asked: dict[str, Any] = {"stream_options": {"include_usage": True}, **parameters}
            for name in left_out & asked.keys():
                value = asked.pop(name)
                if name in OTHER_NAME:
                    asked[OTHER_NAME[name]] = value
            try:
                return await client.chat.completions.create(
                    model=model, messages=cast("Any", list(messages)), stream=True, **asked
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = _refused_parameter(error, asked)
                if refused is None or refused in left_out:
                    raise
                left_out.add(refused)
                if refused not in ("stream_options", *OTHER_NAME):
                    self.notices.append(
                        f"{model} does not take {refused}; it was asked without it."
                    )

    @asynccontextmanager
    async def _explained(self, model: str) -> AsyncGenerator[AsyncOpenAI]:
        """Hand out the client, and turn what it raises into AskError."""
        await self._reachable()
        if self._openai is None:
            # The import takes half a second, which the event loop must not wait for.
            self._openai = await asyncio.to_thread(self._connect)
        import httpx2
        import openai

        try:
            yield self._openai
            self._answers = True
        except (openai.OpenAIError, httpx2.HTTPError, json.JSONDecodeError) as error:
            if isinstance(error, httpx2.HTTPError):
                raise cut(self.endpoint.label) from error
            self._answers = isinstance(error, openai.APIStatusError)
            raise explain(
                error,
                where=self.endpoint.label,
                base_url=self.endpoint.base_url,
                model=model,
                key_hint=self.endpoint.key_hint,
            ) from error

    def _connect(self) -> AsyncOpenAI:
        import openai

        return openai.AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key or "none",
            max_retries=RETRIES,
            timeout=openai.Timeout(self._timeout_s, connect=10.0),
        )

    async def _reachable(self) -> None:
        """Tell at once that a local server is down, where retries would take seconds."""
        parts = urlsplit(self.endpoint.base_url)
        if self._answers or parts.hostname not in LOOPBACK:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            _, writer = await asyncio.open_connection(parts.hostname, port)
        except OSError as error:
            raise AskError(
                f"Nothing answers at {parts.netloc}; start the server, or check the address.",
                "server",
                fatal=True,
            ) from error
        writer.close()


def storable(text: str) -> str:
    """Replace what no UTF-8 file can hold (lone surrogates in a server's JSON)."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _piece(delta: ChoiceDelta) -> Piece:
    extra = delta.model_extra or {}
    reasoning = extra.get("reasoning_content") or extra.get("reasoning") or ""
    text = delta.content or delta.refusal or ""
    return Piece(storable(text), storable(str(reasoning)))


def _usage(usage: CompletionUsage) -> Usage:
    completion, prompt = usage.completion_tokens_details, usage.prompt_tokens_details
    return Usage(
        prompt=usage.prompt_tokens,
        completion=usage.completion_tokens,
        reasoning=completion.reasoning_tokens if completion else None,
        cached=prompt.cached_tokens if prompt else None,
    )


def _window(extra: dict[str, Any]) -> int | None:
    """Find the window where llama.cpp, vLLM, OpenRouter and Together put it."""
    meta = extra.get("meta")
    places: list[Any] = [extra.get("max_model_len"), extra.get("context_length")]
    if isinstance(meta, dict):
        places.insert(0, cast("dict[str, Any]", meta).get("n_ctx"))
    return next((place for place in places if isinstance(place, int) and place > 0), None)


def _refused_parameter(error: Any, asked: dict[str, Any]) -> str | None:
    """Return the parameter of ours that a 400 complains of, or None."""
    named = str(getattr(error, "param", None) or "")
    if named in asked:
        return named
    message = str(error).lower()
    return next((name for name in asked if name in message and "context" not in message), None)
