"""What a page is made of, before it is HTML, Markdown or lines in a terminal.

Texts are as they are kept; whoever shows them makes them visible and escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value with a remark beside it. `block`: a longer text whose line ends matter."""

    label: str
    value: str
    note: str = ""
    block: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; the columns in `right` are numbers, aligned to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


def p_value(p: float | None) -> str:
    """Return a p-value as people read it: 0.03, 0.0004, under 0.0001; "–" for None."""
    if p is None:
        return "–"
    if p < 0.0001:
        return "under 0.0001"
    return f"{p:.1g}" if p < 0.001 else f"{p:.3f}".rstrip("0").rstrip(".")


def seconds(value: float | None) -> str:
    """Return a time as "1.4 s", "–" for None."""
    return "–" if value is None else f"{value:.1f} s"
