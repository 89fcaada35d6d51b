"""Times as people read them."""

from __future__ import annotations


def time_left(seconds: float) -> str:
    """Return a time as "40 s", "3 min" or "2 h 5 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
