"""A receipt in facts and tables, the same for the terminal, HTML and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from lab.judge.trust import Judgeship, kappa_text
from lab.ladder import words
from lab.ladder.economics import Economics, Name, Returns
from lab.ladder.rungs import RungFacts
from lab.ladder.telling import when
from lab.report.facts import Fact, Table, p_value, seconds
from lab.report.receipt import Receipt, Side
from lab.statistics.evidence import BAR, e_value

UNKNOWN, NEVER = "unknown", "never"


def rung_table(rungs: Sequence[RungFacts], names: Sequence[str] = ()) -> Table:
    """Return a table of rungs, or of the two sides of a step under their `names`."""
    heads = ("rung", "right", "95% interval", "n", "$/answer", "p50", "tokens/answer", "model")
    names = names or [facts.rung for facts in rungs]
    rows = [_row(facts, name) for facts, name in zip(rungs, names, strict=True)]
    return Table(heads, tuple(rows), right=(1, 2, 3, 4, 5, 6))


def _row(facts: RungFacts, name: str) -> tuple[str, ...]:
    rate = facts.standing.rate
    tokens = facts.tokens / facts.answers if facts.tokens and facts.answers else None
    return (
        name,
        "–" if rate is None else words.percent(rate.rate),
        "–" if rate is None else f"{words.percent(rate.low)} to {words.percent(rate.high)}",
        f"{rate.n:,}" if rate else "0",
        words.cost(facts.per_answer),
        seconds(facts.latency_p50_s),
        UNKNOWN if tokens is None else f"{tokens:,.0f}",
        facts.standing.variant.model,
    )


def difference_facts(receipt: Receipt) -> list[Fact]:
    """Return what the cases that both sides answered say."""
    step = receipt.step
    comparison, found = step.comparison, step.comparison.difference
    waiting = sum(item.labels for item in comparison.waiting)
    apart: list[str] = []
    if waiting:
        apart.append(f"{words.count(waiting, 'label')} still lacking")
    if comparison.unshared:
        apart.append(f"{words.count(comparison.unshared, 'case')} answered on one side only")
    if found is None:
        return [Fact("Cases compared", "none", "; ".join(apart))]
    margin, tried = step.verdict.margin, comparison.tried
    facts = [
        Fact("Cases compared", f"{found.n:,}", "; ".join(apart)),
        Fact(
            "Difference",
            f"{words.points(found.delta, signed=True)} points, {words.points(found.low)} to "
            f"{words.points(found.high)}",
            "95% interval of the paired difference",
        ),
        Fact("Gained, lost, as before", f"{found.gained:,}, {found.lost:,}, {comparison.same:,}"),
        Fact(
            "p, two-sided",
            p_value(found.p),
            f"{p_value(step.p)} when adjusted for the ladder’s steps",
        ),
        Fact("e-value", words.evidence(comparison.evidence), f"of {bar(tried)} needed for a gain"),
    ]
    if margin:
        facts.append(
            Fact(
                "e-value beyond what it must exceed",
                words.evidence(e_value(comparison.gains, margin)),
                f"of {bar(tried)} needed to climb",
            )
        )
    facts += [
        Fact("It must exceed", _gain(margin), "the smallest gain that pays" if margin else ""),
        Fact("Variants tried on its rung", f"{tried:,}"),
    ]
    return facts


def bar(tried: int) -> str:
    """Return the e-value that is evidence enough, where so many variants were tried."""
    told = f"{BAR:g}"
    return told if tried == 1 else f"{BAR * tried:g} ({told} × {tried} tried)"


def _gain(share: float | None) -> str:
    """Return a gain in points, also one that is less than a point."""
    if share is None:
        return UNKNOWN
    if share and abs(share) < 0.005:
        return "under 1 point" if share > 0 else "a loss under 1 point"
    points = words.points(share, signed=share > 0)
    return f"{points} {'point' if abs(round(share * 100)) == 1 else 'points'}"


def typed_facts(economics: Economics) -> list[Fact]:
    """Return what the person typed of the economics, and what is assumed in its place."""
    volume, horizon = economics.of("volume"), economics.of("horizon")
    shown: tuple[tuple[Name, str, str], ...] = (
        ("value", "A right answer is worth", words.money(economics.of("value"))),
        ("wrong", "A wrong answer costs", words.money(economics.of("wrong"))),
        ("volume", "Answers a month", f"{volume:,.10g}"),
        ("horizon", "Horizon", words.count(round(horizon), "month")),
        ("hourly", "An hour of work costs", words.money(economics.of("hourly"))),
    )
    facts = [
        Fact(label, value, "typed" if name in economics.typed else "assumed")
        for name, label, value in shown
    ]
    if economics.target is None:
        facts.append(Fact("Good enough from", "not set"))
    else:
        facts.append(Fact("Good enough from", words.percent(economics.target), "typed"))
    labels = {
        "price": "An answer of {} costs",
        "upfront": "{} costs once",
        "hours": "Hours of work for {}, once",
    }
    for (rung, name), value in economics.rungs.items():
        shown_value = f"{value:,g}" if name == "hours" else words.money(value)
        facts.append(Fact(labels[name].format(rung), shown_value, "typed"))
    if economics.tuning_hours:
        price = words.money(economics.of("machine"))
        how = "typed" if "machine" in economics.typed else "assumed"
        took = words.hours(economics.tuning_hours)
        facts.append(Fact("Training on this machine", took, f"at {price} an hour, {how}"))
    if economics.tuning_usd is None or economics.tuning_usd:
        facts.append(Fact("Training", words.money(economics.tuning_usd), "measured"))
    if economics.embedding_usd is None or economics.embedding_usd:
        facts.append(
            Fact("Embedding the documents", words.money(economics.embedding_usd), "measured")
        )
    return facts


def return_facts(returns: Returns, economics: Economics) -> list[Fact]:
    """Return what a step costs and brings, line by line."""
    unknown = returns.extra_cost is None or returns.upfront is None
    absent = UNKNOWN if unknown else NEVER
    months = words.count(round(economics.of("horizon")), "month")
    per_right = returns.per_extra_right
    if returns.extra_cost is None:
        extra_right = UNKNOWN
    else:
        extra_right = "no gain" if per_right is None else words.money(per_right)
    break_even, payback = returns.break_even, returns.payback_months
    return [
        Fact("Extra cost of an answer", words.money(returns.extra_cost)),
        Fact("Upfront, once", words.money(returns.upfront)),
        Fact("Each extra right answer costs", extra_right),
        Fact("Brings per answer", words.money(returns.net_per_answer), "less what it costs"),
        Fact(f"Brings over {months}", words.money(returns.net_total), "upfront cost taken off"),
        Fact("Pays from", absent if break_even is None else _a_month(break_even)),
        Fact("Upfront cost is back", absent if payback is None else words.span(payback)),
        Fact("Least gain that pays", _gain(returns.least_gain)),
        Fact(
            "It pays up to",
            f"{words.money(max(0.0, returns.affordable))} more an answer",
        ),
        Fact(
            "Chance that it pays",
            UNKNOWN if returns.chance is None else words.percent(returns.chance),
            "bootstrap over the cases",
        ),
    ]


def _a_month(volume: float) -> str:
    whole = -(-volume // 1)
    return "any volume" if whole <= 1 else f"{whole:,.0f} answers a month"


def grading_facts(receipt: Receipt) -> list[Fact]:
    """Return whose the verdicts are, and how far the judge is trusted."""
    facts = [
        Fact(f"Verdicts on {name}", verdicts_text(side), waiting_text(side.facts))
        for name, side in zip(receipt.names, receipt.sides, strict=True)
    ]
    return [*facts, judge_fact(receipt.judge)]


def judge_fact(found: Judgeship) -> Fact:
    """Return who judges beside the person, and how far that is trusted."""
    if found.judge is None:
        return Fact("Judge", "none")
    kappa = kappa_text(found.trust.agreement)
    return Fact("Judge", f"{found.judge.model}, {kappa}", found.trust.why)


def verdicts_text(side: Side) -> str:
    """Return how many of a side's verdicts are whose."""
    total = sum(side.by.values())
    if not total:
        return "none yet"
    parts = (
        (side.by.get("label", 0), "by a person"),
        (side.by.get("judge", 0), "by the judge"),
        (side.by.get("checks", 0), "by checks"),
    )
    told = [f"{number:,} {whose}" for number, whose in parts if number]
    return told[0] if len(told) == 1 else f"{total:,}: {', '.join(told)}"


def waiting_text(facts: RungFacts) -> str:
    """Return how many answers still lack a label."""
    waiting = facts.standing.unlabelled
    return f"{words.count(waiting, 'answer')} not labelled" if waiting else ""


def origin_facts(receipt: Receipt) -> list[Fact]:
    """Return what the page was made from, when, and by which Litmus."""
    return [
        Fact("Session", receipt.session.name, receipt.session.task),
        Fact("Benchmark", receipt.benchmark, words.count(receipt.cases, "test case")),
        Fact("Litmus", receipt.version),
        Fact("Made", when(receipt.made_at)),
    ]


def mark(score: float) -> str:
    """Return the glyph of a score: ✓ right, ◐ partly, ✗ wrong."""
    return "✓" if score >= 1 else "✗" if score <= 0 else "◐"
