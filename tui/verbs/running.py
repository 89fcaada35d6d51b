"""`litmus run`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from lab.attaching import refuse_hopeless
from lab.context import is_empty
from lab.desk import Desk
from lab.engine import Engine
from lab.events import Priced, Settled
from lab.failures import AskError
from lab.forecast import about_text
from lab.ladder.as_json import standing_json
from lab.ladder.standing import Standing
from lab.ladder.telling import tell_step
from lab.prices import format_cost
from lab.rag.asking import not_promoted
from lab.run import Run
from lab.setup import Setup, refuse_imported
from lab.tuning.base import base_of
from lab.tuning.jobs import tuned_setup
from store.errors import NotFound, PlainError
from store.records import Case, Variant
from store.tuned import is_tuned
from tui.verbs import output
from tui.verbs.running_again import again
from tui.verbs.running_ahead import after_pilot, choose_pilot, dry_run, pilot_json, pilot_text
from tui.verbs.store_options import retrieval_of
from tui.verbs.watching import Report, watch
from tui.verbs.working import desk_of, with_engine


class BadOptions(PlainError):
    """Options that say nothing together."""


def run(options: argparse.Namespace) -> int:
    """Ask a variant every case that has no answer yet; resuming is running again."""
    _refuse_bad(options)
    if options.again:
        return again(options)

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
        _refuse_empty(desk, setup, variant, cases)
        if options.dry_run:
            await refuse_hopeless(desk, setup, variant, cases)
            return await dry_run(desk, variant, cases, options)
        report, asking = Report(), await _asking(desk, variant, cases, options)
        try:
            await watch(asking, report)
        finally:
            # A model that gave nothing must not be what the next run begins with, nor a tuned one.
            if report.useful and setup.tuned is None:
                await desk.choose(setup)
        stored = await desk.stored_variant(variant)
        base = None
        if setup.tuned and not (options.no_base or options.pilot) and report.outcome == "finished":
            base = await _ask_base(desk, base_of(setup).variant([]), cases, options)
        standing = await desk.standing(stored)
        rest = await after_pilot(desk, stored, cases, options) if options.pilot else None
        if options.split != "test":
            output.note("The rate is that of the test cases; the others do not count.")
        if options.json:
            output.data(_run_json(desk, standing, report, rest, base))
        else:
            _say_run(standing, report)
            if rest is not None:
                output.say(pilot_text(rest, standing.variant.model))
            if base is not None:
                _say_run(*base)
                output.say(
                    (await tell_step(desk, base[0].variant.hash, stored.hash)).verdict.sentence
                )
        return max(report.status, base[1].status if base else 0)

    return with_engine(options, work)


async def _asking(
    desk: Desk, variant: Variant, cases: list[Case], options: argparse.Namespace
) -> Run:
    """Prepare to ask a variant what it has not answered yet."""
    asked, epochs = cases, options.epochs
    if options.pilot:
        asked, epochs = await choose_pilot(desk, variant, cases, options)
    return await desk.ask(
        asked,
        variant,
        epochs=epochs,
        concurrency=options.concurrency or 0,
        fresh=options.fresh,
        stop_early=options.stop_early,
        cap_usd=options.budget,
    )


async def _ask_base(
    desk: Desk, variant: Variant, cases: list[Case], options: argparse.Namespace
) -> tuple[Standing, Report] | None:
    """Ask a tuned model's base as that was asked; None, with a note, where it answers nothing."""
    output.note(
        f"Asking its base {variant.model} under the same prompt; --no-base leaves that out."
    )
    report = Report()
    try:
        await watch(await _asking(desk, variant, cases, options), report)
    except AskError as error:
        output.note(f"The base {variant.model} could not be asked: {error}")
        return None
    return await desk.standing(await desk.stored_variant(variant)), report


_CHOICES = ("rung", "provider", "base_url", "model", "system", "temperature", "max_tokens")


def _refuse_bad(options: argparse.Namespace) -> None:
    """Raise BadOptions where the options do not go together."""
    if not options.again and not options.rung:
        raise BadOptions("Say which rung to ask with --rung bare, context, rag or tuned.")
    given = [name for name in _CHOICES if getattr(options, name) is not None]
    given += [name for name in ("pilot", "stop_early") if getattr(options, name)]
    if options.again and given:
        raise BadOptions(
            f"--again asks what the last verdict rests on, as it was asked then; leave out "
            f"--{given[0].replace('_', '-')}."
        )
    if options.no_base and options.rung != "tuned":
        raise BadOptions("--no-base is for --rung tuned; leave it out.")
    for name in ("provider", "system"):
        if options.rung == "tuned" and getattr(options, name) is not None:
            raise BadOptions(
                f"The tuned model is asked where and as it was trained; leave out "
                f"--{name.replace('_', '-')}."
            )
    if options.stop_early and options.fresh:
        raise BadOptions(
            "--stop-early follows a verdict from its first answer, and --fresh replaces answers "
            "that it rests on; leave one of them out."
        )
    if options.pilot and options.dry_run:
        raise BadOptions("--pilot asks three cases and --dry-run none; leave one of them out.")


def _refuse_empty(desk: Desk, setup: Setup, variant: Variant, cases: list[Case]) -> None:
    """Raise PlainError where nobody can be asked, or a rung has nothing to give."""
    refuse_imported(variant)
    if variant.rung == "context" and is_empty(variant, cases):
        raise NotFound(
            "Nothing is in the context; add a document with `litmus docs add PATH` first."
        )
    if variant.rung == "rag" and not variant.documents:
        raise NotFound(not_promoted(setup.retrieval.indexing, desk.documents))


async def _setup(desk: Desk, options: argparse.Namespace) -> Setup:
    """Return the session's set-up with what the options change, or what asks the tuned model."""
    if options.rung == "tuned":
        asked = await tuned_setup(
            desk.engine, desk.session.id, options.model or "", options.base_url or ""
        )
        return replace(asked, parameters=_parameters(asked, options))
    setup = desk.setup
    if options.provider or options.base_url:
        provider = options.provider or "custom"
        if setup is None or (setup.provider, setup.base_url) != (provider, options.base_url or ""):
            setup = await desk.engine.setup_for(
                provider, options.base_url or "", model=options.model or ""
            )
    if setup is None:
        setup = await desk.engine.default_setup(model=options.model or "")
    model = options.model or setup.model
    if options.rung == "bare" and await desk.database.read(is_tuned, desk.session.id, model):
        raise BadOptions(
            f"{model} is a tuned model; ask it with --rung tuned, and name the base with --model."
        )
    return replace(
        setup,
        rung=options.rung,
        model=model,
        system=setup.system if options.system is None else options.system,
        parameters=_parameters(setup, options),
        retrieval=retrieval_of(options, setup.retrieval),
    )


def _parameters(setup: Setup, options: argparse.Namespace) -> dict[str, Any]:
    given = {"temperature": options.temperature, "max_tokens": options.max_tokens}
    said = {name: value for name, value in given.items() if value is not None}
    return {**setup.parameters, **said}


def _run_json(
    desk: Desk,
    standing: Standing,
    report: Report,
    rest: Priced | None,
    base: tuple[Standing, Report] | None,
) -> dict[str, Any]:
    return {
        "session": desk.session.name,
        **_report_json(standing, report),
        **({} if rest is None else {"pilot": pilot_json(rest)}),
        **({} if base is None else {"base": _report_json(*base)}),
    }


def _report_json(standing: Standing, report: Report) -> dict[str, Any]:
    return {
        **standing_json(standing),
        "outcome": report.outcome,
        "answered": report.answered,
        "failed": report.failed,
        "wall_seconds": round(report.seconds, 3),
        "settled": _settled(report.settled),
    }


def _say_run(standing: Standing, report: Report) -> None:
    rate = "no verdict yet"
    if standing.rate:
        rate = (
            f"{standing.rate.rate:.0%} right ({standing.rate.low:.0%} to "
            f"{standing.rate.high:.0%}, n {standing.rate.n})"
        )
    wait = f", {standing.unlabelled} to label" if standing.unlabelled else ""
    early = ""
    if report.outcome == "settled" and report.settled is not None:
        saved = report.settled
        worth = f", about {about_text(saved.saved_usd)} saved" if saved.saved_usd else ""
        early = f" Stopped early: {saved.left:,} answers not asked{worth}."
    # Nothing answered has cost nothing, which says nothing of what an answer costs.
    told = standing.verdicts or standing.unlabelled
    cost = f", cost {format_cost(standing.cost_usd)}" if told else ""
    output.say(
        f"{standing.rung}: {rate}{wait}. {report.answered} answers in {report.seconds:.0f} s"
        f"{cost}.{early}"
    )


def _settled(event: Settled | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "verdict": event.state,
        "fixed": event.fixed,
        "sentence": event.sentence,
        "answers_left": event.left,
        "saved_usd": event.saved_usd,
    }
