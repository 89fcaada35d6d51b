"""A step's receipt: the verdict, and all that it rests on, read from what is kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.judge.trust import Judgeship
from lab.ladder.comparing import Flip
from lab.ladder.economics import Economics
from lab.ladder.reading import Ladder, Step, read_ladder
from lab.ladder.rungs import RungFacts, rung_facts
from lab.ladder.standing import Standing
from lab.ladder.telling import tell_step
from store import benchmarks, runs
from store.database import Connection
from store.outcomes import Source, outcomes
from store.records import Session

if TYPE_CHECKING:
    from lab.desk import Desk

MOST_LOST, MOST_GAINED = 100, 20
"""So many cases of a step are shown with their answers; how many more there are is said."""
LONGEST = 20_000
"""An answer is shown up to so many characters."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a step. `by` counts its verdicts by whose they are; `epochs` is the most
    answers that a case has.
    """

    facts: RungFacts
    by: Mapping[Source, int]
    epochs: int


@dataclass(frozen=True, slots=True)
class ShownFlip:
    """A case that came out otherwise, with its texts, untrusted and cut at `LONGEST`."""

    flip: Flip
    key: str
    prompt: str
    expected: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that a step's verdict rests on.

    `benchmark` names the cases by hash, `cases` counts the test cases. `flips` begin with
    those lost; `hidden` (lost, gained) are not among them. `version` is Litmus's own, and
    `made_at` is in seconds since the epoch.
    """

    session: Session
    benchmark: str
    cases: int
    step: Step
    sides: tuple[Side, Side]
    economics: Economics
    judge: Judgeship
    flips: tuple[ShownFlip, ...]
    hidden: tuple[int, int]
    version: str
    made_at: float

    @property
    def names(self) -> tuple[str, str]:
        """What the sides are called: their rungs, or where these are the same their variants."""
        return self.step.comparison.names


async def make_receipt(
    desk: Desk, first: str, second: str, version: str, *, every: bool = False
) -> Receipt:
    """Return the receipt of a step between two rungs, or variants by the beginning of a hash.

    With `every` none of its flips is left out. The verdict is kept as told.
    Raises NotFound where one of the two was not run.
    """
    step = await tell_step(desk, first, second)
    ladder = await desk.database.read(read_ladder, desk.session)
    return await desk.database.read(_read_one, ladder, step, version, every)


def _read_one(
    connection: Connection, ladder: Ladder, step: Step, version: str, every: bool
) -> Receipt:
    pair = _hashes(step)
    # As a step of the ladder its p is adjusted for the others, and both pages say the same.
    here = next((each for each in ladder.steps if _hashes(each) == pair), step)
    first, second = here.comparison.first, here.comparison.second
    sides = read_side(connection, ladder, first), read_side(connection, ladder, second)
    return read_receipt(connection, ladder, here, sides, version, every=every)


def _hashes(step: Step) -> tuple[str, str]:
    return step.comparison.first.variant.hash, step.comparison.second.variant.hash


def read_side(connection: Connection, ladder: Ladder, standing: Standing) -> Side:
    """Read one side of a step: any variant that ran, whether it stands for its rung or not."""
    found = outcomes(connection, ladder.session.id, standing.variant.id)
    facts = ladder.rung(standing.rung)
    if facts is None or facts.standing.variant.id != standing.variant.id:
        facts = rung_facts(standing, (), {standing.variant.id: found}, ladder.economics)
    by = Counter[Source](each.source for each in found if each.source is not None)
    return Side(facts, by, max((each.epoch for each in found), default=1))


def read_receipt(
    connection: Connection,
    ladder: Ladder,
    step: Step,
    sides: tuple[Side, Side],
    version: str,
    *,
    every: bool = False,
) -> Receipt:
    """Read the receipt of a step, of the ladder or beside it, with `every` flip or the first."""
    flips = step.comparison.flips
    lost = [flip for flip in flips if not flip.gained]
    gained = [flip for flip in flips if flip.gained]
    most = (len(lost), len(gained)) if every else (MOST_LOST, MOST_GAINED)
    shown = lost[: most[0]] + gained[: most[1]]
    return Receipt(
        session=ladder.session,
        benchmark=ladder.benchmark,
        cases=ladder.cases,
        step=step,
        sides=sides,
        economics=ladder.economics,
        judge=ladder.judge,
        flips=tuple(_shown(connection, flip) for flip in shown),
        hidden=(max(0, len(lost) - most[0]), max(0, len(gained) - most[1])),
        version=version,
        made_at=time.time(),
    )


def _shown(connection: Connection, flip: Flip) -> ShownFlip:
    from lab.grading.assertions import format_lines

    case = benchmarks.get(connection, flip.case_id)
    first, second = (
        runs.get(connection, answer_id).text for answer_id in (flip.first, flip.second)
    )
    return ShownFlip(
        flip,
        case.key,
        _cut(case.prompt),
        _cut(format_lines(case.expectation)),
        _cut(first),
        _cut(second),
    )


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}…\n[{len(text) - LONGEST:,} more characters are not shown]"
