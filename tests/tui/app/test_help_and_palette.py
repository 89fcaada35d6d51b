"""Every key is declared once: the footer, the help and the palette say what it does."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.widgets import Input

import tui
from tui.screens.bench.keys import BINDINGS
from tui.screens.help import HelpScreen


def own_classes() -> list[type[DOMNode]]:
    """Every widget, screen and app that is defined in this package."""
    found: dict[str, type[DOMNode]] = {}
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, DOMNode) and "tui." in item.__module__:
                found[f"{item.__module__}.{item.__qualname__}"] = item
    return list(found.values())


def own_bindings() -> list[Binding]:
    given = [binding for item in own_classes() for binding in vars(item).get("BINDINGS", [])]
    assert all(isinstance(binding, Binding) for binding in given)
    return given


def test_every_binding_has_an_id_and_a_tooltip():
    bindings = own_bindings()
    assert len(bindings) > 40
    assert [binding for binding in bindings if not (binding.id and binding.tooltip)] == []


def test_no_id_is_used_for_two_things():
    ids: dict[str, str] = {}
    for binding in own_bindings():
        assert ids.setdefault(binding.id, binding.action) == binding.action, binding.id


def test_no_key_of_the_bench_does_two_things():
    keys = [key for binding in BINDINGS for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))


async def test_the_help_lists_every_key_of_the_bench(open_bench):
    async with open_bench("one", size=(110, 60)) as person:
        await person.press("question_mark")
        await person.until(lambda: isinstance(person.app.screen, HelpScreen))
        await person.until_seen("Keys that work here")
        for binding in BINDINGS:
            if binding.action != "stop":  # nothing is being asked
                assert binding.tooltip in person.text
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_the_help_of_the_prompt_box_lists_what_works_there(open_bench):
    async with open_bench("one", size=(110, 60)) as person:
        await person.press("slash", "f1")
        await person.until_seen("Keys that work here", "Ask what stands in the prompt box")
        for text in ("Ask this case", "Type or paste a prompt", "Show another model", "may spend"):
            assert text not in person.text


async def test_the_help_scrolls_where_it_does_not_fit(open_bench):
    async with open_bench("one", size=(80, 24)) as person:
        await person.press("question_mark")
        await person.until_seen("Keys that work here")
        await person.press("end")
        await person.until_seen("Leave; everything is kept")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_last_line_shows_the_keys_that_matter(open_bench, size):
    async with open_bench("one", size=size) as person:
        await person.until(lambda: "Ask" in person.rows[-1])
        for label in ("Ask", "All", "Pass", "Partial", "Fail", "Undo", "Prompt", "Keys"):
            assert label in person.rows[-1]
        await person.press("slash")
        await person.until(lambda: "Send" in person.rows[-1])
        assert "Pass" not in person.rows[-1] and "Ask" not in person.rows[-1]


async def find(person, words: str) -> None:
    await person.press("ctrl+p")
    await person.until(lambda: isinstance(person.app.screen, CommandPalette))
    await person.until(lambda: isinstance(person.app.focused, Input))
    await person.type(words)


@pytest.mark.parametrize("where", ["escape", "slash"])
async def test_the_palette_does_what_the_keys_do(open_bench, server, where):
    async with open_bench("one") as person:
        await person.press(where)
        await find(person, "anew")
        await person.until_seen("Ask every test case anew")
        await person.press("enter")
        await person.until_glyphs("●")
        assert len(server.chats) == 1


async def test_the_palette_offers_every_key_of_the_bench(open_bench):
    async with open_bench("one") as person:
        offered = {command.help for command in person.app.get_system_commands(person.bench)}
        wanted = {binding.tooltip for binding in BINDINGS if binding.action != "stop"}
        assert wanted <= offered
        await person.press("slash")
        assert wanted <= {command.help for command in person.app.get_system_commands(person.bench)}
