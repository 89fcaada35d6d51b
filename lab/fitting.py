"""How full a model's window is with what a case is sent, in tokens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from lab.context import Part, named_text, parts
from lab.limits import USUAL_ANSWER_TOKENS, answer_room, is_too_long
from lab.prompt import assemble
from lab.tokens import TokenCount, count
from store.database import Database
from store.records import CaseDraft, Variant

Fit = Literal["unknown", "fits", "tight", "doubtful", "too long"]
"""`tight` leaves less than the answer may need; `doubtful` is too long by an estimate."""

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Fill:
    """What is in the window for one case, in tokens.

    `rest` is the system prompt and the case's messages, `answer` the room that the answer
    may need. `window` is None where it is not known; `exact` is false for an estimate.
    """

    documents: int
    rest: int
    answer: int
    window: int | None
    exact: bool

    @property
    def sent(self) -> int:
        """The tokens of the prompt."""
        return self.documents + self.rest

    @property
    def fit(self) -> Fit:
        """Whether it fits; what is `too long` is refused before the call."""
        if self.window is None:
            return "unknown"
        if is_too_long(self.sent, self.window, exact=self.exact):
            return "too long"
        if self.sent > self.window:
            return "doubtful"
        return "tight" if self.sent + self.answer > self.window else "fits"


class Gauge:
    """Counts what is in the context; each document, or choice of its pages, once a model."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[_Key, asyncio.Task[TokenCount]] = {}

    def known(self, variant: Variant, part: Part) -> TokenCount | None:
        """Return the tokens of a document for a variant's model where they are counted."""
        counted = self._counts.get(_key(variant, part))
        return counted.result() if counted is not None and _is_there(counted) else None

    async def tokens(self, variant: Variant, part: Part) -> TokenCount:
        """Return the tokens of a document for a variant's model, counted in a thread.

        Counting goes on where the caller is cancelled, since it will be asked for again.
        Raises NotFound, PagesProblem.
        """
        key = _key(variant, part)
        counted = self._counts.get(key)
        if counted is None or (counted.done() and not _is_there(counted)):
            counted = self._counts[key] = asyncio.create_task(self._count(variant, part))
        return await asyncio.shield(counted)

    async def _count(self, variant: Variant, part: Part) -> TokenCount:
        _, text = await named_text(self._database, part)
        return await asyncio.to_thread(count, text, variant.model, variant.provider)

    async def fill(self, variant: Variant, case: CaseDraft | None, window: int | None) -> Fill:
        """Return how full the window is for a case; None is no case yet.

        The parts are counted apart, which may differ from the whole by a token for each.
        """
        draft = case or CaseDraft("")
        counts = [await self.tokens(variant, part) for part in parts(variant, draft)]
        documents = sum(each.tokens for each in counts)
        messages = assemble(draft, system=variant.system)
        rest = await asyncio.to_thread(
            lambda: [count(each["content"], variant.model, variant.provider) for each in messages]
        )
        return Fill(
            documents=documents,
            rest=sum(each.tokens for each in rest),
            answer=answer_room(variant) or USUAL_ANSWER_TOKENS,
            window=window,
            exact=all(each.exact for each in (*counts, *rest)),
        )


def _key(variant: Variant, part: Part) -> _Key:
    return variant.model, variant.provider, part.sha256, part.pages


def _is_there(counted: asyncio.Task[TokenCount]) -> bool:
    return counted.done() and not counted.cancelled() and counted.exception() is None
