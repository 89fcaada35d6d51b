"""Whether a verdict that was told still stands: both its variants asked anew, and read again.

Models change behind their names. What the verdict rested on is compared with what the same
two variants answer today, on the test cases as they are now.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lab.events import Priced
from lab.forecast import price_ahead
from lab.ladder.reading import read_step
from lab.ladder.session import Step
from lab.ladder.telling import tell_step, told
from lab.ladder.words import count
from lab.statistics.paired import Difference, compare
from lab.statistics.rates import Rate, rate_of
from store import runs, sessions
from store.database import Connection
from store.errors import NotFound
from store.ladder import ToldVerdict
from store.outcomes import Outcome, outcomes
from store.records import IMPORTED, SCORE, Case, Variant

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.run import Run


@dataclass(frozen=True, slots=True)
class Asking:
    """A verdict that is being asked about. `since` says when its answers began to be asked anew.

    `epochs` are how many answers to a case each variant has. `resumed`: it was begun before.
    """

    verdict: ToldVerdict
    variants: tuple[Variant, Variant]
    epochs: tuple[int, int]
    cases: Sequence[Case]
    since: float
    resumed: bool


@dataclass(frozen=True, slots=True)
class Side:
    """A variant then and now, by the same cases.

    `change` compares its new answers with its old ones, None without a case that has a
    verdict both times; `models` are what the server called itself, then and now. `waiting`
    new answers have no verdict yet, where the old ones had.
    """

    variant: Variant
    then: Rate | None
    now: Rate | None
    change: Difference | None
    models: tuple[tuple[str, ...], tuple[str, ...]]
    waiting: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of asking again. `stands` is None while answers wait for a label."""

    asking: Asking
    sides: tuple[Side, Side]
    step: Step
    stands: bool | None

    @property
    def waiting(self) -> int:
        """How many new answers must be labelled before the verdict can be told."""
        return sum(side.waiting for side in self.sides)

    @property
    def sentence(self) -> str:
        """Say whether the verdict still stands."""
        was, now = state_text(self.asking.verdict), self.step.verdict.sentence
        if self.stands is None:
            return (
                f"The verdict {was} is open: {count(self.waiting, 'new answer')} "
                f"{'waits' if self.waiting == 1 else 'wait'} for a label, where the old "
                f"{'one' if self.waiting == 1 else 'ones'} had a verdict. Label with "
                "`litmus label`, then run `litmus run --again` once more."
            )
        if self.stands:
            return f"The verdict still stands: {now}"
        return f"It no longer stands: was {was}, is now {now}"


async def begin(desk: Desk, *, anew: bool = False) -> Asking:
    """Return what is to be asked: the newest verdict told, or the one that was being asked about.

    With `anew` what was begun before is left, and the newest verdict asked about from the
    start. Raises NotFound where no verdict was told, where its answers were made elsewhere,
    or where there is no case left.
    """
    found = await told(desk)
    mark = None if anew else await desk.database.read(sessions.setting, _mark(desk))
    begun = next((item for item in found if mark and item.id == mark["verdict"]), None)
    if begun is None and not found:
        raise NotFound(
            "No verdict has been told in this session yet; `litmus ladder` tells one once two "
            "rungs have been run."
        )
    verdict = begun or found[0]
    pair = await desk.database.read(_variants, verdict)
    for variant in pair:
        if variant.provider == IMPORTED:
            raise NotFound(
                f"The verdict on {step_name(pair)} rests on answers of "
                f"{variant.model} that were made elsewhere and imported, so it cannot be asked "
                "again from here."
            )
    cases = await desk.cases_to_ask()
    if not cases:
        raise NotFound(f"The session {desk.session.name} has no test cases to ask any more.")
    since = mark["since"] if begun and mark else time.time()
    depth = await desk.database.read(_depths, desk.session.id, pair, since)
    return Asking(verdict, pair, depth, cases, since, begun is not None)


async def price(desk: Desk, asking: Asking, *, cap_usd: float | None = None) -> Priced:
    """Return what asking both anew will take, as far as it is not done already."""
    parts: list[Priced] = []
    for variant, epochs in zip(asking.variants, asking.epochs, strict=True):
        parts.append(
            await price_ahead(
                desk, variant, asking.cases, epochs=epochs, since=asking.since, cap_usd=cap_usd
            )
        )
    cap = desk.session.cap_usd if cap_usd is None else cap_usd
    total = Priced(
        sum(part.left for part in parts),
        _sum(part.low_usd for part in parts),
        _sum(part.expected_usd for part in parts),
        _sum(part.high_usd for part in parts),
        _sum(part.seconds for part in parts),
        None,
    )
    if cap is None or not total.expected_usd:
        return total
    room = max(0.0, cap - (await desk.spent())[0])
    over = total.expected_usd > room
    return replace(total, fits=int(total.left * room / total.expected_usd)) if over else total


async def runs_of(
    desk: Desk, asking: Asking, *, concurrency: int = 0, cap_usd: float | None = None
) -> Sequence[Run]:
    """Prepare a run of each variant; what was asked anew already is not asked once more.

    From now on an interrupted asking is gone on with. Raises as `Desk.ask` does.
    """
    mark = {"verdict": asking.verdict.id, "since": asking.since}
    await desk.database.write(sessions.save_setting, _mark(desk), mark)
    return [
        await desk.ask(
            *(asking.cases, variant),
            epochs=epochs,
            since=asking.since,
            concurrency=concurrency,
            cap_usd=cap_usd,
        )
        for variant, epochs in zip(asking.variants, asking.epochs, strict=True)
    ]


async def conclude(desk: Desk, asking: Asking) -> Finding:
    """Read the step again and say whether the verdict stands; a verdict is kept as told.

    While answers wait for a label nothing is kept, and it can be concluded once they have one.
    """
    first, second = asking.variants
    sides = await desk.database.read(_sides, desk.session.id, asking)
    if any(side.waiting for side in sides):
        step = await desk.database.read(read_step, desk.session, first.hash, second.hash)
        return Finding(asking, sides, step, None)
    step = await tell_step(desk, first.hash, second.hash)
    await desk.database.write(sessions.save_setting, _mark(desk), None)
    return Finding(asking, sides, step, step.verdict.state == asking.verdict.state)


def step_name(pair: tuple[Variant, Variant]) -> str:
    """Name a step: "bare → context", with the models where they differ."""
    first, second = pair
    if first.model == second.model:
        return f"{first.rung} → {second.rung}"
    return f"{first.rung} ({first.model}) → {second.rung} ({second.model})"


def state_text(verdict: ToldVerdict) -> str:
    """Return a told verdict in a word or two: "CLIMB", "NEED 14 MORE"."""
    need: Any = verdict.facts.get("need_cases")
    if verdict.state != "NEED_MORE":
        return verdict.state
    return f"NEED {need:,} MORE" if need else "NEED MORE"


def _mark(desk: Desk) -> str:
    return f"again/{desk.session.id}"


def _variants(connection: Connection, verdict: ToldVerdict) -> tuple[Variant, Variant]:
    return (
        runs.get_variant(connection, verdict.from_id),
        runs.get_variant(connection, verdict.to_id),
    )


def _depths(
    connection: Connection, session_id: int, pair: Sequence[Variant], since: float
) -> tuple[int, int]:
    """Return how many answers to a case each variant had, at the most."""
    first, second = (
        max(
            (item.epoch for item in outcomes(connection, session_id, each.id, before=since)),
            default=1,
        )
        for each in pair
    )
    return first, second


def _sides(connection: Connection, session_id: int, asking: Asking) -> tuple[Side, Side]:
    first, second = (
        _side(
            variant,
            outcomes(connection, session_id, variant.id, before=asking.since),
            outcomes(connection, session_id, variant.id),
        )
        for variant in asking.variants
    )
    return first, second


def _side(variant: Variant, old: Sequence[Outcome], new: Sequence[Outcome]) -> Side:
    then, now = _scores(old), _scores(new)
    judged = {(item.case_id, item.epoch) for item in old if item.verdict is not None}
    return Side(
        variant,
        rate_of(then.values()),
        rate_of(now.values()),
        compare([(scores, now[case]) for case, scores in then.items() if case in now]),
        (_models(old), _models(new)),
        sum(item.verdict is None and (item.case_id, item.epoch) in judged for item in new),
    )


def _scores(found: Sequence[Outcome]) -> dict[int, list[float]]:
    scores: dict[int, list[float]] = {}
    for item in found:
        if item.verdict is not None:
            scores.setdefault(item.case_id, []).append(SCORE[item.verdict])
    return scores


def _models(found: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(sorted({item.model for item in found if item.model}))


def _sum(parts: Iterable[float | None]) -> float | None:
    found = list(parts)
    known = [part for part in found if part is not None]
    return sum(known) if len(known) == len(found) else None
