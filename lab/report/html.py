"""A report as one HTML file: no script, nothing loaded, every text escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.ladder.telling import when
from lab.ladder.verdict import GLYPH
from lab.report import plots, receipt_facts, report_facts
from lab.report.inputs import commands, variant_facts
from lab.report.methods import METHODS
from lab.report.receipt import Receipt, ShownFlip
from lab.report.whole import Report
from lab.visible import one_line, visible

SHORT = 220
"""An answer of more characters is shown shortened, and whole when it is opened."""


def html_report(report: Report) -> str:
    """Return the report as the text of an HTML file."""
    from markupsafe import Markup

    ladder = report.ladder
    stand = ladder.rung(ladder.verdict.rung) if ladder.verdict.rung else None
    unpriced = [facts for facts in ladder.rungs if facts.per_answer is None and facts.standing.rate]
    return (
        _environment()
        .get_template("report.html")
        .render(
            css=Markup((_HERE / "report.css").read_text("utf-8")),
            session=ladder.session,
            made=when(report.made_at),
            version=report.version,
            state=ladder.verdict.state,
            head=ladder.verdict.head,
            why=_why(ladder.verdict.rest),
            stand=stand and f"{stand.rung}, {plots.rate_text(stand.standing.rate)}",
            assumed=report_facts.assumed_text(ladder),
            ladder_plot=Markup(plots.ladder_plot(ladder.rungs, ladder.economics.target)),
            rung_table=receipt_facts.rung_table(ladder.rungs),
            steps=[_step(receipt) for receipt in report.receipts],
            cost_plot=Markup(plots.cost_plot(ladder.rungs)),
            unpriced=[(facts.rung, plots.rate_text(facts.standing.rate)) for facts in unpriced],
            trend_plot=Markup(plots.trend_plot(report.trend)),
            trend_table=report_facts.trend_table(report.trend),
            failing=ladder.failures.rung if ladder.failures else "",
            failures=report_facts.failure_facts(report),
            others=report_facts.other_table(ladder),
            grading=report_facts.grading_facts(report),
            benchmark=report_facts.benchmark_facts(ladder),
            economics=receipt_facts.typed_facts(ladder.economics),
            rungs=[(side.facts.rung, variant_facts(side)) for side in report.sides],
            commands=commands(ladder.session, report.sides),
            methods=METHODS,
        )
    )


_HERE = Path(__file__).parent


def _environment() -> Any:  # jinja2 does not say what an environment's parts hold
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made: Any = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {"short": _short, "first_line": _first_line}
    made.filters |= {"mark": receipt_facts.mark, "verdict": _verdict}
    made.tests["long"] = _is_long
    made.globals["glyph"] = GLYPH
    return made


def _short(text: str) -> str:
    return one_line(text, SHORT)


def _first_line(text: str) -> str:
    return one_line(text.strip().partition("\n")[0], SHORT)


def _is_long(text: str) -> bool:
    return one_line(text, SHORT) != visible(text).strip()


def _shown(value: Any) -> Any:
    """Make every text visible on its way into the page; what is markup already is ours."""
    return visible(value) if type(value) is str else value


def _why(rest: str) -> str:
    """Return what follows a verdict's head as a line of its own, or as what goes on from it."""
    goes_on = not rest.startswith((":", ";"))
    why = rest.lstrip(":; ")
    return why if goes_on else why[:1].upper() + why[1:]


def _verdict(score: float) -> str:
    return "right" if score >= 1 else "wrong" if score <= 0 else "partly right"


def _step(receipt: Receipt) -> dict[str, Any]:
    from markupsafe import Markup

    step = receipt.step
    found = step.comparison.difference

    def cases(gained: bool) -> list[ShownFlip]:
        return [shown for shown in receipt.flips if shown.flip.gained == gained]

    return {
        "first": step.names[0],
        "second": step.names[1],
        "state": step.verdict.state,
        "head": step.verdict.head,
        "why": step.verdict.rest,
        "notes": step.comparison.notes,
        "plot": Markup(plots.difference_plot(found, step.verdict.margin)) if found else "",
        "difference": receipt_facts.difference_facts(receipt),
        "returns": receipt_facts.return_facts(step.returns, receipt.economics),
        "flips": [
            ("Lost", cases(False), receipt.hidden[0]),
            ("Gained", cases(True), receipt.hidden[1]),
        ],
    }
