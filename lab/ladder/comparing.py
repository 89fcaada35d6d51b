"""Two variants on the cases that both have a verdict on: what was gained, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.ladder.standing import Standing
from lab.ladder.words import count
from lab.statistics.evidence import e_value
from lab.statistics.paired import Difference, compare
from store.outcomes import Outcome
from store.records import SCORE, Variant


@dataclass(frozen=True, slots=True)
class Flip:
    """A case that came out otherwise: its newest answers' ids, and its scores' means."""

    case_id: int
    first: int
    second: int
    before: float
    after: float

    @property
    def gained(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that both answered, and the answers to it that lack a verdict; `alike`: one text."""

    case_id: int
    answers: tuple[int, ...]
    alike: bool

    @property
    def labels(self) -> int:
        """How many labels it needs."""
        return 1 if self.alike else len(self.answers)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a variant did beside another one, over the current revisions of the test cases.

    `names` are what the sides are called: their rungs, or what tells variants of one apart.
    `difference` is None where no case has a verdict on both sides. `gains` are the cases'
    differences in the mean score, second minus first, and `extra` their differences in
    cost, in US dollars, None unless all are known. `flips` begin with what was lost.
    `waiting` cases lack a verdict, `unshared` ones an answer on one side. `evidence` is the
    e-value against "no gain". `tried` variants of the second rung could have been taken.
    `objection` says why nothing may be concluded; `notes` what should be known beside it.
    """

    first: Standing
    second: Standing
    names: tuple[str, str]
    difference: Difference | None
    gains: tuple[float, ...]
    extra: tuple[float, ...] | None
    flips: tuple[Flip, ...]
    waiting: tuple[Waiting, ...]
    unshared: int
    evidence: float
    tried: int
    objection: str
    notes: tuple[str, ...]

    @property
    def same(self) -> int:
        """How many cases came out alike."""
        found = self.difference
        return found.n - found.gained - found.lost if found else 0

    @property
    def lost(self) -> tuple[Flip, ...]:
        """The regressions."""
        return tuple(flip for flip in self.flips if not flip.gained)


def compare_variants(
    first: Standing,
    second: Standing,
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    *,
    tried: int = 1,
    behind: int = 0,
    judge: str = "",
    first_name: str = "",
) -> Comparison:
    """Compare two variants by the outcomes of each.

    `behind` answers are on older revisions of the cases; `judge` says why a judge's
    verdicts are not counted, where there are any. `first_name` is what the first one is called,
    where that is not its rung.
    """
    names = _names(first.variant, second.variant, first_name)
    old, new = _by_case(before), _by_case(after)
    pairs: list[tuple[list[float], list[float]]] = []
    flips: list[Flip] = []
    waiting: list[Waiting] = []
    extra: list[float | None] = []
    for case_id in [case_id for case_id in old if case_id in new]:
        ours, theirs = old[case_id], new[case_id]
        one, other = _scores(ours), _scores(theirs)
        if not one or not other:
            waiting.append(_waiting(case_id, ours, theirs))
            continue
        pairs.append((one, other))
        extra.append(_extra(ours, theirs))
        low, high = sum(one) / len(one), sum(other) / len(other)
        if low != high:
            flips.append(Flip(case_id, ours[-1].answer_id, theirs[-1].answer_id, low, high))
    gains = tuple(sum(b) / len(b) - sum(a) / len(a) for a, b in pairs)
    known = [cost for cost in extra if cost is not None]
    return Comparison(
        first=first,
        second=second,
        names=names,
        difference=compare(pairs),
        gains=gains,
        extra=tuple(known) if known and len(known) == len(extra) else None,
        flips=tuple(sorted(flips, key=lambda flip: flip.gained)),
        waiting=tuple(waiting),
        unshared=len(old.keys() ^ new.keys()),
        evidence=e_value(gains),
        tried=max(1, tried),
        objection=_objection(
            names,
            first.variant.system == second.variant.system,
            len(pairs),
            len(waiting),
            behind,
            judge,
        ),
        notes=(
            *_notes(first.variant, second.variant, before, after, tried),
            *((judge,) if judge else ()),
            *((_left_out(behind),) if behind else ()),
        ),
    )


def _names(first: Variant, second: Variant, first_name: str) -> tuple[str, str]:
    if first.rung == second.rung:
        return f"{first.rung} {first.hash[:6]}", f"{second.rung} {second.hash[:6]}"
    return first_name or first.rung, second.rung


def _by_case(outcomes: Sequence[Outcome]) -> dict[int, list[Outcome]]:
    found: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.case_id, []).append(outcome)
    return found


def _scores(outcomes: Sequence[Outcome]) -> list[float]:
    return [SCORE[outcome.verdict] for outcome in outcomes if outcome.verdict is not None]


def _waiting(case_id: int, ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> Waiting:
    open_sides = [side for side in (ours, theirs) if not _scores(side)]
    lacking = [side[0] for side in open_sides]
    alike = len(lacking) == 2 and lacking[0].answer_hash == lacking[1].answer_hash
    return Waiting(case_id, tuple(outcome.answer_id for outcome in lacking), alike)


def _extra(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> float | None:
    old, new = mean_cost(ours), mean_cost(theirs)
    return None if old is None or new is None else new - old


def mean_cost(outcomes: Sequence[Outcome]) -> float | None:
    """Return what an answer cost on the average, in US dollars.

    None where the price of any is not known, or there are none.
    """
    known = [outcome.cost_usd for outcome in outcomes if outcome.cost_usd is not None]
    return sum(known) / len(known) if known and len(known) == len(outcomes) else None


def _left_out(behind: int) -> str:
    stand = "1 answer stands" if behind == 1 else f"{behind:,} answers stand"
    return f"{stand} on an older revision of a case, and out of the comparison."


def _objection(
    names: tuple[str, str], same_system: bool, pairs: int, waiting: int, behind: int, judge: str
) -> str:
    """Return the sentence that says why no verdict may be given, empty where one may."""
    first, second = names
    if not same_system:
        return (
            f"No verdict: {first} and {second} were asked with different system "
            "prompts, so what differs is not the rung alone; ask both with the same one, or "
            "pin the variants that go together."
        )
    if pairs:
        return ""
    if waiting:
        return (
            f"No verdict yet: none of {count(waiting, 'shared case')} has on both "
            f"sides a verdict that counts; label the answers of {first} and {second}."
            + (f" {judge}" if judge else "")
        )
    return (
        f"No verdict: {first} and {second} have answered no case in common as the "
        "cases stand now; run both on the same cases." + (f" {_left_out(behind)}" if behind else "")
    )


def _notes(
    first: Variant,
    second: Variant,
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    tried: int,
) -> tuple[str, ...]:
    """Return what else differs between two variants, or within one, a sentence each."""
    notes: list[str] = []
    made_of = second.tuned.base_model if second.tuned else ""
    if (made_of or second.model, second.provider) != (first.model, first.provider):
        notes.append(
            f"The models differ too ({first.model}, {second.model}): what is gained or lost is "
            "of both changes."
        )
    elif first.parameters != second.parameters:
        notes.append("The parameters differ too: what is gained or lost is of both changes.")
    for variant, outcomes in ((first, before), (second, after)):
        models = sorted({outcome.model for outcome in outcomes if outcome.model})
        if len(models) > 1:
            notes.append(
                f"The answers of {variant.rung} come from {len(models)} models: "
                f"{', '.join(models[:4])}."
            )
    if second.tuned is not None and second.tuned.leaks:
        pairs = count(second.tuned.leaks, "pair")
        notes.append(
            f"You allowed {pairs} of a training example and a test case that are too much alike: "
            f"what {second.rung} gains there may only be remembered."
        )
    if tried > 1:
        notes.append(
            f"{tried} variants were tried on the rung {second.rung}, so the gain must show "
            f"{tried} times as clearly."
        )
    return tuple(notes)
