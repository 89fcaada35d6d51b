from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import Static

from tui.safe import content, one_line, visible

HOSTILE = "\x1b]0;x\x07 [/foo] [INST] [red]b[/red] \x9b31m \u202egnp.exe\u2066 \x00\x7f\r \b"
BIDI_CONTROLS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
BIDI_MARKS = set("\u061c\u200e\u200f")

anything = st.text(st.characters()) | st.text(
    st.sampled_from("a \n\t\r\x00\x1b\x07[]/\\\x7f\x85\x9b\u202e\u2028\ud800\U000e0041")
)


def obeyed(text: str) -> set[str]:
    """Return the characters in text that a terminal or a text layout would act on."""
    return {
        char
        for char in text
        if (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\n\t")
        or unicodedata.bidirectional(char) in BIDI_CONTROLS
        or char in BIDI_MARKS
    }


@given(anything)
def test_nothing_is_left_that_is_obeyed(text: str) -> None:
    assert not obeyed(visible(text))


@given(anything)
def test_making_visible_twice_is_making_it_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"])))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == text


def test_controls_are_shown_not_dropped() -> None:
    assert visible("\x1b]0;x\x07") == "␛]0;x␇"
    assert visible("a\r\nb\rc\td") == "a\nb␍c\td"
    assert visible("\x7f\x9b\u202e\ud800") == "␡‹9B›‹U+202E›\ufffd"
    assert visible("👩‍🚀 नमस्ते e\u0301") == "👩‍🚀 नमस्ते e\u0301"


@given(anything, st.integers(1, 50))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not obeyed(line) and "\n" not in line and "\t" not in line


@given(anything)
@example("\r\n")
@example("\r\n x \r\n\r\n")
@example("\r x\r")
@example(" " * 100 + "x")
@example("a" + " " * 100 + "b")
def test_one_line_says_when_something_is_left_out(text: str) -> None:
    line = one_line(text, 12)
    assert line.endswith("…") or line == " ".join(visible(text).split())


@pytest.mark.parametrize(
    "text", ["[/foo]", "[INST] hi [/INST]", "[red]x[/red]", "\\[x]", "[@click=a]b"]
)
def test_brackets_stay_text(text: str) -> None:
    assert content(text).plain == content(text, "bold").plain == text
    assert not content(text).spans


@given(anything)
def test_content_is_the_visible_text(text: str) -> None:
    assert content(text).plain == content(text, "red").plain == visible(text)


class Page(App[None]):
    """Shows one untrusted text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        yield Static(content(self.text, "bold"))


async def test_hostile_text_reaches_the_screen_as_text() -> None:
    app = Page(HOSTILE + "x" * 20_000)
    async with app.run_test(size=(120, 10)):
        page = app.query_one(Static)
        width = page.size.width
        lines = [page.render_line(y).text for y in range(page.size.height)]
    shown = "\n".join(lines)
    assert not obeyed(shown) and "\t" not in shown
    assert "␛]0;x␇ [/foo] [INST] [red]b[/red]" in shown
    assert shown.count("x") > 20_000
    assert max(len(line) for line in lines) <= width <= 120
