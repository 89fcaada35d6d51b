"""A report as Markdown: the HTML page's content, its drawings as bars, nothing loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lab.ladder import words
from lab.ladder.telling import when
from lab.ladder.verdict import GLYPH
from lab.report import plots, receipt_facts, report_facts
from lab.report.facts import Fact, Table
from lab.report.inputs import commands, variant_facts
from lab.report.methods import METHODS
from lab.report.receipt import Receipt, ShownFlip
from lab.report.whole import Report
from lab.statistics.rates import Rate
from lab.visible import one_line, visible

_SHORT = 300
_WIDTH = 41
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~@${}]|&(?=[#\w])|#(?=\w)|://|www\.", re.IGNORECASE)
# What would begin a list, a heading or a rule at the start of a line.
_AT_START = re.compile(r"^(\d{0,9})([-+=.)#])(?=[\s#]|[-=\s]*$)")


def markdown_report(report: Report) -> str:
    """Return the report as the text of a Markdown file."""
    lines: list[str] = []
    for part in (_top, _ladder, _steps, _around, _inputs):
        lines += part(report)
    return "\n".join(lines).rstrip("\n") + "\n"


def _top(report: Report) -> list[str]:
    ladder = report.ladder
    lines = [f"# {plain(ladder.session.name)}", ""]
    if ladder.session.task:
        lines += [plain(ladder.session.task), ""]
    lines += [f"## {GLYPH[ladder.verdict.state]} {plain(ladder.verdict.head)}", ""]
    if ladder.verdict.rest:
        lines += [plain(ladder.verdict.sentence), ""]
    stand = ladder.rung(ladder.verdict.rung) if ladder.verdict.rung else None
    if stand is not None:
        rate = plots.rate_text(stand.standing.rate)
        lines += [f"By what is known, stand on **{stand.rung}**, {rate}.", ""]
    if assumed := report_facts.assumed_text(ladder):
        lines += [assumed, ""]
    return lines


def _ladder(report: Report) -> list[str]:
    rungs = report.ladder.rungs
    if not rungs:
        return []
    bars = [
        f"{facts.rung:8}{bar(facts.standing.rate)}  {plots.rate_text(facts.standing.rate)}"
        for facts in rungs
    ]
    scale = f"{'':8}0%{'50%':^{_WIDTH - 4}}100%"
    return [
        "## The ladder",
        "",
        *_fenced("\n".join([*bars, scale])),
        "",
        *table(receipt_facts.rung_table(rungs)),
    ]


def _steps(report: Report) -> list[str]:
    lines = ["## The steps", ""] if report.receipts else []
    for receipt in report.receipts:
        step = receipt.step
        glyph = GLYPH[step.verdict.state]
        lines += [f"### {' → '.join(step.names)}", ""]
        lines += [f"**{glyph}** {plain(step.verdict.sentence)}", ""]
        for note in step.comparison.notes:
            lines += [plain(note), ""]
        lines += ["#### What it rests on", "", *_facts(receipt_facts.difference_facts(receipt))]
        returns = receipt_facts.return_facts(step.returns, receipt.economics)
        lines += ["#### What it brings", "", *_facts(returns)]
        lines += _flips(receipt, gained=False) + _flips(receipt, gained=True)
    return lines


def _flips(receipt: Receipt, *, gained: bool) -> list[str]:
    shown = [each for each in receipt.flips if each.flip.gained == gained]
    if not shown:
        return []
    hidden = receipt.hidden[gained]
    lines = [f"#### {'Gained' if gained else 'Lost'}: {len(shown) + hidden:,}", ""]
    for each in shown:
        lines += _flip(receipt, each)
    if hidden:
        lines += ["", f"{hidden:,} more are not shown here."]
    return [*lines, ""]


def _flip(receipt: Receipt, shown: ShownFlip) -> list[str]:
    names = receipt.names
    lines = [f"- **{plain(shown.key)}** {plain(shown.prompt, _SHORT)}"]
    if shown.expected:
        lines.append(f"  - expected: {plain(shown.expected, _SHORT)}")
    for name, score, text in (
        (names[0], shown.flip.before, shown.first),
        (names[1], shown.flip.after, shown.second),
    ):
        lines.append(f"  - {receipt_facts.mark(score)} {name}: {plain(text, _SHORT) or '(empty)'}")
    return lines


def _around(report: Report) -> list[str]:
    ladder = report.ladder
    lines: list[str] = []
    if len(ladder.rungs) > 1:
        lines += ["## Cost against quality", "", *table(_costs(report))]
    if len(report.trend) > 1:
        lines += ["## Over the benchmark’s revisions", ""]
        lines += table(report_facts.trend_table(report.trend))
    if ladder.failures is not None:
        lines += [f"## Why {ladder.failures.rung} fails", ""]
        lines += _facts(report_facts.failure_facts(report))
    if others := report_facts.other_table(ladder):
        lines += ["## Other variants tried", "", *table(others)]
    if report.sides:
        lines += ["## Who judged", "", *_facts(report_facts.grading_facts(report))]
    lines += ["## The benchmark", "", *_facts(report_facts.benchmark_facts(ladder))]
    lines += ["## Economics", "", *_facts(receipt_facts.typed_facts(ladder.economics))]
    return lines


def _costs(report: Report) -> Table:
    rows = [
        (
            facts.rung,
            words.cost(facts.per_answer),
            words.percent(facts.standing.rate.rate) if facts.standing.rate else "–",
            bar(facts.standing.rate),
            _front(facts.per_answer, on_front=facts.on_front),
        )
        for facts in report.ladder.rungs
    ]
    heads = ("rung", "$/answer", "right", "0 to 100%", "beaten in cost and quality")
    return Table(heads, tuple(rows), right=(1, 2))


def _front(per_answer: float | None, *, on_front: bool) -> str:
    return "price unknown" if per_answer is None else "no" if on_front else "yes"


def _inputs(report: Report) -> list[str]:
    lines: list[str] = []
    if report.sides:
        lines += ["## To repeat it", ""]
        for side in report.sides:
            lines += [f"### {side.facts.rung}", "", *_facts(variant_facts(side))]
        lines += ["### Commands", ""]
        lines += [*_fenced(commands(report.ladder.session, report.sides)), ""]
    lines += ["## Methods", ""]
    lines += [f"- **{what}**: {plain(source)}" for what, source in METHODS]
    return [*lines, "", f"Made by Litmus {report.version}, {when(report.made_at)}."]


def _facts(facts: Sequence[Fact]) -> list[str]:
    """Return facts as a list; a longer text stands below its name."""
    lines: list[str] = []
    for fact in facts:
        if fact.block:
            lines += [f"- {plain(fact.label)}:", "", *_indented(_fenced(fact.value)), ""]
        else:
            note = f" ({plain(fact.note)})" if fact.note else ""
            lines.append(f"- {plain(fact.label)}: {plain(fact.value)}{note}")
    return [*lines, ""]


def table(found: Table) -> list[str]:
    """Return a table's lines; a cell is one line."""
    rule = ["---:" if place in found.right else "---" for place in range(len(found.heads))]
    rows = [list(map(plain, row)) for row in (found.heads, *found.rows)]
    return [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])] + [""]


def bar(rate: Rate | None) -> str:
    """Return a rate with its interval as a bar of characters from 0 to 100%."""
    if rate is None:
        return "·" * _WIDTH
    low, middle, high = (round(share * (_WIDTH - 1)) for share in (rate.low, rate.rate, rate.high))
    line = ["·"] * _WIDTH
    line[low : high + 1] = "─" * (high + 1 - low)
    line[low], line[high], line[middle] = "├", "┤", "●"
    return "".join(line)


def plain(text: str, limit: int = 4000) -> str:
    """Return untrusted text as Markdown that shows it as it is, on one line.

    Nothing in it is markup, and no address becomes a link.
    """
    escaped = _SPECIAL.sub(_escape, one_line(text, limit))
    return _AT_START.sub(r"\1\\\2", escaped)


def _escape(found: re.Match[str]) -> str:
    mark = found[0]
    if len(mark) > 1:
        return mark.replace(":", "\\:").replace("/", "\\/").replace(".", "\\.")
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(mark, f"\\{mark}")


def _fenced(text: str) -> list[str]:
    """Return text as a block of code, whatever is in it."""
    shown = visible(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown.split("\n"), fence]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
