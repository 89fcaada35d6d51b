"""A text area for text that may be anything: it is kept as it came, and seen safely."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

# What a text area would take for the end of a line, beside those of a file. In the box
# noncharacters stand for them, which no text holds.
_BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_IN = {ord(char): 0xFDD0 + index for index, char in enumerate(_BREAKS)}
_OUT = {inside: outside for outside, inside in _IN.items()}
# One cell for one character, so that the cursor stays where it belongs.
_SEEN = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) != "\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F)), 0xFFFD),
    **dict.fromkeys((*range(0x2066, 0x206A), 0xFEFF, *range(0xD800, 0xE000), *_OUT), 0xFFFD),
}


class TextBox(TextArea):
    """A text area of plain text that shows nothing a terminal would obey."""

    def __init__(self, text: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(
            text.translate(_IN),
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            placeholder=placeholder,
            highlight_cursor_line=False,
        )

    @property
    def text(self) -> str:
        """The text as it was typed, pasted or set; a CR LF counts as a newline."""
        return self.document.text.translate(_OUT)

    @text.setter
    def text(self, value: str) -> None:
        self.load_text(value.translate(_IN))

    def edit(self, edit: Edit) -> EditResult:
        edit.text = edit.text.translate(_IN)
        return super().edit(edit)

    def get_text_range(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        return super().get_text_range(start, end).translate(_OUT)

    def get_line(self, line_index: int) -> Text:
        line = self.document.get_line(line_index).translate(_SEEN)
        return Text(line, end="", no_wrap=True)
