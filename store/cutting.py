"""Cutting a text into chunks, in the child process: `store.embedder_worker` calls it.

semantic-text-splitter looks for the best places. It asks very often how many tokens a piece
has, so what stands between blanks and marks is counted once and remembered: to tokenise each
piece takes ten times as long.
"""

from __future__ import annotations

import re
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

        def size(piece: str) -> int:
            least = -(-len(piece) // _CHARS)
            return least if least > most else max(least, self.tokens(piece))

        kind = MarkdownSplitter if markdown else TextSplitter
        splitter = kind.from_callback(size, most, overlap=overlap)
        found: list[tuple[int, int, int]] = []
        for begin, end in sections(text):
            shown = covered(unpaged(text[begin:end]), markdown=markdown)
            for first, last in windows(shown):
                for at, piece in splitter.chunk_indices(shown[first:last]):
                    start = begin + first + at
                    found += self._chunk(text, start, start + len(piece))
        return found

    def _chunk(self, text: str, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return the chunk that a span is without outer blanks; none without a token."""
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end = start + len(text[start:end].rstrip())
        tokens = self.tokens(text[start:end])
        return [(start, end, tokens)] if tokens else []

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
