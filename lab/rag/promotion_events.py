"""What happens while documents are promoted, as small frozen events.

What an event says is kept before it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.events import BudgetReached

Outcome = Literal["finished", "budget"]


@dataclass(frozen=True, slots=True)
class Opening:
    """The index is looked after before it can be used: `done` of `total` chunks."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Fetching:
    """The embedded model's weights are downloaded, once: bytes so far and in all."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PromotionStarted:
    """A promotion begins: `todo` documents are not wholly in the collection, `already` are."""

    todo: int
    already: int


@dataclass(frozen=True, slots=True)
class DocumentStarted:
    """A document's turn has come."""

    document_id: int
    name: str


@dataclass(frozen=True, slots=True)
class DocumentCut:
    """A document has `chunks` chunks, of which `indexed` are acknowledged already."""

    document_id: int
    name: str
    chunks: int
    indexed: int


@dataclass(frozen=True, slots=True)
class DocumentEmbedded:
    """`done` of a document's chunks have an embedding."""

    document_id: int
    name: str
    done: int
    chunks: int


@dataclass(frozen=True, slots=True)
class DocumentIndexed:
    """`done` of a document's chunks are acknowledged: kept, and found from now on."""

    document_id: int
    name: str
    done: int
    chunks: int


@dataclass(frozen=True, slots=True)
class DocumentPromoted:
    """A document is wholly in the collection."""

    document_id: int
    name: str
    chunks: int


@dataclass(frozen=True, slots=True)
class DocumentFailed:
    """A document is not wholly in; `error` is one plain sentence. What is in of it stays."""

    document_id: int
    name: str
    error: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all of it is: `done` of about `chunks` chunks.

    `seconds_left` is reckoned from the pace so far, None until there is one.
    """

    done: int
    chunks: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class PromotionFinished:
    """No more will come. `left` documents were not begun or not ended, since the cap came near.

    `chunks` were acknowledged, for `embedded` of which the embedding was computed and not
    known before. US dollars; `unpriced` calls had no known price.
    """

    outcome: Outcome
    promoted: int
    already: int
    failed: int
    left: int
    chunks: int
    embedded: int
    tokens: int
    cost_usd: float
    unpriced: int
    seconds: float


PromotionEvent = (
    Opening
    | Fetching
    | PromotionStarted
    | DocumentStarted
    | DocumentCut
    | DocumentEmbedded
    | DocumentIndexed
    | DocumentPromoted
    | DocumentFailed
    | Progress
    | BudgetReached
    | PromotionFinished
)
