"""`litmus receipt` and `litmus report`."""

from __future__ import annotations

import argparse
import asyncio

from lab.engine import Engine
from lab.ladder import words
from lab.report import receipt_facts
from lab.report.as_json import receipt_json
from lab.report.facts import Fact, Table
from lab.report.inputs import commands, variant_facts
from lab.report.methods import METHODS
from lab.report.receipt import Receipt, ShownFlip, make_receipt
from lab.report.whole import make_report
from lab.report.writing import refuse_ending, report_text, write_whole
from tui import __version__
from tui.safe import one_line
from tui.verbs import output
from tui.verbs.judging import judge_row
from tui.verbs.working import desk_of, with_engine

_MOST = {"Lost": 20, "Gained": 8}
_WIDE = 90


def receipt(options: argparse.Namespace) -> int:
    """Print a step's verdict with all that it rests on."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = await make_receipt(
            desk, options.first, options.second, __version__, every=options.json
        )
        if options.json:
            output.data({**receipt_json(found), "judge": judge_row(found.judge)})
        else:
            _print(found)
        return 0

    return with_engine(options, work)


def _print(found: Receipt) -> None:
    step = found.step
    output.say(step.verdict.sentence)
    for note in step.comparison.notes:
        output.say(note)
    _table(
        "The two sides", receipt_facts.rung_table([side.facts for side in found.sides], found.names)
    )
    _facts("On the same cases", receipt_facts.difference_facts(found))
    _facts("What it brings", receipt_facts.return_facts(step.returns, found.economics))
    _facts("Economics", receipt_facts.typed_facts(found.economics))
    _facts("Who judged", receipt_facts.grading_facts(found))
    _flips(found)
    for name, side in zip(found.names, found.sides, strict=True):
        _facts(f"Asked on {name}", variant_facts(side))
    _facts("Made from", receipt_facts.origin_facts(found))
    first, second = (side.facts.standing.variant.hash for side in found.sides)
    _heading("To repeat it")
    _lines(commands(found.session, found.sides, first, second))
    _heading("Methods")
    for what, source in METHODS:
        output.say(f"  {what}: {source}")


def _heading(text: str) -> None:
    output.say()
    output.say(text)


def _table(heading: str, table: Table) -> None:
    _heading(heading)
    output.table([table.heads, *table.rows], right=table.right)


def _facts(heading: str, facts: list[Fact]) -> None:
    _heading(heading)
    width = max(len(fact.label) for fact in facts)
    for fact in facts:
        if fact.block:
            output.say(f"  {fact.label}")
            _lines(fact.value, indent=4)
        else:
            note = f"  ({fact.note})" if fact.note else ""
            output.say(f"  {fact.label.ljust(width)}  {fact.value}{note}")


def _lines(text: str, indent: int = 2) -> None:
    for line in text.replace("\r\n", "\n").split("\n"):
        output.say(" " * indent + line if line else "")


def _flips(found: Receipt) -> None:
    """Print what was lost, then what was gained, each case in a few lines."""
    for gained, heading in ((False, "Lost"), (True, "Gained")):
        flips = [shown for shown in found.flips if shown.flip.gained == gained]
        if not flips:
            continue
        total = len(flips) + found.hidden[gained]
        _heading(f"{heading} ({total:,})")
        for shown in flips[: _MOST[heading]]:
            _flip(shown, found)
        if total > _MOST[heading]:
            more = words.count(total - _MOST[heading], "more case")
            output.say(f"  {more}; `litmus report out.html` has them with their whole answers.")


def _flip(shown: ShownFlip, found: Receipt) -> None:
    first, second = found.names
    output.say(f"  {shown.key}  {one_line(shown.prompt, _WIDE)}")
    if shown.expected:
        output.say(f"    expected  {one_line(shown.expected, _WIDE)}")
    sides = (
        (first, shown.first, shown.flip.before),
        (second, shown.second, shown.flip.after),
    )
    for name, text, score in sides:
        output.say(f"    {receipt_facts.mark(score)} {name}  {one_line(text, _WIDE) or '(empty)'}")


def report(options: argparse.Namespace) -> int:
    """Write the session's whole ladder to an HTML or Markdown file."""
    refuse_ending(options.file)

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = await make_report(desk, __version__)
        text = await asyncio.to_thread(report_text, found, options.file)
        await asyncio.to_thread(write_whole, options.file, text)
        if options.json:
            size = len(text.encode())
            verdict = found.ladder.verdict
            output.data(
                {
                    "session": desk.session.name,
                    "file": str(options.file),
                    "bytes": size,
                    "verdict": verdict.state,
                    "sentence": verdict.sentence,
                }
            )
        else:
            output.say(f"Wrote {options.file}.")
        return 0

    return with_engine(options, work)
