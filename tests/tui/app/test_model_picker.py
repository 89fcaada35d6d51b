"""Choosing who is asked: an address, a key, a model that is listed or typed."""

from __future__ import annotations

import os

import pytest
from textual.widgets import Input

from fixtures.server_faults import HOSTILE, Fault
from tui.screens.model_picker import ModelPicker


@pytest.fixture
def picker(open_bench):
    """Open the picker over a bench that has no model."""

    async def opened(person):
        await person.press("escape", "m")
        await person.until(lambda: isinstance(person.app.screen, ModelPicker))
        await person.until_seen("Another address")
        return person

    return opened


async def give_address(person, address: str) -> None:
    await person.choose("Another address")
    await person.until(lambda: isinstance(person.app.focused, Input))
    await person.type(address)
    await person.press("enter")


async def test_a_model_of_another_address_is_chosen(open_bench, picker, server):
    async with open_bench(model=None) as person:
        await picker(person)
        await person.choose_model(server.base_url, "fixture-small")
        await person.until_seen("bare · fixture-small")
        assert person.bench.desk.setup.base_url == server.base_url


async def test_a_filter_narrows_the_models_and_enter_takes_the_first(open_bench, picker, server):
    server.models = [f"model-{number}" for number in range(500)]
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, server.base_url)
        await person.until_seen("model-1")
        person.app.screen.query_one("#line").focus()
        await person.type("el-49 7")
        await person.until_gone("model-12")
        await person.until_seen("model-497")
        await person.press("enter")
        await person.until_seen("bare · model-497")


async def test_a_server_without_a_list_takes_a_typed_name(open_bench, picker, server):
    server.models = []
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, server.base_url)
        await person.until_seen("It lists no model")
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.type("my-model")
        await person.press("enter")
        await person.until_seen("bare · my-model")


async def test_a_server_that_has_no_list_at_all_still_takes_a_typed_name(
    open_bench, picker, server
):
    server.models = None
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, server.base_url)
        await person.until(lambda: isinstance(person.app.focused, Input))
        await person.until(lambda: person.app.focused.value == "")
        await person.type("my-model")
        await person.press("enter")
        await person.until_seen("bare · my-model")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:9", "begins with http"),
        ("http://127.0.0.1:9/v1", "Nothing answers"),
        ("nonsense", "begins with http"),
    ],
)
async def test_an_address_that_cannot_be_is_told_and_can_be_mended(
    open_bench, picker, server, address, sentence
):
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, address)
        await person.until(lambda: sentence in person.folded.replace("│ │ ", ""), sentence)
        await person.choose_model(server.base_url, "fixture-small")
        await person.until_seen("bare · fixture-small")


async def test_a_key_that_is_needed_is_asked_for_and_never_shown(
    open_bench, picker, server, monkeypatch
):
    server.api_key = "sk-the-right-one"
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    async with open_bench(model=None) as person:
        await picker(person)
        await person.choose("OpenAI")
        await person.until_seen("OPENAI_API_KEY")
        await person.until(lambda: getattr(person.app.focused, "password", False))
        await person.type("sk-the-right-one")
        assert "sk-the-right-one" not in person.text
        await person.press("enter")
        await person.choose("fixture-large", at="#models")
        await person.until_seen("bare · fixture-large")
        await person.send("Hello?")
        await person.until_seen("You asked: Hello?")
        await person.until_glyphs("●")
        dumped = "\n".join(person.engine.database._connection.iterdump())
        assert "sk-the-right-one" not in dumped
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert "OPENAI_API_KEY" not in os.environ


async def test_a_refused_key_is_told_and_asked_for_again(open_bench, picker, server, monkeypatch):
    server.api_key = "sk-the-right-one"
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    async with open_bench(model=None) as person:
        await picker(person)
        await person.choose("OpenAI")
        await person.until(lambda: getattr(person.app.focused, "password", False))
        await person.type("sk-wrong")
        await person.press("enter")
        await person.until(lambda: "refused" in person.folded or "not accept" in person.folded)
        assert "sk-wrong" not in person.text
        await person.until(lambda: getattr(person.app.focused, "password", False))
        await person.type("sk-the-right-one")
        await person.press("enter")
        await person.choose("fixture-large", at="#models")
        await person.until_seen("bare · fixture-large")


async def test_a_list_that_fails_is_told_in_one_sentence(open_bench, picker, server):
    server.fail_next(Fault.FORBIDDEN, path="/models")
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, server.base_url)
        await person.until(lambda: str(person.app.screen.query_one("#said").visual) != "")
        assert "Traceback" not in person.text
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_hostile_model_names_are_text(open_bench, picker, server):
    server.models = [HOSTILE, "[/foo] [INST]", "x" * 20_000]
    async with open_bench(model=None) as person:
        await picker(person)
        await give_address(person, server.base_url)
        await person.until_seen("[/foo] [INST]", "␛]0;owned␇")
        await person.choose("[/foo] [INST]", at="#models")
        await person.until_seen("bare · [/foo] [INST]")


async def test_leaving_changes_nothing(open_bench, picker):
    async with open_bench() as person:
        await picker(person)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        await person.until_seen("bare · fixture-large")
