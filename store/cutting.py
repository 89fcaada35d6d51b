"""Cutting a text into chunks, in the child process: `store.embedder_worker` calls it.

semantic-text-splitter looks for the best places. It asks very often how many tokens a piece
has, so what stands between blanks and marks is counted once and remembered: to tokenise each
piece takes ten times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from store.seams import PAGE, covered, sections, windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = Path(__file__).with_name("minilm") / "tokenizer.json"
# A word of over 100 characters is one token for MiniLM, and blank space is none. So that such
# text does not become one chunk, this many characters count as a token.
_CHARS = 10
_LONG = 100
# The splitter takes the stop after a last word for a word of its own.
_MARKS_ROOM = 2
_LAST_MARKS = re.compile(r"(?<=\w)[.!?…:;\"'”’)\]}*_`]+(?=\s|$)")
_MOST_COUNTS = 200_000
# What MiniLM tokenises by itself: ASCII marks and Chinese characters, which are one token each,
# and what stands between those and blanks.
_ALONE = r"!-/:-@\[-`{-~\u3400-\u4dbf\u4e00-\u9fff"
_PARTS = re.compile(rf"[^ \t\n\r\f{_ALONE}]+|[{_ALONE}]")


def tokenizer() -> Tokenizer:
    """Return MiniLM's tokenizer, without truncation or padding."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(TOKENIZER))
    made.no_truncation()
    made.no_padding()
    # What looks like a special token in a document is text.
    made.encode_special_tokens = True
    return made


def unpaged(text: str) -> str:
    """Return a text with blanks for page breaks, which MiniLM would join the words across."""
    return text.replace(PAGE, " ")


class Cutter:
    """Cuts texts; one thread at a time."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return tokenizer()

    def cut(
        self, text: str, most: int, overlap: int, *, markdown: bool
    ) -> list[tuple[int, int, int]]:
        """Return (start, end, tokens) of each chunk, in order.

        A chunk has at most `most` tokens, and up to `overlap` of them are also in the chunk
        before it. What lies between chunks is blank, or nothing that has tokens.
        """
        from semantic_text_splitter import MarkdownSplitter, TextSplitter

        room = most - _MARKS_ROOM

        def size(piece: str) -> int:
            least = -(-len(piece) // _CHARS)
            return least if least > room else max(least, self.tokens(piece))

        kind = MarkdownSplitter if markdown else TextSplitter
        splitter = kind.from_callback(size, room, overlap=min(overlap, room - 1))
        found: list[tuple[int, int, int]] = []
        for begin, end in sections(text):
            shown = covered(unpaged(text[begin:end]), markdown=markdown)
            for first, last in windows(shown):
                where = begin + first
                pieces = splitter.chunk_indices(shown[first:last])
                spans = [(where + at, where + at + len(piece)) for at, piece in pieces]
                found += self._chunks(text, spans, most)
        return found

    def _chunks(
        self, text: str, spans: Sequence[tuple[int, int]], most: int
    ) -> Iterator[tuple[int, int, int]]:
        """Yield the chunks that spans are: without outer blanks, and with a last word's marks."""
        cut = moved = 0
        for start, end in spans:
            start = moved if start == cut else start
            if start >= end:
                continue
            start += len(text[start:end]) - len(text[start:end].lstrip())
            cut = moved = end = start + len(text[start:end].rstrip())
            marks = _LAST_MARKS.match(text, end)
            if marks and self.tokens(text[start : marks.end()]) <= most:
                moved = end = marks.end()
            if tokens := self.tokens(text[start:end]):
                yield start, end, tokens

    def tokens(self, text: str) -> int:
        """Return how many tokens a text has, without those that frame it."""
        return sum(map(self._part_tokens, _PARTS.findall(text)))

    def _part_tokens(self, part: str) -> int:
        known = self._counts.get(part)
        if known is None:
            known = len(self._tokenizer.encode(part, add_special_tokens=False))
            if len(part) <= _LONG:
                if len(self._counts) >= _MOST_COUNTS:
                    self._counts.clear()
                self._counts[part] = known
        return known
