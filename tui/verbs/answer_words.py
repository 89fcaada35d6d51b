"""The words of `litmus answers`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from store.records import RUNGS

# `lab.interop.answer_formats.FORMATS`, which is not imported before a file is read.
FORMATS = ("csv", "jsonl", "promptfoo", "inspect", "inspect-scores", "llm")


def fill(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    path: Callable[[str], object],
    name: Callable[[str], str],
) -> None:
    """Add what `answers` takes to its group of verbs."""
    read = group.add_parser(
        "import", parents=[one, json], help="take in answers with their model, cost and label"
    )
    read.add_argument("file", metavar="FILE", type=path)
    read.add_argument("--rung", choices=RUNGS, help="where the file does not say it")
    read.add_argument("--model", metavar="M", type=name, help="where the file does not say it")
    read.add_argument("--provider", metavar="P", type=name, help="who served it, for prices")
    read.add_argument("--format", choices=FORMATS, help="default: by the file's content")
    read.add_argument(
        "--known-only", action="store_true", help="leave out what the benchmark does not ask"
    )
    read.add_argument(
        "--label-from", metavar="SCORER", type=name, help="Inspect: take these scores as labels"
    )
    read.add_argument("--dry-run", action="store_true", help="say what would be done, and stop")
    read.set_defaults(call="answers:read")
