"""How a training has gone so far, gathered from what it tells: curves, log, and what is left."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lab.tuning.curves import Curve
from lab.tuning.local.pace import Left
from store.jobs import JobEvent

LOG = 500
"""Lines of the log that are kept here; all are in the store."""
_PACE = 40

_STATES = {
    "loading": "Loading the base model.",
    "ready": "The base model is loaded.",
    "saved": "The adapter is written.",
    "cancelled": "It has stopped.",
    "creating": "Asking for the job.",
    "validating_files": "The provider looks at the examples.",
    "queued": "The provider has put it into its queue.",
    "running": "The provider trains.",
    "paused": "The provider has paused it; it goes on when it is resumed there.",
    "succeeded": "The provider says that it has succeeded.",
    "failed": "The provider says that it has failed.",
}


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the held-out examples: `right` of `of` were answered right at a step."""

    step: int
    right: int
    of: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log: when in seconds since the epoch, what, and whether it is no good news."""

    at: float
    text: str
    wrong: bool = False


class Course:
    """What a training has told. Each event costs the same, however many came before.

    `looks` has the share of right answers among the held-out examples, `loss` and
    `validation_loss` what they say. `step` of `steps` is done, 0 where that is not told. The
    `log` has its newest lines, the oldest first.
    """

    def __init__(self, told: Iterable[JobEvent] = (), *, max_minutes: float = 0.0) -> None:
        """Take in what was `told`; `max_minutes` is the training's limit, 0 for none."""
        self.looks, self.loss, self.validation_loss = Curve(), Curve(), Curve()
        self.last_look: Look | None = None
        self.best_look: Look | None = None
        self._looks: list[Look] = []
        self.last_loss: float | None = None
        self.last_validation_loss: float | None = None
        self.step = self.steps = 0
        self.log: deque[LogLine] = deque(maxlen=LOG)
        self._keys: set[str] = set()
        self._left = Left(max_minutes)
        self._left_s: float | None = None
        self._times: deque[tuple[int, float]] = deque(maxlen=_PACE)
        for event in told:
            self.add(event)

    def add(self, event: JobEvent) -> None:
        """Take in what was told; what is known already is passed over."""
        if event.key in self._keys:
            return
        self._keys.add(event.key)
        left = self._left.after(event)
        if event.kind == "metrics":
            self._left_s = left
        match event.kind:
            case "metrics":
                self._measured(event)
            case "heldout":
                self._looked(event)
            case "status":
                self._stands(event)
            case "message":
                wrong = event.data.get("level") in ("error", "warn", "warning")
                self.note(event.at, str(event.data.get("text", "")), wrong=wrong)
            case "result":
                self._ended(event)
            case _:
                pass

    def note(self, at: float, text: str, *, wrong: bool = False) -> None:
        """Write a line into the log."""
        if text:
            self.log.append(LogLine(at, text, wrong))

    @property
    def seconds_left(self) -> float | None:
        """How long it goes on if it takes all its steps, None where nobody knows.

        A training that does not say how long its steps take is timed by the clock.
        """
        if self._left_s is not None:
            return self._left_s
        if len(self._times) < 2 or self.steps <= 0:
            return None
        (first, began), (last, ended) = self._times[0], self._times[-1]
        if last <= first or ended <= began:
            return None
        return max(0, self.steps - self.step) * (ended - began) / (last - first)

    def _measured(self, event: JobEvent) -> None:
        data, step = event.data, event.step
        self.steps = _whole(data.get("steps")) or self.steps
        if step is None:
            return
        self.step = max(self.step, step)
        if (loss := _number(data.get("loss"))) is not None:
            self.loss.add(step, loss)
            self.last_loss = loss
        if (loss := _number(data.get("validation_loss"))) is not None:
            self.validation_loss.add(step, loss)
            self.last_validation_loss = loss
        self._times.append((step, event.at))

    def _looked(self, event: JobEvent) -> None:
        right, of = _whole(event.data.get("right")), _whole(event.data.get("of"))
        if event.step is None or not of:
            return
        look = Look(event.step, right, of)
        self._looks.append(look)
        self.last_look = look
        if self.best_look is None or right > self.best_look.right:
            self.best_look = look
        self.looks.add(look.step, right / of)
        self.note(event.at, f"Step {look.step}: {right} of {of} held-out answers right.")

    def _stands(self, event: JobEvent) -> None:
        data = event.data
        state = str(data.get("state", ""))
        if state == "running" and "total" in data:
            self._begins(event)
        elif state == "sending":
            role = event.key.partition(":")[2] or "training"
            self.note(event.at, f"Sending the {role} examples.")
        elif state == "uploaded":
            self.note(event.at, f"The {data.get('role', 'training')} examples are sent.")
        elif state == "checkpoint":
            self.note(event.at, f"Step {event.step} is kept as {data.get('model', '')}.")
        elif state == "ready" and "device" in data:
            where = "the GPU" if data["device"] == "gpu" else "the CPU"
            self.note(event.at, f"The base model is loaded; it trains on {where}.")
        else:
            self.note(event.at, _STATES.get(state, f"It is {state}."))

    def _begins(self, event: JobEvent) -> None:
        """A local trainer begins, or goes on from a checkpoint and does the rest anew."""
        start, total = _whole(event.data.get("start")), _whole(event.data.get("total"))
        for curve in (self.looks, self.loss, self.validation_loss):
            curve.cut(start)
        self._looks = [look for look in self._looks if look.step <= start]
        self.last_look = self._looks[-1] if self._looks else None
        self.best_look = max(self._looks, key=lambda look: look.right, default=None)
        self.step, self.steps = start, total
        self._times.clear()
        begun = f"Training, {total} steps at most." if not start else f"Going on from step {start}."
        self.note(event.at, begun)

    def _ended(self, event: JobEvent) -> None:
        if event.data.get("state") == "failed":
            self.note(event.at, str(event.data.get("error") or "It has failed."), wrong=True)
        else:
            self.note(event.at, f"It has made {event.data.get('model', 'its model')}.")


def _number(value: Any) -> float | None:
    """Return a finite number, None for anything else: a loss may be told as NaN."""
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if fine and abs(value) < float("inf") else None


def _whole(value: Any) -> int:
    number = _number(value)
    return int(number) if number is not None else 0
