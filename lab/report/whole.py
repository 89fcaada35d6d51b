"""The whole report of a session: its ladder, every step's receipt, and what lies around them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.ladder.ceiling import oracle_ceiling
from lab.ladder.reading import Ladder
from lab.ladder.telling import tell_ladder
from lab.ladder.trend import Revision, read_trend
from lab.report.receipt import Receipt, Side, read_receipt, read_side
from lab.statistics.rates import Rate
from store.database import Connection

if TYPE_CHECKING:
    from lab.desk import Desk


@dataclass(frozen=True, slots=True)
class Report:
    """A session's ladder with all that it rests on.

    `sides` are the rungs that were run, `receipts` the steps between them, `ceiling` how far
    perfect retrieval could bring the rung rag, None where no oracle was asked. `trend` are the
    benchmark's revisions, the oldest first. `version` is Litmus's own, and `made_at` is in
    seconds since the epoch.
    """

    ladder: Ladder
    sides: tuple[Side, ...]
    receipts: tuple[Receipt, ...]
    trend: tuple[Revision, ...]
    version: str
    made_at: float
    ceiling: Rate | None = None


async def make_report(desk: Desk, version: str) -> Report:
    """Return the report of a session as it stands; its verdicts are kept as told."""
    ladder = await tell_ladder(desk)
    found = await desk.database.read(_read, ladder, version)
    return replace(found, ceiling=await oracle_ceiling(desk, ladder))


def _read(connection: Connection, ladder: Ladder, version: str) -> Report:
    sides = {
        facts.standing.variant.hash: read_side(connection, ladder, facts.standing)
        for facts in ladder.rungs
    }
    # The base of a tuned model may be another variant than the one that stands for its rung.
    others = {
        step.comparison.first.variant.hash: read_side(connection, ladder, step.comparison.first)
        for step in ladder.steps
        if step.comparison.first.variant.hash not in sides
    }
    every = sides | others
    receipts = [
        read_receipt(
            connection,
            ladder,
            step,
            (
                every[step.comparison.first.variant.hash],
                every[step.comparison.second.variant.hash],
            ),
            version,
        )
        for step in ladder.steps
    ]
    return Report(
        ladder=ladder,
        sides=tuple(sides.values()),
        receipts=tuple(receipts),
        trend=tuple(read_trend(connection, ladder.session.id)),
        version=version,
        made_at=time.time(),
    )
