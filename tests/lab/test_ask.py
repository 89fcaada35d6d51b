"""One question over HTTP: what comes, and what servers do differently."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from fixtures.server import FixtureServer
from fixtures.server_faults import ENORMOUS, HOSTILE, Fault
from lab.ask import Client, Ended, Endpoint, ModelInfo
from lab.failures import AskError
from store.records import Usage

STREAMS = Path(__file__).parents[2] / "fixtures" / "streams"
AIR = "The ferry to Ærø leaves at 07:40."
IT = "It leaves at 07:40."
THOUGHT = "The timetable says 07:40."
RECORDED = {
    "openai": (AIR, "", Ended("gpt-4.1-mini-2025-04-14", Usage(31, 11, 0, 0), "stop")),
    "llamacpp": (
        "The ferry leaves at 07:40 from Søby.",
        "",
        Ended("SmolLM2-135M-Instruct.Q4_1.gguf", Usage(58, 15, None, 41), "stop"),
    ),
    "ollama": (IT, THOUGHT, Ended("qwen3:4b", Usage(44, 24), "stop")),
    "vllm": (
        f"\n\n{IT}",
        "\nThe timetable names 07:40.\n",
        Ended("Qwen/Qwen3-8B", Usage(39, 25), "stop"),
    ),
    "openrouter": (IT, THOUGHT, Ended("z-ai/glm-4.7", Usage(36, 14, 6, 12), "stop")),
    "databricks": (AIR, "", Ended("meta-llama-3.3-70b-instruct-121024", Usage(33, 12), "stop")),
}

Hear = Callable[..., Awaitable[Any]]
Answering = Callable[..., Awaitable[Client]]
Http = Callable[..., bytes]


async def test_pieces_come_and_then_the_end(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.answers = {"three": "four  five\nsix "}
    server.cached_tokens, server.resolved = 2, {"fixture-large": "fixture-large-2"}
    got = await hear(client, temperature=0.5)
    assert [piece.text for piece in got.pieces] == ["four", "  five", "\nsix", " "]
    assert got.ended == Ended("fixture-large-2", Usage(3, 4, 0, 2), "stop")
    assert server.chats[0]["temperature"] == 0.5
    assert server.requests[0].key == client.endpoint.api_key


@pytest.mark.parametrize("where", ["reasoning_content", "reasoning"])
async def test_reasoning_comes_apart(
    server: FixtureServer, client: Client, hear: Hear, where: Any
) -> None:
    server.reasoning, server.reasoning_field = "Let me think.", where
    got = await hear(client)
    assert got.reasoning == "Let me think."
    assert got.text == "You asked: one two three"
    assert got.ended and got.ended.usage.reasoning == 3


async def test_a_refusal_is_the_answer(server: FixtureServer, client: Client, hear: Hear) -> None:
    server.refusal = "I cannot help with that."
    got = await hear(client)
    assert got.text == "I cannot help with that."
    assert got.ended


async def test_an_answer_that_meets_its_limit_is_whole(client: Client, hear: Hear) -> None:
    got = await hear(client, max_tokens=2)
    assert got.text == "You asked:"
    assert got.ended and got.ended.finish_reason == "length"


async def test_without_a_usage_chunk_nothing_is_known(client: Client, hear: Hear) -> None:
    got = await hear(client, "fault:no_usage")
    assert got.ended and got.ended.usage == Usage()


@pytest.mark.parametrize("name", sorted(path.stem for path in STREAMS.glob("*.sse")))
async def test_recorded_streams(
    server: FixtureServer, client: Client, hear: Hear, name: str
) -> None:
    server.replay(STREAMS / f"{name}.sse")
    got = await hear(client)
    assert (got.text, got.reasoning, got.ended) == RECORDED[name]


async def test_text_in_parts_is_told_from_reasoning_in_parts(
    answering: Answering, http: Http, hear: Hear
) -> None:
    deltas = [  # Databricks, then Mistral
        '[{"type":"reasoning","summary":[{"type":"summary_text","text":"Let me"}]}]',
        '[{"type":"thinking","thinking":[{"type":"text","text":" think."}]}]',
        '[{"type":"text","text":"At "},{"type":"text","text":"07:40."}]',
    ]
    lines = [f'data: {{"choices":[{{"delta":{{"content":{delta}}}}}]}}\n\n' for delta in deltas]
    end = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    got = await hear(await answering(http("".join([*lines, end]))))
    assert (got.text, got.reasoning) == ("At 07:40.", "Let me think.")


async def test_odd_values_say_nothing(answering: Answering, http: Http, hear: Hear) -> None:
    odd = (
        '5|null|[]|"x"|{"choices":null,"usage":[],"model":7}|{"choices":[null]}'
        '|{"choices":[{"delta":"x","finish_reason":7}]}|{"choices":[{"delta":{"content":{}}}]}'
        '|{"choices":[{"delta":{"content":"At 7","reasoning":4},"finish_reason":"stop"}],'
        '"usage":{"prompt_tokens":"9","completion_tokens":-1,"total_tokens":true,'
        f'"prompt_tokens_details":{{"cached_tokens":{10**30}}}}}}}'
    )
    body = "".join(f"data: {value}\n\n" for value in odd.split("|")) + "data: [DONE]\n\n"
    got = await hear(await answering(http(body)))
    assert (got.text, got.reasoning) == ("At 7", "")
    assert got.ended == Ended("fixture-large", Usage(), "stop")


async def test_hostile_text_comes_as_it_is(client: Client, hear: Hear) -> None:
    assert (await hear(client, "fault:hostile")).text == HOSTILE


async def test_a_lone_surrogate_is_replaced(client: Client, hear: Hear) -> None:
    assert (await hear(client, "fault:surrogate")).text == "before \ufffd after"


async def test_one_enormous_chunk(client: Client, hear: Hear) -> None:
    got = await hear(client, "fault:enormous")
    assert got.text == ENORMOUS
    assert len(got.pieces) == 1


# -- what a server does not take ----------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "given", "then", "notices"),
    [
        ("no_stream_options", {}, {}, []),
        ("no_max_tokens", {"max_tokens": 9}, {"max_completion_tokens": 9}, []),
        ("no_max_completion_tokens", {"max_completion_tokens": 9}, {"max_tokens": 9}, []),
        ("no_temperature", {"temperature": 0.2}, {}, ["temperature 0.2"]),
        (
            "no_temperature+no_max_tokens+no_stream_options",
            {"temperature": 0, "max_tokens": 9, "top_p": 0.9},
            {"max_completion_tokens": 9, "top_p": 0.9},
            ["temperature 0"],
        ),
    ],
)
async def test_what_is_refused_is_left_out_and_remembered(
    server: FixtureServer,
    client: Client,
    hear: Hear,
    fault: str,
    given: dict[str, Any],
    then: dict[str, Any],
    notices: list[str],
) -> None:
    model = f"fault:{fault}"
    got = await hear(client, model, **given)
    assert got.text == "You asked: one two three"
    tries = len(server.chats)
    assert tries == 2 + fault.count("+")
    again = await hear(client, model, **given)
    assert again.text == got.text
    assert len(server.chats) == tries + 1
    names = {"temperature", "max_tokens", "max_completion_tokens", "top_p"}
    assert {name: server.chats[-1][name] for name in names & server.chats[-1].keys()} == then
    assert ("stream_options" in server.chats[-1]) == ("no_stream_options" not in fault)
    assert client.notices == [
        f"{model} does not take {what}; it was asked without it." for what in notices
    ]
    other = await hear(client, **given)  # another model is asked with everything
    assert other.text == got.text
    assert server.chats[-1].items() >= given.items()


async def test_many_at_once_learn_together(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.first_delay = 0.02
    model = "fault:no_max_tokens+no_temperature"
    got = await asyncio.gather(
        *(hear(client, model, max_tokens=9, temperature=0.5) for _ in range(8))
    )
    assert [heard.error for heard in got] == [None] * 8
    assert len(client.notices) == 1


async def test_a_limit_that_has_no_name_there_is_told(client: Client, hear: Hear) -> None:
    got = await hear(client, "fault:no_max_tokens+no_max_completion_tokens", max_tokens=9)
    assert got.error and "max_completion_tokens" in str(got.error)


async def test_a_word_that_only_looks_like_a_parameter_changes_nothing(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.fault = Fault.CONTEXT_VLLM  # its message speaks of messages and a completion
    got = await hear(client, seed=7, n=1, stop="x")
    assert got.error and got.error.kind == "window"
    assert len(server.chats) == 1


# -- connections --------------------------------------------------------------------------


async def test_many_at_once_share_one_lot_of_connections(
    client: Client, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[openai.AsyncOpenAI] = []

    class Counted(openai.AsyncOpenAI):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            made.append(self)

    monkeypatch.setattr(openai, "AsyncOpenAI", Counted)
    await asyncio.gather(*(hear(client) for _ in range(8)))
    assert len(made) == 1
    await client.close()
    assert made[0].is_closed()


async def test_a_proxy_is_not_asked_for_this_machine(
    client: Client, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert (await hear(client)).ended


def test_a_client_can_be_closed_when_its_loop_has_ended(server_url: str, hear: Hear) -> None:
    client = Client(Endpoint("custom", "Custom server", server_url, "k"))
    assert asyncio.run(hear(client)).ended
    asyncio.run(client.close())


async def test_a_dead_server_is_told_at_once(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    await server.stop()
    async with asyncio.timeout(2):  # the retries would take longer
        got = await hear(client)
    assert got.error and got.error.fatal and got.error.kind == "server"
    assert str(got.error).startswith(f"Nothing answers at 127.0.0.1:{server.port};")


async def test_a_server_that_died_since_is_told_at_once_too(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    assert (await hear(client)).ended
    cut = await hear(client, "fault:cut")
    assert cut.error and cut.error.again
    await server.stop()
    async with asyncio.timeout(2):
        got = await hear(client)
    assert got.error and got.error.fatal and "Nothing answers" in str(got.error)


# -- models -------------------------------------------------------------------------------


async def test_the_models_with_their_windows(server: FixtureServer, client: Client) -> None:
    server.models = [
        "plain",
        {"id": "llama.cpp", "meta": {"n_ctx": 4096, "n_ctx_train": 8192}},
        {"id": "vllm", "max_model_len": 32768},
        {"id": "openrouter", "context_length": 131072},
        {"id": "odd", "context_length": "much", "meta": None, "max_model_len": -1},
    ]
    assert await client.models() == [
        ModelInfo("plain"),
        ModelInfo("llama.cpp", 4096),
        ModelInfo("vllm", 32768),
        ModelInfo("openrouter", 131072),
        ModelInfo("odd"),
    ]


async def test_a_bare_list_of_models(answering: Answering, http: Http) -> None:
    body = '[{"id":"meta-llama/Llama-4","context_length":1048576},{"id":7},null]'
    client = await answering(http(body, "application/json"))
    assert await client.models() == [ModelInfo("meta-llama/Llama-4", 1048576)]


@pytest.mark.parametrize(
    "answer",
    [
        ("<html>hello</html>", "text/html"),
        ("<html>no</html>", "text/html", "404 Not Found"),
        ('{"error":', "application/json"),
        ('{"data":{}}', "application/json"),
    ],
)
async def test_no_list_of_models(answering: Answering, http: Http, answer: tuple[str, ...]) -> None:
    client = await answering(http(*answer))
    with pytest.raises(AskError, match=r"no list of models at .*/v1; name a model") as told:
        await client.models()
    assert told.value.kind == "address"


async def test_a_server_without_a_list_still_answers(
    server: FixtureServer, client: Client, hear: Hear
) -> None:
    server.models = None
    with pytest.raises(AskError, match="no list of models"):
        await client.models()
    assert (await hear(client)).ended
