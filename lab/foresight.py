"""What can be told of a run before its end: what the rest costs, and that its verdict is fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.events import Priced, Settled
from lab.forecast import PILOT, Forecast, about_text
from lab.limits import Limits, Purse
from store import taken as store_taken
from store.database import Database
from store.records import Answer, Usage, Variant

# Only a run above the first rung has a step to be followed.
if TYPE_CHECKING:
    from lab.early_stop import Watch
    from lab.run import Plan


class Foresight:
    """Follows a run's whole answers; each is looked at once, in constant time.

    `left` tells how many answers are still to come, and `spared` how many of them would not
    be asked if the run ended now.
    """

    def __init__(
        self,
        database: Database,
        plan: Plan,
        purse: Purse,
        *,
        left: Callable[[], int],
        spared: Callable[[], int],
    ) -> None:
        self._database = database
        self._plan = plan
        self._purse = purse
        self._left = left
        self._spared = spared
        self._forecast = Forecast()
        self._watch: Watch | None = None
        self._said = False
        self._answers = self._todo = 0

    async def prepare(
        self, variant: Variant, pairs: Sequence[tuple[int, int]], limits: Limits
    ) -> None:
        """Begin with what the store knows; `pairs` are the (case id, epoch) to be asked."""
        plan, read = self._plan, self._database.read
        self._todo = len(pairs)
        if plan.cap_usd is not None and limits.in_the_dark:
            longest = await read(store_taken.longest, variant)
            if longest is not None:
                limits.learn(Usage(completion=longest))
        if self._todo > PILOT:
            earlier = await read(store_taken.taken, variant.id)
            self._forecast = Forecast(earlier, concurrency=plan.concurrency)
        if self._todo > 1 and variant.rung != "bare":
            from lab.early_stop import watch

            self._watch = await read(watch, plan.session_id, variant, pairs)

    @property
    def rest(self) -> Priced | None:
        """What the answers still to come will take; None before the pilot's are in."""
        if self._answers < PILOT or self._todo <= PILOT:
            return None
        cap = self._plan.cap_usd
        room = None if cap is None else max(0.0, cap - self._purse.spent)
        return self._forecast.rest(self._left(), room)

    async def heard(self, answer: Answer) -> list[Priced | Settled]:
        """Take a whole answer, and return what can be told now for the first time."""
        told: list[Priced | Settled] = []
        self._answers += 1
        self._forecast.add(answer.cost_usd, answer.latency_s)
        rest = self.rest if self._answers == PILOT else None
        if rest is not None and rest.left:
            told.append(rest)
        settled = await self._settled(answer)
        return told if settled is None else [*told, settled]

    async def _settled(self, answer: Answer) -> Settled | None:
        """Return that the verdict is fixed, once in a run."""
        suspected = self._watch.heard(answer, self._spared()) if self._watch else None
        if suspected is None:
            return None
        from lab.early_stop import confirm

        fixed = await self._database.read(confirm, self._plan.session_id, suspected)
        spared = self._spared()
        if fixed is None or not spared or self._said:
            return None
        self._said, self._watch = True, None
        each = self._forecast.each_usd
        return Settled(
            *(fixed.state, fixed.verdict, fixed.sentence),
            left=spared,
            saved_usd=each if not each else spared * each,
        )


def settled_text(event: Settled, stops: str) -> str:
    """Say what is fixed of the verdict, and what it saves to stop.

    `stops` is the key that does; empty where the run has stopped by itself.
    """
    said = f"The verdict is fixed: {event.sentence}" if event.fixed else event.sentence
    left = "1 answer" if event.left == 1 else f"{event.left:,} answers"
    saves = f" and saves about {about_text(event.saved_usd)}" if event.saved_usd else ""
    if stops:
        return f"{said} {left} left; {stops} stops{saves}."
    return f"{said} Stopped here; that leaves out {left}{saves}."
