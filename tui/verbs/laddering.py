"""`litmus ladder` and `litmus economics`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from lab.desk import Desk
from lab.engine import Engine
from lab.judge import judges
from lab.ladder import words
from lab.ladder.as_json import economics_json, ladder_json
from lab.ladder.ceiling import ceiling_text, oracle_ceiling
from lab.ladder.economics import (
    MEANING,
    RUNG_MEANING,
    Economics,
    Name,
    RungName,
    keep_economics,
    read_economics,
)
from lab.ladder.reading import Ladder
from lab.ladder.rungs import RungFacts
from lab.ladder.telling import tell_ladder
from store import ladder as kept
from store.records import RUNGS, Rung
from tui.verbs import output
from tui.verbs.judging import judge_row, judged_text
from tui.verbs.working import desk_of, with_engine


def show(options: argparse.Namespace) -> int:
    """Print where each rung stands and what is said of each step; gate on it where asked to."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        if options.unpin:
            await engine.database.write(kept.unpin, desk.session.id, options.unpin)
        if options.pin:
            await engine.database.write(kept.pin, desk.session.id, options.pin)
        found = await print_ladder(desk, as_json=options.json)
        return _gate(found, options.fail_under, options.require)

    return with_engine(options, work)


async def print_ladder(desk: Desk, *, as_json: bool) -> Ladder:
    """Print rungs and steps, and how much of a rate is the judge's word; return the ladder."""
    found = await tell_ladder(desk)
    judge = await judges.standing(desk)
    ceiling = await oracle_ceiling(desk, found)
    if as_json:
        best = asdict(ceiling) if ceiling else None
        output.data({**ladder_json(found), "oracle_ceiling": best, "judge": judge_row(judge)})
        return found
    if not found.rungs:
        output.say(found.verdict.sentence)
        return found
    output.table([_HEADS, *map(_row, found.rungs)], right=(1, 3, 4, 5, 6))
    for facts in found.rungs:
        standing = facts.standing
        if standing.judged:
            output.say(f"{facts.rung}: {judged_text(standing.judged, standing.verdicts, judge)}")
    if judge.judge is not None and not judge.trust.trusted:
        output.say(f"The judge {judge.judge.model}: {judge.trust.why}")
    _print_steps(found)
    if ceiling is not None:
        output.say(ceiling_text(ceiling))
    if found.behind:
        stand = "1 answer stands" if found.behind == 1 else f"{found.behind:,} answers stand"
        output.note(f"{stand} on an older revision of a case, and out of the rates.")
    return found


_HEADS = ("rung", "rate", "interval", "n", "cost", "$/answer", "p50", "model")


def _row(facts: RungFacts) -> tuple[str, ...]:
    rate, latency = facts.standing.rate, facts.latency_p50_s
    return (
        facts.rung,
        "–" if rate is None else words.percent(rate.rate),
        "–" if rate is None else f"{words.percent(rate.low)} to {words.percent(rate.high)}",
        str(rate.n if rate else 0),
        words.cost(facts.cost_usd),
        words.cost(facts.per_answer),
        "–" if latency is None else f"{latency:.1f} s",
        facts.standing.variant.model,
    )


def _print_steps(found: Ladder) -> None:
    for step in found.steps:
        output.say()
        output.say(step.verdict.sentence)
        for note in step.comparison.notes:
            output.say(f"  {note}")
    told = {step.verdict.sentence for step in found.steps}
    if found.verdict.sentence not in told:
        output.say()
        output.say(found.verdict.sentence)
    if found.steps and found.economics.assumed:
        output.say()
        output.say(assumed_text(found.economics))
    if found.base_lacks:
        output.say(found.base_lacks)
    for sentence in found.failures.sentences() if found.failures else ():
        output.say(sentence)


def assumed_text(economics: Economics) -> str:
    """Return what is only assumed of the economics, and what says otherwise."""
    options = " ".join(f"--{name} N" for name in economics.assumed)
    return (
        f"Assumed: {economics.assumed_text()}; `litmus economics {options}` says what is true "
        "for you."
    )


def _gate(found: Ladder, fail_under: float | None, require: str | None) -> int:
    """Return 1, with a sentence on stderr, where a gate is not passed."""
    status = 0
    if fail_under is not None:
        rates = [facts.standing.rate.rate for facts in found.rungs if facts.standing.rate]
        if not rates or max(rates) < fail_under:
            best = words.percent(max(rates)) if rates else "no rate yet"
            output.complain(
                f"The best rung stands at {best}, under the {words.percent(fail_under)} asked for."
            )
            status = 1
    if require is not None and found.verdict.state != require:
        output.complain(
            f"The verdict is {found.verdict.state or 'not told yet'}, and {require} is required: "
            f"{found.verdict.sentence}"
        )
        status = 1
    return status


def economics(options: argparse.Namespace) -> int:
    """Show the session's economics, after keeping what was typed."""
    session: dict[Name, float | None] = {
        name: _typed(value) for name in MEANING if (value := getattr(options, name)) is not None
    }
    rungs: dict[tuple[Rung, RungName], float | None] = {
        (rung, name): _typed(value)
        for name in RUNG_MEANING
        for rung, value in getattr(options, name) or ()
    }

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        if session or rungs:
            found = await engine.database.write(keep_economics, desk.session.id, session, rungs)
        else:
            found = await engine.database.read(read_economics, desk.session.id)
        if options.json:
            output.data({"session": desk.session.name, **economics_json(found)})
        else:
            _print_economics(found)
        return 0

    return with_engine(options, work)


def _typed(value: float | str) -> float | None:
    return None if isinstance(value, str) else value


def _print_economics(found: Economics) -> None:
    rows = [("", "", "")]
    for name, meaning in MEANING.items():
        value: Any = found.target if name == "target" else found.of(name)
        shown = "–" if value is None else f"{value:,g}"
        rows.append((name, shown, meaning + ("" if name in found.typed else "  (not typed)")))
    for rung in RUNGS:
        for name, meaning in RUNG_MEANING.items():
            if (rung, name) in found.rungs:
                rows.append((f"{rung} {name}", f"{found.rungs[rung, name]:,g}", meaning))
    if found.tuning_hours:
        took = words.hours(found.tuning_hours)
        rows.append(("tuned", took, "of training on this machine, as measured"))
    if found.tuning_usd is None or found.tuning_usd:
        rows.append(("tuned", words.money(found.tuning_usd), "training, as measured"))
    if found.embedding_usd is None or found.embedding_usd:
        rows.append(("rag", words.money(found.embedding_usd), "embedding, as measured"))
    output.table(rows[1:], right=(1,))
