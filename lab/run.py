"""A run: one variant over cases, as a stream of events, kept as it goes.

What is asked is decided by what is missing, so a run that was stopped or killed is resumed
by starting it again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from lab import events
from lab.ask import Client, Ended
from lab.failures import AskError
from lab.grading.assertions import grade
from lab.limits import Limits
from lab.prices import cost
from lab.prompt import Message, assemble, sent_hash
from store import benchmarks, documents, runs, sessions
from store.database import Database
from store.records import Case, Status, Usage, Variant

JOURNAL_S = 0.25
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask: a variant over cases, each `epochs` times, some at once.

    `fresh` asks anew what has an answer already.
    """

    session_id: int
    variant: Variant
    cases: Sequence[Case]
    epochs: int = 1
    concurrency: int = 4
    fresh: bool = False
    cap_usd: float | None = None


class Run:
    """One run on its way. Iterate `events()` once; `stop()` ends it and keeps everything."""

    def __init__(
        self,
        database: Database,
        client: Client,
        owner: str,
        plan: Plan,
        *,
        window: int | None = None,
    ) -> None:
        self.plan = plan
        self._database = database
        self._client = client
        self._owner = owner
        self._queue: asyncio.Queue[events.Event | None] = asyncio.Queue()
        self._todo: deque[tuple[Case, int]] = deque()
        self._streaming: dict[int, list[tuple[str, str]]] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._documents: list[tuple[str, str]] = []
        self._outcome: events.Outcome = "finished"
        self._error = ""
        self._run_id = 0
        self._variant = plan.variant
        self._limits = Limits(
            plan.variant, window=window, cap_usd=plan.cap_usd, prices=client.endpoint.prices
        )
        self._spent = 0.0
        self._reserved = 0.0

    @property
    def variant(self) -> Variant:
        """The variant that is asked, with its id once the run has begun."""
        return self._variant

    @property
    def total(self) -> int:
        """How many answers the plan has, those that are there already included."""
        return len(self.plan.cases) * self.plan.epochs

    @property
    def left(self) -> int:
        """How many answers are still to come."""
        return len(self._todo) + len(self._streaming)

    def stop(self) -> None:
        """Stop asking; answers under way keep what has come, marked as stopped."""
        self._end("stopped")
        for worker in self._workers:
            worker.cancel()

    async def events(self) -> AsyncGenerator[events.Event]:
        """Ask, and yield what happens. Closing the generator early stops the run."""
        began = time.monotonic()
        await self._prepare()
        yield events.RunStarted(self._run_id, self._variant, self.total, len(self._todo))
        journal = asyncio.create_task(self._journal())
        for _ in range(max(1, min(self.plan.concurrency, len(self._todo)))):
            self._workers.append(asyncio.create_task(self._work()))
        if self._outcome == "stopped":
            self.stop()
        closing = asyncio.create_task(self._close_queue())
        try:
            while (event := await self._queue.get()) is not None:
                yield event
        finally:
            if not closing.done():
                self.stop()
            await closing
            journal.cancel()
            await self._database.write(runs.end, self._run_id, self._outcome)
        yield events.RunFinished(self._run_id, self._outcome, self._error, time.monotonic() - began)

    async def _prepare(self) -> None:
        """Pin the variant and the benchmark, and find what is missing."""
        plan, database = self.plan, self._database
        self._documents = [
            (name, await database.read(documents.text, sha256))
            for name, sha256 in plan.variant.documents
        ]
        self._variant = await database.write(runs.keep_variant, plan.variant)
        benchmark = await database.read(benchmarks.revision_hash, plan.session_id)
        self._run_id = await database.write(
            runs.start, plan.session_id, self._variant.id, benchmark
        )
        self._spent, _ = await database.read(sessions.spent, plan.session_id)
        by_revision = {case.revision_id: case for case in plan.cases}
        if plan.fresh:
            pairs = [(r, epoch) for epoch in range(1, plan.epochs + 1) for r in by_revision]
        else:
            pairs = await database.read(
                runs.missing, self._variant.id, list(by_revision), plan.epochs
            )
        self._todo.extend((by_revision[revision_id], epoch) for revision_id, epoch in pairs)

    async def _close_queue(self) -> None:
        """Say on the queue that nothing more will come, once every worker has ended."""
        results = await asyncio.gather(*self._workers, return_exceptions=True)
        self._queue.put_nowait(None)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _work(self) -> None:
        while self._todo:
            case, epoch = self._todo.popleft()
            for attempt in range(1, ATTEMPTS + 1):
                if not await self._attempt(case, epoch, attempt):
                    break

    async def _attempt(self, case: Case, epoch: int, attempt: int) -> bool:
        """Ask one case once. Returns whether it should be asked again."""
        messages = assemble(case.draft, system=self._variant.system, documents=self._documents)
        price = self._limits.price(messages)
        if not self._affordable(price):
            return False
        self._reserved += price
        try:
            answer_id = await self._database.write(
                runs.ask,
                run_id=self._run_id,
                variant_id=self._variant.id,
                case_id=case.id,
                revision_id=case.revision_id,
                epoch=epoch,
                attempt=attempt,
                owner=self._owner,
                sent_hash=sent_hash(messages),
            )
            self._queue.put_nowait(events.Asked(answer_id, case.id, case.revision_id, epoch))
            return await self._stream(answer_id, case, messages, last=attempt == ATTEMPTS)
        finally:
            self._reserved -= price

    async def _stream(
        self, answer_id: int, case: Case, messages: list[Message], *, last: bool
    ) -> bool:
        stream = _Stream(time.monotonic())
        self._streaming[answer_id] = []
        try:
            self._limits.refuse_too_long(messages)
            pieces = self._client.stream(self._variant.model, messages, self._variant.parameters)
            async for piece in pieces:
                if isinstance(piece, Ended):
                    stream.ended = piece
                    continue
                stream.add(piece.text, piece.reasoning)
                self._streaming[answer_id].append((piece.text, piece.reasoning))
                self._queue.put_nowait(
                    events.Delta(answer_id, case.id, piece.text, piece.reasoning)
                )
        except AskError as error:
            again = error.again and not last
            await self._fail(answer_id, stream, error, again=again)
            return again
        except asyncio.CancelledError:
            end = self._finish(stream, "stopped", "Stopped.")
            self._streaming.pop(answer_id, None)
            answer = await self._database.write(runs.finish, answer_id, end)
            self._queue.put_nowait(events.Failed(answer, "Stopped.", again=False))
            raise
        await self._keep(answer_id, case, stream)
        return False

    async def _keep(self, answer_id: int, case: Case, stream: _Stream) -> None:
        """Grade a whole answer and store it."""
        # A person's pattern may take long; everything else is over in microseconds.
        if any("regex" in item.type for item in case.expectation.assertions):
            graded = await asyncio.to_thread(grade, case.expectation, stream.text)
        else:
            graded = grade(case.expectation, stream.text)
        end = self._finish(stream, "done")
        if graded is not None:
            end = replace(end, grade=graded.verdict, checks=graded.rows())
        self._streaming.pop(answer_id, None)
        self._spent += end.cost_usd or 0.0
        answer = await self._database.write(runs.finish, answer_id, end)
        for notice in self._client.notices:
            self._queue.put_nowait(events.Noticed(notice))
        self._client.notices.clear()
        self._queue.put_nowait(events.Answered(answer))
        if graded is not None:
            self._queue.put_nowait(events.Graded(answer_id, case.id, graded.verdict))

    async def _fail(self, answer_id: int, stream: _Stream, error: AskError, *, again: bool) -> None:
        status: Status = "cut" if error.kind == "cut" else "failed"
        end = self._finish(stream, status, str(error))
        self._streaming.pop(answer_id, None)
        self._spent += end.cost_usd or 0.0
        answer = await self._database.write(runs.finish, answer_id, end)
        self._queue.put_nowait(events.Failed(answer, str(error), again=again))
        if error.fatal:
            self._end("failed", str(error))

    def _finish(self, stream: _Stream, status: Status, error: str = "") -> runs.Finish:
        ended = stream.ended
        usage = ended.usage if ended else Usage()
        model = ended.model if ended else self._variant.model
        return runs.Finish(
            status=status,
            text=stream.text,
            reasoning=stream.reasoning,
            error=error,
            model=model,
            usage=usage,
            cost_usd=cost(self._client.endpoint.prices, model, usage),
            first_token_s=stream.first_token_s,
            latency_s=time.monotonic() - stream.began,
        )

    async def _journal(self) -> None:
        """Write what has streamed in, in batches, so that a kill loses a quarter second."""
        while True:
            await asyncio.sleep(JOURNAL_S)
            batch: list[tuple[int, str, str]] = []
            for answer_id, pieces in self._streaming.items():
                if pieces:
                    text = "".join(piece[0] for piece in pieces)
                    reasoning = "".join(piece[1] for piece in pieces)
                    batch.append((answer_id, text, reasoning))
                    pieces.clear()
            if batch:
                await self._database.write(runs.journal, batch)

    def _affordable(self, price: float) -> bool:
        cap = self.plan.cap_usd
        if cap is None or self._spent + self._reserved + price <= cap:
            return True
        if self._outcome == "finished":
            self._queue.put_nowait(events.BudgetReached(self._spent, cap))
        self._end("budget")
        return False

    def _end(self, outcome: events.Outcome, error: str = "") -> None:
        self._todo.clear()
        if self._outcome == "finished":
            self._outcome, self._error = outcome, error


class _Stream:
    """What has come of one answer so far, and when."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.first_token_s: float | None = None
        self.ended: Ended | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []

    def add(self, text: str, reasoning: str) -> None:
        if self.first_token_s is None:
            self.first_token_s = time.monotonic() - self.began
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)
