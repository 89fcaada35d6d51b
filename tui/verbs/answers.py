"""`litmus answers`: answers that were made elsewhere."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from lab.engine import Engine
from lab.imports.answers import Outcome, import_answers
from lab.imports.matching import Given
from lab.interop.answer_formats import read_answers
from store.records import Variant
from tui.safe import one_line
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine


def read(options: argparse.Namespace) -> int:
    """Take in a file's answers; all of them or none."""
    given = Given(
        rung=options.rung,
        model=options.model or "",
        provider=options.provider or "",
        known_only=options.known_only,
    )

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        file = await asyncio.to_thread(
            read_answers, options.file, options.format or "", scorer=options.label_from or ""
        )
        done = await import_answers(desk, file, given, dry_run=options.dry_run)
        if options.json:
            output.data({"session": desk.session.name, **_as_json(done)})
        else:
            _print(done, desk.session.name, dry_run=options.dry_run)
        return 0

    return with_engine(options, work)


def _as_json(done: Outcome) -> dict[str, Any]:
    return {
        "format": done.format,
        "answers": done.answers,
        "known_answers": done.known,
        "replaced_answers": done.replaced,
        "known_cases": done.cases,
        "new_cases": done.new_cases,
        "labels": done.labels,
        "skipped": done.skipped,
        "variants": [
            {
                "rung": variant.rung,
                "provider": variant.provider,
                "served_by": variant.parameters.get("served_by"),
                "model": variant.model,
                "system": variant.system,
                "parameters": _told(variant),
                "answers": answers,
            }
            for variant, answers in done.variants
        ],
        "notes": list(done.notes),
    }


def _print(done: Outcome, session: str, *, dry_run: bool) -> None:
    if not done.answers and not done.labels:
        why = f"{done.known:,} answers are there already"
        if done.skipped:
            why += f", {done.skipped:,} were left out"
        output.say(f"Nothing new for {session}: {why}.")
    else:
        verb = "Would import" if dry_run else "Imported"
        said = [_count(done.answers, "answer")]
        if done.known:
            said.append(f"{done.known:,} are there already")
        if done.replaced:
            said.append(f"{done.replaced:,} take the place of earlier ones")
        said.append(f"{_count(done.cases, 'known case')}, {_count(done.new_cases, 'new case')}")
        said.append(_count(done.labels, "label"))
        output.say(f"{verb} into {session} ({done.format}): {'; '.join(said)}.")
    for variant, answers in done.variants:
        told = [f"{name} {value}" for name, value in _told(variant).items()]
        if variant.system:
            told.append(f"system “{one_line(variant.system, 40)}”")
        how = f" ({', '.join(told)})" if told else ""
        output.say(f"  {variant.rung}  {variant.model}{how}  {_count(answers, 'answer')}")
    for note in done.notes:
        output.note(f"{note[:1].upper()}{note[1:]}.")


def _told(variant: Variant) -> dict[str, Any]:
    """Return the parameters of a variant, as far as the file says them."""
    return {name: value for name, value in variant.parameters.items() if name != "served_by"}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
