"""What a check gives back, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from store.records import Case

# must: rates rest on an error. should: they are worth less than they look. info: good to know.
Severity = Literal["must", "should", "info"]
# What mends it: another wording, a case less, a move to the train split, more cases, a label.
Repair = Literal["edit", "remove", "train", "add", "label"]

SEVERITIES: tuple[Severity, ...] = ("must", "should", "info")


class Stopped(Exception):
    """The person stopped a check; nothing was changed by it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what is wrong in a sentence, the cases that it touches, what mends it.

    `kind` is a stable name in snake_case. `repairs` are in the order in which they suit.
    """

    kind: str
    severity: Severity
    sentence: str
    cases: tuple[Case, ...] = ()
    repairs: tuple[Repair, ...] = ()


Progress = Callable[[int, int], None]
"""Called now and then with steps done and their number; may raise Stopped."""


def quiet(done: int, of: int) -> None:
    """Show no progress."""


def count(number: int, what: str) -> str:
    """Return a number with its noun: "1 case", "2,000 cases"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
