"""`litmus run --again`: whether the last verdict still stands on today's model."""

from __future__ import annotations

import argparse
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.events import Outcome, Priced
from lab.forecast import range_text, room_text
from lab.ladder import words
from lab.ladder.again import (
    Asking,
    Finding,
    Side,
    begin,
    conclude,
    price,
    runs_of,
    state_text,
    step_name,
)
from lab.ladder.as_json import step_json
from lab.ladder.telling import when
from lab.statistics.rates import Rate
from tui.verbs import output
from tui.verbs.watching import Report, watch
from tui.verbs.working import desk_of, with_engine


def again(options: argparse.Namespace) -> int:
    """Ask both variants of the last verdict anew, and say whether it still stands."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        asking = await begin(desk, anew=options.fresh)
        ahead = await price(desk, asking, cap_usd=options.budget)
        if options.dry_run:
            if options.json:
                output.data({**_json(desk, asking, ahead.left), **_price_json(ahead)})
            else:
                output.say(_announcement(asking, ahead))
            return 0
        output.note(_announcement(asking, ahead))
        outcome, answered = await _ask(desk, asking, options)
        left = (await price(desk, asking, cap_usd=options.budget)).left
        if left:
            return _print_open(desk, asking, left, outcome, answered, as_json=options.json)
        found = await conclude(desk, asking)
        if options.json:
            result = {"outcome": outcome, "answered": answered}
            output.data({**_json(desk, asking, left), **_found_json(found), **result})
        else:
            _print(found)
        return 0 if found.stands else 1

    return with_engine(options, work)


async def _ask(desk: Desk, asking: Asking, options: argparse.Namespace) -> tuple[Outcome, int]:
    """Ask one variant after the other; return how it ended and how many answers came."""
    answered = 0
    for run in await runs_of(
        desk, asking, concurrency=options.concurrency or 0, cap_usd=options.budget
    ):
        report = Report()
        await watch(run, report)
        answered += report.answered
        if report.outcome != "finished":
            return report.outcome, answered
    return "finished", answered


def _announcement(asking: Asking, ahead: Priced) -> str:
    verdict = asking.verdict
    which = (
        f"the verdict of {when(verdict.told_at)} on {step_name(asking.variants)}, "
        f"{state_text(verdict)}"
    )
    if not ahead.left:
        return f"All is asked anew that {which} rests on."
    begun = "Going on to ask" if asking.resumed else "Asking"
    cost = f"price: {range_text(ahead.low_usd, ahead.high_usd)}{room_text(ahead)}"
    return f"{begun} anew what {which}, rests on: {words.count(ahead.left, 'answer')}; {cost}."


def _print_open(
    desk: Desk, asking: Asking, left: int, outcome: Outcome, answered: int, *, as_json: bool
) -> int:
    """Say that not all answers came, so that the verdict cannot be read yet."""
    sentence = (
        f"The verdict {state_text(asking.verdict)} is open: "
        f"{words.count(left, 'answer is', 'answers are')} still to come; "
        "`litmus run --again` goes on."
    )
    if as_json:
        output.data(
            {
                **_json(desk, asking, left),
                "sentence": sentence,
                "outcome": outcome,
                "answered": answered,
            }
        )
    else:
        output.say(sentence)
    return 1


def _print(found: Finding) -> None:
    for side in found.sides:
        output.say(_side_text(side))
    output.say(found.sentence)


def _side_text(side: Side) -> str:
    """Say what one variant did then, and what it does now."""
    change = side.change
    told = f"{side.variant.rung}: {_rate(side.then)} then, {_rate(side.now)} now"
    if change is not None:
        told += (
            f"; {change.gained} gained and {change.lost} lost of "
            f"{words.count(change.n, 'case')} since ({words.points(change.delta, signed=True)} "
            f"points, {words.points(change.low)} to {words.points(change.high)})"
        )
    if side.waiting:
        told += f"; {words.count(side.waiting, 'answer')} to label"
    then, now = (" and ".join(names) or "a model without a name" for names in side.models)
    if then != now:
        told += f"; answered by {then} then, by {now} now"
    return f"{told}."


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return "no verdict"
    return (
        f"{words.percent(rate.rate)} ({words.percent(rate.low)} to {words.percent(rate.high)}, "
        f"n {rate.n})"
    )


def _json(desk: Desk, asking: Asking, left: int) -> dict[str, Any]:
    """Return which verdict is asked about; what is found out goes in place of the Nones."""
    verdict = asking.verdict
    return {
        "session": desk.session.name,
        "was": {
            "verdict": verdict.state,
            "need_cases": verdict.facts.get("need_cases"),
            "sentence": verdict.facts.get("sentence"),
            "told_at": when(verdict.told_at),
            "from_variant": asking.variants[0].hash,
            "to_variant": asking.variants[1].hash,
        },
        "resumed": asking.resumed,
        "left": left,
        "stands": None,
        "sentence": None,
        "now": None,
        "variants": [],
        "waiting_labels": 0,
        "outcome": None,
        "answered": 0,
    }


def _price_json(ahead: Priced) -> dict[str, Any]:
    return {"price_low_usd": ahead.low_usd, "price_high_usd": ahead.high_usd}


def _found_json(found: Finding) -> dict[str, Any]:
    return {
        "stands": found.stands,
        "sentence": found.sentence,
        "now": step_json(found.step),
        "variants": [_side_json(side) for side in found.sides],
        "waiting_labels": found.waiting,
    }


def _side_json(side: Side) -> dict[str, Any]:
    change = side.change
    return {
        "rung": side.variant.rung,
        "variant": side.variant.hash,
        "provider": side.variant.provider,
        "model": side.variant.model,
        "models_then": list(side.models[0]),
        "models_now": list(side.models[1]),
        "then": _rate_json(side.then),
        "now": _rate_json(side.now),
        "cases": change.n if change else 0,
        "gained": change.gained if change else 0,
        "lost": change.lost if change else 0,
        "delta": change.delta if change else None,
        "delta_low": change.low if change else None,
        "delta_high": change.high if change else None,
        "waiting_labels": side.waiting,
    }


def _rate_json(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    return {"n": rate.n, "rate": rate.rate, "low": rate.low, "high": rate.high}
