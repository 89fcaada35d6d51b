"""The words of the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from store.records import RUNGS
from tui import __version__
from tui.verbs import (
    answer_words,
    bench_words,
    case_words,
    docs_words,
    ladder_words,
    number_words,
    output,
    store_options,
    tune_job_words,
    tune_words,
)

_EPILOG = """\
Exit status: 0 fine, 1 the answer is "no" or not everything was done, 2 a usage or input
error, 130 interrupted. Everything is kept in litmus.db, in --home, LITMUS_HOME or your
data folder."""


Verbs = Any  # argparse has no public name for what add_subparsers returns


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and takes options by their whole names only."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        output.flush()
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        output.complain(f"{message}; see `{self.prog} --help`.")
        self.exit(2)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; `call` names the module and function that carry them out."""
    options = _parser().parse_args(arguments)
    for name in ("home", "session", "json"):
        if not hasattr(options, name):
            setattr(options, name, None if name != "json" else False)
    return options


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument(
        "--home",
        metavar="DIR",
        type=_folder,
        default=argparse.SUPPRESS,
        help="where litmus.db is kept",
    )
    one = _Parser(add_help=False, parents=[common])
    one.add_argument(
        "--session",
        metavar="NAME",
        type=_name,
        default=argparse.SUPPRESS,
        help="the session to work on (default: the last used)",
    )
    json = _Parser(add_help=False)
    json.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )
    parser = _Parser(
        prog="litmus",
        parents=[one],
        description="Can AI do this task, and is the next step up worth its price? "
        "Without a verb, opens the app.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"litmus {__version__}")
    parser.set_defaults(call="app:run")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=_Parser)

    demo = verbs.add_parser(
        "demo", parents=[common, json], help="the ladder on the fixtures, with the embedded model"
    )
    demo.add_argument("--headless", action="store_true", help="without the app")
    demo.add_argument(
        "--tune",
        action="store_true",
        help="another task, with the last rung: a model trained on this machine (extra tune)",
    )
    demo.add_argument(
        "--seed", metavar="N", type=tune_job_words.seed, default=0, help="of the training, headless"
    )
    demo.set_defaults(call="demo:demo")

    new = verbs.add_parser("new", parents=[common, json], help="make a session")
    new.add_argument("name", metavar="NAME", type=_text)
    new.add_argument("--task", type=_text, default="", help="what the AI is to do, in a line")
    _money(new, "--cap", "the most that the session may spend (default: 5)")
    new.set_defaults(call="sessions:new")

    listed = verbs.add_parser("sessions", parents=[common, json], help="list the sessions")
    listed.set_defaults(call="sessions:listed")

    resume = verbs.add_parser("resume", parents=[one], help="open the app where you left it")
    resume.add_argument("name", metavar="NAME", nargs="?", type=_name)
    resume.set_defaults(call="app:resume")

    for fill in (_bench, _docs, _run, _answers, _label, _judge):
        fill(verbs, one, json)

    ladder_words.fill(verbs, one, json, _path, number_words.share, _name)
    tune = _group(verbs, one, "tune", "fine-tuning: check what is trained on, train, follow")
    tune_words.fill(tune, one, json, _path, number_words.share)
    tune_job_words.fill(
        *(tune, one, json),
        name=_name,
        part=tune_words.part(number_words.share),
        whole=number_words.whole,
        amount=number_words.amount,
        path=_path,
    )

    oracle = verbs.add_parser(
        "oracle",
        parents=[one, json],
        help="why the rung rag fails: its failures again, with the evidence pasted in",
    )
    _money(oracle, "--budget", "the most that the session may spend, for this time")
    oracle.set_defaults(call="consulting:consult")

    models = verbs.add_parser("models", parents=[common, json], help="what can be asked")
    models.add_argument("--provider", metavar="P", type=_name, help="only this provider")
    models.add_argument("--base-url", metavar="URL", type=_name, help="any compatible server")
    models.set_defaults(call="models:models")

    doctor = verbs.add_parser("doctor", parents=[common, json], help="look whether all is well")
    doctor.set_defaults(call="models:doctor")
    return parser


def _group(verbs: Verbs, one: _Parser, name: str, help: str) -> Verbs:
    group = verbs.add_parser(name, parents=[one], help=help)
    return group.add_subparsers(metavar="VERB", parser_class=_Parser, required=True)


def _bench(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    group = _group(verbs, one, "bench", "the benchmark: import, list, check, edit, export")
    bench_words.fill(group, one, json, _path)
    listed = group.add_parser("list", parents=[one, json], help="list the cases")
    listed.add_argument("--filter", metavar="TEXT", type=_text, help=case_words.FILTER)
    listed.set_defaults(call="benchmark:listed")
    case_words.fill(group, one, json, _name)


def _docs(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    group = _group(verbs, one, "docs", "documents: add, list, put into the context or the store")
    docs_words.fill(group, one, json, _path, _name, _text, number_words.whole, _money)


def _run(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    run = verbs.add_parser("run", parents=[one, json], help="ask a rung's variant every case")
    run.add_argument("--rung", choices=RUNGS, help="what is asked with")
    run.add_argument("--provider", metavar="P", type=_name, help="openai, ollama, embedded, …")
    run.add_argument("--base-url", metavar="URL", type=_name, help="any OpenAI-compatible server")
    run.add_argument("--model", metavar="M", type=_name, help="default: the provider's best")
    run.add_argument("--system", metavar="TEXT", type=_text, help="the system prompt")
    run.add_argument("--temperature", type=number_words.temperature, metavar="T")
    run.add_argument(
        "--max-tokens", type=number_words.whole(1_000_000), metavar="N", help="an answer's length"
    )
    run.add_argument("--split", choices=("test", "train", "all"), default="test")
    run.add_argument(
        "--epochs", type=number_words.whole(1000), default=1, metavar="N", help="answers per case"
    )
    run.add_argument(
        "--concurrency", type=number_words.whole(256), metavar="N", help="questions at once"
    )
    _money(run, "--budget", "the most that the session may spend, for this run")
    run.add_argument("--fresh", action="store_true", help="ask anew what has an answer")
    run.add_argument("--dry-run", action="store_true", help="say what would be asked, and stop")
    run.add_argument(
        "--pilot", action="store_true", help="ask three cases, say what the rest would cost"
    )
    run.add_argument(
        "--stop-early", action="store_true", help="stop once the verdict on the step is fixed"
    )
    run.add_argument(
        "--again",
        action="store_true",
        help="ask anew what the last verdict rests on, and say whether it still stands",
    )
    run.add_argument(
        "--no-base",
        action="store_true",
        help="on the rung tuned: do not ask the model that it was made from, under the same prompt",
    )
    rag = run.add_argument_group("on the rung rag")
    store_options.retrieval_words(rag, number_words.whole)
    store_options.indexing_words(rag, _name, number_words.whole)
    run.set_defaults(call="running:run")


def _answers(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    group = _group(verbs, one, "answers", "answers made elsewhere: import")
    answer_words.fill(group, one, json, _path, _name)


def _label(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    label = verbs.add_parser(
        "label",
        parents=[one],
        help="label what waits, one key each; or import, export",
        description="Without a verb, opens the app on the answers that wait for your label.",
    )
    label.add_argument("--blind", action="store_true", help="hide whose answers they are")
    label.add_argument(
        "--settle",
        action="store_true",
        help="only the answers whose labels would settle the ladder's verdict soonest",
    )
    label.set_defaults(call="app:label")
    group = label.add_subparsers(metavar="VERB", parser_class=_Parser)
    read = group.add_parser("import", parents=[one, json], help="read verdicts from CSV or JSONL")
    read.add_argument("file", metavar="FILE", type=_path)
    read.set_defaults(call="labels:read")
    export = group.add_parser("export", parents=[one], help="write verdicts")
    export.add_argument("file", metavar="FILE", help=".csv or .jsonl, or - for standard output")
    export.add_argument("--format", choices=("csv", "jsonl"), help="default: by the file's name")
    export.set_defaults(call="labels:export")


def _judge(verbs: Verbs, one: _Parser, json: _Parser) -> None:
    judge = verbs.add_parser(
        "judge", parents=[one, json], help="have a model judge the answers; labels check it"
    )
    judge.add_argument("--rung", choices=RUNGS, help="only this rung's answers")
    judge.add_argument("--provider", metavar="P", type=_name, help="the judge's provider")
    judge.add_argument("--base-url", metavar="URL", type=_name, help="any OpenAI-compatible server")
    judge.add_argument("--model", metavar="M", type=_name, help="the judge (default: as before)")
    judge.add_argument("--split", choices=("test", "train", "all"), default="test")
    judge.add_argument(
        "--concurrency", type=number_words.whole(256), metavar="N", help="questions at once"
    )
    _money(judge, "--budget", "the most that the session may spend, for this time")
    judge.add_argument("--fresh", action="store_true", help="judge anew what this judge has judged")
    judge.set_defaults(call="judging:judge")


def _money(parser: argparse.ArgumentParser, name: str, help: str) -> None:
    parser.add_argument(name, metavar="USD", type=number_words.amount, help=help)


def _path(text: str) -> Path:
    """Return the path that a person typed; a `~` for nobody's folder is taken as it is."""
    if not text:
        raise argparse.ArgumentTypeError("a path is empty")
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser can raise


def _folder(text: str) -> Path:
    return _path(text).absolute()


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("it is not text in the terminal's encoding") from None
    return text


def _name(text: str) -> str:
    # An empty one comes from a variable that was not set, and must not mean the default.
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return _text(text)
