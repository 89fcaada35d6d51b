"""The economics: what is assumed, what is typed, and what the ladder makes of it."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from store import ladder
from tui.screens.economics import EconomicsForm
from tui.screens.ladder.screen import LadderScreen


async def go(person) -> EconomicsForm:
    await person.press("f4")
    await person.until(lambda: isinstance(person.app.screen, LadderScreen))
    await person.until(lambda: person.app.screen.ladder)
    await again(person)
    return person.app.screen


async def again(person) -> None:
    await person.press("e")
    await person.until(lambda: isinstance(person.app.screen, EconomicsForm))
    await person.until(lambda: isinstance(person.app.focused, Input))


async def fill_in(person, name: str, text: str) -> None:
    line = person.app.screen.query_one(f"#{name}", Input)
    line.focus()
    line.value = ""
    await person.type(text)
    await person.until(lambda: line.value == text)


async def climbed(fill) -> None:
    await fill("bare", "n" * 20, cost=0.001)
    await fill("context", "y" * 20, cost=0.011)


def kept(person) -> dict[tuple[str, str], float]:
    session_id = person.bench.desk.session.id
    return person.engine.database.read_now(ladder.economics, session_id)


@pytest.mark.parametrize("size", [(110, 30), (80, 24), (60, 20)])
async def test_what_is_not_typed_is_assumed_and_says_so(open_bench, fill, size):
    await climbed(fill)
    async with open_bench(size=size) as person:
        form = await go(person)
        assert person.app.focused.id == "value"
        await person.until_seen("1 assumed", "400 assumed", "12 assumed", "not set", "④ tuned")
        await person.until_seen("① bare        0.001", "② context     0.011")
        await person.until_seen("ctrl+j")
        assert all(not line.value for line in form.query(Input))
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))
        assert kept(person) == {}


async def test_the_two_that_matter_are_typed_and_the_ladder_reckons_anew(open_bench, fill):
    await climbed(fill)
    async with open_bench() as person:
        await go(person)
        await person.type("0.005")
        await person.press("enter")
        assert person.app.focused.id == "volume"
        await person.type("1,000")
        await person.press("ctrl+j")
        await person.until_seen("■ STAY", "Not even a context that is always right would pay")
        assert kept(person) == {("", "value"): 0.005, ("", "volume"): 1000.0}
        await person.until_gone("Assumed")
        await again(person)
        assert [person.app.screen.query_one(f"#{name}").value for name in ("value", "volume")] == [
            "0.005",
            "1000",
        ]
        await fill_in(person, "value", "")
        await person.press("ctrl+j")
        await person.until_seen("▲ CLIMB", "Assumed: a right answer is worth $1.00. e says")
        assert kept(person) == {("", "volume"): 1000.0}


async def test_a_rungs_price_and_work_count(open_bench, fill):
    await fill("bare", "n" * 20, cost=None)
    await fill("context", "y" * 20, cost=None)
    async with open_bench() as person:
        await go(person)
        await fill_in(person, "bare-price", "$0.001")
        await fill_in(person, "context-price", "0.002")
        await fill_in(person, "context-hours", "10")
        await fill_in(person, "target", "90%")
        await person.press("ctrl+j")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))
        await person.until_seen("$0.0010", "$0.0020")
        await person.until(lambda: "the $600.00 upfront are back" in person.folded)
        assert kept(person) == {
            ("bare", "price"): 0.001,
            ("context", "price"): 0.002,
            ("context", "hours"): 10.0,
            ("", "target"): 0.9,
        }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("value", "much", "A right answer is worth: “much” is no number"),
        ("value", "-5", "A right answer is worth: -5 cannot be; it must be 0 or more."),
        ("volume", "0", "it must be more than 0"),
        ("horizon", "nan", "“nan” is no number"),
        ("hourly", "1e999", "is no number"),
        ("target", "120", "is over 100%"),
        ("rag-upfront", "[/foo]", "rag: once: “[/foo]” is no number"),
    ],
)
async def test_what_cannot_be_is_said_and_nothing_is_lost(open_bench, fill, name, text, said):
    await climbed(fill)
    async with open_bench() as person:
        form = await go(person)
        await fill_in(person, "wrong", "2")
        await fill_in(person, name, text)
        await person.press("ctrl+j")
        await person.until(lambda: said in person.folded, said)
        assert person.app.screen is form and person.app.focused.id == name
        assert form.query_one("#wrong", Input).value == "2"
        assert kept(person) == {}
