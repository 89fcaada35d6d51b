"""What the rest of a run will cost, and how long it takes: told from a pilot of three answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lab.events import Priced
from lab.limits import Limits
from lab.prices import format_cost
from lab.statistics.rates import normal_quantile
from store import taken as store_taken
from store.records import Case, Variant
from store.taken import Taken

if TYPE_CHECKING:
    from lab.desk import Desk

PILOT = 3
"""So many answers are enough to say what the others will cost."""
MANY = 8
"""From so many costs on, their spread is reckoned with and not their extremes."""


class Forecast:
    """Learns from each answer of a run, and says what the others will take.

    The expected cost of an answer is the mean of those known: the run's, and the variant's
    `earlier` ones. Below `MANY` of them the range goes from all as cheap as the cheapest to
    all as dear as the dearest. From there on it is the 95% prediction interval of a sum of
    further costs, Student's t · s · √(left + left²/n), but never beyond those two. A run with
    an answer of unknown price has no range. Each answer is reckoned in constant time.

    Source: Hahn & Meeker (1991), "Statistical Intervals", chapter 4 (mean of further values).
    """

    def __init__(self, earlier: Iterable[Taken] = (), *, concurrency: int = 1) -> None:
        self._concurrency = max(1, concurrency)
        self._n = self._unknown = self._timed = 0
        self._sum = self._squares = self._seconds = 0.0
        self._least, self._most = math.inf, 0.0
        for answer in earlier:
            self.add(answer.cost_usd, answer.latency_s)
        self._unknown = 0  # a price may be known by now

    @property
    def known(self) -> int:
        """How many answers of known cost it goes by."""
        return self._n

    @property
    def each_usd(self) -> float | None:
        """What an answer costs on the average, in US dollars; None where it is not known."""
        return None if self._unknown or not self._n else self._sum / self._n

    def add(self, cost_usd: float | None, latency_s: float | None) -> None:
        """Learn from an answer: US dollars and seconds, None where not known."""
        if latency_s is not None:
            self._seconds += latency_s
            self._timed += 1
        if cost_usd is None:
            self._unknown += 1
            return
        self._n += 1
        self._sum += cost_usd
        self._squares += cost_usd * cost_usd
        self._least, self._most = min(self._least, cost_usd), max(self._most, cost_usd)

    def rest(self, left: int, room_usd: float | None = None) -> Priced:
        """Return what `left` further answers take; `room_usd` is what the cap leaves."""
        seconds = None
        if self._timed:
            seconds = self._seconds / self._timed * max(min(left, 1), left / self._concurrency)
        each = self.each_usd
        if each is None:
            return Priced(left, None, None, None, seconds, None)
        low, high = self._range(each, left)
        return Priced(left, low, left * each, high, seconds, _fits(left, each, room_usd))

    def _range(self, each: float, left: int) -> tuple[float, float]:
        low, high = left * self._least, left * self._most
        if self._n < MANY:
            return low, high
        variance = max(0.0, self._squares - self._n * each * each) / (self._n - 1)
        half = _student(self._n - 1) * math.sqrt(variance * (left + left * left / self._n))
        return max(low, left * each - half), min(high, left * each + half)


async def price_ahead(
    desk: Desk,
    variant: Variant,
    cases: Sequence[Case],
    *,
    epochs: int = 1,
    fresh: bool = False,
    since: float = 0.0,
    concurrency: int = 0,
    cap_usd: float | None = None,
) -> Priced:
    """Return what a run will take, see `lab.run.Plan`, without asking anything.

    By the variant's earlier answers, where there are as many as a pilot has. Else by the
    prompts' tokens: at least all prompts with next to no answer, at most each with an answer
    as long as it may be, or of the usual length where nothing bounds it, and with the chunks
    that the rung rag would give it. `cap_usd` is by default the session's. Raises as
    `lab.context.Context` does.
    """
    pairs = await desk.missing_pairs(cases, variant, epochs, fresh=fresh, since=since)
    cap = desk.session.cap_usd if cap_usd is None else cap_usd
    room = None if cap is None else max(0.0, cap - (await desk.spent())[0])
    earlier = await desk.database.read(store_taken.taken, variant.id) if variant.id else []
    forecast = Forecast(
        earlier, concurrency=concurrency or desk.engine.concurrency(variant.provider)
    )
    rest = forecast.rest(len(pairs), room)
    if forecast.known >= PILOT:
        return rest
    by_revision = {case.revision_id: case for case in cases}
    asked = [by_revision[revision_id] for revision_id, _ in pairs]
    between = await _by_tokens(desk, variant, asked)
    if between is None:
        return Priced(len(pairs), None, None, None, rest.seconds, None)
    low, high = between
    each = (low + high) / 2 / len(pairs) if pairs else 0.0
    return Priced(
        len(pairs), low, len(pairs) * each, high, rest.seconds, _fits(len(pairs), each, room)
    )


def pilot_of(cases: Sequence[Case]) -> list[Case]:
    """Choose the cases of a pilot: the shortest prompt, the one in the middle, the longest."""
    ordered = sorted(cases, key=_characters)
    if len(ordered) <= PILOT:
        return ordered
    return [ordered[0], ordered[len(ordered) // 2], ordered[-1]]


def range_text(low_usd: float | None, high_usd: float | None) -> str:
    """Return a range of US dollars: "unknown", "free", "$0.35–0.48", "about $0.0021".

    Its ends are rounded outwards.
    """
    if low_usd is None or high_usd is None or high_usd == 0:
        return format_cost(high_usd if low_usd is not None else None)
    digits = 2 if high_usd >= 0.1 else 4
    unit = 10**digits
    # A hair inwards first: 0.35 times 100 must not become 36.
    low = math.floor(low_usd * unit + 1e-6) / unit
    high = math.ceil(high_usd * unit - 1e-6) / unit
    if high - low < 1.5 / unit and high_usd - low_usd < 0.1 * high_usd:
        each = (low_usd + high_usd) / 2
        return format_cost(each) if each < 0.0001 else f"about {about_text(each)}"
    if low <= 0:
        return f"up to ${high:,.{digits}f}"
    return f"${low:,.{digits}f}–{high:,.{digits}f}"


def about_text(usd: float) -> str:
    """Return US dollars that are only about right: "$0.21", "$0.0034"."""
    return f"${usd:,.2f}" if usd >= 0.1 else format_cost(usd)


def rest_text(rest: Priced, model: str) -> str:
    """Say in a sentence what the rest of a run will take."""
    others = f"other {rest.left:,} answers" if rest.left > 1 else "other answer"
    takes = f" and take {seconds_text(rest.seconds)}" if rest.seconds is not None else ""
    if rest.high_usd is None:
        return f"What the {others} will cost is unknown: no price is known for {model}."
    if rest.high_usd == 0:
        return f"The {others} will be free{takes}."
    price = range_text(rest.low_usd, rest.high_usd)
    return f"The {others} will cost {price}{takes}{room_text(rest)}."


def room_text(rest: Priced) -> str:
    """Return, as the end of a sentence, how many answers the cap leaves room for; else nothing."""
    if rest.fits is None:
        return ""
    return f"; the cap leaves room for {f'about {rest.fits:,}' if rest.fits else 'none'} of them"


def seconds_text(seconds: float) -> str:
    """Return about how long something takes: "about 40 s", "about 12 min", "about 3 h"."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.0f} h"


def _fits(left: int, each: float, room_usd: float | None) -> int | None:
    if room_usd is None or left * each <= room_usd:
        return None
    return int(room_usd / each)


async def _by_tokens(
    desk: Desk, variant: Variant, cases: Sequence[Case]
) -> tuple[float, float] | None:
    from lab.context import Context
    from lab.prompt import assemble
    from lab.providers import priced_as

    limits = Limits(
        variant, window=None, prices=priced_as(variant.provider, base_url=variant.base_url)
    )
    context = Context(desk.database, variant)
    await context.load()
    prompts = [
        assemble(case.draft, system=variant.system, documents=await context.of(case.draft))
        for case in cases
    ]
    given = variant.retrieval
    passages = given.k * max(given.indexing.chunk_tokens, given.whole_tokens) if given else 0

    def counted() -> tuple[float, float] | None:
        low = high = 0.0
        for messages in prompts:
            if (between := limits.price_between(messages, passages)) is None:
                return None
            low, high = low + between[0], high + between[1]
        return low, high

    return await asyncio.to_thread(counted)


def _characters(case: Case) -> int:
    return len(case.prompt) + sum(len(message["content"]) for message in case.draft.messages)


def _student(degrees: int) -> float:
    """Return Student's two-sided 95% quantile, within 1% from 7 degrees of freedom on.

    In place of scipy's, whose import would hold up a run for half a second.

    Source: Fisher & Cornish (1960), "The percentile points of distributions having known
    cumulants", Technometrics 2, the first three terms.
    """
    z = normal_quantile(0.95)
    first = (z**3 + z) / (4 * degrees)
    return z + first + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
