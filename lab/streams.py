"""Answers that are on their way: what has come of each, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lab.ask import Ended, Piece
from lab.grading.assertions import grade, is_slow
from lab.limits import Limits
from lab.prompt import Message
from store.records import Expectation, Status, Usage
from store.runs import Finish


class Stream:
    """What has come of the answer to `messages` so far.

    Seconds are counted from when it was asked for.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.began = time.monotonic()
        self.first_token_s: float | None = None
        self.ended: Ended | None = None
        self.pieces: list[Piece] = []
        self._journalled = 0

    def add(self, piece: Piece) -> None:
        """Take a piece that has come."""
        if self.first_token_s is None:
            self.first_token_s = time.monotonic() - self.began
        self.pieces.append(piece)

    def fresh(self) -> tuple[str, str]:
        """Return text and reasoning that came since this was last asked."""
        pieces, self._journalled = self.pieces[self._journalled :], len(self.pieces)
        return _joined(pieces)


def finished(stream: Stream, model: str, limits: Limits, status: Status, error: str) -> Finish:
    """Return how an answer ended; `model` is what was asked.

    One that ended early costs what the tokens do that were counted: the server tells no more.
    """
    ended = stream.ended or Ended(model, Usage(), "")
    text, reasoning = _joined(stream.pieces)
    if stream.ended is None and (text or reasoning):
        cost = limits.price(stream.messages, limits.count_answer(text + reasoning))
    else:
        cost = limits.cost(ended.model, ended.usage)
    return Finish(
        status=status,
        text=text,
        reasoning=reasoning,
        error=error,
        model=ended.model,
        usage=ended.usage,
        cost_usd=cost,
        first_token_s=stream.first_token_s,
        latency_s=time.monotonic() - stream.began,
        finish_reason=ended.finish_reason,
    )


async def graded(end: Finish, expectation: Expectation) -> Finish:
    """Return a whole answer with the grade of its assertions, where it has any."""
    check = partial(grade, latency_s=end.latency_s, cost_usd=end.cost_usd)
    # A pattern or a schema may take long; most checks are over in microseconds.
    if is_slow(expectation):
        found = await asyncio.to_thread(check, expectation, end.text)
    else:
        found = check(expectation, end.text)
    return end if found is None else replace(end, grade=found.verdict, checks=found.rows())


def _joined(pieces: Sequence[Piece]) -> tuple[str, str]:
    return "".join(piece.text for piece in pieces), "".join(piece.reasoning for piece in pieces)
