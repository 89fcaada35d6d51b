"""The words of `litmus tune`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def fill(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    path: Callable[[str], object],
    share: Callable[[str], float],
) -> None:
    """Add the verbs to the group `tune`."""
    check = group.add_parser(
        "check",
        parents=[one, json],
        help="what would be trained on, what is left out, and what leaks",
        description="Makes examples of the train cases and looks whether they can be trained "
        "on. Exit status 1 where something forbids it: too few examples, or a leak.",
    )
    _recipe(check)
    check.set_defaults(call="tuning:check")

    export = group.add_parser(
        "export",
        parents=[one, json],
        help="write the training file: chat JSONL, or preferences",
        description="Writes FILE, and FILE's name with .manifest.json beside it. A leak between "
        "train and test forbids it: exit status 1.",
    )
    export.add_argument("file", metavar="FILE", type=path, help="a name that ends in .jsonl")
    _recipe(export)
    export.add_argument(
        "--validation",
        metavar="SHARE",
        type=part(share),
        default=0.0,
        help="hold back this share of the examples in a file of their own (0.2 or 20%%)",
    )
    export.add_argument(
        "--allow-leaks", action="store_true", help="write it all the same; the manifest says so"
    )
    export.set_defaults(call="tuning:export")


def _recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("sft", "dpo"),
        default="sft",
        help="a right answer each, or a passed answer beside a failed one (default: sft)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        choices=("expected", "passed", "both"),
        help="for sft: what is expected, the newest passed answer, or the one else the other "
        "(default: both)",
    )


def part(share: Callable[[str], float]) -> Callable[[str], float]:
    """Return what reads a share that is less than the whole."""

    def value(text: str) -> float:
        found = share(text)
        if not found < 1:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} would leave nothing to train on")
        return found

    return value
