"""How the ladder's numbers are said, on every screen and page alike."""

from __future__ import annotations

from lab.prices import format_cost


def points(share: float, *, signed: bool = False) -> str:
    """Return a share as whole percentage points: "+71", "−4", "0"."""
    whole = round(share * 100)
    if not whole:
        return "0"
    sign = "−" if whole < 0 else "+" if signed else ""
    return f"{sign}{abs(whole)}"


def in_points(share: float, *, signed: bool = False) -> str:
    """Return a share in percentage points with the word: "+71 points", "1 point"."""
    whole = points(share, signed=signed)
    return f"{whole} {'point' if whole.lstrip('+−') == '1' else 'points'}"


def percent(share: float) -> str:
    """Return a share between 0 and 1 as whole percent. 1 and 0 stand for themselves only."""
    whole = round(share * 100)
    if whole == 100 and share < 1:
        whole = 99
    if whole == 0 and share > 0:
        whole = 1
    return f"{whole}%"


def money(usd: float | None) -> str:
    """Return US dollars as people read them, with a sign below zero; "unknown" for None."""
    if usd is not None and usd < 0:
        return f"−{money(-usd)}"
    return "$0" if usd == 0 else format_cost(usd)


def cost(usd: float | None) -> str:
    """Return what something cost: "free" for nothing, "unknown" for None."""
    return format_cost(usd)


def evidence(e_value: float) -> str:
    """Return an e-value as people read it: 0.3, 19, 2.5 million, over 1e15."""
    if e_value >= 1e15:
        return "over 10¹⁵"
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if e_value >= size:
            return f"{e_value / size:.3g} {name}"
    if e_value >= 100:
        return f"{e_value:,.0f}"
    return f"{e_value:.2g}"


def span(months: float) -> str:
    """Return how long something takes: "on the first day", "within 9 days", "in 5 months"."""
    days = months * 365.25 / 12
    if days <= 1:
        return "on the first day"
    if days < 60:
        return f"within {days:.0f} days" if days >= 1.5 else "within 2 days"
    if months < 24:
        return f"within {months:.0f} months"
    return f"within {months / 12:,.0f} years"


def hours(number: float) -> str:
    """Return hours as people read them: "40 seconds", "6 minutes", "2.5 hours"."""
    if number < 1 / 60:
        return count(round(number * 3600), "second")
    if number < 1.5:
        return count(round(number * 60), "minute")
    return f"{number:.1f} hours"


def count(number: int, what: str, many: str = "") -> str:
    """Return "1 case", "36 cases"; `many` is the plural where it is not made by an s."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"
