"""What is to be judged, and what happens while it is, as small frozen events."""

from __future__ import annotations

from dataclasses import dataclass

from lab.events import BudgetReached, Noticed, Outcome
from store.judgements import Ruling
from store.records import Rung, Split, Variant


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """What to judge: the answers of a split, or all (None); those of one rung, or of all.

    `fresh` judges anew what this judge has judged.
    """

    session_id: int
    judge: Variant
    split: Split | None = "test"
    rung: Rung | None = None
    concurrency: int = 4
    fresh: bool = False
    cap_usd: float | None = None


@dataclass(frozen=True, slots=True)
class JudgingStarted:
    """Judging begins: `todo` answers are to be judged, `already` ones have been.

    `skipped` have nothing that a judge could hold them against. `same_model` of all these
    were given by the judge's own model. Identical answers to a case count as one.
    """

    judge: Variant
    todo: int
    already: int
    skipped: int
    same_model: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement is kept. `trust_changed` where the judge decides from now on, or no more."""

    case_id: int
    revision_id: int
    ruling: Ruling
    trust_changed: bool


@dataclass(frozen=True, slots=True)
class NotJudged:
    """An answer could not be judged; `error` is one plain sentence. It is judged next time."""

    case_id: int
    error: str


@dataclass(frozen=True, slots=True)
class JudgingFinished:
    """No more judgements will come. US dollars; `unpriced` calls had no known price."""

    outcome: Outcome
    error: str
    cost_usd: float
    unpriced: int
    seconds: float


JudgeEvent = JudgingStarted | Judged | NotJudged | Noticed | BudgetReached | JudgingFinished
