"""What a step is worth: the person's own economics, and what of them is only assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lab.ladder.words import money
from lab.statistics.bootstrap import chance_positive
from store import ladder, tuned
from store.database import Connection
from store.errors import StoreError
from store.records import RUNGS, Rung

Name = Literal["value", "wrong", "volume", "horizon", "hourly", "machine", "target"]
RungName = Literal["price", "upfront", "hours"]

ASSUMED: dict[Name, float] = {
    "value": 1.0,
    "wrong": 0.0,
    "volume": 400.0,
    "horizon": 12.0,
    "hourly": 60.0,
    "machine": 0.0,
}
"""What is reckoned with until the person says otherwise; every place that uses it says so."""

MEANING: dict[Name, str] = {
    "value": "what a right answer is worth, in US dollars",
    "wrong": "what a wrong answer costs, in US dollars",
    "volume": "answers a month",
    "horizon": "over how many months",
    "hourly": "what an hour of your work costs, in US dollars",
    "machine": "what an hour of training on this machine costs, in US dollars",
    "target": "the rate that is good enough, 0 to 1",
}
RUNG_MEANING: dict[RungName, str] = {
    "price": "what an answer of the rung costs, in US dollars, in place of what was measured",
    "upfront": "what the rung costs once, in US dollars",
    "hours": "hours of your work that the rung takes once",
}


@dataclass(frozen=True, slots=True)
class Economics:
    """A session's economics: what the person typed, completed by what is `ASSUMED`.

    `typed` has the session's values by name, `rungs` those of a rung. `embedding_usd` is
    what embedding the session's documents has cost, `tuning_usd` what others asked for its
    trainings, None where a price is not known. `tuning_hours` is how long this machine has
    trained for it.
    """

    typed: Mapping[str, float] = field(default_factory=dict[str, float])
    rungs: Mapping[tuple[Rung, str], float] = field(default_factory=dict[tuple[Rung, str], float])
    embedding_usd: float | None = 0.0
    tuning_usd: float | None = 0.0
    tuning_hours: float = 0.0

    def of(self, name: Name) -> float:
        """Return a value, typed or assumed. Raises KeyError for a target that is not set."""
        return self.typed[name] if name in self.typed else ASSUMED[name]

    @property
    def target(self) -> float | None:
        """The rate that is good enough, 0 to 1; None where the person has not said it."""
        return self.typed.get("target")

    @property
    def stake(self) -> float:
        """US dollars between a right answer and a wrong one."""
        return self.of("value") + self.of("wrong")

    @property
    def answers(self) -> float:
        """How many answers the whole horizon has."""
        return self.of("volume") * self.of("horizon")

    @property
    def assumed(self) -> tuple[Name, ...]:
        """The names that matter most and were not typed, the first of them first."""
        return tuple(name for name in ("value", "volume") if name not in self.typed)

    def assumed_text(self) -> str:
        """Return what of what matters most is only assumed, as a clause; empty for nothing."""
        said: dict[Name, str] = {
            "value": f"a right answer is worth {money(self.of('value'))}",
            "volume": f"{self.of('volume'):,.0f} answers a month are asked",
        }
        return " and ".join(said[name] for name in self.assumed)

    def price(self, rung: Rung, measured: float | None) -> float | None:
        """Return what an answer of a rung costs: as typed, else as measured."""
        return self.rungs.get((rung, "price"), measured)

    def upfront(self, rung: Rung) -> float | None:
        """Return what a rung costs once: typed, hours of work, and what was measured.

        That is embedding on `rag`, and training on `tuned`: what others asked for it, and this
        machine's hours at their price. There what was typed also stands in for a price that
        nobody knows. None where a part of it is not known. A rung without any
        is free to begin with.
        """
        typed = self.rungs.get((rung, "upfront"), 0.0)
        work = self.rungs.get((rung, "hours"), 0.0) * self.of("hourly")
        measured = {"rag": self.embedding_usd, "tuned": self.tuning_usd}.get(rung, 0.0)
        if rung == "tuned" and measured is None and (rung, "upfront") in self.rungs:
            measured = 0.0
        if measured is None:
            return None
        trained = self.tuning_hours * self.of("machine") if rung == "tuned" else 0.0
        return typed + work + measured + trained


@dataclass(frozen=True, slots=True)
class Returns:
    """What a step brings, in US dollars, None where a price is not known.

    `extra_cost` is what an answer costs more than before, `upfront` what the step costs
    once. `net_per_answer` is the gain's worth less the extra cost, without the upfront part;
    `net_total` is over the horizon, with it. `per_extra_right` is the extra running cost of
    one more right answer, below 0 where it saves, None where there is no gain. `break_even`
    is the answers a month from which the step pays over the horizon, and `payback_months`
    when the upfront cost is back; each is None where that never happens. `least_gain` is the
    smallest gain in the rate that pays, a share that can be over 1 or below 0; `affordable` is
    what an answer may cost more while the measured gain still pays. `chance` is the
    bootstrap's probability, 0 to 1, that the step pays. `assumed` names what was not typed.
    """

    extra_cost: float | None
    upfront: float | None
    net_per_answer: float | None
    net_total: float | None
    per_extra_right: float | None
    break_even: float | None
    payback_months: float | None
    least_gain: float | None
    affordable: float
    chance: float | None
    assumed: tuple[Name, ...]


def read_economics(connection: Connection, session_id: int) -> Economics:
    """Return a session's economics as they stand."""
    values = ladder.economics(connection, session_id)
    spent, unpriced = ladder.embedding_spent(connection, session_id)
    return Economics(
        {name: value for (rung, name), value in values.items() if not rung},
        {
            (rung, name): values[rung, name]
            for rung in RUNGS
            for name in RUNG_MEANING
            if (rung, name) in values
        },
        None if unpriced else spent,
        tuned.spent(connection, session_id),
        tuned.hours(connection, session_id),
    )


def keep_economics(
    connection: Connection,
    session_id: int,
    session: Mapping[Name, float | None],
    rungs: Mapping[tuple[Rung, RungName], float | None] | None = None,
) -> Economics:
    """Keep what was typed, None to forget it, and return the economics as they are then.

    Raises StoreError, with a sentence that says what may be typed, and keeps nothing.
    """
    for name, value in session.items():
        _refuse(MEANING[name], value, most=1.0 if name == "target" else None)
        if value == 0 and name in ("volume", "horizon"):
            raise StoreError(f"“{MEANING[name]}” must be more than 0.")
        ladder.set_economics(connection, session_id, "", name, value)
    for (rung, kind), value in (rungs or {}).items():
        _refuse(RUNG_MEANING[kind], value)
        ladder.set_economics(connection, session_id, rung, kind, value)
    return read_economics(connection, session_id)


def reckon(
    economics: Economics,
    first: Rung,
    second: Rung,
    *,
    costs: tuple[float | None, float | None],
    gains: Sequence[float],
    extra: Sequence[float] | None = None,
) -> Returns:
    """Return what going from one rung to another brings.

    `costs` are what an answer of each costs on the average, in US dollars. `gains` are the
    cases' differences in the mean score, second minus first; `extra` their differences in
    cost, where every one is known, for the bootstrap. Without gains nothing but prices is
    told. A mean gain g pays when g · (value + wrong) is more than the extra cost of an answer
    and its share of the upfront cost, spread over the answers of the horizon.
    """
    before, after = (
        economics.price(rung, cost) for rung, cost in zip((first, second), costs, strict=True)
    )
    upfront = extra_upfront(economics, first, second)
    extra_cost = None if before is None or after is None else after - before
    gain = sum(gains) / len(gains) if gains else None
    stake, answers, volume = economics.stake, economics.answers, economics.of("volume")
    shared = None if upfront is None else upfront / answers
    worth = None if gain is None else gain * stake
    net = None if worth is None or extra_cost is None else worth - extra_cost
    months = None  # until the upfront cost is back
    if net is not None and net > 0 and upfront is not None:
        months = upfront / net / volume
    return Returns(
        extra_cost=extra_cost,
        upfront=upfront,
        net_per_answer=net,
        net_total=None if net is None or upfront is None else net * answers - upfront,
        per_extra_right=extra_cost / gain if gain and gain > 0 and extra_cost is not None else None,
        break_even=None if months is None else months * volume / economics.of("horizon"),
        payback_months=months,
        least_gain=least_gain(economics, extra_cost, upfront),
        affordable=(worth or 0.0) - (shared or 0.0),
        chance=_chance(economics, gains, extra_cost, shared, extra),
        assumed=economics.assumed,
    )


def _chance(
    economics: Economics,
    gains: Sequence[float],
    extra_cost: float | None,
    shared: float | None,
    extra: Sequence[float] | None,
) -> float | None:
    """Return the bootstrap's probability that the step pays, None where a price lacks."""
    if extra_cost is None or shared is None or not gains:
        return None
    # Where each case's own cost is known it is drawn together with the case's gain.
    costs = extra if extra is not None else [extra_cost] * len(gains)
    stake = economics.stake
    return chance_positive(
        [gain * stake - cost - shared for gain, cost in zip(gains, costs, strict=True)]
    )


def least_gain(
    economics: Economics, extra_cost: float | None, upfront: float | None
) -> float | None:
    """Return the smallest gain in the rate that pays for an answer's extra cost and an upfront.

    None where one of them is not known, or a right answer is worth no more than a wrong one.
    """
    if extra_cost is None or upfront is None or economics.stake <= 0:
        return None
    return (extra_cost + upfront / economics.answers) / economics.stake


def extra_upfront(economics: Economics, first: Rung, second: Rung) -> float | None:
    """Return what the second rung costs once that the first has not cost already."""
    before, after = economics.upfront(first), economics.upfront(second)
    return None if before is None or after is None else max(0.0, after - before)


def _refuse(meaning: str, value: float | None, most: float | None = None) -> None:
    if value is None:
        return
    if not 0 <= value < float("inf") or (most is not None and value > most):
        upto = f" to {most:g}" if most is not None else " up"
        raise StoreError(f"{value:g} cannot be {meaning}; type a number from 0{upto}.")
