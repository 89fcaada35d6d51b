"""One question to a judge: paid for, held to a form, asked again where that may help."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from lab.ask import Client, Ended
from lab.cancelling import to_the_end
from lab.failures import AskError
from lab.judge import prompt
from lab.judge.prompt import FORMS, Said, Unusable
from lab.limits import Limits, Purse
from lab.prompt import Message
from store.records import CaseDraft, Usage, Variant

ATTEMPTS = 3
"""So often a call is made whose stream is cut."""
REPLIES = 2
"""So often a judge is asked for a reply that can be used."""


class Stopped(Exception):
    """Judging has ended before this reply came."""


class OverBudget(Exception):
    """The call could pass the session's cap, so it was not made."""


class Bill:
    """What one judgement cost, in US dollars; None once a call of unknown price is in it."""

    def __init__(self) -> None:
        self.total: float | None = 0.0

    def add(self, cost: float | None) -> None:
        """Add what one call cost."""
        self.total = None if self.total is None or cost is None else self.total + cost


class Asker:
    """Asks a judge. `pay` keeps what a call cost; no call is begun once `going` says no."""

    def __init__(
        self,
        client: Client,
        judge: Variant,
        limits: Limits,
        purse: Purse,
        cap_usd: float | None,
        *,
        pay: Callable[[float | None], Coroutine[Any, Any, None]],
        going: Callable[[], bool],
    ) -> None:
        self._client = client
        self._judge = judge
        self._limits = limits
        self._purse = purse
        self._cap_usd = cap_usd
        self._pay = pay
        self._going = going
        self._form = 0

    async def ask(self, case: CaseDraft, expected: str, answer: str, bill: Bill) -> Said:
        """Ask until a reply can be used. Raises Unusable, AskError, OverBudget, Stopped."""
        problem = Unusable("")
        for _ in range(REPLIES):
            sent = prompt.messages(self._judge.system, case, expected, answer, problem=str(problem))
            try:
                return prompt.read(await self._reply(sent, bill))
            except Unusable as unusable:
                problem = unusable
        raise problem

    async def _reply(self, sent: list[Message], bill: Bill) -> str:
        """Set money aside for a call and make it, again where its stream is cut."""
        price = None if self._cap_usd is None else self._limits.price(sent)
        if not await self._purse.reserve(price, self._cap_usd):
            raise OverBudget
        try:
            self._limits.refuse_too_long(sent)
            for attempt in range(1, ATTEMPTS + 1):
                if not self._going():
                    raise Stopped
                try:
                    return await self._in_some_form(sent, bill)
                except AskError as error:
                    if not error.again or attempt == ATTEMPTS:
                        raise
            raise AssertionError("the last attempt returns or raises")
        finally:
            self._purse.settle(price)

    async def _in_some_form(self, sent: list[Message], bill: Bill) -> str:
        """Hold the judge to JSON as strictly as its server takes it."""
        for place in range(self._form, len(FORMS)):
            try:
                text = await self._stream(sent, place, bill)
            except AskError as error:
                # Not every server says which part of a request it refuses.
                if error.kind != "request" or place + 1 == len(FORMS):
                    raise
            else:
                self._form = place
                return text
        raise AssertionError("the last form returns or raises")

    async def _stream(self, sent: list[Message], place: int, bill: Bill) -> str:
        form = FORMS[place]
        parameters = dict(self._judge.parameters)
        if form is not None:
            parameters["response_format"] = form
        pieces: list[str] = []
        ended: Ended | None = None
        begun = False
        try:
            async for piece in self._client.stream(
                self._judge.model, sent, parameters, insist=("response_format",)
            ):
                begun = True
                if isinstance(piece, Ended):
                    ended = piece
                else:
                    pieces.append(piece.text)
        finally:
            if begun:
                await to_the_end(self._settle(ended, bill))
        return "".join(pieces)

    async def _settle(self, ended: Ended | None, bill: Bill) -> None:
        """Count what a call cost, also one that was stopped or cut."""
        usage = ended.usage if ended else Usage()
        cost = self._limits.cost(ended.model if ended else self._judge.model, usage)
        self._limits.learn(usage)
        bill.add(cost)
        self._purse.spent += cost or 0.0
        await self._pay(cost)
