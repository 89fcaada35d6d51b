"""A receipt as JSON-ready values. Texts are whole but for `receipt.LONGEST`; no key is in it."""

from __future__ import annotations

from typing import Any

from lab.ladder.as_json import economics_json, rung_json, step_json, variant_json
from lab.ladder.telling import when
from lab.report.inputs import commands, safe_parameters, safe_url
from lab.report.methods import METHODS
from lab.report.receipt import Receipt, ShownFlip, Side
from store.records import Variant


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt; `step` is as `litmus ladder --json` has it."""
    first, second = (side.facts.standing.variant.hash for side in receipt.sides)
    return {
        "session": receipt.session.name,
        "task": receipt.session.task,
        "benchmark_revision": receipt.benchmark,
        "cases": receipt.cases,
        "step": step_json(receipt.step),
        "sides": [_side(side) for side in receipt.sides],
        "economics": economics_json(receipt.economics),
        "flips": [_flip(shown) for shown in receipt.flips],
        "flips_not_shown": {"lost": receipt.hidden[0], "gained": receipt.hidden[1]},
        "commands": commands(receipt.session, receipt.sides, first, second).split("\n"),
        "methods": [{"what": what, "source": source} for what, source in METHODS],
        "litmus_version": receipt.version,
        "made_at": when(receipt.made_at),
    }


def _side(side: Side) -> dict[str, Any]:
    facts = side.facts
    return {
        **rung_json(facts),
        "variant_content": _content(facts.standing.variant),
        "epochs": side.epochs,
        "verdicts_by": {who: side.by.get(who, 0) for who in ("label", "judge", "checks")},
        "first_at": None if facts.first_at is None else when(facts.first_at),
        "last_at": None if facts.last_at is None else when(facts.last_at),
    }


def _content(variant: Variant) -> dict[str, Any]:
    content = variant_json(variant)
    content["base_url"] = safe_url(variant.base_url)
    content["parameters"] = safe_parameters(variant.parameters)
    if variant.retrieval is not None:
        indexing = content["retrieval"]["indexing"]
        indexing["base_url"] = safe_url(indexing["base_url"])
    return content


def _flip(shown: ShownFlip) -> dict[str, Any]:
    return {
        "case": shown.key,
        "before": shown.flip.before,
        "after": shown.flip.after,
        "prompt": shown.prompt,
        "expected": shown.expected,
        "first_answer": shown.first,
        "second_answer": shown.second,
    }
