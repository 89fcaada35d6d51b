"""The flips of a step: what was lost first, both answers side by side, what differs marked."""

from __future__ import annotations

import pytest

from tui.screens.bench.screen import BenchScreen
from tui.screens.flips.screen import FlipsScreen
from tui.screens.ladder.screen import LadderScreen
from tui.widgets.case_list import CaseList
from tui.widgets.marked_view import MarkedView

SIZES = [(160, 48), (110, 30), (80, 24), (60, 20)]
HOSTILE = "\x1b]0;gone\x07 [/foo] [INST] \x9b31m \u202eback"


def signed(place: int, letter: str) -> str:
    day = 14 if letter == "y" else 4
    return f"The contract number {place} was signed on {day} March 2024 by both parties."


async def go(person) -> FlipsScreen:
    """Open the flips of the last step."""
    await person.press("f4")
    await person.until(lambda: isinstance(person.app.screen, LadderScreen))
    await person.until(lambda: person.app.screen.ladder)
    await person.press("end", "enter")
    await person.until(lambda: isinstance(person.app.screen, FlipsScreen))
    return person.app.screen


def views(person) -> list[MarkedView]:
    return list(person.app.screen.query(MarkedView))


async def until_case(person, key: str) -> None:
    place = int(key[1:])
    await person.until(lambda: all(f"number {place} " in view.text for view in views(person)), key)


async def until_marked(person, *words: list[str]) -> None:
    await person.until(lambda: [view.marked for view in views(person)] == list(words), str(words))


@pytest.mark.parametrize("size", SIZES)
async def test_both_answers_stand_there_with_what_differs_marked(open_bench, fill, size):
    await fill("bare", "ynnny", text=signed)
    await fill("context", "nyyyy", text=signed)
    async with open_bench(size=size) as person:
        await go(person)
        await person.until_seen("① bare → ② context   1 lost, 3 gained", "▸✗ lost c0 Question 0?")
        await until_marked(person, ["14"], ["4"])
        await person.until_seen("✓ ① bare", "✗ ② context", "▌", "Question 0?", "1.5 s")
        assert "Nothing is said of" in person.folded
        one, other = (view.region for view in views(person))
        assert one.area and other.area and not one.overlaps(other)
        assert (one.y == other.y) == (size[0] >= 72)
        await person.press("n")
        await until_case(person, "c1")
        await until_marked(person, ["4"], ["14"])
        await person.until_seen("▸✓ gained c1")
        await person.press("N")
        await until_case(person, "c0")


async def test_the_cursor_and_the_keys_lead_through_the_flips(open_bench, fill):
    await fill("bare", "ynnn", text=signed)
    await fill("context", "nyyy", text=signed)
    async with open_bench() as person:
        await go(person)
        for key in ("c0", "c1", "c2", "c3", "c3"):
            await until_case(person, key)
            await person.press("j" if key == "c0" else "n")
        await person.press("tab")
        await person.press("n", "N", "N")
        await until_case(person, "c1")
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))


async def test_a_case_is_gone_to_on_the_bench_with_both_variants(open_bench, fill):
    await fill("bare", "yynn", text=signed)
    await fill("context", "yyyy", text=signed)
    async with open_bench() as person:
        await go(person)
        await person.press("n")
        await until_case(person, "c3")
        await person.press("g")
        await person.until(lambda: isinstance(person.app.screen, BenchScreen))
        await person.until_on("c3")
        await person.until_seen("① bare ✗", "② context ✓", "was signed on 14")
        assert [variant.rung for variant in person.bench.comparing] == ["bare", "context"]


async def test_a_step_in_which_nothing_flipped_says_so(open_bench, fill):
    await fill("bare", "yyn")
    await fill("context", "yyn")
    async with open_bench() as person:
        await person.press("f4")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))
        await person.until_seen("0 gained, 0 lost of 3")
        await person.press("end", "enter")
        await person.until_said("No case came out otherwise")
        assert isinstance(person.app.screen, LadderScreen)


@pytest.mark.parametrize("size", [(60, 20), (160, 48)])
async def test_hostile_texts_are_only_text(open_bench, fill, size):
    prompt = HOSTILE + " {}"
    await fill("bare", "nn", text=lambda n, _: HOSTILE + f" number {n} ", prompt=prompt)
    await fill("context", "yy", text=lambda n, _: f"number {n} " + HOSTILE[::-1], prompt=prompt)
    async with open_bench(size=size) as person:
        await go(person)
        await person.until(lambda: any(view.marked for view in views(person)))
        await person.until_seen("[/foo]")
        assert not set("\x1b\x07\x9b\u202e") & set(person.text)


async def test_very_long_answers_are_shown_at_once_and_marked_after(open_bench, fill):
    long = "and so it went on. " * 40_000
    await fill("bare", "n", text=lambda n, _: f"number {n} cook " + long)
    await fill("context", "y", text=lambda n, _: f"number {n} mate " + long)
    async with open_bench() as person:
        await go(person)
        await until_marked(person, ["cook"], ["mate"])
        await person.press("tab")
        await person.until_seen("cook and so it went on.", "mate and so it went on.")


async def test_an_empty_answer_says_so(open_bench, fill):
    await fill("bare", "n", text=lambda n, letter: " ")
    await fill("context", "y", text=lambda n, letter: "right")
    async with open_bench() as person:
        await go(person)
        await person.until_seen("⚠ the answer is empty", "right")


async def test_the_list_holds_a_page_of_many(open_bench, fill):
    await fill("bare", "n" * 120, text=signed)
    await fill("context", "y" * 120, text=signed)
    async with open_bench(size=(80, 24)) as person:
        await go(person)
        await person.press(*["pagedown"] * 40)
        await until_case(person, "c119")
        assert person.app.screen.query_one(CaseList).cursor == 119
