"""Cells that a spreadsheet would run.

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as
a formula, so such a cell gets an apostrophe in front, and so does one that begins with
apostrophes and then such a character. Reading takes exactly that one away.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """Return a cell that a spreadsheet takes as text."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return the cell that `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell
