"""The verdict on a session: where one stands, and whether to climb on, stay, or be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.ladder import words
from lab.ladder.comparing import Comparison
from lab.ladder.economics import Returns
from lab.ladder.next_step import Settling
from lab.ladder.rungs import RungFacts
from lab.ladder.verdict import State, StepVerdict
from store.records import RUNGS, Rung


@dataclass(frozen=True, slots=True)
class Step:
    """From one rung to the next that was run. `p` is adjusted for the ladder's steps (Holm)."""

    comparison: Comparison
    returns: Returns
    verdict: StepVerdict
    p: float | None
    settling: Settling

    @property
    def names(self) -> tuple[str, str]:
        """What the two sides are called: their rungs, or "base" beside what is tuned of it."""
        return self.comparison.names

    @property
    def first(self) -> Rung:
        return self.comparison.first.rung

    @property
    def second(self) -> Rung:
        return self.comparison.second.rung


@dataclass(frozen=True, slots=True)
class SessionVerdict:
    """What is said of the session as a whole. `state` is None where nothing can be yet.

    `sentence` begins with its `head`, which is what is decided; `plain` says why without the
    head and a step's figures. `rung` is the one to stand on
    by what is known, None where none was run.
    """

    state: State | None
    head: str
    sentence: str
    plain: str
    rung: Rung | None

    @property
    def rest(self) -> str:
        """The sentence after its head."""
        return self.sentence[len(self.head) :]


def walk(
    order: Sequence[Rung], steps: Sequence[Step], between: Callable[[Rung, Rung], Step]
) -> tuple[Rung | None, Step | None]:
    """Climb by the verdicts; return the rung to stand on, and the step that was looked at last.

    `steps` are those between neighbours in `order`. Each rung is held against the one that
    is stood on; where that is not the one below it, `between` reads the step.
    """
    stand, last = (order[0] if order else None), None
    for below, step in zip(order, steps, strict=False):
        last = step if stand in (None, below) else between(stand, step.second)
        if last.verdict.state == "CLIMB":
            stand = step.second
    return stand, last


def session_verdict(
    rungs: Sequence[RungFacts], stand: Rung | None, last: Step | None, target: float | None
) -> SessionVerdict:
    """Say where the session stands: good enough, hopeless, or what the last step says.

    `stand` is the rung to stand on, `last` the step from it that was looked at last.
    """
    if stand is None:
        return _said(None, "No rung has been run yet", "; start with `litmus run --rung bare`.")
    judged = [(facts, facts.standing.rate) for facts in rungs if facts.standing.rate]
    if target is not None:
        for facts, rate in judged:
            if rate.low >= target:
                return _said(
                    "GOOD_ENOUGH",
                    "GOOD ENOUGH",
                    f": {facts.rung} is right in {_rate(facts)}, and its lower end reaches the "
                    f"target of {words.percent(target)}.",
                    facts.rung,
                )
        if len(judged) > 1 and all(rate.high < target for _, rate in judged):
            top = max((facts for facts, _ in judged), key=_upper)
            return _said(
                "STOP",
                "STOP",
                f": no rung reaches the target of {words.percent(target)}, not even at the best "
                f"of its interval; {top.rung} comes nearest with {_rate(top)}.",
                stand,
            )
    if last is None:
        after = RUNGS[RUNGS.index(stand) + 1] if stand != RUNGS[-1] else None
        more = f"; run {after} on the same cases to see whether it pays" if after else ""
        return _said(None, f"Only {stand} has been run", f": {_rate(rungs[0])}{more}.", stand)
    told = last.verdict
    return SessionVerdict(told.state, told.head, told.sentence, told.plain, stand)


def _said(state: State | None, head: str, rest: str, rung: Rung | None = None) -> SessionVerdict:
    plain = rest.lstrip(":; ")
    return SessionVerdict(state, head, head + rest, plain[:1].upper() + plain[1:], rung)


def _rate(facts: RungFacts) -> str:
    rate = facts.standing.rate
    if rate is None:
        return "no verdict yet"
    return (
        f"{words.percent(rate.rate)} ({words.percent(rate.low)} to {words.percent(rate.high)}, "
        f"n {rate.n})"
    )


def _upper(facts: RungFacts) -> float:
    return facts.standing.rate.high if facts.standing.rate else 0.0
