"""The numbers that a person types on the command line."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(most: int) -> Callable[[str], int]:
    """Return what reads a whole number from 1 to `most`."""

    def number(text: str) -> int:
        value = int(text) if text.isdecimal() and len(text) < 10 else 0
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text[:40]!r} is not a whole number from 1 to {most:,}"
            )
        return value

    return number


def temperature(text: str) -> float:
    """Read a number from 0 up."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 up")
    return value


def share(text: str) -> float:
    """Read 0.8, 80% or 80 as the share 0.8."""
    number = text.strip().removesuffix("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if number != text.strip() or value > 1:
        value /= 100
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a share such as 0.8 or 80%")
    return value


def amount(text: str) -> float:
    """Read an amount of US dollars, with or without its sign."""
    try:
        value = float(text.lstrip("$"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not an amount of US dollars")
    return value
