"""A run: one variant over cases, as a stream of events, kept as it goes.

What is asked is decided by what is missing, so a run that was stopped or killed is resumed
by starting it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from lab import events
from lab.ask import Client, Ended
from lab.cancelling import to_the_end
from lab.context import Context
from lab.crew import Crew
from lab.failures import AskError
from lab.foresight import Foresight
from lab.limits import Hold, Limits, Purse
from lab.metering import Meter, set_aside
from lab.prompt import Message, assemble, sent_hash
from lab.rag.asking import Retrieve
from lab.streams import Stream, finished, graded
from store import benchmarks, runs, sessions
from store.database import Database
from store.errors import PlainError, StoreError
from store.library_records import Passage
from store.records import Answer, Case, CaseDraft, Status, Variant

JOURNAL_S = 0.25
ATTEMPTS = 3
OVER_CAP = "Stopped here: to go on could have passed the session's cap."


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask: a variant over cases, each `epochs` times, some at once.

    `fresh` asks anew what has an answer already, `since` what has none that was asked for from
    a time on, in seconds since the epoch. `cap_usd` is the most that the session may spend.
    With `stop_early` nothing more is asked once the verdict on the step is fixed.
    """

    session_id: int
    variant: Variant
    cases: Sequence[Case]
    epochs: int = 1
    concurrency: int = 4
    fresh: bool = False
    since: float = 0.0
    stop_early: bool = False
    cap_usd: float | None = None


class Run:
    """One run on its way. Iterate `events()` once; `stop()` ends it and keeps everything.

    Runs of one session share a `purse`, so that together they keep to its cap. `window`
    is in tokens, None where it is not known. `retrieve` finds what a case is given besides.
    """

    def __init__(
        self,
        database: Database,
        client: Client,
        owner: str,
        plan: Plan,
        *,
        window: int | None = None,
        purse: Purse | None = None,
        retrieve: Retrieve | None = None,
    ) -> None:
        self.plan = plan
        self._database = database
        self._client = client
        self._owner = owner
        self._crew: Crew[tuple[Case, int], events.Event] = Crew(self._take)
        self._streaming: dict[int, Stream] = {}
        self._context = Context(database, plan.variant)
        self._run_id = 0
        self._variant = plan.variant
        self._limits = Limits(plan.variant, window=window, prices=client.endpoint.prices)
        self._purse = purse or Purse()
        self._retrieve = retrieve
        self._foresight = Foresight(
            *(database, plan, self._purse), left=lambda: self.left, spared=self._spared
        )
        self._todo = 0

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
        return len(self._crew.todo) + len(self._streaming)

    @property
    def rest(self) -> events.Priced | None:
        """What the answers still to come will take; None until the first few are in."""
        return self._foresight.rest

    def _spared(self) -> int:
        # Who stops by hand breaks off what is under way; the run itself lets it come.
        return len(self._crew.todo) if self.plan.stop_early else self.left

    def stop(self) -> None:
        """Stop asking; answers under way keep what has come, marked as stopped."""
        self._crew.stop()

    async def events(self) -> AsyncGenerator[events.Event]:
        """Ask, and yield what happens. Closing the generator early stops the run.

        Raises AskError where no case fits the model's window, and StoreError when something
        cannot be kept; what was under way is stopped.
        """
        began = time.monotonic()
        todo = await self._prepare()
        started = events.RunStarted(self._run_id, self._variant, self.total, todo)
        async with aclosing(self._crew.events(started, self._ask_all)) as told:
            async for event in told:
                yield event
        yield events.RunFinished(
            self._run_id, self._crew.outcome, self._crew.error, time.monotonic() - began
        )

    async def _prepare(self) -> int:
        """Pin the variant and the benchmark, and return how many answers are missing."""
        plan, database = self.plan, self._database
        await self._context.load()
        self._variant = await database.write(runs.keep_variant, plan.variant)
        benchmark = await database.read(benchmarks.revision_hash, plan.session_id)
        by_revision = {case.revision_id: case for case in plan.cases}
        if plan.fresh:
            pairs = [(r, epoch) for epoch in range(1, plan.epochs + 1) for r in by_revision]
        else:
            pairs = await database.read(
                runs.missing, self._variant.id, list(by_revision), plan.epochs, plan.since
            )
        todo = {revision_id: by_revision[revision_id].draft for revision_id, _ in pairs}
        await self._context.refuse_hopeless(list(todo.values()), self._limits)
        to_ask = [(by_revision[revision_id].id, epoch) for revision_id, epoch in pairs]
        await self._foresight.prepare(self._variant, to_ask, self._limits)
        spent, _ = await database.read(sessions.spent, plan.session_id)
        self._run_id = await database.write(
            runs.start, plan.session_id, self._variant.id, benchmark
        )
        self._purse.open(spent)
        if self._crew.going:
            self._crew.todo.extend(
                (by_revision[revision_id], epoch) for revision_id, epoch in pairs
            )
        self._todo = len(pairs)
        return self._todo

    async def _ask_all(self) -> None:
        """Let the workers ask until nothing is left, and end the run."""
        journal = asyncio.create_task(self._journal())
        try:
            await self._crew.work(self.plan.concurrency)
        finally:
            self._purse.close()
            journal.cancel()
            await self._database.write(runs.end, self._run_id, self._crew.outcome)

    async def _take(self, asked: tuple[Case, int]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if not await self._attempt(*asked, attempt):
                break

    async def _attempt(self, case: Case, epoch: int, attempt: int) -> bool:
        """Ask one case once. Returns whether it should be asked again."""
        try:
            prompt = await self._prompt(case.draft)
        except PlainError as error:  # no other case would fare better
            self._crew.end("failed", str(error))
            return False
        hold = await set_aside(
            *(self._purse, self._limits, prompt.messages, self.plan.cap_usd),
            alone=self._todo > 1,
        )
        if hold is None:
            self._crew.reach_budget(self._purse.spent, self.plan.cap_usd)
            return False
        try:
            if not self._crew.going:
                return False  # the run has ended while this one waited for its turn
            answer_id = await self._database.write(
                runs.ask,
                run_id=self._run_id,
                variant_id=self._variant.id,
                case_id=case.id,
                revision_id=case.revision_id,
                epoch=epoch,
                attempt=attempt,
                owner=self._owner,
                sent_hash=sent_hash(prompt.messages),
                passages=prompt.passages,
            )
            self._crew.tell(events.Asked(answer_id, case.id, case.revision_id, epoch))
            return await self._stream(answer_id, case, prompt, hold, last=attempt == ATTEMPTS)
        finally:
            hold.release()

    async def _prompt(self, case: CaseDraft) -> _Prompt:
        """Put together what is sent for a case."""
        passages = await self._retrieve(case) if self._retrieve else []
        documents = await self._context.of(case)
        system = self._variant.system
        messages = assemble(case, system=system, documents=documents, passages=passages)
        await self._limits.count_ahead(messages)
        return _Prompt(messages, documents, passages)

    async def _stream(
        self, answer_id: int, case: Case, prompt: _Prompt, hold: Hold, *, last: bool
    ) -> bool:
        stream = self._streaming[answer_id] = Stream(prompt.messages)
        meter = Meter(self._limits, prompt.messages, hold)
        within = True
        try:
            self._limits.refuse_too_long(prompt.messages, prompt.documents)
            asked = self._client.stream(
                self._variant.model, prompt.messages, self._variant.parameters
            )
            async with aclosing(asked) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Ended):
                        stream.ended = piece
                        continue
                    stream.add(piece)
                    delta = events.Delta(answer_id, case.id, piece.text, piece.reasoning)
                    self._crew.tell(delta)
                    within = meter.add(piece.text + piece.reasoning)
                    if not within:
                        break
        except AskError as error:
            again = error.again and not last and self._crew.going
            await to_the_end(self._fail(answer_id, stream, error, again=again))
            return again
        except asyncio.CancelledError:
            end = self._finish(stream, "stopped", "Stopped.")
            await to_the_end(self._keep(answer_id, end, again=False))
            raise
        if within:
            await to_the_end(self._succeed(answer_id, case, stream))
        else:
            end = self._finish(stream, "stopped", OVER_CAP)
            await to_the_end(self._keep(answer_id, end, again=False))
            self._crew.reach_budget(self._purse.spent, self.plan.cap_usd)
        return False

    async def _succeed(self, answer_id: int, case: Case, stream: Stream) -> None:
        """Grade a whole answer and keep it."""
        end = await graded(self._finish(stream, "done"), case.expectation)
        self._limits.learn(end.usage)
        self._crew.pass_on(self._client.notices)
        await self._keep(answer_id, end, again=False)
        if end.grade is not None:
            self._crew.tell(events.Graded(answer_id, case.id, end.grade))

    async def _fail(self, answer_id: int, stream: Stream, error: AskError, *, again: bool) -> None:
        """Keep what came of an answer, and end the run where nothing else would fare better."""
        partly = error.kind == "cut" or stream.first_token_s is not None
        end = self._finish(stream, "cut" if partly else "failed", str(error))
        await self._keep(answer_id, end, again=again)
        if error.fatal:
            self._crew.end("failed", str(error))

    async def _keep(self, answer_id: int, end: runs.Finish, *, again: bool) -> None:
        """Store how an answer ended, and say so."""
        self._streaming.pop(answer_id, None)
        self._purse.spent += end.cost_usd or 0.0
        answer = await self._database.write(runs.finish, answer_id, end)
        if end.status == "done":
            self._crew.tell(events.Answered(answer))
            await self._look_ahead(answer)
        else:
            self._crew.tell(events.Failed(answer, end.error, again=again))

    async def _look_ahead(self, answer: Answer) -> None:
        """Tell what is known by now of the answers still to come."""
        for event in await self._foresight.heard(answer):
            self._crew.tell(event)
            if isinstance(event, events.Settled) and self.plan.stop_early:
                self._crew.end("settled")

    def _finish(self, stream: Stream, status: Status, error: str = "") -> runs.Finish:
        return finished(stream, self._variant.model, self._limits, status, error)

    async def _journal(self) -> None:
        """Write what has streamed in, in batches, so that a kill loses a quarter second."""
        while True:
            await asyncio.sleep(JOURNAL_S)
            fresh = [(answer_id, *stream.fresh()) for answer_id, stream in self._streaming.items()]
            batch = [piece for piece in fresh if piece[1] or piece[2]]
            if batch:
                # Where this fails the whole answer will too at its end, and be told.
                with suppress(StoreError):
                    await self._database.write(runs.journal, batch)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What is sent for one case, and what of it are documents and passages."""

    messages: list[Message]
    documents: list[tuple[str, str]]
    passages: list[Passage]
