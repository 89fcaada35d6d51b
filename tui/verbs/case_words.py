"""The words of the command line for single cases and for the benchmark's own check."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

Kind = Callable[[str], str]

FILTER = "only cases with these words, tag:x, split:train, is:failed, is:unlabelled, -tag:x, …"


def fill(group: Any, one: argparse.ArgumentParser, json: argparse.ArgumentParser, id: Kind) -> None:
    """Add the verbs to the group `bench`; `id` reads a case's id."""
    check = group.add_parser("check", parents=[one, json], help="look for the benchmark's faults")
    check.add_argument(
        "--gain",
        type=_points,
        default=20,
        metavar="POINTS",
        help="the gain in the rate that it should be able to show (default: 20)",
    )
    check.set_defaults(call="checking:check")

    edit = group.add_parser("edit", parents=[one, json], help="open a case in your editor")
    edit.add_argument("id", metavar="ID", type=id)
    edit.set_defaults(call="cases:edit")

    change = group.add_parser(
        "set", parents=[one, json], help="change tags, split or evidence of cases"
    )
    change.add_argument("ids", metavar="ID", nargs="+", type=id)
    for name, help in (
        ("--tags", "these tags in place of all others, parted by commas"),
        ("--add-tags", "these tags too"),
        ("--remove-tags", "without these tags"),
    ):
        change.add_argument(name, metavar="TAGS", help=help)
    change.add_argument("--split", choices=("test", "train"))
    change.add_argument(
        "--evidence",
        metavar="DOCUMENT:START-END",
        type=_span,
        action="append",
        help="these characters of a document hold the answer, counted from 0",
    )
    change.add_argument(
        "--quote", metavar="TEXT", action="append", help="these words of a document hold the answer"
    )
    change.add_argument("--document", metavar="NAME", type=id, help="where the quote stands")
    change.add_argument(
        "--no-evidence", action="store_true", help="without the evidence that it has"
    )
    change.set_defaults(call="cases:change")

    remove = group.add_parser("remove", parents=[one, json], help="take cases out")
    remove.add_argument("ids", metavar="ID", nargs="+", type=id)
    remove.set_defaults(call="cases:remove")

    restore = group.add_parser("restore", parents=[one, json], help="bring removed cases back")
    restore.add_argument("ids", metavar="ID", nargs="+", type=id)
    restore.set_defaults(call="cases:bring_back")

    history = group.add_parser("history", parents=[one, json], help="a case's revisions")
    history.add_argument("id", metavar="ID", type=id)
    history.add_argument(
        "--restore", metavar="N", type=_number, help="give the case the content of revision N"
    )
    history.set_defaults(call="cases:history")


def _points(text: str) -> int:
    value = int(text) if text.isdecimal() and len(text) < 4 else 0
    if not 1 <= value <= 90:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 90")
    return value


def _span(text: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"(.+):(\d{1,9})-(\d{1,9})", text, re.DOTALL)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no span; write it as handbook.md:120-180"
        )
    return found[1], int(found[2]), int(found[3])


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a revision's number")
    return int(text)
