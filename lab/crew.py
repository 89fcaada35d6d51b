"""Workers on a list of things to do, and the stream of what happens while they are at it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Generic, TypeVar

from lab.events import BudgetReached, Noticed, Outcome

Item = TypeVar("Item")
Event = TypeVar("Event")


class Crew(Generic[Item, Event]):
    """Takes one thing after the other from `todo`, several at once, until it is empty.

    `take` does one of them. The first `end` settles the outcome and empties the list.
    """

    def __init__(self, take: Callable[[Item], Coroutine[Any, Any, None]]) -> None:
        self.todo: deque[Item] = deque()
        self.outcome: Outcome = "finished"
        self.error = ""
        self._take = take
        self._told: asyncio.Queue[Event | BudgetReached | Noticed | None] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []

    @property
    def going(self) -> bool:
        """Whether nothing has ended the work early."""
        return self.outcome == "finished"

    def tell(self, event: Event) -> None:
        """Let whoever looks on know of an event."""
        self._told.put_nowait(event)

    def pass_on(self, notices: list[str]) -> None:
        """Tell a client's notices, once."""
        for notice in notices:
            self._told.put_nowait(Noticed(notice))
        notices.clear()

    def reach_budget(self, spent_usd: float, cap_usd: float | None) -> None:
        """End the work, since the next call could pass the cap."""
        if self.going:
            self._told.put_nowait(BudgetReached(spent_usd, cap_usd or 0.0))
        self.end("budget")

    def end(self, outcome: Outcome, error: str = "") -> None:
        """Begin nothing more. `error` says why where the outcome is `failed`."""
        self.todo.clear()
        if self.going:
            self.outcome, self.error = outcome, error

    def stop(self) -> None:
        """End the work and break off what is under way."""
        self.end("stopped")
        for worker in self._workers:
            if not worker.cancelling():
                worker.cancel()

    async def work(self, concurrency: int) -> None:
        """Work until nothing is left. Raises what the first worker that failed raised."""
        count = min(max(1, concurrency), len(self.todo))
        self._workers = [asyncio.create_task(self._work()) for _ in range(count)]
        results = await asyncio.gather(*self._workers, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _work(self) -> None:
        try:
            while self.todo:
                await self._take(self.todo.popleft())
        except BaseException:
            self.end("failed")
            raise

    async def events(
        self, first: Event, working: Callable[[], Coroutine[Any, Any, None]]
    ) -> AsyncGenerator[Event | BudgetReached | Noticed]:
        """Yield `first`, then what is told until `working` is through.

        Closing the generator early stops the work. Raises what `working` raises.
        """
        task = asyncio.create_task(self._to_the_last(working))
        try:
            yield first
            while (event := await self._told.get()) is not None:
                yield event
        finally:
            if not task.done():
                self.stop()
            await task

    async def _to_the_last(self, working: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await working()
        finally:
            self._told.put_nowait(None)
