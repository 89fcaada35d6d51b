"""The words of the command line for whole benchmarks: import and export."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

# As in lab.interop.formats, which is imported only when a benchmark is read or written.
READ = (
    *("promptfoo", "promptfoo-csv", "squad", "openai-evals", "inspect", "ragas", "deepeval"),
    *("jsonl", "csv"),
)
WRITTEN = ("jsonl", "csv", "promptfoo", "openai-evals", "inspect")

_MAPPING = """\
--map tells which column is what: COLUMN=FIELD, with the column's name, or its number in a
file without a header; the fields are prompt, expected, id, tags, split, context and
metadata.NAME. For example: --map 1=expected,2=prompt"""


def fill(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    path: Callable[[str], Path],
) -> None:
    """Add the verbs to the group `bench`; `path` reads a file's name."""
    read = group.add_parser(
        "import",
        parents=[one, json],
        help="add cases from a file: JSONL, CSV, promptfoo, evals, SQuAD …",
        epilog=_MAPPING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    read.add_argument("file", metavar="FILE", type=path)
    read.add_argument("--format", choices=READ, default="", help="default: told from the content")
    read.add_argument(
        "--map",
        metavar="COLUMN=FIELD",
        action="append",
        default=[],
        help="which column is what; may be given several times",
    )
    read.add_argument(
        "--dry-run", action="store_true", help="show what would be imported, and stop"
    )
    read.add_argument(
        "--strict", action="store_true", help="refuse a file of which not all is understood"
    )
    read.add_argument(
        "--replace", action="store_true", help="give cases that are there already a new revision"
    )
    read.add_argument("--yes", action="store_true", help="ask nothing")
    read.set_defaults(call="benchmark:read")

    export = group.add_parser("export", parents=[one], help="write the cases into a file")
    export.add_argument("file", metavar="FILE", help="a file, or - for standard output")
    export.add_argument(
        "--format", choices=WRITTEN, default="", help="default: by the file's name, else jsonl"
    )
    export.set_defaults(call="benchmark:export")
