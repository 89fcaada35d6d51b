"""Where each rung stands: its variants' rates on the session's current test cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.statistics.rates import Rate, rate_of
from store import ladder, overview, runs
from store.database import Connection
from store.records import RUNGS, Rung, Variant


@dataclass(frozen=True, slots=True)
class Standing:
    """A variant's place: its rate, and what its answers took.

    `rate` is None before the first verdict. `cost_usd` is None when the price of any answer
    is not known; `seconds` is the sum of the answers' latencies. `judged` of the `verdicts`
    that its answers have are the trusted judge's. `pinned`: the person chose it for its rung.
    """

    variant: Variant
    rate: Rate | None
    unlabelled: int
    cost_usd: float | None
    seconds: float
    verdicts: int = 0
    judged: int = 0
    pinned: bool = False

    @property
    def rung(self) -> Rung:
        return self.variant.rung


def standing(
    connection: Connection, session_id: int, variant: Variant, pins: set[int] | None = None
) -> Standing:
    """Return where a variant stands in a session; `pins` saves reading them anew."""
    tally = overview.tally(connection, session_id, variant.id)
    scores = [
        [score / epochs] * epochs for epochs, score, cases in tally.scores for _ in range(cases)
    ]
    pins = ladder.pins(connection, session_id) if pins is None else pins
    return Standing(
        variant,
        rate_of(scores),
        tally.unlabelled,
        None if tally.unpriced else tally.cost_usd,
        tally.seconds,
        sum(map(len, scores)),
        tally.judged,
        variant.id in pins,
    )


def standings(connection: Connection, session_id: int) -> list[Standing]:
    """Return the standing of every variant that ran in a session, the last used first."""
    pins = ladder.pins(connection, session_id)
    return [
        standing(connection, session_id, variant, pins)
        for variant in runs.variants_of(connection, session_id)
    ]


def base_of(found: Iterable[Standing], tuned: Standing) -> Standing | None:
    """Return where the model that a tuned one was made from stands under the same prompt.

    Of several the one that was asked where the tuned one is, with the same parameters, is
    taken first, then the last used. None where it was not asked so, or nothing is tuned.
    """
    made = tuned.variant.tuned
    if made is None:
        return None
    here = [
        item
        for item in found
        if item.rung == "bare"
        and item.variant.model == made.base_model
        and item.variant.system == tuned.variant.system
    ]
    return max(here, key=lambda item: _likeness(item.variant, tuned.variant), default=None)


def _likeness(base: Variant, tuned: Variant) -> tuple[bool, bool]:
    there = (base.provider, base.base_url) == (tuned.provider, tuned.base_url)
    return there, base.parameters == tuned.parameters


def chosen(found: Iterable[Standing]) -> dict[Rung, Standing]:
    """Choose for each rung the variant that the person pinned, else the best.

    Best is the highest lower bound of the interval; among variants without a verdict the
    last used.
    """
    found = list(found)
    best: dict[Rung, Standing] = {}
    for rung in RUNGS:
        here = [item for item in found if item.rung == rung]
        if here:
            best[rung] = max(
                here, key=lambda item: (item.pinned, item.rate.low if item.rate else -1.0)
            )
    return best
