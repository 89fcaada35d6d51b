"""Text that is not ours is text: it is seen, it does nothing, and it is kept as it came."""

from __future__ import annotations

import pytest

from fixtures.server_faults import HOSTILE, Fault
from store.records import CaseDraft, Expectation

LINE = "[/foo] [INST] [bold]b[/bold] \x1b]0;owned\x07 \u202egnp.exe\u2066 " + "x" * 20_000
SHOWN = ("[/foo]", "[INST]", "[bold]b[/bold]", "␛]0;owned␇")


def check(person) -> None:
    controls = {c for c in person.text if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f"}
    assert controls == set()
    assert not set(person.text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u2028")


@pytest.mark.parametrize("text", [HOSTILE, LINE])
async def test_as_a_prompt(open_bench, server, text):
    async with open_bench() as person:
        await person.paste(text)
        await person.until(lambda: person.box.text)
        check(person)
        await person.press("ctrl+j")
        await person.until_glyphs("●")
        check(person)
        await person.press("tab", "home")
        await person.until_seen(*SHOWN)
        check(person)
        [case] = person.stored
        assert case.prompt == text
        assert server.chats[0]["messages"][-1]["content"] == text


async def test_as_an_answer(open_bench, server):
    async with open_bench("one", "two", model="fault:hostile") as person:
        await person.press("enter")
        await person.until_glyphs("●○")
        await person.until_seen(*SHOWN)
        check(person)
        assert person.answer().text == HOSTILE
        await person.press("y")
        await person.until_glyphs("✓○")


@pytest.mark.parametrize("text", [HOSTILE, LINE])
async def test_as_an_answer_that_streams(open_bench, server, text):
    server.reply, server.reasoning = (lambda _: text), text
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        check(person)
        assert (person.answer().text, person.answer().reasoning) == (text, text)
        await person.press("tab", "end")
        await person.press("home")
        await person.until_seen(*SHOWN)
        check(person)


async def test_an_answer_of_a_megabyte_does_not_hold_up_the_keys(open_bench):
    async with open_bench("one", "two", model="fault:enormous") as person:
        await person.press("enter")
        await person.until_glyphs("●○")
        await person.press("down")
        await person.until_on("2")
        await person.press("up")
        await person.until_seen("wide wide")
        await person.press("tab", "end")
        await person.until_seen("xxxx")
        check(person)


async def test_as_an_error_of_the_server(open_bench, server):
    async with open_bench("one", model=HOSTILE.replace("\x00", "")) as person:
        server.fail_next(Fault.MODEL_NOT_FOUND)
        await person.press("enter")
        await person.until_said("[/foo]")
        await person.until_glyphs("⚠")
        check(person)
        await person.press("enter")
        await person.until_glyphs("●")


async def test_as_an_expectation(open_bench):
    case = CaseDraft("one", expectation=Expectation(text=LINE))
    async with open_bench(case, size=(160, 48)) as person:
        await person.until_seen(*SHOWN)
        check(person)
        await person.press("e")
        await person.until(lambda: person.app.screen is not person.bench)
        await person.until_seen("␛]0;owned␇")
        check(person)
        await person.press("ctrl+j")
        await person.until(lambda: person.app.screen is person.bench)
        [case] = person.stored
        assert (case.number, case.expectation.text) == (1, LINE)


async def test_as_a_documents_name_and_text(open_bench, tmp_path):
    path = tmp_path / "[INST] [foo] \x1b[2J\u202efdp.md"
    path.write_text(LINE)
    async with open_bench("one", size=(160, 48)) as person:
        await person.paste(f"'{path}'")
        await person.until(lambda: person.bench.desk.documents)
        await person.until_seen("▣ [INST] [foo] ␛[2J")
        check(person)
        [document] = person.bench.desk.documents
        assert document.name == path.name
        await person.press("f3", "enter")
        await person.until_seen(*SHOWN)
        check(person)
        await person.press("escape", "w")
        await person.until_seen("Exactly what is sent", "[INST]")
        check(person)
        assert await person.bench.desk.document_text(document) == LINE


async def test_as_a_sessions_name(open_bench, start):
    name = "[INST] [/foo] \u202eevil"
    async with open_bench("one", name=name) as person:
        await person.until_seen("Litmus · [INST] [/foo]")
        check(person)
        await person.press("f6")
        await person.until_seen("1 case", "[INST] [/foo]")
        check(person)
    async with start() as person:
        await person.until_seen("[INST] [/foo]")
        check(person)


async def test_in_the_search(open_bench):
    async with open_bench(f"needle {HOSTILE}") as person:
        await person.press("f6")
        await person.until_seen("1 case")
        await person.press("slash")
        await person.type("needle")
        await person.until_seen("work  prompt", "[INST]")
        check(person)


async def test_as_a_system_prompt_and_a_draft(open_bench):
    async with open_bench("one") as person:
        await person.press("a")
        await person.until_seen("System prompt")
        await person.paste(HOSTILE)
        check(person)
        await person.press("ctrl+j")
        await person.until(lambda: person.app.screen is person.bench)
        assert person.bench.desk.setup.system == HOSTILE.strip()
        await person.press("slash")
        await person.paste(HOSTILE)
        await person.until(lambda: person.box.text == HOSTILE)
        check(person)
    async with open_bench() as person:
        assert person.box.text == HOSTILE
        check(person)


async def test_pasted_into_a_line_it_becomes_one_that_can_be_printed(start):
    async with start() as person:
        await person.press("n")
        await person.until_seen("Name of the session")
        await person.paste("two\nlines \x1b[2J[INST]\u202e")
        await person.until_seen("two lines [2J[INST]")
        check(person)
