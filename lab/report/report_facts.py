"""A report's own facts and tables, beside those of its receipts."""

from __future__ import annotations

from collections.abc import Sequence

from lab.ladder import words
from lab.ladder.reading import Ladder
from lab.ladder.rungs import Other
from lab.ladder.telling import when
from lab.ladder.trend import Revision
from lab.report.facts import Fact, Table, p_value
from lab.report.receipt_facts import judge_fact, verdicts_text, waiting_text
from lab.report.whole import Report
from lab.visible import one_line
from store.records import Variant

_PARTS = (
    *("provider", "model", "base_url", "system", "parameters", "documents", "retrieval"),
    "tuned",
)
_NAMES = {"base_url": "address", "system": "system prompt", "tuned": "training"}


def assumed_text(ladder: Ladder) -> str:
    """Return what of the economics is only assumed, as a sentence; empty where nothing is."""
    named = ladder.economics.assumed_text()
    return f"Only assumed so far: {named}." if named else ""


def other_table(ladder: Ladder) -> Table | None:
    """Return the variants that were tried and stand for no rung, None where there are none."""
    rows = [
        _other(other, facts.standing.variant) for facts in ladder.rungs for other in facts.others
    ]
    heads = ("rung", "model", "differs in", "right", "n", "difference", "p, adjusted", "variant")
    return Table(heads, tuple(rows), right=(3, 4, 5, 6)) if rows else None


def _other(other: Other, best: Variant) -> tuple[str, ...]:
    variant, rate, found = other.standing.variant, other.standing.rate, other.difference
    return (
        variant.rung,
        variant.model,
        _differing(variant, best),
        words.percent(rate.rate) if rate else "–",
        f"{rate.n:,}" if rate else "0",
        "–"
        if found is None
        else f"{words.points(found.delta, signed=True)} ({words.points(found.low)} to "
        f"{words.points(found.high)})",
        p_value(other.p),
        variant.hash,
    )


def _differing(variant: Variant, best: Variant) -> str:
    """Say in which of their parts two variants of a rung differ."""
    parts = [name for name in _PARTS if getattr(variant, name) != getattr(best, name)]
    if "system" in parts and len(parts) == 1:
        return f"system prompt: {one_line(variant.system, 60) or 'none'}"
    return ", ".join(_NAMES.get(name, name) for name in parts)


def failure_facts(report: Report) -> list[Fact]:
    """Return why the highest rung fails, and how far another one could bring it."""
    failures, ceiling = report.ladder.failures, report.ceiling
    if failures is None:
        return []
    facts = [
        Fact(name[0].upper() + name[1:], f"{count:,}") for name, count in failures.reasons.items()
    ]
    if failures.bad_cases:
        facts.append(Fact("Bad cases", f"{failures.bad_cases:,}", "wait for repair, count nowhere"))
    facts += [
        Fact(
            f"At best with {bound.rung}",
            words.percent(bound.rate),
            f"if it mended all of the {words.count(bound.mended, 'answer')} that it can",
        )
        for bound in failures.bounds
    ]
    if ceiling is not None:
        facts.append(
            Fact(
                "At best with perfect retrieval",
                words.percent(ceiling.rate),
                f"{words.percent(ceiling.low)} to {words.percent(ceiling.high)}; the rung rag, by "
                "the oracle’s answers",
            )
        )
    return facts


def trend_table(trend: Sequence[Revision]) -> Table:
    """Return where each rung stood on each revision of the benchmark."""
    rungs = list(dict.fromkeys(rung for revision in trend for rung in revision.rates))
    rows = [
        (
            when(revision.began),
            revision.benchmark,
            f"{revision.cases:,}",
            *(_rate(revision, rung) for rung in rungs),
        )
        for revision in trend
    ]
    heads = ("first run", "benchmark", "cases", *rungs)
    return Table(heads, tuple(rows), right=tuple(range(2, len(heads))))


def _rate(revision: Revision, rung: str) -> str:
    rate = next((rate for name, rate in revision.rates.items() if name == rung), None)
    return "–" if rate is None else f"{words.percent(rate.rate)} (n {rate.n:,})"


def grading_facts(report: Report) -> list[Fact]:
    """Return whose the verdicts on each rung are, and how far the judge is trusted."""
    facts = [
        Fact(side.facts.rung, verdicts_text(side), waiting_text(side.facts))
        for side in report.sides
    ]
    return [*facts, judge_fact(report.ladder.judge)]


def benchmark_facts(ladder: Ladder) -> list[Fact]:
    """Return what the benchmark is, and what of it counts nowhere."""
    facts = [
        Fact("Test cases", f"{ladder.cases:,}"),
        Fact("Revision", ladder.benchmark, "the hash of all cases as they stand"),
    ]
    if ladder.behind:
        answers = words.count(ladder.behind, "answer")
        facts.append(Fact("On older revisions of a case", answers, "left out of every rate"))
    return facts
