"""How each rung stood on the benchmark as it was, revision by revision."""

from __future__ import annotations

from dataclasses import dataclass

from lab.statistics.rates import Rate, rate_of
from store import ladder, trend
from store.database import Connection
from store.records import RUNGS, SCORE, Rung


@dataclass(frozen=True, slots=True)
class Revision:
    """The benchmark as it was run once, and where each rung stands on it by today's verdicts.

    A rung is its pinned variant, else its best one on that revision by lower bound. `began`
    is in seconds since the epoch, `cases` counts the test cases.
    """

    benchmark: str
    began: float
    cases: int
    rates: dict[Rung, Rate]


def read_trend(connection: Connection, session_id: int) -> list[Revision]:
    """Return the newest revisions of the benchmark that were run, the oldest first."""
    pins = ladder.pins(connection, session_id)
    found: list[Revision] = []
    for past in trend.past(connection, session_id):
        rates: dict[Rung, Rate] = {}
        for rung in RUNGS:
            here = [
                (variant_id in pins, rate)
                for (of, variant_id), cases in past.verdicts.items()
                if of == rung
                and (rate := rate_of([SCORE[v] for v in case] for case in cases.values()))
            ]
            if here:
                rates[rung] = max(here, key=lambda item: (item[0], item[1].low))[1]
        found.append(Revision(past.benchmark, past.began, past.cases, rates))
    return found
