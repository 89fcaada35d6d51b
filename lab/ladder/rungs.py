"""A rung in numbers: its variant's answers, what they took, and the other variants tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lab.ladder.comparing import compare_variants, mean_cost
from lab.ladder.economics import Economics
from lab.ladder.standing import Standing
from lab.statistics.paired import Difference
from lab.statistics.several import holm
from store.outcomes import Outcome
from store.records import Rung, content_hash


@dataclass(frozen=True, slots=True)
class Other:
    """A variant that does not stand for its rung, compared with the one that does.

    `difference` is this one less that, None without a shared case; `p` is adjusted for how
    many others there are (Holm).
    """

    standing: Standing
    difference: Difference | None
    p: float | None


@dataclass(frozen=True, slots=True)
class RungFacts:
    """What is known of the variant that stands for a rung.

    `answers` are its whole answers to the current test cases. `cost_usd` is what they cost
    and `per_answer` what one costs on the average, in US dollars, None where a price is not
    known; a price that the person typed goes before what was measured. `latency_p50_s` is
    in seconds, `tokens` counts those sent and answered, both None where they are not known.
    `models` are what the server called itself. `upfront` is what the rung costs once.
    `asked` names what was sent, by hash, and `first_at`, `last_at` say when. `on_front`:
    no other rung is both at least as cheap and better.
    """

    standing: Standing
    answers: int
    cost_usd: float | None
    per_answer: float | None
    latency_p50_s: float | None
    tokens: int | None
    models: tuple[str, ...]
    upfront: float | None
    asked: str
    first_at: float | None
    last_at: float | None
    others: tuple[Other, ...]
    on_front: bool = False

    @property
    def rung(self) -> Rung:
        return self.standing.rung


def rung_facts(
    best: Standing,
    rest: Sequence[Standing],
    outcomes: Mapping[int, Sequence[Outcome]],
    economics: Economics,
) -> RungFacts:
    """Return a rung's facts; `outcomes` are by variant id, `rest` its other variants."""
    found = outcomes[best.variant.id]
    each = mean_cost(found)
    times = [outcome.latency_s for outcome in found if outcome.latency_s is not None]
    tokens = [outcome.tokens for outcome in found if outcome.tokens is not None]
    began = [outcome.started_at for outcome in found]
    return RungFacts(
        standing=best,
        answers=len(found),
        cost_usd=None if each is None else sum(outcome.cost_usd or 0.0 for outcome in found),
        per_answer=economics.price(best.rung, each),
        latency_p50_s=median(times) if times else None,
        tokens=sum(tokens) if found and len(tokens) == len(found) else None,
        models=tuple(sorted({outcome.model for outcome in found if outcome.model})),
        upfront=economics.upfront(best.rung),
        asked=content_hash(sorted(outcome.sent_hash for outcome in found))[:16],
        first_at=min(began, default=None),
        last_at=max(began, default=None),
        others=_others(best, rest, outcomes),
    )


def _others(
    best: Standing, rest: Sequence[Standing], outcomes: Mapping[int, Sequence[Outcome]]
) -> tuple[Other, ...]:
    ours = outcomes[best.variant.id]
    found = [
        compare_variants(best, other, ours, outcomes[other.variant.id]).difference for other in rest
    ]
    adjusted = iter(holm([each.p for each in found if each is not None]))
    return tuple(
        Other(other, each, next(adjusted) if each is not None else None)
        for other, each in zip(rest, found, strict=True)
    )


def mark_front(rungs: Sequence[tuple[float | None, float | None]]) -> list[bool]:
    """Tell which of (cost of an answer, rate) no other one beats: the Pareto front.

    One whose cost or rate is not known is on no front. Of equals all are on it.
    """

    def beaten(cost: float, rate: float) -> bool:
        return any(
            c is not None and r is not None and c <= cost and r >= rate and (c < cost or r > rate)
            for c, r in rungs
        )

    return [
        cost is not None and rate is not None and not beaten(cost, rate) for cost, rate in rungs
    ]
