"""`litmus run`."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from lab import events
from lab.attaching import refuse_hopeless
from lab.context import Part, is_empty, parts
from lab.desk import Desk
from lab.engine import Engine
from lab.failures import AskError
from lab.ladder.standing import Standing
from lab.prices import format_cost
from lab.rag.asking import not_promoted
from lab.run import Run
from lab.setup import Setup, refuse_imported
from store.errors import NotFound
from store.records import Case, CaseDraft, Variant
from tui.verbs import output
from tui.verbs.store_options import retrieval_of
from tui.verbs.working import desk_of, with_engine


def run(options: argparse.Namespace) -> int:
    """Ask a variant every case that has no answer yet; resuming is running again."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        setup = await _setup(desk, options)
        split = None if options.split == "all" else options.split
        cases = await desk.cases_to_ask(split)
        if not cases:
            raise NotFound(
                f"The session {desk.session.name} has no {options.split} cases; add some with "
                "`litmus bench import FILE`."
            )
        variant = setup.variant(desk.documents)
        refuse_imported(variant)
        if variant.rung == "context" and is_empty(variant, cases):
            raise NotFound(
                "Nothing is in the context; add a document with `litmus docs add PATH` first."
            )
        if variant.rung == "rag" and not variant.documents:
            raise NotFound(not_promoted(setup.retrieval.indexing, desk.documents))
        if options.dry_run:
            await refuse_hopeless(desk, setup, variant, cases)
            return await _dry_run(desk, variant, cases, options)
        asking = await desk.ask(
            cases,
            variant,
            epochs=options.epochs,
            concurrency=options.concurrency or 0,
            fresh=options.fresh,
            cap_usd=options.budget,
        )
        report = Report()
        try:
            await watch(asking, report)
        finally:
            # A model that gave nothing must not be what the next run begins with.
            if report.useful:
                await desk.choose(setup)
        standing = await desk.standing(await desk.stored_variant(variant))
        if options.split != "test":
            output.note("The rate is that of the test cases; the others do not count.")
        _print_run(desk, standing, report, as_json=options.json)
        return report.status

    return with_engine(options, work)


class Report:
    """What came of a run, for the exit status and the last line."""

    def __init__(self) -> None:
        self.todo = 0
        self.answered = 0
        self.failed = 0
        self.first_error = ""
        self.outcome: events.Outcome = "finished"
        self.seconds = 0.0

    @property
    def status(self) -> int:
        """0 when everything that was missing is there now, else 1."""
        return 0 if self.outcome == "finished" and not self.failed else 1

    @property
    def useful(self) -> bool:
        """Whether an answer came, or none was missing."""
        return self.answered > 0 or (self.outcome == "finished" and not self.todo)


async def watch(asking: Run, report: Report) -> None:
    """Show a run's progress on stderr until it ends. Raises AskError when nothing came."""
    progress = output.Progress()
    async with aclosing(asking.events()) as happening:
        async for event in happening:
            _note(event, report, progress, asking.plan.variant.rung)
    progress.done()
    if report.failed and not report.answered:
        raise AskError(report.first_error, "request")
    if report.failed:
        lacking = report.todo - report.answered
        output.complain(f"{lacking} of {report.todo} questions got no answer: {report.first_error}")


def _note(event: events.Event, report: Report, progress: output.Progress, rung: str) -> None:
    match event:
        case events.RunStarted():
            report.todo = event.todo
        case events.Answered():
            report.answered += 1
            progress.show(f"{rung}: {report.answered} of {report.todo} answered")
        case events.Failed(again=False):
            report.failed += 1
            report.first_error = report.first_error or event.error
        case events.Noticed():
            progress.done()
            output.note(event.sentence)
        case events.BudgetReached():
            progress.done()
            output.note(
                f"Stopped before the next call could pass the cap: "
                f"${event.spent_usd:.4f} of ${event.cap_usd:.2f} is spent; "
                "--budget allows more for one run."
            )
        case events.RunFinished():
            report.outcome, report.seconds = event.outcome, event.seconds
            report.first_error = event.error or report.first_error
        case _:
            pass


async def _setup(desk: Desk, options: argparse.Namespace) -> Setup:
    """Return the session's set-up with what the options change."""
    setup = desk.setup
    if options.provider or options.base_url:
        provider = options.provider or "custom"
        if setup is None or (setup.provider, setup.base_url) != (provider, options.base_url or ""):
            setup = await desk.engine.setup_for(
                provider, options.base_url or "", model=options.model or ""
            )
    if setup is None:
        setup = await desk.engine.default_setup(model=options.model or "")
    parameters = dict(setup.parameters)
    for name, value in (("temperature", options.temperature), ("max_tokens", options.max_tokens)):
        if value is not None:
            parameters[name] = value
    return replace(
        setup,
        rung=options.rung,
        model=options.model or setup.model,
        system=setup.system if options.system is None else options.system,
        parameters=parameters,
        retrieval=retrieval_of(options, setup.retrieval),
    )


async def _dry_run(
    desk: Desk, variant: Variant, cases: list[Case], options: argparse.Namespace
) -> int:
    stored = await desk.stored_variant(variant)
    todo = await desk.missing(cases, stored, options.epochs, fresh=options.fresh)
    if options.json:
        output.data(
            {
                "session": desk.session.name,
                "rung": variant.rung,
                "provider": variant.provider,
                "model": variant.model,
                "variant": variant.hash,
                "cases": len(cases),
                "to_ask": todo,
                "documents": [name for name, *_ in variant.documents],
                "cases_with_other_documents": _with_others(variant, cases),
            }
        )
    else:
        names = "; ".join(str(Part(*document)) for document in variant.documents)
        where = "store" if variant.rung == "rag" else "context"
        context = f" with {names} in the {where}" if names else ""
        if others := _with_others(variant, cases):
            context += f" (other documents for {others:,} of the cases)"
        output.say(
            f"Would ask {variant.model} ({variant.provider}) {todo} questions{context}; "
            f"{len(cases) * options.epochs - todo} answers are there already."
        )
    return 0


def _with_others(variant: Variant, cases: list[Case]) -> int:
    """Return how many cases have not just the session's documents in their context."""
    usual = parts(variant, CaseDraft(""))
    return sum(parts(variant, case.draft) != usual for case in cases)


def _print_run(desk: Desk, standing: Standing, report: Report, *, as_json: bool) -> None:
    row = _rung(standing)
    if as_json:
        output.data(
            {
                "session": desk.session.name,
                **row,
                "variant": standing.variant.hash,
                "outcome": report.outcome,
                "answered": report.answered,
                "failed": report.failed,
                "unlabelled": standing.unlabelled,
                "wall_seconds": round(report.seconds, 3),
            }
        )
        return
    rate = "no verdict yet"
    if standing.rate:
        rate = (
            f"{standing.rate.rate:.0%} right ({standing.rate.low:.0%} to "
            f"{standing.rate.high:.0%}, n {standing.rate.n})"
        )
    wait = f", {standing.unlabelled} to label" if standing.unlabelled else ""
    output.say(
        f"{row['rung']}: {rate}{wait}. {report.answered} answers in {report.seconds:.0f} s, "
        f"cost {format_cost(row['cost_usd'])}."
    )


def _rung(item: Standing) -> dict[str, Any]:
    rate = item.rate
    return {
        "rung": item.rung,
        "provider": item.variant.provider,
        "model": item.variant.model,
        "n": rate.n if rate else 0,
        "passed": rate.passed if rate else 0,
        "rate": rate.rate if rate else None,
        "low": rate.low if rate else None,
        "high": rate.high if rate else None,
        "cost_usd": item.cost_usd,
        "seconds": round(item.seconds, 3),
        "verdicts": item.verdicts,
        "judged": item.judged,
    }
