"""One question to one model: the streaming client, and what servers do differently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from lab.failures import (
    AskError,
    cut,
    explain,
    garbled,
    no_models,
    no_stream,
    nothing_answers,
    refused_parameter,
)
from lab.prompt import Message
from lab.replies import json_list, json_object, json_text, usage_of, window_of
from store.records import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

RETRIES = 4
OTHER_NAME = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_THOUGHTS = ("reasoning", "thinking")
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
        self._timeout_s = timeout_s or (600.0 if endpoint.local else 300.0)
        self._openai: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()
        self._left_out: dict[str, set[str]] = {}
        self._answers = False

    async def close(self) -> None:
        """Let go of the connections."""
        connected, self._openai = self._openai, None
        # The connections of an event loop that has ended went with it.
        if connected is not None and self._loop is asyncio.get_running_loop():
            await connected.close()

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider lists. Raises AskError."""
        nothing = no_models(self.endpoint.label, self.endpoint.base_url)
        try:
            async with self.explained("") as client:
                listed = await client.get("/models", cast_to=object)
        except AskError as error:
            raise (nothing if error.kind == "address" else error) from error.__cause__
        except (ValueError, RecursionError) as error:
            raise nothing from error
        # Together sends the bare list, the others put it into an object.
        data = json_list(listed) or json_list(json_object(listed).get("data"))
        if data is None:
            raise nothing
        models = [json_object(model) for model in data]
        found = [ModelInfo(json_text(model.get("id")), window_of(model)) for model in models]
        return [model for model in found if model.id]

    async def post(
        self, path: str, model: str, body: dict[str, Any], wishes: dict[str, Any]
    ) -> object:
        """Return the JSON that a model answers to a request that is no chat. Raises AskError.

        What the server refuses of the `wishes` is left out from then on.
        """
        import openai

        learnt = self._left_out.setdefault(f"{path} {model}", set())
        async with self.explained(model) as client:
            while True:
                asked = {name: wish for name, wish in wishes.items() if name not in learnt}
                try:
                    return await client.post(
                        path, cast_to=object, body={"model": model, **body, **asked}
                    )
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    refused = refused_parameter(error, asked)
                    if refused is None:
                        raise
                    learnt.add(refused)
                except (ValueError, RecursionError):
                    return None  # not JSON, which says nothing

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        parameters: dict[str, Any],
        *,
        insist: Collection[str] = (),
    ) -> AsyncGenerator[Piece | Ended]:
        """Ask, and yield pieces as they come, then one `Ended`.

        Raises AskError, also when a parameter to `insist` on is refused; pieces that came
        before it stand.
        """
        finish_reason, resolved, usage, came = "", model, Usage(), False
        async with self.explained(model) as client:
            response = await self._open(client, model, messages, parameters, insist)
            with self._streaming():
                async with response:
                    async for given in response:
                        came, chunk = True, json_object(given)
                        resolved = json_text(chunk.get("model")) or resolved
                        usage = usage_of(chunk.get("usage")) or usage
                        choice = json_object((json_list(chunk.get("choices")) or [None])[0])
                        finish_reason = json_text(choice.get("finish_reason")) or finish_reason
                        piece = _piece(json_object(choice.get("delta")))
                        if piece is not None:
                            yield piece
            if not finish_reason:
                kind = response.response.headers.get("content-type", "")
                if came or "event-stream" in kind:
                    raise cut(self.endpoint.label)
                raise no_stream(self.endpoint.label, self.endpoint.base_url)
        yield Ended(resolved, usage, finish_reason)

    async def _open(
        self,
        client: AsyncOpenAI,
        model: str,
        messages: Sequence[Message],
        parameters: dict[str, Any],
        insist: Collection[str],
    ) -> AsyncStream[object]:
        """Send the request, again without what the server refuses to take.

        The chunks are taken as JSON: to build the package's objects of them would cost
        more than everything else that is done with them.
        """
        import openai

        learnt = self._left_out.setdefault(model, set())
        fixed = {"model": model, "messages": list(messages), "stream": True}
        while True:
            asked = _without(learnt, parameters)
            try:
                return await client.post(
                    "/chat/completions",
                    cast_to=object,
                    body={**fixed, **asked},
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = refused_parameter(error, asked)
                if refused is None or refused in insist or OTHER_NAME.get(refused) in learnt:
                    raise
                if refused not in {*learnt, *OTHER_NAME, "stream_options"}:
                    what = f"{refused} {asked[refused]}"
                    self.notices.append(f"{model} does not take {what}; it was asked without it.")
                learnt.add(refused)

    @asynccontextmanager
    async def explained(self, model: str) -> AsyncGenerator[AsyncOpenAI]:
        """Hand out the client, and turn what it raises into AskError."""
        await self._reachable()
        client = await self._connected()
        import httpx2
        import openai

        try:
            yield client
            self._answers = True
        except httpx2.HTTPError as error:
            raise cut(self.endpoint.label) from error
        except openai.OpenAIError as error:
            self._answers = isinstance(error, openai.APIStatusError)
            raise explain(
                error,
                where=self.endpoint.label,
                base_url=self.endpoint.base_url,
                model=model,
                key_hint=self.endpoint.key_hint,
                api_key=self.endpoint.api_key,
                timeout_s=self._timeout_s,
            ) from error

    @contextmanager
    def _streaming(self) -> Generator[None]:
        """Tell a stream that broke from a server that was never reached."""
        import openai

        try:
            yield
        except openai.APITimeoutError:
            raise
        except openai.APIConnectionError as error:
            self._answers = False
            raise cut(self.endpoint.label) from error
        except (ValueError, RecursionError) as error:
            raise garbled(self.endpoint.label) from error

    async def _connected(self) -> AsyncOpenAI:
        """Return the package's client, made at the first call."""
        async with self._connecting:
            # The import takes half a second, which the event loop must not wait for.
            self._openai = self._openai or await asyncio.to_thread(self._connect)
            self._loop = asyncio.get_running_loop()
        return self._openai

    def _connect(self) -> AsyncOpenAI:
        import openai

        return openai.AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key or "none",
            max_retries=RETRIES,
            timeout=openai.Timeout(self._timeout_s, connect=10.0),
            # A proxy cannot reach this machine's own address.
            http_client=openai.DefaultAsyncHttpxClient(trust_env=not self._on_loopback),
        )

    @property
    def _on_loopback(self) -> bool:
        return urlsplit(self.endpoint.base_url).hostname in LOOPBACK

    async def _reachable(self) -> None:
        """Tell at once that a local server is down, where retries would take seconds."""
        if self._answers or not self._on_loopback:
            return
        parts = urlsplit(self.endpoint.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            _, writer = await asyncio.open_connection(parts.hostname, port)
        except OSError as error:
            raise nothing_answers(parts.netloc) from error
        writer.close()


def _piece(delta: Mapping[str, Any]) -> Piece | None:
    """Return what a delta adds, None when that is nothing."""
    content = delta.get("content") or delta.get("refusal")
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(content, list):  # Databricks and Mistral put the reasoning into parts
        parts = [json_object(part) for part in json_list(cast("object", content)) or []]
        reasoning = reasoning or [part for part in parts if part.get("type") in _THOUGHTS]
        content = [part for part in parts if part.get("type") not in _THOUGHTS]
    text, thought = _joined(content), _joined(reasoning)
    return Piece(text, thought) if text or thought else None


def _joined(value: object) -> str:
    """Return the text of a string, or of parts that hold one."""
    if (parts := json_list(value)) is not None:
        return "".join(_joined(part) for part in parts)
    if isinstance(value, dict):
        part = json_object(cast("object", value))
        return _joined(part.get("text") or part.get("summary") or part.get("thinking"))
    return json_text(value)


def _without(left_out: set[str], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters to send; a limit that is left out goes by its other name."""
    asked: dict[str, Any] = {"stream_options": {"include_usage": True}, **parameters}
    for name in left_out & asked.keys():
        value = asked.pop(name)
        if name in OTHER_NAME:
            asked[OTHER_NAME[name]] = value
    return asked
