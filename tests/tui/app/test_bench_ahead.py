"""What the bench says of a run before its end: its price, the cap, and a verdict that is fixed."""

from __future__ import annotations

import pytest

from lab.engine import Engine
from lab.setup import Setup
from store.records import Assertion, CaseDraft, Expectation
from tui.widgets.bench_header import BenchHeader

LEFT = "#left"


def expecting(prompt: str) -> CaseDraft:
    check = Assertion("contains", "Paris")
    return CaseDraft(prompt, expectation=Expectation(assertions=(check,)))


def left(person) -> str:
    return str(person.bench.query_one(BenchHeader).query_one(LEFT).render())


async def priced(person, server, monkeypatch) -> None:
    """Ask the server as Azure OpenAI, whose prices are known at any address."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "hunter2-0123456789")
    await person.bench.desk.choose(Setup("azure", "gpt-4o", base_url=server.base_url))
    await person.bench.reset()


@pytest.fixture
def hold_after(server, monkeypatch):
    """Answer so many questions one by one, and hold the next one back while `server.held`."""
    monkeypatch.setattr(Engine, "concurrency", lambda engine, provider: 1)

    def begin(number: int, answer: str = "") -> None:
        first = len(server.chats)

        def reply(body) -> str:
            asked = len(server.chats) - first
            if asked > number:
                server.chunk_delay = 0.01
            return answer or " ".join(["word"] * 100 * min(asked, 3))

        server.reply, server.held = reply, True

    return begin


async def let_go(person, server) -> None:
    """Stop what is held back, as a person does."""
    await person.press("escape")
    await person.until(lambda: not person.bench.asking.busy)
    server.held = False


async def test_the_header_says_what_the_rest_costs_once_it_is_known(
    open_bench, server, monkeypatch, hold_after
):
    hold_after(3)
    async with open_bench(*(f"case {n}" for n in range(40)), size=(140, 30)) as person:
        await priced(person, server, monkeypatch)
        await person.press("r")
        # 100 tokens cost 0.001, and 300 cost 0.003.
        await person.until(lambda: "37 to come" in left(person) and "$" in left(person))
        assert left(person) == "◌ 37 to come · $0.03–0.12"
        assert left(person) in person.text
        assert person.said == []
        await let_go(person, server)
        await person.until(lambda: left(person) == "")


async def test_one_is_warned_when_the_rest_would_pass_the_cap(
    open_bench, server, monkeypatch, hold_after
):
    hold_after(3)
    async with open_bench(*(f"case {n}" for n in range(40))) as person:
        await priced(person, server, monkeypatch)
        await person.bench.desk.set_cap("0.05")
        await person.press("r")
        await person.until_said("would pass the cap of $0.05 after about 21 of 37 answers")
        assert sum("would pass" in said for said in person.said) == 1
        await let_go(person, server)


async def test_an_unknown_price_is_said_to_be_unknown(open_bench, server, hold_after):
    hold_after(3)
    async with open_bench(*(f"case {n}" for n in range(20)), size=(140, 30)) as person:
        await person.press("r")
        await person.until(lambda: "price unknown" in left(person))
        await person.until_seen("cost unknown")
        assert "$0.00" not in person.text
        await person.until_seen("price unknown")  # of the answer that is shown
        await let_go(person, server)


async def test_the_sessions_list_says_unknown(open_bench, start, server):
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_glyphs("●")
    async with start() as person:
        await person.until_seen("1 case · unknown")


async def test_a_verdict_that_is_fixed_is_told_once(open_bench, server, hold_after, tmp_path):
    server.reply = lambda body: "Rome"
    async with open_bench(*(expecting(f"case {n}") for n in range(12))) as person:
        await person.press("r")
        await person.until_glyphs("✗" * 12)
        (tmp_path / "papers.md").write_text("The papers.")
        await person.paste(str(tmp_path / "papers.md"))
        await person.until(lambda: person.bench.variant and person.bench.variant.documents)
        hold_after(9, "Paris")
        await person.press("r")
        await person.until(lambda: server.live)
        await person.until_said("The verdict is fixed: CLIMB")
        await person.until(lambda: left(person).startswith("◌ 3 to come"))
        [said] = [said for said in person.said if "fixed" in said]
        assert said.endswith("5 answers left; esc stops.")
        await let_go(person, server)
        assert sum("fixed" in said for said in person.said) == 1
