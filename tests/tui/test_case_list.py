"""CaseList: a window over rows that come late, with a cursor that never waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from tui import glyphs
from tui.widgets.case_list import CaseList, Row
from tui.widgets.row_pages import PAGE, PAGES_KEPT

MANY = 100_000


class Source:
    """Rows made when they are asked for; `gate` holds back every fetch while it is clear."""

    def __init__(self, text: Callable[[int], str] = lambda index: f"case {index}") -> None:
        self.text = text
        self.calls: list[tuple[int, int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, offset: int, limit: int) -> Sequence[Row]:
        self.calls.append((offset, limit))
        rows = [
            Row(index + 1000, glyphs.NOT_ASKED, self.text(index))
            for index in range(offset, offset + limit)
        ]
        await self.gate.wait()
        return rows


class Screen(App[None]):
    CSS = "CaseList { width: 24; height: 10; }"

    def __init__(self) -> None:
        super().__init__()
        self.highlighted: list[tuple[int, int | None]] = []
        self.selected: list[tuple[int, int | None]] = []

    def compose(self) -> ComposeResult:
        yield CaseList(empty_text="No case yet. Press n to write one.")

    def on_case_list_highlighted(self, event: CaseList.Highlighted) -> None:
        self.highlighted.append((event.index, event.key))

    def on_case_list_selected(self, event: CaseList.Selected) -> None:
        self.selected.append((event.index, event.key))


@pytest.fixture
async def app():
    app = Screen()
    async with app.run_test(size=(60, 20)):
        app.query_one(CaseList).focus()
        yield app


@pytest.fixture
def cases(app: Screen) -> CaseList:
    return app.query_one(CaseList)


@pytest.fixture
def pilot(app: Screen) -> Pilot[None]:
    return Pilot(app)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(400):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("the condition has not come true in four seconds")


def screen_rows(cases: CaseList) -> list[str]:
    return [cases.render_line(y).text.rstrip() for y in range(cases.size.height)]


async def test_of_100_000_rows_only_what_is_in_sight_is_fetched(pilot, app, cases) -> None:
    source = Source()
    cases.set_source(MANY, source.fetch)
    await until(pilot, lambda: cases.row(0))
    assert screen_rows(cases)[:2] == ["▸○ case 0", " ○ case 1"]
    await pilot.press("end")
    await until(pilot, lambda: cases.row(MANY - 1))
    assert screen_rows(cases)[-1] == "▸○ case 99999"
    assert source.calls == [(0, PAGE), (MANY - PAGE, PAGE)]
    assert app.highlighted == [(0, None), (0, 1000), (MANY - 1, None), (MANY - 1, 100_999)]


async def test_every_page_can_be_reached_and_few_are_kept(pilot, cases) -> None:
    source = Source()
    cases.set_source(MANY, source.fetch)
    for index in range(0, (PAGES_KEPT + 5) * PAGE, PAGE):
        cases.move_to(index)
        await until(pilot, lambda index=index: cases.row(index))
        assert f"▸○ case {index}" in screen_rows(cases)
    assert cases.row(0) is None
    assert len(source.calls) == PAGES_KEPT + 5
    cases.move_to(0)
    await until(pilot, lambda: cases.row(0))
    assert screen_rows(cases)[0] == "▸○ case 0"


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        ("down j", 2),
        ("down down k up up", 0),
        ("pagedown", 9),
        ("pagedown pagedown pageup", 9),
        ("G", 99),
        ("end up", 98),
        ("end g", 0),
        ("G home", 0),
        ("G down j pagedown", 99),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_in_sight(pilot, cases, keys, cursor) -> None:
    cases.set_source(100, Source().fetch)
    await until(pilot, lambda: cases.row(0))
    await pilot.press(*keys.split())
    await pilot.pause()
    assert cases.cursor == cursor
    assert f"▸○ case {cursor}" in screen_rows(cases)


async def test_rows_are_blank_until_they_come_and_nothing_waits(pilot, app, cases) -> None:
    source = Source()
    source.gate.clear()
    cases.set_source(MANY, source.fetch)
    await pilot.press("down", "enter")
    await until(pilot, lambda: source.calls)
    assert screen_rows(cases)[:3] == ["", "▸", ""]
    assert app.highlighted == [(0, None), (1, None)]
    assert app.selected == []
    source.gate.set()
    await until(pilot, lambda: app.selected)
    assert app.highlighted[-1] == (1, 1001) and app.selected == [(1, 1001)]
    assert screen_rows(cases)[:2] == [" ○ case 0", "▸○ case 1"]


async def test_pages_passed_over_while_one_was_late_are_not_fetched(pilot, cases) -> None:
    source = Source()
    source.gate.clear()
    cases.set_source(MANY, source.fetch)
    await until(pilot, lambda: source.calls)
    for index in range(0, 50_000, 5_000):
        cases.move_to(index)
        await pilot.pause()
    source.gate.set()
    await until(pilot, lambda: cases.row(45_000))
    assert {offset for offset, _ in source.calls[1:]} == pages_in_sight(cases)


def pages_in_sight(cases: CaseList) -> set[int]:
    """Return the offsets of the pages that are in sight."""
    top = cases.scroll_offset.y
    return {row // PAGE * PAGE for row in range(top, top + cases.size.height)}


async def test_a_late_page_of_an_earlier_source_is_not_shown(pilot, app, cases) -> None:
    old, new = Source(lambda index: f"old {index}"), Source(lambda index: f"new {index}")
    old.gate.clear()
    cases.set_source(MANY, old.fetch)
    await until(pilot, lambda: old.calls)
    cases.set_source(3, new.fetch)
    await until(pilot, lambda: cases.row(0))
    old.gate.set()
    await pilot.pause()
    assert screen_rows(cases)[:4] == ["▸○ new 0", " ○ new 1", " ○ new 2", ""]
    assert new.calls == [(0, 3)]


async def test_enter_and_a_double_click_take_a_row(pilot, app, cases) -> None:
    cases.set_source(5, Source().fetch)
    await until(pilot, lambda: cases.row(0))
    await pilot.press("down", "enter")
    await pilot.click(CaseList, offset=(4, 3))
    await pilot.pause()
    assert (cases.cursor, app.selected) == (3, [(1, 1001)])
    await pilot.click(CaseList, offset=(4, 4), times=2)
    await until(pilot, lambda: len(app.selected) == 2)
    assert app.selected[-1] == (4, 1004)
    await pilot.click(CaseList, offset=(4, 7))
    assert cases.cursor == 4


async def test_the_wheel_scrolls_and_leaves_the_cursor(pilot, cases) -> None:
    cases.set_source(MANY, Source().fetch)
    await until(pilot, lambda: cases.row(0))
    cases.post_message(MouseScrollDown(cases, 1, 1, 0, 1, 0, False, False, False))
    await until(pilot, lambda: cases.scroll_offset.y > 0)
    assert cases.cursor == 0
    await pilot.press("down")
    assert cases.scroll_offset.y <= cases.cursor == 1


async def test_a_row_is_updated_in_its_place(pilot, app, cases) -> None:
    cases.set_source(5, Source().fetch)
    await until(pilot, lambda: cases.row(0))
    cases.set_glyph(1, glyphs.VERDICT["pass"])
    cases.update_row(0, Row(7, glyphs.TROUBLE, "other"))
    await pilot.pause()
    assert screen_rows(cases)[:2] == ["▸⚠ other", " ✓ case 1"]
    assert app.highlighted[-1] == (0, 7)


async def test_an_update_is_not_undone_by_a_page_from_before_it(pilot, cases) -> None:
    source = Source()
    cases.set_source(5, source.fetch)
    await until(pilot, lambda: cases.row(0))
    source.gate.clear()
    cases.invalidate()
    await until(pilot, lambda: len(source.calls) == 2)
    source.text = lambda index: f"new {index}"
    cases.set_glyph(0, glyphs.ASKING)
    source.gate.set()
    await until(pilot, lambda: "new" in screen_rows(cases)[0])
    assert len(source.calls) == 3


async def test_invalid_rows_show_until_new_ones_come(pilot, cases) -> None:
    source = Source()
    cases.set_source(3 * PAGE, source.fetch)
    await until(pilot, lambda: cases.row(0))
    cases.invalidate(2 * PAGE)
    await pilot.pause()
    assert len(source.calls) == 1
    source.gate.clear()
    source.text = lambda index: f"new {index}"
    cases.invalidate(0, 0)
    await until(pilot, lambda: len(source.calls) == 2)
    assert screen_rows(cases)[0] == "▸○ case 0"
    source.gate.set()
    await until(pilot, lambda: screen_rows(cases)[0] == "▸○ new 0")


async def test_the_count_grows_and_shrinks_under_the_cursor(pilot, app, cases) -> None:
    cases.set_source(3, Source().fetch)
    await until(pilot, lambda: cases.row(2))
    cases.set_count(4)
    await until(pilot, lambda: cases.row(3))
    await pilot.press("end")
    assert screen_rows(cases)[3] == "▸○ case 3"
    cases.set_count(2)
    await pilot.pause()
    assert (cases.cursor, cases.count) == (1, 2)
    assert screen_rows(cases)[:3] == [" ○ case 0", "▸○ case 1", ""]
    assert app.highlighted[-1] == (1, 1001)


async def test_an_empty_list_says_what_belongs_there(pilot, app, cases) -> None:
    assert screen_rows(cases)[:3] == [" No case yet. Press n", " to write one.", ""]
    cases.set_source(0, Source().fetch)
    await pilot.press("down", "end", "enter")
    await pilot.click(CaseList, offset=(2, 0))
    assert (cases.cursor, app.highlighted, app.selected) == (0, [], [])


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("\x1b]0;x\x07 [/foo] [INST] \u202e", True),
        ("a\nb\tc", False),
        ("漢字" * 40, True),
        ("x" * 500, True),
        ("👩\u200d👧 ❤\ufe0f" * 30, True),
    ],
)
async def test_any_text_is_one_line_that_fits(pilot, cases, text, cut) -> None:
    cases.set_source(1, Source(lambda _: text).fetch)
    await until(pilot, lambda: cases.row(0))
    strip = cases.render_line(0)
    assert strip.cell_length == cell_len(strip.text) == cases.line_width
    assert not any(ord(character) < 32 or character == "\u202e" for character in strip.text)
    assert ("…" in strip.text) == cut


async def test_a_glyph_has_its_colour_and_the_cursor_its_ground(pilot, cases) -> None:
    cases.set_source(3, Source().fetch)
    await until(pilot, lambda: cases.row(0))
    cases.set_glyph(1, glyphs.VERDICT["pass"])
    cases.set_glyph(2, glyphs.VERDICT["fail"])
    await pilot.pause()
    here, passed, failed = ([s.style for s in cases.render_line(y)] for y in range(3))
    assert len({style.color for style in (passed[1], failed[1], passed[2])}) == 3
    assert here[2].bgcolor != passed[2].bgcolor
