"""Word wrap by terminal cells, fed piece by piece.

A break depends only on the text before it and on the first grapheme that no longer fits,
so whatever is broken stays broken: however a text is cut into pieces, the lines are the
same, and a piece costs no more late in a long paragraph than early.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, get_character_cell_size

from tui.safe import visible

TAB = 4
"""Cells between tab stops, counted from the start of the displayed line."""

POINTS_PER_CELL = 16
"""A line holds at most this many characters per cell, however many take no cell."""

_JOINER, _EMOJI_STYLE = "\u200d", "\ufe0f"
_BLANKS = " \t"
_CLOSING = "、。，．！？；：）］｝〕〉》」』】…"
_OPENING = "（［｛〔〈《「『【"
# Characters of one cell that neither join nor change their neighbours. Text made of these
# alone is wrapped without looking at each character.
_plain = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u0482\u2010-\u2027\u2030-\u205e"
    "\u20a0-\u20bf\u2190-\u21ff\u2200-\u22ff\u2400-\u2426\u2500-\u25fc]*"
).fullmatch
_stray_joiner = re.compile(f"{_JOINER}+(?=[{_BLANKS}])")


class Wrapper:
    """The wrapped lines of one text at one width, in cells (at least `TAB`).

    A line is broken after blanks, which are then not shown, or beside a character two
    cells wide (never before closing or after opening CJK punctuation); a word too long
    for a line is broken where the line is full. Blanks that begin a paragraph stay. A
    newline at the very end begins no further line.
    """

    def __init__(self, width: int) -> None:
        self.width = max(TAB, width)
        self._lines: list[str] = []
        self._joins: list[str] = []
        self._open = ""
        # A carriage return at the end of a piece may be half of a CR LF.
        self._held = ""
        self._skipping = False

    def feed(self, text: str) -> None:
        """Add untrusted text at the end."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        first, *rest = visible(text.removesuffix("\r")).split("\n")
        self._extend(first)
        for paragraph in rest:
            self._close()
            self._extend(paragraph)

    def __len__(self) -> int:
        return len(self._lines) + len(self._tail())

    @property
    def settled(self) -> int:
        """How many lines, from the first, no later text can change."""
        return len(self._lines)

    def line(self, index: int) -> str:
        """Return a displayed line, which holds no tab and no newline."""
        settled = len(self._lines)
        return self._lines[index] if index < settled else self._tail()[index - settled]

    def join(self, index: int) -> str:
        """Return what stood between a line and the next: a newline, a space or nothing."""
        return self._joins[index] if index < len(self._joins) else ""

    def _tail(self) -> list[str]:
        """Return the open paragraph's last line; two where a held return overflows it."""
        if not self._held:
            return [_shown(self._open)] if self._open else []
        lines, _, rest = _break(self._open + visible(self._held), self.width)
        return [*lines, _shown(rest)]

    def _extend(self, text: str) -> None:
        if self._skipping:
            text = text.lstrip(_BLANKS)
        if not text:
            return
        lines, joins, self._open = _break(self._open + text, self.width)
        self._lines += lines
        self._joins += joins
        self._skipping = not self._open

    def _close(self) -> None:
        if self._skipping:
            self._joins[-1] = "\n"
        else:
            self._lines.append(_shown(self._open))
            self._joins.append("\n")
        self._open, self._skipping = "", False


def row_starts(paragraph: str, width: int) -> list[int]:
    """Return the offsets at which the wrapped rows of a visible paragraph begin.

    The paragraph holds no newline. These are the lines of a `Wrapper` of that width; blanks
    at which a row is broken belong to the row before.
    """
    starts, start = [0], 0
    while (end := _line_end(paragraph, start, width)) is not None:
        start = _skip_blanks(paragraph, end)
        if start == len(paragraph):
            break
        starts.append(start)
    return starts


def _break(text: str, width: int) -> tuple[list[str], list[str], str]:
    """Return the lines that are full, what joins each to its next, and the rest."""
    lines: list[str] = []
    joins: list[str] = []
    start = 0
    while (end := _line_end(text, start, width)) is not None:
        line = text[start:end].rstrip(_BLANKS + _JOINER)
        start = _skip_blanks(text, end)
        joins.append(" " if text[start - 1] in _BLANKS else "")
        lines.append(_shown(line))
    return lines, joins, text[start:]


def _line_end(text: str, start: int, width: int) -> int | None:
    """Return where the line that begins at `start` is broken, None where all of it fits."""
    chunk = text[start : start + width + 1]
    if _plain(chunk) is None:
        return _wide_line_end(text, start, width)
    if len(chunk) <= width:
        return None
    if chunk[width] == " ":
        return start + width
    end = chunk.rfind(" ", 0, width) + 1
    return start + (end if chunk[:end].strip(" ") else width)


def _wide_line_end(text: str, start: int, width: int) -> int | None:
    """Do what `_line_end` does for text whose characters must be measured one by one.

    A grapheme is a character with the zero-width ones behind it, as Rich measures it: a
    joiner swallows the character that follows, an emoji style may widen the one before.
    """
    limit = start + POINTS_PER_CELL * width
    cells = 0
    begun = start  # where the current grapheme begins
    left, left_size = "", 0  # its first character
    best = None  # the last place where the line may be broken
    worded = False
    joined = False
    for index in range(start, min(len(text), limit)):
        character = text[index]
        blank = character in _BLANKS
        swallowed = joined and not blank
        joined = character == _JOINER and not swallowed
        if swallowed:
            continue
        size = get_character_cell_size(character) if character != "\t" else TAB - cells % TAB
        if size:
            begun = index
            if worded and not blank and _may_break(left, left_size, character, size):
                best = index
            left, left_size, worded = character, size, worded or not blank
        elif character == _EMOJI_STYLE:
            grapheme = text[begun : index + 1]
            size = cell_len(grapheme) - cell_len(grapheme[:-1])
        cells += size
        if cells > width and begun > start:
            return begun if best is None or left in _BLANKS else best
    return limit if len(text) > limit else None


def _may_break(left: str, left_size: int, right: str, right_size: int) -> bool:
    if left in _BLANKS:
        return True
    if left_size != 2 and right_size != 2:
        return False
    return left not in _OPENING and right not in _CLOSING


def _skip_blanks(text: str, index: int) -> int:
    while index < len(text) and text[index] in _BLANKS:
        index += 1
    return index


def _shown(line: str) -> str:
    """Return a line as it is displayed: tabs as spaces, no joiner that joins nothing."""
    if _JOINER in line:
        line = _stray_joiner.sub("", line)
    if "\t" not in line:
        return line
    first, *rest = line.split("\t")
    for part in rest:
        first += " " * (TAB - cell_len(first) % TAB) + part
    return first
