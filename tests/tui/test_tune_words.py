"""The command line's words that the Tune screen says in its own: none may have gone stale."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.screens.tune import words

LAB = Path(__file__).resolve().parents[2] / "lab"


def sentences(path: Path) -> Iterator[str]:
    """Yield a module's texts, with a gap where a value is put in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "\0" for part in node.values
            )


@pytest.mark.parametrize("there", words._SAID_HERE)
def test_what_is_said_otherwise_is_still_said(there: str) -> None:
    said = (text for path in LAB.rglob("*.py") for text in sentences(path))
    assert any(there in text for text in said), there
