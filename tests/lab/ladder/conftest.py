"""A session whose rungs have answers with labels, taken in as if made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.desk import Desk
from lab.imports.answers import import_answers
from lab.imports.matching import Given
from lab.interop.answer_formats import read_answers
from lab.ladder.reading import Ladder, read_ladder
from store.records import Rung

Fill = Callable[..., Awaitable[None]]
Read = Callable[[], Awaitable[Ladder]]

_LABEL = {"y": "pass", "p": "partial", "n": "fail"}


@pytest.fixture
def fill(desk: Desk, tmp_path: Path) -> Fill:
    """Give a rung answers: a letter a case, y, p or n as labelled, ? without a label.

    Cases are c0, c1, …; a space leaves one out. Several strings are several epochs. `same`
    gives every rung that says it the same texts.
    """

    async def filled(
        rung: Rung,
        *epochs: str,
        cost: float | Sequence[float] | None = 0.001,
        model: str = "m1",
        same: bool = False,
        **more: Any,
    ) -> None:
        rows: list[dict[str, Any]] = []
        for epoch, letters in enumerate(epochs, start=1):
            for place, letter in enumerate(letters):
                if letter == " ":
                    continue
                whose = "any" if same else f"{rung} {model} {epoch}"
                row: dict[str, Any] = {
                    "id": f"c{place}",
                    "prompt": f"Question {place}?",
                    "answer": f"{whose} {letter} {place}",
                    "latency_s": 1.0 + place,
                    **more,
                }
                if letter in _LABEL:
                    row["label"] = _LABEL[letter]
                if cost is not None:
                    row["cost_usd"] = cost if isinstance(cost, float) else cost[place]
                rows.append(row)
        path = tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        await import_answers(desk, read_answers(path), Given(rung, model))

    return filled


@pytest.fixture
def ladder(desk: Desk) -> Read:
    """Read the session's ladder."""

    async def read() -> Ladder:
        return await desk.database.read(read_ladder, desk.session)

    return read
