"""When a run may stop: as soon as nothing that is still to come could change the verdict.

A watch is filled once, at a run's start, and then takes each answer in constant time. It only
suspects; what it says in the end is the ladder's own verdict, read from the store, so that the
two cannot disagree. Stopping at CLIMB is honest since its evidence holds however often one
looks (see `lab.statistics.evidence`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.ladder import words
from lab.ladder.economics import Economics, read_economics, reckon
from lab.ladder.reading import read_step
from lab.ladder.standing import Standing, chosen, standing
from lab.ladder.verdict import State, clears, margin_of
from lab.statistics.evidence import BAR, e_value, e_value_of_counts
from lab.statistics.paired import compare
from store import ladder, runs, sessions
from store.database import Connection
from store.outcomes import Outcome, outcomes
from store.records import RUNGS, SCORE, Answer, Variant

LEAST = 3
"""From fewer answers of the variant nothing is concluded, since their costs tell too little."""

_PATIENCE = 0.9


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the rest of the run cannot change: the verdict, or only that it is no CLIMB."""

    state: State
    verdict: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What seems to be fixed of the step between two variants, named by their hashes.

    `best` are the scores of each case on both sides, were all that is open right; it is empty
    where CLIMB is suspected. `out_of_reach` says so in a sentence, and is empty for a benchmark
    that was too small for a CLIMB from the outset.
    """

    first: str
    second: str
    best: tuple[tuple[Sequence[float], Sequence[float]], ...] = ()
    out_of_reach: str = ""


@dataclass(slots=True)
class _Case:
    """A case that the rung below answered: its scores there, and those of this run's variant.

    A score is None where the answer waits for a verdict; `pending` epochs are to be asked.
    """

    first: list[float]
    second: dict[int, float | None]
    pending: set[int]

    def now(self) -> float | None:
        """Return the gain as the ladder sees it, None where one side has no verdict."""
        scores = [score for score in self.second.values() if score is not None]
        return _mean(scores) - _mean(self.first) if scores and self.first else None

    def best(self) -> float | None:
        """Return the most that the gain can become, None where the case is never asked."""
        scores = self.best_scores()
        return _mean(scores) - _mean(self.first or [0.0]) if scores else None

    def best_scores(self) -> list[float]:
        """Return the scores with all that is still open turned out right."""
        known = [1.0 if score is None else score for score in self.second.values()]
        return known + [1.0] * len(self.pending)


class Watch:
    """The step from the rung below to a run's variant, followed answer by answer."""

    def __init__(
        self,
        first: Standing,
        second: Variant,
        before: Sequence[Outcome],
        after: Sequence[Outcome],
        *,
        pending: Iterable[tuple[int, int]],
        economics: Economics,
        tried: int,
    ) -> None:
        """`pending` are the (case id, epoch) pairs that the run will ask."""
        self.first, self.second = first, second
        self._economics, self._tried = economics, max(1, tried)
        self._before = _Costs(outcome.cost_usd for outcome in before)
        self._after = _Costs(outcome.cost_usd for outcome in after)
        self._cases = _cases(before, after, pending)
        self._now: Counter[float] = Counter()
        self._best: Counter[float] = Counter()
        for case in self._cases.values():
            self._count(case, 1)
        # A benchmark too small for any CLIMB gives no verdict that could be fixed early.
        self._in_reach = clears(_evidence(self._best, self._margin()), self._tried)
        self._fewest_left: float = float("inf")

    def heard(self, answer: Answer, left: int) -> Suspicion | None:
        """Take an answer, and say what seems to be fixed by now, for `confirm` to look at.

        `left` is how many answers are still to come. What is not confirmed is suspected less
        often from then on.
        """
        self._after.add(answer.cost_usd)
        case = self._cases.get(answer.case_id)
        if case is not None:
            self._count(case, -1)
            case.pending.discard(answer.epoch)
            verdict = answer.verdict
            case.second[answer.epoch] = None if verdict is None else SCORE[verdict]
            self._count(case, 1)
        if not left or self._after.n < LEAST or left > self._fewest_left:
            return None
        found = self._suspicion(left)
        if found is not None:
            self._fewest_left = left * _PATIENCE  # unless it is confirmed, and all is said
        return found

    def _suspicion(self, left: int) -> Suspicion | None:
        margin = self._margin()
        pair = (self.first.variant.hash, self.second.hash)
        if margin < 1 and clears(_evidence(self._now, margin), self._tried):
            return Suspicion(*pair)
        best = _evidence(self._best, margin)
        if clears(best, self._tried) or not (self._in_reach or self._best_mean() <= margin):
            return None
        scores = ((case.first or [0.0], case.best_scores()) for case in self._cases.values())
        return Suspicion(
            *pair,
            tuple(pair for pair in scores if pair[1]),
            self._out_of_reach(left, best) if self._in_reach else "",
        )

    def _margin(self) -> float:
        """Return the gain that the step must exceed, by what answers cost so far."""
        costs = (self._before.each, self._after.each)
        rungs = (self.first.rung, self.second.rung)
        return margin_of(reckon(self._economics, *rungs, costs=costs, gains=()))

    def _out_of_reach(self, left: int, best: float) -> str:
        return (
            f"CLIMB to {self.second.rung} is out of reach in this run: even if "
            f"{words.count(left, 'answer')} to come and all that wait for a verdict were right, "
            f"the evidence would be e {words.evidence(best)}, and it takes "
            f"{BAR * self._tried:.0f}."
        )

    def _best_mean(self) -> float:
        n = self._best.total()
        return sum(gain * count for gain, count in self._best.items()) / n if n else 0.0

    def _count(self, case: _Case, step: int) -> None:
        for counts, gain in ((self._now, case.now()), (self._best, case.best())):
            if gain is not None:
                counts[gain] += step
                if not counts[gain]:
                    del counts[gain]


class _Costs:
    """The mean of costs as they come, in US dollars; None while one is not known."""

    def __init__(self, costs: Iterable[float | None]) -> None:
        self.n = self._unknown = 0
        self._sum = 0.0
        for cost in costs:
            self.add(cost)

    @property
    def each(self) -> float | None:
        return None if self._unknown or not self.n else self._sum / self.n

    def add(self, cost: float | None) -> None:
        self.n += 1
        self._unknown += cost is None
        self._sum += cost or 0.0


def watch(
    connection: Connection, session_id: int, variant: Variant, pending: Sequence[tuple[int, int]]
) -> Watch | None:
    """Return the watch over a run that will ask `pending` (case id, epoch) pairs.

    None where no rung below was run, where the two were asked with different system prompts,
    or where the person pinned another variant on this rung: the verdict is then not this run's.
    None, too, where answers are asked anew: until the last of them the verdict rests on old ones.
    """
    if variant.retrieval is not None and variant.retrieval.oracle:
        return None
    pins = ladder.pins(connection, session_id)
    ran = runs.variants_of(connection, session_id)
    below = RUNGS[: RUNGS.index(variant.rung)]
    lower = [standing(connection, session_id, each, pins) for each in ran if each.rung in below]
    others = [each for each in ran if each.rung == variant.rung and each.id != variant.id]
    if not lower or any(each.id in pins for each in others):
        return None
    [*_, first] = chosen(lower).values()  # from the lowest rung up
    if first.variant.system != variant.system:
        return None
    after = outcomes(connection, session_id, variant.id)
    if not {(item.case_id, item.epoch) for item in after}.isdisjoint(pending):
        return None
    rated = [standing(connection, session_id, each, pins).rate for each in others]
    return Watch(
        first,
        variant,
        outcomes(connection, session_id, first.variant.id),
        after,
        pending=pending,
        economics=read_economics(connection, session_id),
        tried=1 + sum(rate is not None for rate in rated),
    )


def confirm(connection: Connection, session_id: int, suspected: Suspicion) -> Fixed | None:
    """Return the ladder's own verdict where the rest of the run cannot change it, else None."""
    session = sessions.get(connection, session_id)
    verdict = read_step(connection, session, suspected.first, suspected.second).verdict
    if verdict.state == "CLIMB":
        return Fixed("CLIMB", True, verdict.sentence)
    if not suspected.best or verdict.state is None:
        return None
    found = compare(suspected.best)
    never = verdict.margin >= 1 or (found is not None and found.high <= verdict.margin)
    if verdict.state == "STAY" and never:
        return Fixed("STAY", True, verdict.sentence)
    if suspected.out_of_reach:
        return Fixed(verdict.state, False, suspected.out_of_reach)
    return None


def _cases(
    before: Sequence[Outcome], after: Sequence[Outcome], pending: Iterable[tuple[int, int]]
) -> Mapping[int, _Case]:
    found: dict[int, _Case] = {}
    for outcome in before:
        case = found.setdefault(outcome.case_id, _Case([], {}, set()))
        if outcome.verdict is not None:
            case.first.append(SCORE[outcome.verdict])
    for outcome in after:
        if outcome.case_id in found:
            verdict = outcome.verdict
            found[outcome.case_id].second[outcome.epoch] = (
                None if verdict is None else SCORE[verdict]
            )
    for case_id, epoch in pending:
        if case_id in found:
            found[case_id].pending.add(epoch)
    return found


def _evidence(gains: Counter[float], margin: float) -> float:
    """Return the e-value of gains that occur so often, at once where they are whole."""
    if not margin < 1:
        return 0.0
    if gains.keys() <= {-1.0, 0.0, 1.0}:
        return e_value_of_counts(gains[1.0], gains[-1.0], gains[0.0], margin)
    return e_value(gains.elements(), margin)


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)
