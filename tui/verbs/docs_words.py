"""The words of the command line for documents."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.verbs import store_options
from tui.verbs.context_words import context_words


def fill(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    path: Callable[[str], Path],
    name: Callable[[str], str],
    text: Callable[[str], str],
    whole: Callable[[int], Callable[[str], int]],
    money: Callable[[argparse.ArgumentParser, str, str], None],
) -> None:
    """Add the verbs to the group `docs`.

    `path`, `name` and `text` read a file's name, a word that must not be empty, and any
    text; `whole(most)` reads a number from 1 up to `most`; `money` adds an amount.
    """
    add = group.add_parser("add", parents=[one, json], help="read files into the session")
    add.add_argument("paths", metavar="PATH", nargs="+", type=path)
    add.add_argument(
        "--no-context", action="store_true", help="read only, do not put into the context"
    )
    add.add_argument("--password", type=text, help="for an encrypted PDF")
    add.set_defaults(call="adding:add")
    listed = group.add_parser("list", parents=[one, json], help="list the documents")
    listed.set_defaults(call="documents:listed")
    context_words(group, one, json, name)
    _promoting(group, one, json, name, whole, money)
    _searching(group, one, json, name, whole)
    measure = group.add_parser(
        "eval", parents=[one, json], help="measure what retrieval finds of the cases' evidence"
    )
    store_options.evaluation_words(measure, whole)
    measure.set_defaults(call="evaluating:evaluated")


def _promoting(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    name: Callable[[str], str],
    whole: Callable[[int], Callable[[str], int]],
    money: Callable[[argparse.ArgumentParser, str, str], None],
) -> None:
    promote = group.add_parser(
        "promote", parents=[one, json], help="put documents into the RAG store (default: all)"
    )
    promote.add_argument("names", metavar="NAME", nargs="*", type=name)
    store_options.indexing_words(promote, name, whole)
    money(promote, "--budget", "the most that the session may spend, for this time")
    promote.set_defaults(call="promoting:promote")
    demote = group.add_parser(
        "demote", parents=[one, json], help="take documents out of the RAG store (default: all)"
    )
    demote.add_argument("names", metavar="NAME", nargs="*", type=name)
    demote.set_defaults(call="promoting:demote")


def _searching(
    group: Any,
    one: argparse.ArgumentParser,
    json: argparse.ArgumentParser,
    name: Callable[[str], str],
    whole: Callable[[int], Callable[[str], int]],
) -> None:
    search = group.add_parser("search", parents=[one, json], help="search in the RAG store")
    search.add_argument("query", metavar="QUERY", nargs="+", type=name)
    store_options.search_words(search, name, whole)
    search.set_defaults(call="searching:run")
    tag = group.add_parser("tag", parents=[one, json], help="give documents tags to search by")
    tag.add_argument("names", metavar="NAME", nargs="+", type=name)
    for option, help in (("--add", "give them this tag"), ("--remove", "take this tag off")):
        tag.add_argument(option, metavar="TAG", action="append", type=name, help=help)
    tag.set_defaults(call="tagging:tag")
