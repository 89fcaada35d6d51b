"""The whole ladder of a session as it stands: rungs, steps, verdicts, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lab.judge.trust import Judgeship, judgeship
from lab.ladder.comparing import Comparison, compare_variants, mean_cost
from lab.ladder.economics import (
    Economics,
    extra_upfront,
    least_gain,
    read_economics,
    reckon,
)
from lab.ladder.next_step import Failures, failures_of, settling
from lab.ladder.rungs import RungFacts, mark_front, rung_facts
from lab.ladder.session import SessionVerdict, Step, session_verdict, walk
from lab.ladder.standing import Standing, base_of, chosen, standings
from lab.ladder.verdict import judge_step
from lab.statistics.several import holm
from store import benchmarks, revisions
from store.database import Connection
from store.errors import NotFound
from store.outcomes import Outcome, outcomes
from store.records import RUNGS, Rung, Session

BASE = "base"
"""What a tuned model's base is called where another variant stands for its rung."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A session's ladder. `benchmark` names the cases as they stand, by hash.

    `cases` counts the test cases, and `behind` the answers that stand on older revisions
    and are in no rate. `steps` are those between neighbours, then the tuned model beside its base
    where that is another, and last the one that decided where it is yet another.
    `beside_base` is the second of these, None where the base was not asked under the same
    prompt, or nothing is tuned. `failures` are those of the highest rung that was run.
    """

    session: Session
    benchmark: str
    cases: int
    rungs: tuple[RungFacts, ...]
    steps: tuple[Step, ...]
    verdict: SessionVerdict
    economics: Economics
    judge: Judgeship
    behind: int
    failures: Failures | None
    beside_base: Step | None = None

    def rung(self, name: Rung) -> RungFacts | None:
        """Return a rung's facts, None where it was not run."""
        return next((facts for facts in self.rungs if facts.rung == name), None)

    @property
    def base_lacks(self) -> str:
        """Say that the tuned model's base was not asked as it was; empty where that is not so."""
        tuned = self.rung("tuned")
        made = tuned.standing.variant.tuned if tuned else None
        if made is None or self.beside_base is not None:
            return ""
        return (
            f"What training alone has brought is not known: {made.base_model} was not asked under "
            "the same prompt; `litmus run --rung tuned` asks it too."
        )


def read_ladder(connection: Connection, session: Session) -> Ladder:
    """Read a session's ladder."""
    read = _Reading(connection, session)
    best = read.best
    rungs = _with_front([read.facts(standing) for standing in best.values()])
    order: list[Rung] = [rung for rung in RUNGS if rung in best]
    neighbours = [(best[a], best[b]) for a, b in pairwise(order)]
    beside = read.beside_base()
    pairs = [*neighbours, *([beside] if beside and beside not in neighbours else [])]
    steps = read.steps(pairs)
    stand, last = walk(
        order, steps[: len(neighbours)], lambda a, b: read.steps([(best[a], best[b])])[0]
    )
    decided = (best[last.first], best[last.second]) if last is not None else None
    if decided is not None and decided not in pairs:
        pairs.append(decided)
        steps = read.steps(pairs)
    failures = None
    if order:
        top = best[order[-1]]
        failures = failures_of(
            top.rung,
            read.outcomes(top),
            order,
            read.bad_cases,
            lambda rung: read.must_bring(top, rung),
        )
    return Ladder(
        session=session,
        benchmark=benchmarks.revision_hash(connection, session.id),
        cases=read.cases,
        rungs=rungs,
        steps=steps,
        verdict=session_verdict(rungs, stand, last, read.economics.target),
        economics=read.economics,
        judge=read.judge,
        behind=read.behind,
        failures=failures,
        beside_base=steps[pairs.index(beside)] if beside else None,
    )


def read_step(connection: Connection, session: Session, first: str, second: str) -> Step:
    """Read one step between any two rungs, or variants named by the beginning of their hash.

    "base" is what the second one was tuned from, under the same prompt. Raises NotFound where
    one of them was not run.
    """
    read = _Reading(connection, session)
    after = _named(read.found, second)
    before = base_of(read.found, after) if first == BASE else None
    pair = (before or _named(read.found, first), after)
    if pair[0].variant.hash == pair[1].variant.hash:
        raise NotFound(f"“{first}” and “{second}” are the same variant; name two that differ.")
    [step] = read.steps([pair])
    return step


class _Reading:
    """Reads each variant's outcomes once."""

    def __init__(self, connection: Connection, session: Session) -> None:
        self._connection = connection
        self._session = session
        self._outcomes: dict[int, list[Outcome]] = {}
        self.found = standings(connection, session.id)
        self.best = chosen(self.found)
        self.economics = read_economics(connection, session.id)
        self.behind = revisions.behind_in(connection, session.id)
        self.judge = judgeship(connection, session.id)
        drafts = [case.draft for case in benchmarks.cases(connection, session.id, split="test")]
        self.bad_cases = sum(benchmarks.REPAIR in draft.tags for draft in drafts)
        self.cases = len(drafts) - self.bad_cases

    def outcomes(self, standing: Standing) -> list[Outcome]:
        variant_id = standing.variant.id
        if variant_id not in self._outcomes:
            self._outcomes[variant_id] = outcomes(self._connection, self._session.id, variant_id)
        return self._outcomes[variant_id]

    def facts(self, best: Standing) -> RungFacts:
        rest = [item for item in self.found if item.rung == best.rung and item is not best]
        here = {item.variant.id: self.outcomes(item) for item in (best, *rest)}
        return rung_facts(best, rest, here, self.economics)

    def steps(self, pairs: Sequence[tuple[Standing, Standing]]) -> tuple[Step, ...]:
        compared = [self._compare(*pair) for pair in pairs]
        adjusted = iter(holm([each.difference.p for each in compared if each.difference]))
        return tuple(
            self._step(each, next(adjusted) if each.difference else None) for each in compared
        )

    def beside_base(self) -> tuple[Standing, Standing] | None:
        """Return what the tuned rung was made from under the same prompt, and that rung."""
        tuned = self.best.get("tuned")
        base = base_of(self.found, tuned) if tuned else None
        return (base, tuned) if base and tuned else None

    def _compare(self, first: Standing, second: Standing) -> Comparison:
        made = second.variant.tuned
        its_base = made is not None and first.variant.model == made.base_model
        stands = any(first is standing for standing in self.best.values())
        tried = sum(item.rung == second.rung and item.rate is not None for item in self.found)
        return compare_variants(
            first,
            second,
            self.outcomes(first),
            self.outcomes(second),
            # Two variants of one rung are compared because the person named them.
            tried=tried if first.rung != second.rung else 1,
            behind=self.behind,
            judge=_not_counted(self.judge),
            first_name=BASE if its_base and not stands else "",
        )

    def _step(self, comparison: Comparison, p: float | None) -> Step:
        first, second = comparison.first, comparison.second
        returns = reckon(
            self.economics,
            first.rung,
            second.rung,
            costs=(mean_cost(self.outcomes(first)), mean_cost(self.outcomes(second))),
            gains=comparison.gains,
            extra=None if self._is_typed(first, second) else comparison.extra,
        )
        verdict = judge_step(comparison, returns, self.economics)
        seed = f"{first.variant.hash}:{second.variant.hash}"
        return Step(comparison, returns, verdict, p, settling(comparison, verdict.need, seed=seed))

    def must_bring(self, standing: Standing, rung: Rung) -> float | None:
        """Return the gain that pays a rung not run yet, by what the person typed of its price."""
        economics = self.economics
        now = economics.price(standing.rung, mean_cost(self.outcomes(standing)))
        then = economics.price(rung, None)
        upfront = extra_upfront(economics, standing.rung, rung)
        if then is None and not upfront:
            return None
        extra = 0.0 if then is None or now is None else then - now
        return least_gain(economics, extra, upfront)

    def _is_typed(self, *standing: Standing) -> bool:
        return any((item.rung, "price") in self.economics.rungs for item in standing)


def _not_counted(judge: Judgeship) -> str:
    """Return why the judge's verdicts are not counted, empty where they are or there are none."""
    if judge.judge is None or judge.trust.trusted or not judge.judged:
        return ""
    return f"What the judge {judge.judge.model} says is not counted. {judge.trust.why}"


def _named(found: Sequence[Standing], name: str) -> Standing:
    best: Mapping[Rung, Standing] = chosen(found)
    for rung, standing in best.items():
        if rung == name:
            return standing
    here = [item for item in found if name and item.variant.hash.startswith(name)]
    if len(here) != 1:
        known = ", ".join(best) or "none yet"
        raise NotFound(
            f"No rung or variant “{name}” was run in this session (rungs run: {known}); "
            "`litmus ladder --json` lists the variants."
        )
    return here[0]


def _with_front(rungs: Sequence[RungFacts]) -> tuple[RungFacts, ...]:
    places = [
        (facts.per_answer, facts.standing.rate.rate if facts.standing.rate else None)
        for facts in rungs
    ]
    return tuple(
        replace(facts, on_front=front)
        for facts, front in zip(rungs, mark_front(places), strict=True)
    )
