"""What the label queue speaks in: the answer that is shown, what was done, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.agreement import Agreement
from store.queue import Item
from store.records import Verdict

Reason = Literal["m", "f", "r"]
REASONS: dict[Reason, str] = {"m": "missing knowledge", "f": "format", "r": "reasoning"}


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown to be judged.

    `looked_at` is the label that a second look measures, else 0. `differing` are the two
    verdicts of the person that this one is to settle.
    """

    item: Item
    looked_at: int = 0
    differing: tuple[Verdict, Verdict] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the answer has no label yet."""
        return not self.looked_at and self.differing is None


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to a card that can be taken back."""

    kind: Literal["verdict", "skip", "repair"]
    card: Card
    verdict: Verdict | None = None


@dataclass(slots=True)
class Last:
    """The verdict that was given last, where a reason can be added to it."""

    verdict: Verdict
    label_id: int
    looked_at: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sitting is: `at` of `total`, and seconds to its end, None where unknown."""

    at: int
    total: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Sitting:
    """What came of a sitting, and what is left.

    `answered` where the session has any whole answer.
    `verdicts` were given; `waiting` answers are still to come and `skipped` ones were passed
    over. `graded` ones, counted at the end only, have the checks' verdict and nobody's
    label. `own` is how the person agrees with themselves over all second looks of the
    session; `differing` of those said something else and are not settled. `settling` where
    the sitting was at chosen answers only, which settle a step of the ladder.
    """

    verdicts: dict[Verdict, int]
    repaired: int
    answered: bool
    waiting: int
    skipped: int
    graded: int
    own: Agreement
    differing: int
    settling: bool = False
