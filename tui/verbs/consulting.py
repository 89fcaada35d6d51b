"""`litmus oracle`: why the rung rag fails, and how far perfect retrieval could bring it."""

from __future__ import annotations

import argparse
from typing import Any

from lab.engine import Engine
from lab.rag.oracle import Diagnosis, Failure, Why, ask, diagnose, rag_variant
from lab.statistics.rates import Rate
from tui.verbs import output
from tui.verbs.watching import Report, watch
from tui.verbs.working import desk_of, with_engine

_SHOWN = 12
_WHY: dict[Why, str] = {
    "not_retrieved": "not retrieved",
    "still_wrong": "retrieved and still wrong",
    "no_evidence": "no evidence known",
    "waiting": "waiting for a verdict",
}


def consult(options: argparse.Namespace) -> int:
    """Ask the failures of the rung rag again with the evidence, and print why they failed."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        variant = await rag_variant(desk)
        report = Report()
        asking = await ask(desk, variant, cap_usd=options.budget)
        if asking is not None:
            await watch(asking, report)
        found = await diagnose(desk, variant)
        if options.json:
            output.data({"session": desk.session.name, **to_json(found)})
        else:
            _print(found)
        return report.status

    return with_engine(options, work)


def to_json(found: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON-ready values; cases are named by their ids."""
    reasons = {item.case.id: item.reason for item in found.unplaced}
    return {
        "model": found.variant.model,
        "variant": found.variant.hash,
        "n": found.rate.n if found.rate else 0,
        "rate": _rate(found.rate),
        "ceiling": _rate(found.ceiling),
        **{why: sum(item.why == why for item in found.failures) for why in _WHY},
        "failures": [
            {
                "id": item.case.key,
                "verdict": item.verdict,
                "why": item.why,
                "evidence_sent": item.found,
                "oracle": item.oracle,
                "unplaced": reasons.get(item.case.id),
            }
            for item in found.failures
        ],
    }


def _rate(rate: Rate | None) -> dict[str, float] | None:
    return {"rate": rate.rate, "low": rate.low, "high": rate.high} if rate else None


def _print(found: Diagnosis) -> None:
    if found.rate is None or found.ceiling is None:
        output.say("No answer of the rung rag has a verdict yet; `litmus label` gives them.")
        return
    if not found.failures:
        output.say(f"rag ({found.variant.model}): nothing failed, {_text(found.rate)}.")
        return
    number = len(found.failures)
    output.say(
        f"rag ({found.variant.model}): {number:,} {'answer is' if number == 1 else 'answers are'} "
        "wrong or partly right"
    )
    for why, title in _WHY.items():
        items = [item for item in found.failures if item.why == why]
        if items or why != "waiting":
            output.say(f"  {len(items):>4}  {title}{_meaning(why, items)}")
        if items:
            output.say(f"        {_named(items)}")
    output.say(f"Now {_text(found.rate)}.")
    output.say(f"With perfect retrieval at best {_text(found.ceiling)}.")
    for item in found.unplaced[:_SHOWN]:
        output.note(f"{item.case.key}: {item.reason}")


def _meaning(why: Why, items: list[Failure]) -> str:
    alone = sum(item.oracle == "pass" for item in items)
    if not items:
        return ""
    if why == "not_retrieved":
        return ": right once the evidence is pasted in"
    if why == "no_evidence":
        return ": `litmus bench set ID --quote TEXT` gives it"
    if why == "waiting":
        return " with the evidence pasted in: `litmus label`"
    return f": {alone:,} right with the evidence alone" if alone else ""


def _text(rate: Rate) -> str:
    return f"{rate.rate:.0%} right ({rate.low:.0%} to {rate.high:.0%}, n {rate.n:,})"


def _named(items: list[Failure]) -> str:
    keys = list(dict.fromkeys(item.case.key for item in items))
    more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more
