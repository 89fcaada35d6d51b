"""How long a local training takes: beforehand, by earlier ones, and while it goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lab.checking.findings import count
from lab.tuning.trainer.training_spec import Spec
from store.jobs import JobEvent, Trained

By = Literal["earlier", "guess"]
# A chat template's own tokens, which nobody counted, of an example of two or three messages.
_FRAME = 20
# Of docs/tuning.md: the embedded model, steps of four examples of 27 tokens, looks at twelve.
_MEASURED_STEPS = (1.5, 3.8)
_MEASURED_LOOKS = (3.0, 10.0)
_MEASURED_LOAD = 4 * (27 + _FRAME)
# Of the five trainings there the shortest took half of its steps.
_EARLIEST = 0.5
# A tenth of all steps were quicker than the one, a tenth were slower than the other.
_LOW, _HIGH = 0.1, 0.9
_RECENT = 20
_USUAL = Spec("")


@dataclass(frozen=True, slots=True)
class Ahead:
    """How long a training may take, in seconds; both are None where nobody can know.

    `by` is what that rests on: earlier trainings of the same base on this machine, or a guess
    from another one.
    """

    low_s: float | None = None
    high_s: float | None = None
    by: By | None = None


def ahead(
    spec: Spec, tokens: float, earlier: Sequence[Trained], *, heldout: bool, embedded: bool
) -> Ahead:
    """Return how long a training will take, whose examples have `tokens` tokens on average.

    With held-out examples it may stop before its last step. A step's time goes up with its
    tokens; that of a look at held-out examples is taken as it was.
    """
    load = spec.batch * (tokens + _FRAME)
    like = [one for one in earlier if one.options.get("threads", _USUAL.threads) == spec.threads]
    steps = [each for one in like for each in _scaled(one, load)]
    looks = [each for one in like for each in one.looks]
    by: By = "earlier"
    if not steps:
        if not embedded:
            return Ahead()
        by = "guess"
        steps = [each * load / _MEASURED_LOAD for each in _MEASURED_STEPS]
        looks = list(_MEASURED_LOOKS)
    most = spec.max_steps
    least = min(most, max(spec.every, math.ceil(most * _EARLIEST))) if heldout else most
    low, high = (
        number * _quantile(steps, share)
        + (math.ceil(number / spec.every) * _quantile(looks, share) if heldout and looks else 0.0)
        for number, share in ((least, _LOW), (most, _HIGH))
    )
    limit = 60 * spec.max_minutes or math.inf
    return Ahead(round(min(low, limit), 1), round(min(high, limit), 1), by)


def time_text(price: Mapping[str, Any]) -> str:
    """Return what a plan's price says of the time, as the end of a sentence without its stop.

    Such as "free, about 4 to 10 minutes on this machine".
    """
    low, high = price.get("low_s"), price.get("high_s")
    if low is None or high is None:
        return "free; how long it takes is told after the first steps"
    if price.get("seconds_by") == "guess":
        return (
            f"free, perhaps {duration_text(low, high)} on this machine (a guess until a model was "
            "trained here)"
        )
    return f"free, about {duration_text(low, high)} on this machine"


def duration_text(low_s: float, high_s: float) -> str:
    """Return a span of time in words: "4 to 10 minutes", "50 seconds to 2 minutes", "1 hour"."""
    low, high = _in_words(low_s, math.floor), _in_words(high_s, math.ceil)
    if low == high:
        return high
    number, _, unit = low.partition(" ")
    return f"{number if unit.rstrip('s') == high.partition(' ')[2].rstrip('s') else low} to {high}"


class Left:
    """How much time a training has still before it at most, from what it tells of its steps."""

    def __init__(self, max_minutes: float = 0.0) -> None:
        self._limit_s = 60 * max_minutes or math.inf
        self._spent_s = 0.0
        self._recent: list[tuple[int, float]] = []

    def after(self, event: JobEvent) -> float | None:
        """Learn from what a job told; return the seconds that are left at most, None unknown.

        A hosted training does not tell how long its steps take, so of it nobody knows.
        """
        if event.kind == "status" and event.data.get("state") == "loading":
            self._recent.clear()
        took = event.data.get("seconds" if event.kind == "heldout" else "s_per_step")
        if not isinstance(took, int | float) or event.step is None:
            return None
        took = float(took)
        self._spent_s += took
        if event.kind != "metrics":
            # Its step is told after the look at its end, and then counts with it.
            self._recent.append((0, took))
            return None
        self._recent = [*self._recent, (1, took)][-_RECENT:]
        steps = sum(number for number, _ in self._recent)
        left = max(0, int(event.data.get("steps") or event.step) - event.step)
        needs = left * sum(seconds for _, seconds in self._recent) / steps
        return max(0.0, min(needs, self._limit_s - self._spent_s))


def left_text(seconds: float | None) -> str:
    """Return how much time is left at most, as the end of a line; nothing for none or unknown."""
    return f", at most {_in_words(seconds, math.ceil)} left" if seconds else ""


def _scaled(one: Trained, load: float) -> list[float]:
    """Return the seconds of an earlier training's steps as they would be with another load."""
    batch = int(one.options.get("batch", _USUAL.batch))
    had = one.step_tokens + batch * _FRAME
    return [seconds * load / had for seconds in one.steps]


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def _in_words(seconds: float, rounded: Callable[[float], int]) -> str:
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            return count(rounded(seconds / size), unit)
    tens = 10 if seconds >= 20 else 1
    return count(max(1, tens * rounded(seconds / tens)), "second")
