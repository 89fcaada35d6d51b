"""`litmus judge`, and what `litmus ladder` says of the judge."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.events import BudgetReached, Noticed, Outcome
from lab.failures import AskError
from lab.judge import judges
from lab.judge.events import (
    Judged,
    JudgeEvent,
    JudgingFinished,
    JudgingStarted,
    NotJudged,
)
from lab.judge.trust import Judgeship, kappa_text
from lab.prices import format_cost
from store.records import VERDICTS
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine


def judge(options: argparse.Namespace) -> int:
    """Have a model judge the session's answers; resuming is judging again."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        named = await judges.named(
            desk,
            provider=options.provider or "",
            base_url=options.base_url or "",
            model=options.model or "",
        )
        judging = await judges.start(
            desk,
            named,
            split=None if options.split == "all" else options.split,
            rung=options.rung,
            concurrency=options.concurrency or 0,
            fresh=options.fresh,
            cap_usd=options.budget,
        )
        report = Report()
        progress = output.Progress()
        async with aclosing(judging.events()) as happening:
            async for event in happening:
                report.note(event, progress)
        progress.done()
        if report.asked and not report.judged and report.errors:
            raise AskError(report.first_error, "request")
        _print(desk, await judges.standing(desk), report, as_json=options.json)
        return report.status

    return with_engine(options, work)


def judge_row(judgeship: Judgeship) -> dict[str, Any] | None:
    """Return a session's judge as `--json` prints it, None where it has none."""
    judge = judgeship.judge
    if judge is None:
        return None
    return {
        "provider": judge.provider,
        "model": judge.model,
        "trusted": judgeship.trust.trusted,
        "why": judgeship.trust.why,
        "agreement": _agreement(judgeship),
    }


def judged_text(judged: int, verdicts: int, judgeship: Judgeship) -> str:
    """Return how much of a rate is a judge's word, and how far that is known to be right."""
    return f"{judged} of {verdicts} by the judge, {kappa_text(judgeship.trust.agreement)}"


class Report:
    """What came of judging, for the exit status and the last lines."""

    def __init__(self) -> None:
        self.asked = 0
        self.already = 0
        self.skipped = 0
        self.same_model = 0
        self.judged = 0
        self.unusable = 0
        self.errors = 0
        self.first_error = ""
        self.cost_usd: float | None = None
        self.outcome: Outcome = "finished"
        self.seconds = 0.0

    @property
    def failed(self) -> int:
        """How many answers got no verdict."""
        return self.errors + self.unusable

    @property
    def status(self) -> int:
        """0 when everything that was missing has a verdict now, else 1."""
        return 0 if self.outcome == "finished" and not self.failed else 1

    def note(self, event: JudgeEvent, progress: output.Progress) -> None:
        """Take in an event, and show on stderr what it says."""
        match event:
            case JudgingStarted():
                self.asked, self.already = event.todo, event.already
                self.skipped, self.same_model = event.skipped, event.same_model
                if event.same_model:
                    output.note(judges.own_model_warning(event.judge, event.same_model))
            case Judged():
                if event.ruling.verdict is None:
                    self.unusable += 1
                    self.first_error = self.first_error or event.ruling.reason
                else:
                    self.judged += 1
                progress.show(f"{self.judged + self.unusable} of {self.asked} judged")
            case NotJudged():
                self.errors += 1
                self.first_error = self.first_error or event.error
            case Noticed():
                progress.done()
                output.note(event.sentence)
            case BudgetReached():
                progress.done()
                output.note(
                    f"Stopped before the next call could pass the cap: ${event.spent_usd:.4f} of "
                    f"${event.cap_usd:.2f} is spent; --budget allows more for one run."
                )
            case JudgingFinished():
                self.outcome, self.seconds = event.outcome, event.seconds
                self.cost_usd = None if event.unpriced else event.cost_usd
                self.first_error = event.error or self.first_error


def _print(desk: Desk, judgeship: Judgeship, report: Report, *, as_json: bool) -> None:
    judge, trust = judgeship.judge, judgeship.trust
    assert judge is not None
    if as_json:
        output.data(
            {
                "session": desk.session.name,
                "judge": {"provider": judge.provider, "model": judge.model},
                "outcome": report.outcome,
                "judged": report.judged,
                "already": report.already,
                "failed": report.failed,
                "skipped": report.skipped,
                "same_model_answers": report.same_model,
                "cost_usd": report.cost_usd,
                "agreement": _agreement(judgeship),
                "trusted": trust.trusted,
                "why": trust.why,
            }
        )
        return
    if report.failed:
        output.complain(
            f"{report.failed} of {report.asked} answers got no verdict: {report.first_error}"
        )
    already = f", {report.already} had been before" if report.already else ""
    skipped = f", {report.skipped} have nothing to be judged by" if report.skipped else ""
    if not report.asked + report.already:
        output.say(judges.NOTHING_TO_JUDGE)
        return
    cost = f"; cost {format_cost(report.cost_usd)}" if report.asked else ""
    output.say(
        f"{judge.model} ({judge.provider}) judged {report.judged} answers in "
        f"{report.seconds:.0f} s{already}{skipped}{cost}."
    )
    found = trust.agreement
    if found.n:
        output.say()
        rows = [("you \\ judge", *VERDICTS)]
        rows += [
            (verdict, *map(str, counts))
            for verdict, counts in zip(VERDICTS, found.table, strict=True)
        ]
        output.table(rows, right=(1, 2, 3))
        assert found.observed is not None
        output.say(f"same verdict {found.observed:.0%} · {kappa_text(found)} · n {found.n}")
        output.say()
    output.say(trust.why)


def _agreement(judgeship: Judgeship) -> dict[str, Any]:
    found = judgeship.trust.agreement
    return {
        "n": found.n,
        "kappa": found.kappa,
        "low": found.low,
        "high": found.high,
        "observed": found.observed,
        "table": {
            label: dict(zip(VERDICTS, counts, strict=True))
            for label, counts in zip(VERDICTS, found.table, strict=True)
        },
    }
