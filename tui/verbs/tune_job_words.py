"""The words of `litmus tune start`, `status` and `cancel`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from lab.tuning.jobs import BACKENDS
from lab.tuning.settings import HOSTED
from lab.tuning.trainer.training_spec import SETTABLE

Typed = Callable[[str], object]


def fill(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    *,
    name: Typed,
    part: Typed,
    whole: Callable[[int], Typed],
    amount: Typed,
    path: Typed,
) -> None:
    """Add the verbs to the group `tune`."""
    start = group.add_parser(
        "start",
        parents=[one, json],
        help="train a model on the train cases, and follow it to its end",
        description="Trains on what `litmus tune check` shows; exit status 1 where that forbids "
        "it, or the training fails. Ctrl+C stops following; the job goes on.",
    )
    start.add_argument("--backend", choices=tuple(BACKENDS), default="hosted")
    start.add_argument("--provider", metavar="P", type=name, help="who trains (default: as asked)")
    start.add_argument("--base-url", metavar="URL", type=name, help="any OpenAI-compatible server")
    start.add_argument("--model", metavar="BASE", type=name, help="the model to train")
    start.add_argument(
        "--method",
        choices=("sft", "dpo"),
        default="sft",
        help="a right answer each, or a passed answer beside a failed one (default: sft)",
    )
    start.add_argument(
        "--from",
        dest="source",
        choices=("expected", "passed", "both"),
        help="for sft: as `litmus tune check --from`",
    )
    start.add_argument(
        "--epochs", metavar="N", type=whole(100), help="times over (default: the backend's choice)"
    )
    start.add_argument("--suffix", metavar="S", type=name, help="in the model's name")
    start.add_argument("--seed", metavar="N", type=seed, help="for a training done alike again")
    start.add_argument(
        "--validation",
        metavar="SHARE",
        type=part,
        help="hold back this share of the examples to validate with "
        "(default: 20%% of a local training's, none of a hosted one's)",
    )
    start.add_argument(
        "--minutes",
        metavar="N",
        type=_minutes,
        help="for --backend local: train no longer than this, and keep the best until then",
    )
    start.add_argument(
        "--set",
        metavar="NAME=VALUE",
        nargs="+",
        action="extend",
        help="set what is otherwise chosen for you, such as rank=8 learning_rate=1e-3; local: "
        f"{', '.join(SETTABLE)}; hosted: {', '.join(HOSTED)}, and beta for dpo",
    )
    start.add_argument(
        "--allow-leaks", action="store_true", help="train all the same; the job tells it"
    )
    start.add_argument(
        "--budget", metavar="USD", type=amount, help="the most that the session may spend"
    )
    start.add_argument("--yes", action="store_true", help="start without asking, whatever it costs")
    start.add_argument("--detach", action="store_true", help="start it, and do not follow it")
    start.add_argument(
        "--resume",
        action="store_true",
        help="go on with a start that was broken off, or a local training that was stopped",
    )
    _every(start)
    start.set_defaults(call="tuning_jobs:start")

    status = group.add_parser(
        "status", parents=[one, json], help="how the trainings stand, the newest first"
    )
    _job(status)
    status.add_argument("--follow", action="store_true", help="until the job has ended")
    _every(status)
    status.set_defaults(call="tuning_jobs:status")

    cancel = group.add_parser("cancel", parents=[one, json], help="stop a training")
    _job(cancel)
    cancel.set_defaults(call="tuning_jobs:cancel")

    merge = group.add_parser(
        "merge",
        parents=[one, json],
        help="write a model that was trained here as a folder, for a server that takes no adapters",
        description="Writes base and adapter as one model to a new FOLDER. `transformers serve` "
        "and vLLM serve it; `litmus run --rung tuned --base-url URL --model FOLDER` asks it there.",
    )
    merge.add_argument("folder", metavar="FOLDER", type=path)
    merge.add_argument(
        "--job", metavar="JOB", type=_number, help="its number (default: the newest that succeeded)"
    )
    merge.set_defaults(call="tuning_merge:merge")


def _job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "job", metavar="JOB", nargs="?", type=_number, help="its number (default: the newest open)"
    )


def _every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every",
        metavar="SECONDS",
        type=_seconds,
        help="look this often (default: after 2 seconds, up to 30 while nothing happens)",
    )


def seed(text: str) -> int:
    """Read a seed: a whole number from 0 up."""
    return _whole(text, 0, 2**31 - 1, "a seed")


def _number(text: str) -> int:
    return _whole(text.removeprefix("#"), 1, 2**53, "a job's number")


def _whole(text: str, least: int, most: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not {what}")
    return int(text)


def _minutes(text: str) -> float:
    return _above_zero(text, 1_000_000, "minutes")


def _seconds(text: str) -> float:
    return _above_zero(text, 3600, "seconds up to 3600")


def _above_zero(text: str, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of {what}")
    return value
