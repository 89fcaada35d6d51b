"""The ladder as JSON-ready values, the same for the command line, the receipt and the report.

What is not known is None.
"""

from __future__ import annotations

import math
from typing import Any

from lab.ladder.economics import Economics, Returns
from lab.ladder.reading import Ladder, Step
from lab.ladder.rungs import Other, RungFacts
from lab.ladder.standing import Standing
from store.records import Variant


def ladder_json(ladder: Ladder) -> dict[str, Any]:
    """Return a ladder, with the keys that `litmus ladder --json` promises and a few more."""
    failures = ladder.failures
    return {
        "session": ladder.session.name,
        "benchmark_revision": ladder.benchmark,
        "cases": ladder.cases,
        "rungs": [rung_json(facts) for facts in ladder.rungs],
        "steps": [step_json(step) for step in ladder.steps],
        "beside_base": step_json(ladder.beside_base) if ladder.beside_base else None,
        "verdict": {
            "state": ladder.verdict.state,
            "sentence": ladder.verdict.sentence,
            "rung": ladder.verdict.rung,
        },
        "target": ladder.economics.target,
        "answers_on_older_revisions": ladder.behind,
        "failures": None
        if failures is None
        else {
            "rung": failures.rung,
            **{name.replace(" ", "_"): count for name, count in failures.reasons.items()},
            "bad_cases": failures.bad_cases,
            "bounds": [
                {
                    "rung": bound.rung,
                    "rate": bound.rate,
                    "gain": bound.gain,
                    "must_bring": bound.must_bring,
                }
                for bound in failures.bounds
            ],
        },
    }


def standing_json(standing: Standing) -> dict[str, Any]:
    """Return where a variant stands; rates are shares, costs US dollars, times seconds."""
    rate = standing.rate
    return {
        "rung": standing.rung,
        "variant": standing.variant.hash,
        "provider": standing.variant.provider,
        "model": standing.variant.model,
        "n": rate.n if rate else 0,
        "passed": rate.passed if rate else 0,
        "rate": rate.rate if rate else None,
        "low": rate.low if rate else None,
        "high": rate.high if rate else None,
        "cost_usd": standing.cost_usd,
        "seconds": round(standing.seconds, 3),
        "verdicts": standing.verdicts,
        "judged": standing.judged,
        "unlabelled": standing.unlabelled,
    }


def rung_json(facts: RungFacts) -> dict[str, Any]:
    """Return a rung: where its variant stands, and what is known of its answers."""
    return {
        **standing_json(facts.standing),
        "cost_usd": facts.cost_usd,
        "cost_per_answer_usd": facts.per_answer,
        "latency_p50_s": facts.latency_p50_s,
        "tokens": facts.tokens,
        "answers": facts.answers,
        "upfront_usd": facts.upfront,
        "resolved_models": list(facts.models),
        "prompts": facts.asked,
        "pinned": facts.standing.pinned,
        "on_pareto_front": facts.on_front,
        "others": [_other(other) for other in facts.others],
    }


def _other(other: Other) -> dict[str, Any]:
    rate, found = other.standing.rate, other.difference
    return {
        "variant": other.standing.variant.hash,
        "provider": other.standing.variant.provider,
        "model": other.standing.variant.model,
        "system": other.standing.variant.system,
        "n": rate.n if rate else 0,
        "rate": rate.rate if rate else None,
        "low": rate.low if rate else None,
        "high": rate.high if rate else None,
        "delta": found.delta if found else None,
        "delta_low": found.low if found else None,
        "delta_high": found.high if found else None,
        "p_holm": other.p,
    }


def step_json(step: Step) -> dict[str, Any]:
    """Return a step; `p` is for it alone, `p_holm` adjusted for the ladder's steps."""
    comparison, found = step.comparison, step.comparison.difference
    return {
        "from": step.first,
        "to": step.second,
        "n": found.n if found else 0,
        "gained": found.gained if found else 0,
        "lost": found.lost if found else 0,
        "delta": found.delta if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "p": found.p if found else None,
        "e_value": _finite(comparison.evidence) if found else None,
        "verdict": step.verdict.state,
        "need_cases": step.verdict.need,
        "sentence": step.verdict.sentence,
        "economics": returns_json(step.returns),
        "p_holm": step.p,
        "from_variant": comparison.first.variant.hash,
        "to_variant": comparison.second.variant.hash,
        "variants_tried": comparison.tried,
        "must_exceed": step.verdict.margin,
        "waiting_labels": sum(item.labels for item in comparison.waiting),
        "unshared_cases": comparison.unshared,
        "notes": list(comparison.notes),
    }


def returns_json(returns: Returns) -> dict[str, Any]:
    """Return what a step brings; money in US dollars, `chance_pays` and gains as shares."""
    return {
        "extra_cost_per_answer_usd": returns.extra_cost,
        "upfront_usd": returns.upfront,
        "net_per_answer_usd": returns.net_per_answer,
        "net_total_usd": returns.net_total,
        "cost_per_extra_right_usd": returns.per_extra_right,
        "break_even_answers_per_month": returns.break_even,
        "payback_months": returns.payback_months,
        "least_gain": returns.least_gain,
        "affordable_extra_cost_usd": returns.affordable,
        "chance_pays": returns.chance,
        "assumed": list(returns.assumed),
    }


def economics_json(economics: Economics) -> dict[str, Any]:
    """Return the economics: what is reckoned with, and which of it was typed."""
    names = ("value", "wrong", "volume", "horizon", "hourly", "machine")
    return {
        **{name: economics.of(name) for name in names},
        "target": economics.target,
        "typed": sorted(economics.typed),
        "rungs": {
            rung: {name: value for (of, name), value in economics.rungs.items() if of == rung}
            for rung in sorted({rung for rung, _ in economics.rungs})
        },
        "embedding_usd": economics.embedding_usd,
        "tuning_usd": economics.tuning_usd,
        "tuning_hours": economics.tuning_hours,
    }


def variant_json(variant: Variant) -> dict[str, Any]:
    """Return what is needed to ask as a variant does once more."""
    return {"hash": variant.hash, **variant.content()}


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 1.7976931348623157e308
