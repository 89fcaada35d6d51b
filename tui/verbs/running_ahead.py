"""What `litmus run` says before it asks everything: a dry run, and a pilot of three cases."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from lab.context import Part, parts
from lab.desk import Desk
from lab.events import Priced
from lab.forecast import pilot_of, price_ahead, range_text, rest_text, room_text
from store.records import Case, CaseDraft, Variant
from tui.verbs import output


async def dry_run(
    desk: Desk, variant: Variant, cases: Sequence[Case], options: argparse.Namespace
) -> int:
    """Say what would be asked and what it would cost, without asking anything."""
    priced = await _price(desk, await desk.stored_variant(variant), cases, options)
    if options.json:
        output.data(
            {
                "session": desk.session.name,
                "rung": variant.rung,
                "provider": variant.provider,
                "model": variant.model,
                "variant": variant.hash,
                "cases": len(cases),
                "to_ask": priced.left,
                "price_low_usd": priced.low_usd,
                "price_high_usd": priced.high_usd,
                "documents": [name for name, *_ in variant.documents],
                "cases_with_other_documents": _with_others(variant, cases),
            }
        )
        return 0
    names = "; ".join(str(Part(*document)) for document in variant.documents)
    where = "store" if variant.rung == "rag" else "context"
    context = f" with {names} in the {where}" if names else ""
    if others := _with_others(variant, cases):
        context += f" (other documents for {others:,} of the cases)"
    price = f"; price: {range_text(priced.low_usd, priced.high_usd)}{room_text(priced)}"
    output.say(
        f"Would ask {variant.model} ({variant.provider}) {priced.left} questions{context}; "
        f"{len(cases) * options.epochs - priced.left} answers are there already"
        f"{price if priced.left else ''}."
    )
    return 0


async def choose_pilot(
    desk: Desk, variant: Variant, cases: Sequence[Case], options: argparse.Namespace
) -> tuple[list[Case], int]:
    """Choose the cases of a pilot, and up to which epoch they are asked: once each."""
    pairs = await desk.missing_pairs(
        cases, await desk.stored_variant(variant), options.epochs, fresh=options.fresh
    )
    epoch = min((epoch for _, epoch in pairs), default=1)
    lacking = {revision_id for revision_id, at in pairs if at == epoch}
    return pilot_of([case for case in cases if case.revision_id in lacking]), epoch


async def after_pilot(
    desk: Desk, variant: Variant, cases: Sequence[Case], options: argparse.Namespace
) -> Priced:
    """Return what the rest will take, once the pilot's answers are kept."""
    return await _price(desk, variant, cases, options)


def pilot_text(rest: Priced, model: str) -> str:
    """Say in a sentence what the rest will take."""
    if not rest.left:
        return "Nothing is left to ask."
    return f"{rest_text(rest, model)} `litmus run` without --pilot asks them."


def pilot_json(rest: Priced) -> dict[str, Any]:
    """Return what the rest will take; US dollars and seconds, None where not known."""
    return {
        "left": rest.left,
        "low_usd": rest.low_usd,
        "expected_usd": rest.expected_usd,
        "high_usd": rest.high_usd,
        "seconds": rest.seconds,
    }


async def _price(
    desk: Desk, variant: Variant, cases: Sequence[Case], options: argparse.Namespace
) -> Priced:
    return await price_ahead(
        *(desk, variant, cases),
        epochs=options.epochs,
        fresh=options.fresh,
        concurrency=options.concurrency or 0,
        cap_usd=options.budget,
    )


def _with_others(variant: Variant, cases: Sequence[Case]) -> int:
    """Return how many cases have not just the session's documents in their context."""
    usual = parts(variant, CaseDraft(""))
    return sum(parts(variant, case.draft) != usual for case in cases)
