"""The list of sessions: made, found, searched and opened where they were left."""

from __future__ import annotations

import asyncio

from textual.widgets import Input, OptionList

from lab.setup import Setup
from store import benchmarks, sessions
from store.records import CaseDraft
from tui.screens.bench.screen import BenchScreen
from tui.screens.new_session import NewSession
from tui.screens.sessions import SessionsScreen


async def make(engine, server, name: str, *prompts: str, task: str = ""):
    session = await engine.database.write(sessions.create, name, task)
    setup = Setup("custom", "fixture-large", base_url=server.base_url)
    await engine.database.write(sessions.save_state, session.id, {"setup": setup.to_json()})
    await engine.database.write(benchmarks.add, session.id, [CaseDraft(p) for p in prompts])
    return session


def on_bench(person) -> bool:
    return isinstance(person.app.screen, BenchScreen)


def on_sessions(person) -> bool:
    return isinstance(person.app.screen, SessionsScreen)


async def test_sessions_are_listed_the_last_used_first(start, engine, server):
    await make(engine, server, "invoices", "one", "two", task="Read the total")
    await make(engine, server, "letters", "three")
    async with start() as person:
        await person.until_seen("invoices", "letters", "Read the total", "2 cases", "1 case")
        assert person.text.index("letters") < person.text.index("invoices")
        await person.press("down", "enter")
        await person.until(lambda: on_bench(person))
        await person.until_seen("Litmus · invoices")
        await person.press("f6")
        await person.until(lambda: on_sessions(person))
        await person.until_seen("invoices", "letters")
        assert person.text.index("invoices") < person.text.index("letters")


async def test_the_best_rung_stands_beside_a_session(start, engine, server):
    await make(engine, server, "invoices", "one")
    async with start() as person:
        await person.press("enter")
        await person.until(lambda: on_bench(person))
        await person.until_on("1")
        await person.press("enter")
        await person.until_glyphs("●")
        await person.press("y")
        await person.until_glyphs("✓")
        await person.press("f6")
        await person.until_seen("① bare 100%")


async def test_a_new_session_is_named_and_opened(start, engine, server):
    await make(engine, server, "old")
    async with start() as person:
        await person.press("n")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.press("enter")
        await person.until_seen("A session needs a name")
        await person.type("invoices")
        await person.press("enter")
        await person.type("Read the total")
        await person.press("enter")
        await person.until(lambda: on_bench(person))
        await person.until_seen("Litmus · invoices", "No cases yet")
        made = engine.database.read_now(sessions.named, "invoices")
        assert made.task == "Read the total"


async def test_a_name_that_is_taken_is_refused(start, engine, server):
    await make(engine, server, "old")
    async with start() as person:
        await person.press("n")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.type("old")
        await person.press("enter", "enter")
        await person.until_said("There is a session “old” already")
        await person.until(lambda: on_sessions(person))


async def test_a_new_session_begins_with_the_set_up_used_last(start, engine, server):
    setup = Setup("custom", "fixture-small", base_url=server.base_url)
    await engine.database.write(sessions.save_setting, "setup", setup.to_json())
    await make(engine, server, "old")
    async with start() as person:
        await person.press("n")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.type("fresh")
        await person.press("enter", "enter")
        await person.until_seen("bare · fixture-small")


async def test_search_finds_prompts_and_answers_and_opens_the_case(start, engine, server):
    server.answers = {"harbour": "The heron waits."}
    await make(engine, server, "birds", "one", "two", "What of the harbour?")
    await make(engine, server, "boats", "four")
    async with start() as person:
        await person.press("down", "enter")
        await person.until(lambda: on_bench(person))
        await person.until_on("1")
        await person.press("r")
        await person.until_glyphs("●●●")
        await person.press("f6")
        await person.until(lambda: on_sessions(person))
        await person.press("slash")
        assert isinstance(person.app.focused, Input)
        await person.type("heron")
        await person.until_seen("birds  answer", "The heron waits.")
        await person.until_gone("boats")
        await person.press("down", "enter")
        await person.until(lambda: on_bench(person))
        await person.until_on("3")
        await person.until_seen("The heron waits.")


async def test_a_search_for_nothing_says_so_and_escape_shows_all(start, engine, server):
    await make(engine, server, "birds", "one")
    async with start() as person:
        await person.press("slash")
        await person.type('zebra "AND (')
        await person.until_seen("Nothing found")
        await person.press("escape")
        await person.until_seen("birds")
        assert isinstance(person.app.focused, OptionList)


async def test_leaving_for_the_sessions_keeps_a_run_that_was_under_way(start, engine, server):
    server.reply, server.chunk_delay, server.held = (lambda _: "word " * 100), 0.03, True
    await make(engine, server, "work", "one")
    async with start() as person:
        await person.press("enter")
        await person.until(lambda: on_bench(person))
        await person.until_on("1")
        await person.press("enter")
        await person.until_seen("word word")
        await person.press("f6")
        await person.until(lambda: on_sessions(person))
        assert server.live == 0
        await person.press("enter")
        await person.until(lambda: on_bench(person))
        await person.until_seen("word word", "stopped here")


async def test_many_sessions_are_a_list_that_scrolls(start, engine, server):
    for number in range(60):
        await engine.database.write(sessions.create, f"session {number}")
    async with start(size=(80, 24)) as person:
        await person.until_seen("session 59")
        await person.press("end")
        await person.until_seen("session 0 ")
        await person.press("enter")
        await person.until(lambda: on_bench(person))
        await person.until_seen("Litmus · session 0 ")


async def test_opening_a_session_twice_quickly_opens_one(start, engine, server):
    await make(engine, server, "work", "one")
    async with start() as person:
        await person.press("enter", "enter")
        await person.until(lambda: on_bench(person))
        await asyncio.sleep(0)
        assert sum(isinstance(s, BenchScreen) for s in person.app.screen_stack) == 1
