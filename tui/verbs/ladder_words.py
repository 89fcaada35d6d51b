"""The words of `litmus ladder`, `receipt`, `report` and `economics`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

from store.records import RUNGS


def fill(
    verbs: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    path: Callable[[str], object],
    share: Callable[[str], float],
    name: Callable[[str], str],
) -> None:
    """Add these verbs to the program's."""
    ladder = verbs.add_parser(
        "ladder",
        parents=[one, json],
        help="each rung's rate, each step's verdict; or gate on them",
        description="Where each rung stands, and whether the step to it pays.",
    )
    ladder.add_argument(
        "--fail-under",
        metavar="RATE",
        type=share,
        help="exit 1 unless the best rung's rate is at least this (0.8 or 80%%)",
    )
    ladder.add_argument(
        "--require",
        choices=("CLIMB", "STAY", "GOOD_ENOUGH"),
        help="exit 1 unless this is the session's verdict",
    )
    ladder.add_argument(
        "--pin", metavar="VARIANT", type=name, help="let this variant stand for its rung, by hash"
    )
    ladder.add_argument(
        "--unpin", choices=RUNGS, help="let the best variant stand for this rung again"
    )
    ladder.set_defaults(call="laddering:show")

    receipt = verbs.add_parser(
        "receipt",
        parents=[one, json],
        help="a step's verdict with all that it rests on",
        description="What a verdict rests on: cases, answers, models, prompts, prices, dates.",
    )
    for which, meaning in (("first", "from this rung"), ("second", "to this one")):
        receipt.add_argument(
            which, metavar="AB"[which == "second"], type=name, help=f"{meaning}, or variant by hash"
        )
    receipt.set_defaults(call="reporting:receipt")

    report = verbs.add_parser(
        "report", parents=[one, json], help="write the whole ladder to a file: .html or .md"
    )
    report.add_argument("file", metavar="FILE", type=path, help="a name that ends in .html or .md")
    report.set_defaults(call="reporting:report")

    _economics(verbs, one, json, share)


def _economics(
    verbs: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    share: Callable[[str], float],
) -> None:
    economics = verbs.add_parser(
        "economics",
        parents=[one, json],
        help="what a right answer is worth, and what the steps cost",
        description="Without an option, shows what is reckoned with. `none` forgets a value.",
    )
    number = _or_none(_number)
    for option, metavar, meaning in (
        ("--value", "USD", "what a right answer is worth"),
        ("--wrong", "USD", "what a wrong answer costs"),
        ("--volume", "N", "answers a month"),
        ("--horizon", "MONTHS", "over how many months"),
        ("--hourly", "USD", "what an hour of your work costs"),
        ("--machine", "USD", "what an hour of training on this machine costs: rent, electricity"),
    ):
        economics.add_argument(option, metavar=metavar, type=number, help=meaning)
    economics.add_argument(
        "--target", metavar="RATE", type=_or_none(share), help="the rate that is good enough"
    )
    for option, metavar, meaning in (
        ("--price", "RUNG=USD", "what an answer of a rung costs, where it is not measured"),
        ("--upfront", "RUNG=USD", "what a rung costs once"),
        ("--hours", "RUNG=H", "hours of your work that a rung takes once"),
    ):
        economics.add_argument(
            option, metavar=metavar, type=_of_rung(number), action="append", help=meaning
        )
    economics.set_defaults(call="laddering:economics")


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", "").lstrip("$"))
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 up")
    return value


def _or_none(read: Callable[[str], float]) -> Callable[[str], float | str]:
    """Let `none` through, which forgets a value."""

    def value(text: str) -> float | str:
        return "none" if text.strip().lower() == "none" else read(text)

    return value


def _of_rung(read: Callable[[str], float | str]) -> Callable[[str], tuple[str, float | str]]:
    def value(text: str) -> tuple[str, float | str]:
        rung, equals, number = text.partition("=")
        if rung not in RUNGS or not equals:
            raise argparse.ArgumentTypeError(
                f"{text[:40]!r} is not of the form RUNG=NUMBER; rungs are {', '.join(RUNGS)}"
            )
        return rung, read(number)

    return value
