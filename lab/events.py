"""What happens while answers are asked for, as small frozen events.

The engine yields them and keeps what they say before it does; a display only shows them,
so one that dies loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from store.records import Answer, Variant, Verdict

Outcome = Literal["finished", "stopped", "budget", "failed", "settled"]
"""How a run ended; `settled` means that it stopped, as it was told to, with a fixed verdict."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins: `todo` of `total` answers are not there yet."""

    run_id: int
    variant: Variant
    total: int
    todo: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A case was sent to the model."""

    answer_id: int
    case_id: int
    revision_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer, or of the reasoning before it, streamed in."""

    answer_id: int
    case_id: int
    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer is kept."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Graded:
    """The machine's verdict on an answer is kept."""

    answer_id: int
    case_id: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer ended early: cut, stopped or failed; what there was of it is kept.

    `error` is one plain sentence. With `again` it is being asked once more.
    """

    answer: Answer
    error: str
    again: bool


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that the person should know, in one plain sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """The next call could pass the session's cap, so it was not made. US dollars."""

    spent_usd: float
    cap_usd: float


@dataclass(frozen=True, slots=True)
class Priced:
    """What the `left` answers of a run will take, by those that have come.

    US dollars for all of them, None where a price is not known, 0.0 where they are free.
    `seconds` is about how long they take, None where nothing is known. `fits` says about how
    many of them the cap leaves room for, None where it leaves room for all.
    """

    left: int
    low_usd: float | None
    expected_usd: float | None
    high_usd: float | None
    seconds: float | None
    fits: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What the answers still to come could not change of the step up to this rung.

    `state` is its verdict now. Where that is `fixed`, `sentence` is the ladder's own; else it
    says that this run can no longer bring a CLIMB. To stop now saves `left` answers and about
    `saved_usd` US dollars, None where no price is known, 0.0 where they are free.
    """

    state: str
    fixed: bool
    sentence: str
    left: int
    saved_usd: float | None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """No more answers will come. `error` says why when the outcome is `failed`."""

    run_id: int
    outcome: Outcome
    error: str
    seconds: float


Event = (
    RunStarted
    | Asked
    | Delta
    | Answered
    | Graded
    | Failed
    | Noticed
    | BudgetReached
    | Priced
    | Settled
    | RunFinished
)
