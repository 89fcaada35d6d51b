"""Judging: a judge over a session's answers, as a stream of events, kept as it goes.

What is judged is decided by what is missing, so judging that was stopped is resumed by
starting it again. It pays from the session's purse, as runs do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from lab.ask import Client
from lab.cancelling import to_the_end
from lab.crew import Crew
from lab.failures import AskError
from lab.grading.assertions import RubricResult, graded_with
from lab.judge.asking import Asker, Bill, OverBudget, Stopped
from lab.judge.events import (
    Judged,
    JudgeEvent,
    JudgePlan,
    JudgingFinished,
    JudgingStarted,
    NotJudged,
)
from lab.judge.prompt import Said, Unusable, decides_by_rubrics, questions
from lab.judge.trust import retrust
from lab.limits import Limits, Purse
from store import benchmarks, judgements, runs, sessions
from store.database import Connection, Database
from store.judgements import Candidate, Ruling
from store.records import Answer, Case, Variant


class Judging:
    """A judge at work. Iterate `events()` once; `stop()` ends it and keeps everything."""

    def __init__(
        self,
        database: Database,
        client: Client,
        plan: JudgePlan,
        *,
        window: int | None = None,
        purse: Purse | None = None,
    ) -> None:
        self.plan = plan
        self._database = database
        self._client = client
        self._judge = plan.judge
        limits = Limits(plan.judge, window=window, prices=client.endpoint.prices)
        self._purse = purse or Purse()
        self._crew: Crew[Candidate, JudgeEvent] = Crew(self._take)
        self._asker = Asker(
            *(client, plan.judge, limits, self._purse, plan.cap_usd),
            pay=self._pay,
            going=lambda: self._crew.going,
        )
        self._run_id = 0
        self._cost_usd, self._unpriced = 0.0, 0

    def stop(self) -> None:
        """Stop judging; what is judged is kept."""
        self._crew.stop()

    async def events(self) -> AsyncGenerator[JudgeEvent]:
        """Judge, and yield what happens. Closing the generator early stops it.

        Raises StoreError when something cannot be kept.
        """
        began = time.monotonic()
        started = await self._prepare()
        async with aclosing(self._crew.events(started, self._judge_all)) as told:
            async for event in told:
                yield event
        yield JudgingFinished(
            *(self._crew.outcome, self._crew.error),
            *(self._cost_usd, self._unpriced),
            time.monotonic() - began,
        )

    async def _prepare(self) -> JudgingStarted:
        """Make the judge the session's, and find what there is to judge."""
        plan, database = self.plan, self._database
        self._judge, self._run_id = await database.write(_begin, plan.session_id, plan.judge)
        spent, _ = await database.read(sessions.spent, plan.session_id)
        self._purse.open(spent)
        found, empty = await database.read(_find, plan, self._judge.id)
        todo = [item for item in found if plan.fresh or not item.judged]
        if self._crew.going:
            self._crew.todo.extend(todo)
        return JudgingStarted(
            self._judge,
            len(todo),
            len(found) - len(todo),
            empty,
            sum(_is_own(self._judge.model, item.models) for item in found),
        )

    async def _judge_all(self) -> None:
        try:
            await self._crew.work(self.plan.concurrency)
        finally:
            self._purse.close()
            await self._database.write(judgements.end, self._run_id, self._crew.outcome)

    async def _take(self, candidate: Candidate) -> None:
        """Judge an answer and keep the judgement, or say why there is none."""
        case = await self._database.read(benchmarks.at_revision, candidate.revision_id)
        answer = await self._database.read(runs.get, candidate.answer_id)
        bill = Bill()
        try:
            ruling = await self._rule(case, answer, bill)
        except Stopped:
            return
        except OverBudget:
            self._crew.reach_budget(self._purse.spent, self.plan.cap_usd)
            return
        except AskError as error:
            self._crew.tell(NotJudged(case.id, str(error)))
            if error.fatal:
                self._crew.end("failed", str(error))
            return
        self._crew.pass_on(self._client.notices)
        await to_the_end(self._keep(candidate, replace(ruling, cost_usd=bill.total)))

    async def _rule(self, case: Case, answer: Answer, bill: Bill) -> Ruling:
        said: list[Said] = []
        for expected in questions(case.expectation):
            try:
                said.append(await self._asker.ask(case.draft, expected, answer.text, bill))
            except Unusable as problem:
                return Ruling(None, None, f"The judge's reply cannot be used: {problem}", (), None)
        if not decides_by_rubrics(case.expectation):
            return Ruling(said[0].verdict, said[0].score, said[0].reason, (), None)
        results = [RubricResult(each.score, each.verdict == "pass", each.reason) for each in said]
        # In a thread, since a person's pattern may take long.
        graded = await asyncio.to_thread(
            graded_with,
            *(case.expectation, answer.text, results),
            latency_s=answer.latency_s,
            cost_usd=answer.cost_usd,
        )
        reasons = [each.reason for each in said]
        if len(reasons) > 1:
            reasons = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
        return Ruling(graded.verdict, graded.score, "\n".join(reasons), graded.rows(), None)

    async def _keep(self, candidate: Candidate, ruling: Ruling) -> None:
        changed = await self._database.write(
            _keep, self.plan.session_id, self._judge.id, candidate, ruling
        )
        self._crew.tell(Judged(candidate.case_id, candidate.revision_id, ruling, changed))

    async def _pay(self, cost: float | None) -> None:
        """Count what a call cost, in US dollars."""
        self._cost_usd += cost or 0.0
        self._unpriced += cost is None
        await self._database.write(judgements.spend, self._run_id, cost)


def _begin(connection: Connection, session_id: int, judge: Variant) -> tuple[Variant, int]:
    kept = judgements.choose(connection, session_id, judge)
    retrust(connection, session_id)
    return kept, judgements.start(connection, session_id, kept.id)


def _find(connection: Connection, plan: JudgePlan, judge_id: int) -> tuple[list[Candidate], int]:
    """Return what can be judged, and how many answers have nothing to be held against."""
    found = judgements.candidates(
        connection, plan.session_id, judge_id, split=plan.split, rung=plan.rung
    )
    judgeable = {
        case.revision_id
        for case in benchmarks.cases(connection, plan.session_id, split=plan.split)
        if questions(case.expectation)
    }
    kept = [item for item in found if item.revision_id in judgeable]
    return kept, len(found) - len(kept)


def _keep(
    connection: Connection, session_id: int, judge_id: int, candidate: Candidate, ruling: Ruling
) -> bool:
    judgements.keep(
        connection,
        *(session_id, judge_id, candidate.revision_id, candidate.answer_hash, ruling),
    )
    return retrust(connection, session_id)


def _is_own(judge: str, models: tuple[str, ...]) -> bool:
    """Return whether a judge is one of these models; resellers put the maker before a name."""
    return _bare(judge) in [_bare(model) for model in models]


def _bare(model: str) -> str:
    return model.rsplit("/", 1)[-1].casefold()
