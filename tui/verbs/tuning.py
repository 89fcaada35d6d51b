"""`litmus tune check` and `litmus tune export`: what a model would be trained on."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from lab.checking.findings import count
from lab.engine import Engine
from lab.tuning.examples.checks import shares
from lab.tuning.examples.dataset import Recipe
from lab.tuning.examples.export import Exported, ExportProblem, File, LeaksFound
from lab.tuning.examples.export import export as write
from lab.tuning.examples.leakage import MEANING, Leak, first_line
from lab.tuning.examples.report import Report, examine, recipe_for
from tui import glyphs
from tui.verbs import output
from tui.verbs.working import desk_of, with_engine

_SHOWN = 12


def check(options: argparse.Namespace) -> int:
    """Print what would be trained on, what is left out, and what forbids training."""

    async def work(engine: Engine) -> int:
        session, report = await _report(engine, options)
        if options.json:
            output.data({"session": session, **report_json(report)})
        else:
            _print(report)
        return 0 if report.ok else 1

    return with_engine(options, work)


def export(options: argparse.Namespace) -> int:
    """Write the training file with its manifest, unless something leaks."""

    async def work(engine: Engine) -> int:
        session, report = await _report(engine, options)
        try:
            done = await asyncio.to_thread(
                write,
                report,
                options.file,
                validation=options.validation,
                allow_leaks=options.allow_leaks,
            )
        except LeaksFound as error:
            if options.json:
                output.data({"session": session, "written": False, **report_json(report)})
            else:
                _print_leaks(report.leaks)
            output.complain(str(error))
            return 1
        if options.json:
            output.data({"session": session, **exported_json(report, done)})
        else:
            _print_exported(report, done)
        return 0

    return with_engine(options, work)


async def _report(engine: Engine, options: argparse.Namespace) -> tuple[str, Report]:
    if options.format == "dpo" and options.source:
        raise ExportProblem(
            "--from is for --format sft; a preference is a passed answer beside a failed one."
        )
    desk = await desk_of(engine, options)
    progress = output.Progress()

    def tell(what: str, done: int, of: int) -> None:
        progress.show(f"{what}: {done:,} of {of:,}")

    source = None if options.source in (None, "both") else options.source
    recipe = await recipe_for(desk, options.format, source)
    report = await examine(desk, recipe, tell)
    progress.done()
    return desk.session.name, report


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON-ready values; cases are named by their ids."""
    dataset, recipe = report.dataset, report.dataset.recipe
    tokens = [example.tokens for example in dataset.examples]
    return {
        "benchmark_revision": dataset.revision,
        "format": recipe.format,
        "from": recipe.source or "both",
        "model": recipe.model,
        "system": recipe.system,
        "train_cases": len(dataset.examples) + len(dataset.left_out),
        "test_cases": len(dataset.tests),
        "examples": len(dataset.examples),
        "expected": sum(example.source == "expected" for example in dataset.examples),
        "passed": sum(example.source == "passed" for example in dataset.examples),
        "tokens": {
            "total": sum(tokens),
            "least": min(tokens, default=0),
            "most": max(tokens, default=0),
            "exact": all(example.exact for example in dataset.examples),
            "window": recipe.window,
        },
        "answers": [
            {"answer": each.answer, "examples": each.examples} for each in shares(dataset.examples)
        ],
        "left_out": [
            {"case": item.case.key, "kind": item.kind, "reason": item.reason}
            for item in dataset.left_out
        ],
        "leaks": [_leak_json(leak) for leak in report.leaks],
        "compared_by_meaning": not report.not_by_meaning,
        "not_by_meaning": report.not_by_meaning,
        "findings": [
            {
                "kind": finding.kind,
                "severity": finding.severity,
                "sentence": finding.sentence,
                "cases": [case.key for case in finding.cases],
                "repair": finding.repair,
            }
            for finding in report.findings
        ],
        "ok": report.ok,
    }


def exported_json(report: Report, done: Exported) -> dict[str, Any]:
    """Return what an export wrote as JSON-ready values."""
    return {
        "written": True,
        "training": _file_json(done.training),
        "validation": _file_json(done.validation) if done.validation else None,
        "manifest": str(done.manifest),
        "left_out": len(report.dataset.left_out),
        "leaks": [_leak_json(leak) for leak in report.leaks],
    }


def _leak_json(leak: Leak) -> dict[str, Any]:
    return {
        "train": leak.train.key,
        "test": leak.test.key,
        "kind": leak.kind,
        "similarity": round(leak.similarity, 3),
        "train_prompt": first_line(leak.train),
        "test_prompt": first_line(leak.test),
    }


def _file_json(file: File) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "examples": file.examples,
        "bytes": file.bytes,
        "sha256": file.sha256,
    }


def _print(report: Report) -> None:
    _print_dataset(report)
    _print_leaks(report.leaks)
    for finding in report.findings:
        output.say(f"{glyphs.SEVERITY[finding.severity]} {finding.sentence}")
        if finding.repair:
            output.say(f"    {finding.repair}")
    if report.ok:
        output.say(f"Ready: {count(len(report.dataset.examples), 'example')} to train on.")
    else:
        output.say("Not ready to train on.")


def _print_dataset(report: Report) -> None:
    dataset, recipe = report.dataset, report.dataset.recipe
    examples, left_out = dataset.examples, dataset.left_out
    cases = count(len(examples) + len(left_out), "train case")
    output.say(f"{count(len(examples), 'example')} from {cases}: {_origin(report)}")
    if examples:
        output.say(f"{_tokens(report)}; {_window(recipe)}")
        output.say(f"System prompt: {recipe.system.strip() or 'none'}")
    if left_out:
        output.say(f"{count(len(left_out), 'train case')} left out:")
        for item in left_out[:_SHOWN]:
            output.say(f"  {item.case.key}: {item.reason}")
        _more(len(left_out))
    if examples and dataset.tests:
        meaning = f"; not by meaning: {report.not_by_meaning}" if report.not_by_meaning else ""
        how = "wording and answers" if meaning else "wording, answers and meaning"
        output.say(f"Held against {count(len(dataset.tests), 'test case')} by {how}{meaning}.")


def _origin(report: Report) -> str:
    examples = report.dataset.examples
    if report.dataset.recipe.format == "dpo":
        return "a passed answer beside a failed one."
    expected = sum(example.source == "expected" for example in examples)
    return f"{expected:,} as expected, {len(examples) - expected:,} as passed."


def _tokens(report: Report) -> str:
    examples = report.dataset.examples
    tokens = [example.tokens for example in examples]
    least, most = min(tokens), max(tokens)
    each = f"{least:,} to {most:,}" if least < most else f"{most:,}"
    if all(example.exact for example in examples):
        return f"{sum(tokens):,} tokens, {each} an example"
    return f"About {sum(tokens):,} tokens (estimated), {each} an example"


def _window(recipe: Recipe) -> str:
    if recipe.window is None:
        return "the model's window is not known."
    return f"the window of {recipe.model} holds {recipe.window:,}."


def _print_leaks(leaks: tuple[Leak, ...]) -> None:
    if not leaks:
        return
    verb = "leaks" if len(leaks) == 1 else "leak"
    output.say(f"{count(len(leaks), 'pair')} of an example and a test case {verb}:")
    for leak in leaks[:_SHOWN]:
        output.say(
            f"  {leak.train.key} → {leak.test.key}: {MEANING[leak.kind]} ({leak.similarity:.0%})"
        )
        output.say(f"    train: {first_line(leak.train)}")
        output.say(f"    test:  {first_line(leak.test)}")
    _more(len(leaks))


def _more(number: int) -> None:
    if number > _SHOWN:
        output.say(f"  … and {number - _SHOWN:,} more; --json lists all")


def _print_exported(report: Report, done: Exported) -> None:
    for file in (done.training, done.validation):
        if file is not None:
            output.say(f"{file.path}: {count(file.examples, 'example')}, sha256 {file.sha256}")
    left_out = len(report.dataset.left_out)
    output.say(
        f"{count(left_out, 'train case')} left out; what the files rest on is in "
        f"{done.manifest.name}."
    )
    if report.leaks:
        verb = "leaks" if len(report.leaks) == 1 else "leak"
        output.note(
            f"{count(len(report.leaks), 'pair')} {verb}; the manifest says that you allowed it."
        )
    elif not report.ok:
        for finding in report.findings:
            if finding.severity == "must":
                output.note(f"{finding.sentence} {finding.repair}")
    if report.not_by_meaning:
        output.note(f"Prompts were not compared by meaning: {report.not_by_meaning}.")
    if done.stale is not None:
        output.note(f"{done.stale.name} is from an earlier export, and no part of this one.")
