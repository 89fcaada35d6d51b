"""What to do next: why answers fail, how far another rung could bring them, what to label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from lab.ladder.comparing import Comparison
from lab.ladder.words import count, in_points, percent
from lab.statistics.evidence import BAR, soonest
from store.outcomes import Outcome
from store.records import RUNGS, SCORE, Rung

Reason = Literal["missing knowledge", "format", "reasoning", "not told"]

_REASONS: dict[str, Reason] = {"m": "missing knowledge", "f": "format", "r": "reasoning"}
# What a rung can mend at all: documents bring knowledge, training brings form and manner.
# A failure whose reason is not told could be of any kind.
_MENDS: dict[Rung, tuple[Reason, ...]] = {
    "bare": ("format", "reasoning", "missing knowledge", "not told"),
    "context": ("missing knowledge", "not told"),
    "rag": ("missing knowledge", "not told"),
    "tuned": ("format", "reasoning", "not told"),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a rung that was not run yet could bring at best: all that it can mend, mended.

    `rate` would be its rate and `gain` how much that is more than now. `must_bring` is the
    smallest gain that pays what is known of its price, None where nothing of it is known.
    """

    rung: Rung
    rate: float
    gain: float
    mended: int
    must_bring: float | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """Why the answers of a rung are wrong or partly right.

    `reasons` counts them, all four keys always there; `bad_cases` wait for repair and count
    for nothing. `bounds` are of the rungs that were not run yet, from the answers so far.
    """

    rung: Rung
    reasons: dict[Reason, int]
    bad_cases: int
    bounds: tuple[Bound, ...]

    def sentences(self) -> tuple[str, ...]:
        """Say it, a sentence each; nothing where nothing fails."""
        failed, untold = sum(self.reasons.values()), self.reasons["not told"]
        said: list[str] = []
        if failed and untold == failed:
            said.append(
                f"Why {self.rung} fails is not told of {count(failed, 'answer')}: a reason after "
                "each fail (m, f or r) bounds what another rung can bring."
            )
        elif failed:
            reasons = " · ".join(f"{name} {number}" for name, number in self.reasons.items())
            said.append(f"Why {self.rung} fails: {reasons}")
            said += [_bound(bound, self.rung) for bound in self.bounds]
        if self.bad_cases:
            wait = (
                "waits for repair and counts"
                if self.bad_cases == 1
                else "wait for repair and count"
            )
            said.append(f"{count(self.bad_cases, 'bad case')} {wait} for nothing.")
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Settling:
    """The answers whose labels would settle a step soonest, the first to label first.

    They are chosen without regard to what the other answer to the case is worth: who labels
    only where a gain is possible would find gains only. `soonest` is how many further cases
    at the least could settle it, were all of them gained; None where that is not in sight.
    """

    answers: tuple[int, ...]
    soonest: int | None


def _bound(bound: Bound, rung: Rung) -> str:
    brings = (
        f"{bound.rung} can bring at best {percent(bound.rate)}, "
        f"{in_points(bound.gain, signed=True)} over {rung}"
    )
    if bound.must_bring is not None and bound.gain <= bound.must_bring:
        return (
            f"{brings}, and must bring more than {in_points(bound.must_bring)} to pay: it is not "
            "worth its price."
        )
    return f"{brings}."


def failures_of(
    rung: Rung,
    outcomes: Sequence[Outcome],
    run: Sequence[Rung],
    bad_cases: int,
    must_bring: Callable[[Rung], float | None],
) -> Failures:
    """Count why a rung's answers fail.

    `run` are the rungs that were run; `must_bring` tells the smallest gain that pays one
    that was not.
    """
    failed = [each for each in outcomes if each.verdict in ("fail", "partial")]
    reasons: dict[Reason, int] = dict.fromkeys((*_REASONS.values(), "not told"), 0)
    for outcome in failed:
        reasons[_reason(outcome)] += 1
    judged = [SCORE[each.verdict] for each in outcomes if each.verdict is not None]
    bounds: list[Bound] = []
    for above in RUNGS[RUNGS.index(rung) + 1 :]:
        if above in run or not judged:
            continue
        mended = [each for each in failed if _reason(each) in _MENDS[above]]
        gain = sum(1 - SCORE[each.verdict] for each in mended if each.verdict) / len(judged)
        now = sum(judged) / len(judged)
        bounds.append(Bound(above, now + gain, gain, len(mended), must_bring(above)))
    return Failures(rung, reasons, bad_cases, tuple(bounds))


def settling(comparison: Comparison, need: int | None, *, seed: str = "") -> Settling:
    """Return what to label for a step, at most `need` cases of it.

    Cases that need one label come before those that need two, else in an order drawn by
    `seed`. Identical answers can bring no difference, and come last.
    """

    def place(case_id: int) -> bytes:
        return blake2b(f"{seed}:{case_id}".encode(), digest_size=8).digest()

    cases = sorted(
        comparison.waiting, key=lambda item: (item.alike, item.labels, place(item.case_id))
    )
    wanted = cases if need is None else cases[:need]
    return Settling(
        tuple(answer for item in wanted for answer in item.answers[: item.labels]),
        soonest(comparison.gains, BAR * comparison.tried),
    )


def _reason(outcome: Outcome) -> Reason:
    return _REASONS.get(outcome.reason, "not told")
