"""The ladder of an open session: read, and what it says of each step kept as it was told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.ladder.as_json import step_json
from lab.ladder.reading import Ladder, Step, read_ladder, read_step
from store import benchmarks, ladder
from store.database import Connection
from store.ladder import ToldVerdict

if TYPE_CHECKING:
    from lab.desk import Desk


async def tell_ladder(desk: Desk) -> Ladder:
    """Return the session's ladder as it stands, and keep its verdicts as told."""
    found = await desk.database.read(read_ladder, desk.session)
    await desk.database.write(_keep, desk.session.id, found.benchmark, found.steps)
    return found


async def tell_step(desk: Desk, first: str, second: str) -> Step:
    """Return a step between two rungs or variants, and keep its verdict as told.

    Raises NotFound as `read_step` does.
    """
    found = await desk.database.read(read_step, desk.session, first, second)
    benchmark = await desk.database.read(benchmarks.revision_hash, desk.session.id)
    await desk.database.write(_keep, desk.session.id, benchmark, (found,))
    return found


async def told(desk: Desk) -> list[ToldVerdict]:
    """Return the verdicts that were told in a session, the newest first."""
    return await desk.database.read(ladder.told_verdicts, desk.session.id)


def when(seconds: float) -> str:
    """Return a time as a receipt writes it: 2026-03-14 09:26 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _keep(connection: Connection, session_id: int, benchmark: str, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if step.verdict.state is not None:
            ladder.tell_verdict(
                connection,
                session_id,
                from_id=step.comparison.first.variant.id,
                to_id=step.comparison.second.variant.id,
                benchmark=benchmark,
                state=step.verdict.state,
                facts=_facts(step),
            )


def _facts(step: Step) -> dict[str, Any]:
    """Return what a verdict rests on, with where its two sides stood."""
    comparison = step.comparison
    rates = [
        {"rate": rate.rate, "low": rate.low, "high": rate.high, "n": rate.n}
        for rate in (comparison.first.rate, comparison.second.rate)
        if rate is not None
    ]
    return {**step_json(step), "rates": rates}
