"""Where each rung stands: its variants' rates on the session's current test cases."""

from __future__ import annotations

from dataclasses import dataclass

from lab.statistics.rates import Rate, rate_of
from store import overview, runs
from store.database import Connection
from store.records import RUNGS, Rung, Variant


@dataclass(frozen=True, slots=True)
class Standing:
    """A variant's place: its rate, and what its answers took.

    `rate` is None before the first verdict. `cost_usd` is None when the price of any answer
    is not known; `seconds` is the sum of the answers' latencies. `judged` of the `verdicts`
    that its answers have are the trusted judge's.
    """

    variant: Variant
    rate: Rate | None
    unlabelled: int
    cost_usd: float | None
    seconds: float
    verdicts: int = 0
    judged: int = 0

    @property
    def rung(self) -> Rung:
        return self.variant.rung


def standing(connection: Connection, session_id: int, variant: Variant) -> Standing:
    """Return where a variant stands in a session."""
    tally = overview.tally(connection, session_id, variant.id)
    scores = [
        [score / epochs] * epochs for epochs, score, cases in tally.scores for _ in range(cases)
    ]
    return Standing(
        variant,
        rate_of(scores),
        tally.unlabelled,
        None if tally.unpriced else tally.cost_usd,
        tally.seconds,
        sum(map(len, scores)),
        tally.judged,
    )


def standings(connection: Connection, session_id: int) -> list[Standing]:
    """Return the standing of every variant that ran in a session, the last used first."""
    return [
        standing(connection, session_id, variant)
        for variant in runs.variants_of(connection, session_id)
    ]


def ladder(found: list[Standing], pinned: dict[str, str] | None = None) -> dict[Rung, Standing]:
    """Choose for each rung the variant that the person pinned, else the best.

    Best is the highest lower bound of the interval; among variants without a verdict the
    last used. `pinned` maps a rung to a variant's hash.
    """
    chosen: dict[Rung, Standing] = {}
    for rung in RUNGS:
        here = [item for item in found if item.rung == rung]
        if not here:
            continue
        wanted = (pinned or {}).get(rung)
        chosen[rung] = next(
            (item for item in here if item.variant.hash == wanted),
            max(here, key=lambda item: item.rate.low if item.rate else -1.0),
        )
    return chosen
