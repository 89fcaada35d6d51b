"""The Documents screen: what there is, its text, and the evidence that is picked from it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from textual.binding import Binding

from store.records import CaseDraft, Evidence
from tui.screens.documents.keys import BINDINGS
from tui.screens.documents.playground import Playground
from tui.screens.documents.reading import Reading
from tui.screens.documents.screen import DocumentsScreen
from tui.screens.documents.shelf import Shelf
from tui.widgets.key_bar import KeyBar
from tui.widgets.page_view import PageView

DOORS = "The code of the door is 4711.\r\nIt changes on Monday.\nAsk Ada for the\tnext one."
REGIONS = (Shelf, Reading, Playground)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "files"
    place.mkdir()
    (place / "doors.md").write_bytes(DOORS.encode())
    (place / "boats.txt").write_text("There are two boats, and both are green.\n")
    return place


async def drop(person, *paths: Path) -> None:
    """Drop files on the bench, out of its context."""
    known = len(person.bench.desk.documents)
    await person.paste(" ".join(f"'{path}'" for path in paths))
    await person.until(lambda: len(person.bench.desk.documents) == known + len(paths))


async def go(person) -> DocumentsScreen:
    await person.press("f3")
    await person.until(lambda: isinstance(person.app.screen, DocumentsScreen))
    if person.bench.desk.documents:
        await person.until(lambda: person.app.screen.query_one(Reading).document)
    return person.app.screen


def view(person) -> PageView:
    return person.app.screen.query_one(PageView)


async def until_read_on(person, name: str) -> None:
    """Wait for the Documents screen, and for a document to be the one that is read."""
    await person.until(lambda: isinstance(person.app.screen, DocumentsScreen))
    await until_read(person, name)


async def until_read(person, name: str) -> None:
    """Wait until a document is the one that is read."""
    reading = person.app.screen.query_one(Reading)
    await person.until(lambda: reading.document and reading.document.name == name, name)
    await person.until(lambda: reading.view.ready)


# -- There and back -------------------------------------------------------------------------


async def test_it_opens_above_the_bench_and_leaves_it_as_it_was(open_bench, server, folder):
    server.chunk_delay, server.held = 0.01, True
    async with open_bench("one", "two") as person:
        await drop(person, folder / "doors.md")
        await person.press("j", "enter")
        await person.until_seen("You asked: ")
        await go(person)
        await person.until_seen("The code of the door is 4711.", "about", "in the context")
        server.held = False
        await person.until_glyphs("○●")
        await person.press("f2")
        await person.until(lambda: person.app.screen is person.bench)
        await person.until_on("2")
        assert person.cases.cursor == 1 and person.cases.has_focus


async def test_the_text_follows_the_cursor_of_the_list(open_bench, folder):
    async with open_bench("one") as person:
        await drop(person, folder / "doors.md", folder / "boats.txt")
        await go(person)
        await until_read(person, "doors.md")
        await person.press("down")
        await until_read(person, "boats.txt")
        await person.until_seen("both are green")
        await person.until_gone("4711")


async def test_an_empty_session_says_what_belongs_there(open_bench):
    async with open_bench("one") as person:
        await go(person)
        await person.until_seen("None yet: drop a file here.")
        for key, said in (("p", "no document yet"), ("P", "no document yet"), ("D", "not in the")):
            await person.press(key)
            await person.until_said(said)
        await person.press("slash")
        await person.type("doors")
        await person.press("enter")
        await person.until_seen("There is nothing to search in")


async def test_what_is_dropped_here_is_read_and_listed(open_bench, folder):
    async with open_bench("one") as person:
        await go(person)
        await person.paste(str(folder / "doors.md"))
        await person.until_seen("doors.md", "The code of the door is 4711.")


async def test_documents_go_in_and_out_of_the_context(open_bench, folder):
    async with open_bench("one") as person:
        await drop(person, folder / "doors.md", folder / "boats.txt")
        await go(person)
        await person.until_seen("▣ doors.md", "▣ boats.txt")
        await person.press("shift+down")
        desk = person.bench.desk
        await person.until(lambda: [d.name for d in desk.documents] == ["boats.txt", "doors.md"])
        await person.until(lambda: "▸▣ doors.md" in person.text)
        await person.press("space")
        await person.until_seen("▢ doors.md", "not in the context")
        await person.press("delete")
        await person.until_gone("doors.md")
        assert [document.name for document in desk.documents] == ["boats.txt"]


# -- Long and hostile texts -------------------------------------------------------------------


async def test_of_a_long_text_only_what_is_in_sight_is_drawn(open_bench, tmp_path):
    lines = [f"line {number} of a long text" for number in range(50_000)]
    path = tmp_path / "long.txt"
    path.write_text("\n".join(lines))
    async with open_bench("one", size=(110, 30)) as person:
        await drop(person, path)
        screen = await go(person)
        await person.until_seen("line 0 of a long text")
        await person.press("tab")
        drawn: list[int] = []
        text_line = screen.query_one(PageView)._text_line
        screen.query_one(PageView)._text_line = lambda row, base: (
            drawn.append(row) or text_line(row, base)
        )
        await person.press("end")
        await person.until_seen("line 49999 of a long text")
        assert drawn and len(set(drawn)) < 100
        await person.press("home")
        await person.until_seen("line 0 of a long text")


async def test_a_resize_keeps_the_place(open_bench, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("\n".join(f"{number} " + "word " * 40 for number in range(300)))
    async with open_bench("one", size=(110, 30)) as person:
        await drop(person, path)
        await go(person)
        await person.until_seen("0 word")
        await person.press("tab", "pagedown", "pagedown", "pagedown")
        first = view(person)._text.to_text(view(person).rows.span(view(person).scroll_offset.y)[0])
        await person.pilot.resize_terminal(80, 24)
        await person.until(lambda: view(person).ready)
        start, end = view(person).rows.span(view(person).scroll_offset.y)
        assert start <= first < end


async def test_hostile_text_is_only_text(open_bench, tmp_path):
    path = tmp_path / "[b]x[foo] \x1b[2J.md"
    path.write_text("[red]not markup[/] \x1b]0;title\x07 \u202eevil", encoding="utf-8")
    async with open_bench("one", size=(160, 40)) as person:
        await person.paste(f"'{path}'")
        await person.until(lambda: person.bench.desk.documents)
        await go(person)
        await person.until_seen("[red]not markup[/] ␛]0;title␇ ‹U+202E›evil", "[b]x[foo] ␛[2J.md")
        assert "\x1b" not in person.text and "\u202e" not in person.text


# -- Evidence -----------------------------------------------------------------------------------


async def test_a_selection_is_kept_as_the_cases_evidence(open_bench, folder):
    async with open_bench("Which code?") as person:
        await drop(person, folder / "doors.md")
        await go(person)
        await until_read(person, "doors.md")
        await person.until_seen("no evidence · case 1 Which code?")
        # Over the line's end, which is two characters in the file and one on the screen.
        await person.press("enter", "down", "right", "v", "right", "right", "right")
        await person.until_seen("17 characters · enter keeps as evidence")
        await person.press("enter")
        await person.until_seen("1 span of evidence · case 1", "◆")
        [kept] = person.stored[0].draft.evidence
        assert (kept.document, kept.quote) == ("doors.md", "changes on Monday")
        assert DOORS[kept.start : kept.end] == kept.quote
        await person.press("f2")
        await person.until_seen("Evidence", "doors.md, page 1")


async def test_evidence_is_shown_gone_to_and_taken_away(open_bench, folder):
    start = DOORS.index("Ada")
    given = CaseDraft(
        "Who?", evidence=(Evidence("doors.md", 1, start, start + 3, "Ada"), Evidence("gone.md", 2))
    )
    async with open_bench(given) as person:
        await drop(person, folder / "boats.txt", folder / "doors.md")
        await go(person)
        await until_read(person, "boats.txt")
        await person.until_seen("2 spans · case 1 Who?")
        assert "◆" not in person.text
        await person.press("x")
        await until_read(person, "doors.md")
        await person.until_seen("◆")
        await person.until(lambda: view(person).place == start)
        assert person.app.screen.query_one(Shelf).rows.entry.document.name == "doors.md"
        await person.press("delete")
        await person.until_seen("1 span of evidence")
        assert "◆" not in person.text
        assert [kept.document for kept in person.stored[0].draft.evidence] == ["gone.md"]
        await person.press("delete")
        await person.until_said("There is no evidence at the cursor")


async def test_evidence_is_picked_by_mouse(open_bench, folder):
    async with open_bench("Which code?") as person:
        await drop(person, folder / "doors.md")
        await go(person)
        await until_read(person, "doors.md")
        at = view(person).content_region.offset
        await person.pilot.mouse_down(offset=(at.x + 26, at.y))
        await person.pilot.hover(offset=(at.x + 30, at.y))
        await person.pilot.mouse_up(offset=(at.x + 30, at.y))
        await person.until_seen("4 characters")
        await person.press("enter")
        await person.until(lambda: person.stored[0].draft.evidence)
        assert person.stored[0].draft.evidence[0].quote == "4711"
        await person.pilot.click(offset=(at.x + 7, at.y), times=2)
        await person.until(lambda: view(person).selected == (4, 8))


async def test_escape_drops_the_selection_before_it_leaves(open_bench, folder):
    async with open_bench("one") as person:
        await drop(person, folder / "doors.md")
        screen = await go(person)
        await person.press("enter", "shift+down", "shift+right")
        await person.until(lambda: view(person).selected)
        await person.press("escape")
        await person.until(lambda: view(person).selected is None)
        assert person.app.screen is screen
        await person.press("enter")
        assert person.stored[0].draft.evidence == ()
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_the_next_case_is_gone_to_without_leaving(open_bench, folder):
    async with open_bench("one", "two") as person:
        await drop(person, folder / "doors.md")
        await go(person)
        await person.until_seen("case 1 one")
        await person.press("n")
        await person.until_seen("case 2 two")
        await person.press("n")
        await person.press("enter", "shift+right", "enter")
        await person.until_seen("1 span of evidence · case 2")
        assert [len(case.draft.evidence) for case in person.stored] == [0, 1]
        await person.press("f2")
        await person.until_on("2")
        await person.press("f3")
        await person.until_seen("1 span of evidence · case 2")
        await person.press("N")
        await person.until_seen("case 1 one")


async def test_evidence_is_picked_while_labelling(open_bench, folder):
    async with open_bench("Which code?") as person:
        await drop(person, folder / "doors.md")
        await person.press("r")
        await person.until_glyphs("●")
        await person.press("l")
        await person.until_seen("1 of 1")
        await person.press("e")
        await until_read_on(person, "doors.md")
        await person.press("enter", "shift+right", "enter")
        await person.until_seen("1 span of evidence · case 1")
        await person.press("escape")
        await person.until_seen("1 of 1", "doors.md, page 1: The")
        await person.press("y")
        await person.until_seen("1 verdict")
        await person.press("escape")
        await person.until_glyphs("✓")
        [case] = person.stored
        assert (case.number, case.draft.evidence[0].quote) == (2, "The")


# -- Sizes and keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size, key",
    [
        ((160, 48), "tab"),
        ((110, 30), "shift+tab"),
        ((80, 24), "tab"),
        ((80, 24), "shift+tab"),
        ((60, 20), "tab"),
    ],
)
async def test_tab_reaches_every_region_and_nothing_overlaps(open_bench, folder, size, key):
    async with open_bench("one", size=size) as person:
        await drop(person, folder / "doors.md")
        screen = await go(person)
        first, reached = person.app.focused, set()
        for _ in range(3):
            shown = [screen.query_one(kind) for kind in (*REGIONS, KeyBar)]
            shown = [widget for widget in shown if widget.region.area]
            assert person.app.focused.region.area
            assert all(screen.region.contains_region(widget.region) for widget in shown)
            assert not any(a.region.overlaps(b.region) for a, b in combinations(shown, 2))
            assert all(len(row) <= size[0] for row in person.rows)
            reached |= {type(w) for w in person.app.focused.ancestors_with_self} & set(REGIONS)
            await person.press(key)
        assert reached == set(REGIONS)
        assert person.app.focused is first


def test_no_key_of_the_screen_does_two_things():
    given = [binding for binding in BINDINGS if isinstance(binding, Binding)]
    keys = [key for binding in given for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))


async def test_the_help_and_the_palette_have_every_key(open_bench, folder):
    async with open_bench("one", size=(110, 60)) as person:
        await drop(person, folder / "doors.md")
        screen = await go(person)
        offered = {command.help for command in person.app.get_system_commands(screen)}
        await person.press("question_mark")
        await person.until_seen("Keys that work here")
        for binding in BINDINGS:
            assert binding.tooltip in person.text
            assert binding.tooltip in offered
