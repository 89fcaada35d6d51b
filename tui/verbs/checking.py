"""`litmus bench check`: the benchmark's own faults. Exit status 1 where one must be repaired."""

from __future__ import annotations

import argparse
from collections import Counter

from lab.checking.check import Report, check_session
from lab.checking.findings import SEVERITIES, Finding, Repair, count
from lab.engine import Engine
from tui import glyphs
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine

_SHOWN = 12
_REPAIR: dict[Repair, str] = {
    "edit": "litmus bench edit ID",
    "remove": "litmus bench remove ID",
    "train": "litmus bench set ID --split train",
    "add": "litmus bench import FILE",
    "label": "litmus label",
}


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with the benchmark, the gravest first."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        progress = output.Progress()

        def tell(done: int, of: int) -> None:
            progress.show(f"Checked {done:,} of {of:,}")

        gain = options.gain / 100
        report = await check_session(engine.database, desk.session.id, tell, gain=gain)
        progress.done()
        if options.json:
            output.data({"session": desk.session.name, **to_json(report)})
        else:
            _print(report)
        return 0 if report.ok else 1

    return with_engine(options, work)


def to_json(report: Report) -> dict[str, object]:
    """Return a report as JSON-ready values; cases are named by their ids."""
    return {
        "benchmark_revision": report.revision,
        "cases": report.cases,
        "findings": [
            {
                "kind": finding.kind,
                "severity": finding.severity,
                "sentence": finding.sentence,
                "cases": [case.key for case in finding.cases],
                "repair": finding.repairs[0] if finding.repairs else "",
            }
            for finding in report.findings
        ],
        "ok": report.ok,
    }


def _print(report: Report) -> None:
    for finding in report.findings:
        output.say(f"{glyphs.SEVERITY[finding.severity]} {finding.sentence}")
        if len(finding.cases) > 1:
            output.say(f"    {_named(finding)}")
    found = Counter(finding.severity for finding in report.findings)
    if not found:
        output.say(f"Nothing is wrong with the {count(report.cases, 'case')}.")
        return
    told = {"must": "must be repaired", "should": "should be looked at", "info": "for your notice"}
    output.say(", ".join(f"{found[each]} {told[each]}" for each in SEVERITIES if found[each]) + ".")
    repairs = dict.fromkeys(_REPAIR[each] for item in report.findings for each in item.repairs)
    output.note("To repair: " + " · ".join(repairs))


def _named(finding: Finding) -> str:
    keys = ", ".join(case.key for case in finding.cases[:_SHOWN])
    more = len(finding.cases) - _SHOWN
    return f"{keys} and {more:,} more" if more > 0 else keys
