"""StreamView: the same lines however a text comes, at a cost that does not grow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui import safe
from tui.widgets import wrapping
from tui.widgets.flow import PIECE, Flow
from tui.widgets.stream_view import StreamView
from tui.widgets.wrapping import Wrapper

BLANKS = " \t"
LETTERS = "ab#é ,\t\n\r一，（😀👩❤\u0301\u200d\ufe0f\x1b\u202e\u00a0"
HOSTILE = "\x1b]0;x\x07[/foo][INST]\u202e\x9b31m\x7f\u2066\r\nend"


class Screen(App[None]):
    CSS = "StreamView { width: 41; height: 10; }"

    def compose(self) -> ComposeResult:
        yield StreamView()


@pytest.fixture
async def pilot():
    async with Screen().run_test(size=(60, 20)) as pilot:
        yield pilot


def view_of(pilot: Pilot[None]) -> StreamView:
    return pilot.app.query_one(StreamView)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(400):
        await pilot.pause(0.01)
        if condition():
            return
    raise AssertionError("the condition has not come true in four seconds")


async def painted(pilot: Pilot[None]) -> StreamView:
    """Wait until everything is wrapped and shown."""
    view = view_of(pilot)
    await until(pilot, lambda: not view.waiting)
    await pilot.pause()
    return view


def screen_rows(view: StreamView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


# -- Wrapping against a second, slower way of saying it -----------------------


def shown(line: str) -> str:
    out = ""
    for character in re.sub("\u200d+(?=[ \t])", "", line):
        out += " " * (4 - cell_len(out) % 4) if character == "\t" else character
    return out


def simple_wrap(text: str, width: int) -> list[str]:
    """Wrap by measuring every prefix of what is left, line by line."""
    paragraphs = safe.visible(text).split("\n")
    if not paragraphs[-1]:
        paragraphs.pop()
    lines: list[str] = []
    for paragraph in paragraphs:
        rest = paragraph
        if not rest:
            lines.append("")
        while rest:
            cut = simple_cut(rest, width)
            full = rest[:cut].rstrip(BLANKS + "\u200d")
            lines.append(shown(full if cut < len(rest) else rest))
            rest = rest[cut:].lstrip(BLANKS)
    return lines


def simple_cut(text: str, width: int) -> int:
    cells = [cell_len(shown(text[:end])) for end in range(len(text) + 1)]
    starts = [
        index
        for index, character in enumerate(text)
        if cells[index + 1] > cells[index] and character != "\ufe0f"
    ]
    ends = [*starts[1:], len(text)]
    over = next((s for s, e in zip(starts, ends, strict=False) if cells[e] > width and s), None)
    if over is None:
        return len(text)
    if text[over] in BLANKS:
        return over
    places = [
        right
        for left, right in pairwise(starts)
        if right <= over
        and text[right] not in BLANKS
        and any(text[s] not in BLANKS for s in starts if s < right)
        and may_part(text[left], text[right])
    ]
    return max(places, default=over)


def may_part(left: str, right: str) -> bool:
    if left in BLANKS:
        return True
    wide = "W" in (unicodedata.east_asian_width(left), unicodedata.east_asian_width(right))
    fullwidth = "，" in (left, right) or "（" in (left, right)
    return (wide or fullwidth) and left != "（" and right != "，"


def fed(pieces: Iterable[str], width: int) -> Wrapper:
    wrapper = Wrapper(width)
    for piece in pieces:
        wrapper.feed(piece)
    return wrapper


def lines_of(wrapper: Wrapper) -> list[str]:
    return [wrapper.line(index) for index in range(len(wrapper))]


@st.composite
def texts_in_pieces(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = draw(st.text(LETTERS, max_size=120))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    ends = [*cuts, len(text)]
    return text, [text[a:b] for a, b in zip([0, *cuts], ends, strict=True)]


@given(texts_in_pieces(), st.integers(wrapping.TAB, 24))
@example(("a\r\nb", ["a\r", "\nb"]), 5)
@example(("aaaa \r\n", ["aaaa ", "\r", "\n"]), 4)
@example(("\t\u200d\t❤\ufe0f", ["\t\u200d", "\t❤", "\ufe0f"]), 4)
def test_the_lines_are_the_same_whatever_the_pieces(
    text_in_pieces: tuple[str, list[str]], width: int
) -> None:
    text, pieces = text_in_pieces
    wrapper = fed(pieces, width)
    assert lines_of(wrapper) == simple_wrap(text, width)
    assert lines_of(wrapper) == lines_of(fed([text], width))


@given(st.text(LETTERS, max_size=120), st.integers(wrapping.TAB, 24))
def test_a_line_fits_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    lines = lines_of(fed([text], width))
    assert all(cell_len(line) <= width for line in lines)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", "".join(lines))
    gone = re.compile("[ \t\n\u200d]")
    assert gone.sub("", "".join(lines)) == gone.sub("", safe.visible(text))


def test_wrapped_lines_joined_again_are_the_text() -> None:
    text = "first line of words\n\nsecond " + "x" * 30 + " end"
    wrapper = fed([text], 12)
    assert "".join(wrapper.line(i) + wrapper.join(i) for i in range(len(wrapper))) == text


def test_characters_without_a_cell_do_not_make_a_line_endless() -> None:
    wrapper = fed(["e" + "\u0301" * 1000], 5)
    assert max(map(len, lines_of(wrapper))) == 5 * wrapping.POINTS_PER_CELL


def test_what_counts_as_plain_is_one_cell_wide() -> None:
    plain = [chr(c) for c in range(0x20, 0x3000) if wrapping._plain(chr(c))]
    assert len(plain) > 1500
    assert {get_character_cell_size(character) for character in plain} == {1}


@pytest.mark.parametrize("word", ["word ", "no-spaces-at-all", "漢字", "e\u0301\u200d"])
def test_a_piece_costs_no_more_late_in_one_paragraph(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    line_end = wrapping._line_end

    def counted(text: str, start: int, width: int) -> int | None:
        looked_at.append(len(text) - start)
        return line_end(text, start, width)

    monkeypatch.setattr(wrapping, "_line_end", counted)
    wrapper, tenths = Wrapper(60), []
    for _ in range(10):
        looked_at.clear()
        for _ in range(2_000):
            wrapper.feed(word)
        tenths.append(sum(looked_at))
    assert tenths[-1] <= 1.2 * tenths[0]


def test_a_huge_text_is_wrapped_anew_in_steps_behind_the_old_lines() -> None:
    text = ("some words " * PIECE)[: 3 * PIECE]
    flow, no_time = Flow(), 0.0
    flow.append(text)
    flow.resize(40)
    assert [flow.work(no_time) for _ in range(3)] == [False, False, True]
    old = flow.lines
    flow.resize(20)
    assert not flow.work(no_time) and flow.lines is old
    flow.append("the end")
    steps = 2
    while not flow.work(no_time):
        assert flow.lines is old
        steps += 1
    assert steps == 4
    assert lines_of(flow.lines) == lines_of(fed([text, "the end"], 20))
    assert flow.text == text + "the end"


# -- The widget ---------------------------------------------------------------


async def test_a_stream_is_shown_as_it_is_wrapped_and_kept_as_it_came(pilot: Pilot[None]) -> None:
    text = (HOSTILE + " and 漢字 with\ttabs, ") * 20
    view = view_of(pilot)
    for start in range(0, len(text), 7):
        view.append(text[start : start + 7])
    await painted(pilot)
    assert view.lines == simple_wrap(text, view.line_width)
    assert view.text == text
    assert screen_rows(view) == [line.rstrip() for line in view.lines[-10:]]


async def test_twenty_thousand_characters_without_a_space_wrap_hard(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.append("x" * 20_000)
    await painted(pilot)
    width = view.line_width
    assert len(view.lines) == -(-20_000 // width)
    assert view.lines[0] == "x" * width
    assert view.vertical_scrollbar.position == view.max_scroll_y


async def test_the_frames_stop_when_nothing_is_new(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.append("something")
    assert view._frames is not None
    frames = view._frames._active
    await until(pilot, lambda: "something" in screen_rows(view)[0])
    await until(pilot, lambda: not frames.is_set())
    view.append(" more")
    assert frames.is_set()
    await until(pilot, lambda: "something more" in screen_rows(view)[0])


async def test_the_end_is_followed_until_the_person_scrolls_up(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.focus()
    for number in range(50):
        view.append(f"line {number}\n")
    await painted(pilot)
    assert screen_rows(view)[-1] == "line 49"
    await pilot.press("pageup")
    await until(pilot, lambda: view.scroll_offset.y == view.scroll_target_y)
    top = screen_rows(view)[0]
    assert not view.following and top == "line 30"
    view.append("line 50\n")
    await painted(pilot)
    assert screen_rows(view)[0] == top
    await pilot.press("end")
    await until(pilot, lambda: view.scroll_offset.y == view.max_scroll_y)
    view.append("line 51\n")
    await painted(pilot)
    assert view.following and screen_rows(view)[-1] == "line 51"


async def test_a_lower_view_still_shows_the_end(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.append("\n".join(f"line {number}" for number in range(50)))
    await painted(pilot)
    view.styles.height = 5
    await until(pilot, lambda: view.size.height == 5)
    await painted(pilot)
    assert screen_rows(view)[-1] == "line 49"


async def test_a_long_answer_is_shown_from_its_start_or_its_end(pilot: Pilot[None]) -> None:
    text = "\n".join(f"line {number}" for number in range(50))
    view = view_of(pilot)
    view.set_text(text)
    await painted(pilot)
    assert screen_rows(view)[0] == "line 0" and not view.following
    view.set_text(text, follow=True)
    await painted(pilot)
    assert screen_rows(view)[-1] == "line 49" and view.following
    view.clear()
    await painted(pilot)
    assert view.text == "" and not any(screen_rows(view))


async def test_a_new_width_wraps_anew_and_keeps_the_place(pilot: Pilot[None]) -> None:
    words = " ".join(f"word{number}" for number in range(600))
    view = view_of(pilot)
    view.set_text(words)
    await painted(pilot)
    view.jump(40)
    top = screen_rows(view)[0].split()[0]
    for width in (25, 55, 33, 47, 29, 41):
        view.styles.width = width
        await until(pilot, lambda width=width: view.line_width == width - 1)
        await painted(pilot)
        assert view.lines == lines_of(fed([words], width - 1))
        assert top in screen_rows(view)[0].split()


async def test_reasoning_stands_above_and_folds(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.append_reasoning("let me\nthink")
    view.append("the answer")
    view.mark("⚠ interrupted")
    await painted(pilot)
    rule = "─" * view.line_width
    rows = ["▾ Reasoning", "let me", "think", rule, "the answer", "⚠ interrupted"]
    assert screen_rows(view)[:6] == rows
    view.focus()
    await pilot.press("t")
    assert screen_rows(view)[:3] == ["▸ Reasoning · 2 lines", "the answer", "⚠ interrupted"]
    await pilot.click(StreamView, offset=(3, 0))
    assert screen_rows(view)[:6] == rows
    view.mark("")
    await painted(pilot)
    assert screen_rows(view)[4:6] == ["the answer", ""]
    assert (view.reasoning, view.text) == ("let me\nthink", "the answer")


async def test_reasoning_that_grows_leaves_the_answer_in_its_place(pilot: Pilot[None]) -> None:
    view = view_of(pilot)
    view.set_text("\n".join(f"line {number}" for number in range(50)), "one")
    await painted(pilot)
    view.jump(20)
    top = screen_rows(view)[0]
    view.append_reasoning("\ntwo\nthree")
    await painted(pilot)
    assert screen_rows(view)[0] == top


async def test_what_the_mouse_selects_is_copied_with_its_lines_joined(pilot: Pilot[None]) -> None:
    text = "The contract was signed on 14 March 2024 by both parties.\nSecond."
    view = view_of(pilot)
    view.set_text(text)
    await painted(pilot)
    assert view.lines[1] == "by both parties."
    await pilot.mouse_down(StreamView, offset=(4, 0))
    await pilot.hover(StreamView, offset=(6, 1))
    await pilot.mouse_up(StreamView, offset=(6, 1))
    assert pilot.app.screen.get_selected_text() == text[4 : text.index(" parties")]
    styles = [segment.style for segment in view.render_line(0) if segment.text.strip()]
    assert styles[0].bgcolor != styles[1].bgcolor
    await pilot.click(StreamView, times=2)
    assert pilot.app.screen.get_selected_text() == text


async def test_text_given_before_the_view_is_mounted_is_shown() -> None:
    class Early(App[None]):
        def compose(self) -> ComposeResult:
            view = StreamView()
            view.set_text("early", "thought")
            view.append(" bird")
            view.mark("⚠ cut")
            yield view

    async with Early().run_test() as pilot:
        view = await painted(pilot)
        assert view.lines == ["early bird"]
        assert screen_rows(view)[4] == "⚠ cut"


async def test_markdown_is_inked_once_the_answer_has_ended(pilot):
    view = view_of(pilot)
    view.append("a **bold** word")
    await painted(pilot)
    assert bold(view) == []
    view.mark("", ended=True)
    assert bold(view) == ["**bold**"]
    assert screen_rows(view)[0] == "a **bold** word"


def bold(view: StreamView) -> list[str]:
    return [each.text for each in view.render_line(0) if each.style and each.style.bold]
