"""The bench from 160 columns down to 60: everything in reach, nothing over anything."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.widget import Widget

from tui.widgets.answers import Answers
from tui.widgets.bench_header import BenchHeader
from tui.widgets.case_list import CaseList
from tui.widgets.document_list import DocumentList
from tui.widgets.expectation import ExpectationPanel
from tui.widgets.key_bar import KeyBar
from tui.widgets.ladder_strip import LadderStrip
from tui.widgets.prompt_box import PromptBox

SIZES = [(160, 48), (110, 30), (80, 24), (60, 20)]
ALWAYS = (BenchHeader, LadderStrip, PromptBox, KeyBar)
REGIONS = (CaseList, Answers, ExpectationPanel, DocumentList)


def seen(person) -> list[Widget]:
    """The regions that are on the screen."""
    found = [person.bench.query_one(kind) for kind in (*ALWAYS, *REGIONS)]
    return [widget for widget in found if widget.region.area]


def check(person, size: tuple[int, int]) -> None:
    shown = seen(person)
    assert all(person.bench.query_one(kind) in shown for kind in ALWAYS)
    for widget in shown:
        assert person.bench.region.contains_region(widget.region), (widget, widget.region)
    for one, other in combinations(shown, 2):
        assert not one.region.overlaps(other.region), (one, other)
    assert len(person.rows) == size[1]
    assert all(len(row) <= size[0] for row in person.rows)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_tab_reaches_every_region_and_nothing_overlaps(open_bench, size, key):
    async with open_bench("one", size=size) as person:
        await person.press("enter")
        await person.until_glyphs("●")
        first, reached = person.app.focused, set()
        for _ in range(5):
            focused = person.app.focused
            assert focused.region.area and person.bench.region.contains_region(focused.region)
            kinds = (*REGIONS, PromptBox)
            reached |= {
                kind
                for kind in kinds
                if any(isinstance(w, kind) for w in focused.ancestors_with_self)
            }
            check(person, size)
            await person.press(key)
        assert reached == {*REGIONS, PromptBox}
        assert person.app.focused is first


async def test_at_60_columns_there_is_one_pane(open_bench):
    async with open_bench("one", size=(60, 20)) as person:
        assert [type(w) for w in seen(person) if isinstance(w, REGIONS)] == [CaseList]
        await person.press("tab")
        await person.until_seen("Not asked yet")
        assert [type(w) for w in seen(person) if isinstance(w, REGIONS)] == [Answers]
        await person.press("enter")
        await person.until_seen("You asked: one")
        await person.press("y", "tab")
        await person.until_seen("your label: pass")
        await person.press("escape", "slash")
        await person.type("more")
        assert "more" in person.text


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_sent_is_seen_where_it_is_answered(open_bench, size):
    """Also where one pane fills the screen: after sending, the answer is what matters."""
    async with open_bench(size=size) as person:
        await person.send("Who are you?")
        await person.until_seen("You asked: Who are you?")


async def test_a_resize_in_the_middle_of_a_stream(open_bench, server):
    text = " ".join(f"word{number}" for number in range(120))
    server.reply, server.chunk_delay, server.held = (lambda _: text), 0.03, True
    async with open_bench("one", size=(160, 48)) as person:
        await person.press("tab", "enter")
        await person.until_seen("word5")
        for size in [(80, 24), (60, 20), (110, 30), (20, 5), (160, 48)]:
            await person.pilot.resize_terminal(*size)
            await person.pilot.pause()
            assert len(person.rows) == size[1]
        check(person, (160, 48))
        server.held = False
        await person.until_seen("word119")
        await person.until_glyphs("●")
        assert person.answer().text == text
        await person.press("home")
        await person.until_seen("word0 word1 word2")


async def test_without_colour_the_glyphs_tell_everything(open_bench, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_bench("one", "two", "three", "four") as person:
        assert person.app.no_color
        await person.press("r")
        await person.until_glyphs("●●●●")
        await person.press("y", "n", "p")
        await person.until_glyphs("✓✗◐●")
        await person.until_seen("✓ one", "✗ two", "◐ three", "▸● four", "▸① bare")
