"""How many tokens a text has: counted where the vocabulary is known, else estimated.

The count is of the text alone. A chat adds a few tokens for each message around it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lab import providers

if TYPE_CHECKING:
    from splintr import AnyTokenizer

# OpenAI's models by the vocabulary that OpenAI names for them; others it has not named.
_OPENAI = (
    (
        re.compile(r"(?:ft:)?(?:chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-5|o[134])(?![\d.a-z])"),
        "o200k_base",
    ),
    (re.compile(r"(?:ft:)?gpt-(?:4|3\.5|35)(?![\d.o])"), "cl100k_base"),
    (re.compile(r"text-embedding-(?:3-(?:small|large)|ada-002)$"), "cl100k_base"),
)
_LIKE_OPENAI = re.compile(r"(?:ft:)?gpt-\d")
_OPEN_WEIGHTS = re.compile(r"(?:^|[-/])gpt-oss(?![a-z])")

_LETTERS = re.compile(r"[A-Za-z \t\r\n]+")
_DIGITS = re.compile(r"[0-9]+")
_WIDE = re.compile(r"[⺀-鿿가-힣豈-﫿\U00020000-\U0003ffff]+")
_LETTERS_PER_TOKEN = 4.4
_SIGNS_PER_TOKEN = 2.0
_OTHERS_PER_TOKEN = 2.0


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A number of tokens; `exact` is false for an estimate."""

    tokens: int
    exact: bool


def count(text: str, model: str, provider: str) -> TokenCount:
    """Return the tokens of a text for a model of a provider (a preset's name).

    OpenAI's vocabularies (o200k, cl100k) are counted offline. A newer GPT whose
    vocabulary is not published is counted with o200k and is not exact; the rest is
    estimated, see `estimate`.
    """
    vocabulary, exact = _vocabulary(model.lower(), provider)
    if vocabulary is None:
        return TokenCount(estimate(text), exact=False)
    # What is spelt like a special token is plain text when a person sends it.
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return TokenCount(len(_tokenizer(vocabulary).encode_ordinary(whole)), exact)


class Counter:
    """Counts texts for one model, each of them once; what is long recurs in every prompt."""

    def __init__(self, model: str, provider: str) -> None:
        self._model = model
        self._provider = provider
        self._counts: dict[bytes, TokenCount] = {}

    def __call__(self, text: str) -> TokenCount:
        """Return the tokens of a text."""
        key = _digest(text)
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = count(text, self._model, self._provider)
        return found

    def knows(self, text: str) -> bool:
        """Tell whether a text was counted already."""
        return _digest(text) in self._counts


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def estimate(text: str) -> int:
    """Return about how many tokens a text has in a vocabulary that is not known.

    4.4 Latin letters or spaces make a token, 2 punctuation marks, 1 digit, 1 Chinese,
    Japanese or Korean character, and 2 letters of other scripts. Against o200k this
    gives 0 to 20% too many on English prose, notes, JSON and Python, up to 40% too many
    on tables of numbers, and 10 to 80% too many in other scripts; small vocabularies
    (32k to 50k tokens) need up to 20% more than it says on English and up to twice as
    many in other scripts.
    """
    letters = _total(_LETTERS, text)
    digits = _total(_DIGITS, text)
    ascii_only = len(text.encode("ascii", "ignore"))
    wide = 0 if ascii_only == len(text) else _total(_WIDE, text)
    signs = max(0, ascii_only - letters - digits)
    others = len(text) - ascii_only - wide
    tokens = (
        letters / _LETTERS_PER_TOKEN
        + signs / _SIGNS_PER_TOKEN
        + digits
        + wide
        + others / _OTHERS_PER_TOKEN
    )
    return round(tokens) or (1 if text else 0)


def _total(pattern: re.Pattern[str], text: str) -> int:
    return sum(match.end() - match.start() for match in pattern.finditer(text))


def _vocabulary(model: str, provider: str) -> tuple[str | None, bool]:
    """Return the vocabulary of a model, None for unknown, and whether that is certain."""
    if _OPEN_WEIGHTS.search(model):
        return "o200k_base", True  # OpenAI's open models share its ranks
    preset = providers.load().get(provider)
    if preset is not None and preset.local:
        return None, False  # a file may have any name
    name = model.removeprefix("openai/")
    for pattern, vocabulary in _OPENAI:
        if pattern.match(name):
            return vocabulary, True
    return ("o200k_base", False) if _LIKE_OPENAI.match(name) else (None, False)


@cache
def _tokenizer(vocabulary: str) -> AnyTokenizer:
    """Return a tokenizer of the ones that are inside the package."""
    from splintr import Tokenizer

    return Tokenizer.from_pretrained(vocabulary)
