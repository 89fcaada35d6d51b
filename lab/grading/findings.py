"""What a check looks at and what it finds there, and how texts are made comparable."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from store.errors import PlainError

_SHOWN = 60


class ExpectationError(PlainError):
    """An expectation cannot be used; the message is one sentence that says why."""


class UnknownAssertion(ExpectationError):
    """The assertion's type is not one that Litmus can check."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it is checked: its text, seconds and US dollars (None: not known)."""

    text: str
    latency_s: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether the thing was found (None: it could not be told), and what stands there.

    `score` (0–1) is how much of it was found, where that is more than yes or no.
    """

    found: bool | None
    there: str
    score: float | None = None


def nfc(text: str) -> str:
    """Return text in Unicode's form NFC."""
    return unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return text in NFC with each stretch of white space as one space."""
    return " ".join(nfc(text).split())


def caseless(text: str) -> str:
    """Return `folded` text in which upper and lower case are the same."""
    return nfc(folded(text).casefold())


def beginning(text: str, limit: int = _SHOWN) -> str:
    """Return the first `limit` characters of a text on one line, for a person to see."""
    line = " ".join(text.lstrip()[: 4 * limit].split())
    if not line:
        return "an empty answer"
    return line if len(line) <= limit else line[: limit - 1] + "…"
