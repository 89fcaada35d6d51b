"""The options that say how documents are cut and embedded, and how the store is searched."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from store.library_records import MODES, Indexing, Retrieval
from store.records import SPLITS

Name = Callable[[str], str]
Whole = Callable[[int], Callable[[str], int]]
# A verb, or a group of its options; argparse has no public name for both.
Options = Any


def indexing_words(verb: Options, name: Name, whole: Whole) -> None:
    """Add the options that name a way to cut and embed."""
    verb.add_argument(
        "--chunk-tokens", metavar="N", type=whole(2000), help="the most that a chunk has"
    )
    verb.add_argument(
        "--overlap", metavar="N", type=_count, help="tokens shared with the chunk before"
    )
    verb.add_argument(
        "--embedder", metavar="P", type=name, help="a provider (default: embedded MiniLM)"
    )
    verb.add_argument("--embedding-model", metavar="M", type=name, help="the provider's model")
    verb.add_argument("--embedding-url", metavar="URL", type=name, help="any compatible server")


def retrieval_words(verb: Options, whole: Whole) -> None:
    """Add the options that say how the store is searched."""
    verb.add_argument("-k", metavar="N", type=whole(100), help="how many chunks are taken")
    verb.add_argument("--mode", choices=MODES, help="how they are found (default: hybrid)")
    verb.add_argument(
        "--whole-tokens", metavar="N", type=_count, help="a document of at most this is sent whole"
    )


def search_words(verb: Options, name: Name, whole: Whole) -> None:
    """Add the options that say how, and where, a query is looked for."""
    verb.add_argument("-k", metavar="N", type=whole(100), help="how many chunks are shown")
    verb.add_argument("--mode", choices=MODES, help="how they are found (default: hybrid)")
    for option, help in (
        ("--document", "only in this document; may be given again"),
        ("--tag", "only in documents with this tag; may be given again"),
    ):
        verb.add_argument(option, metavar="NAME", action="append", type=name, help=help)
    verb.add_argument(
        "--chunk-tokens",
        metavar="N",
        type=whole(2000),
        help="in the chunks of this size (default: the session's)",
    )


def evaluation_words(verb: Options, whole: Whole) -> None:
    """Add the options that say which stores are measured, and how deep."""
    verb.add_argument(
        "-k",
        dest="depths",
        metavar="N",
        nargs="+",
        type=whole(50),
        help="tell recall in the first N chunks (default: 1 5 10)",
    )
    verb.add_argument(
        "--chunk-tokens",
        metavar="N",
        nargs="+",
        type=whole(2000),
        help="the stores with such chunks (default: the one that is searched)",
    )
    verb.add_argument(
        "--overlap", metavar="N", nargs="+", type=_count, help="those of them with this overlap"
    )
    verb.add_argument("--split", choices=(*SPLITS, "all"), default="test")


def indexing_of(options: argparse.Namespace, base: Indexing) -> Indexing:
    """Return the way that `base` is, with what the options change."""
    given = {
        "chunk_tokens": options.chunk_tokens,
        "overlap": options.overlap,
        "embedder": options.embedder,
        "model": options.embedding_model,
        "base_url": options.embedding_url,
    }
    # Another provider's model and address are not this one's.
    if options.embedder and options.embedder != base.embedder:
        base = replace(base, embedder=options.embedder, model="", base_url="")
    return replace(base, **{key: value for key, value in given.items() if value is not None})


def retrieval_of(options: argparse.Namespace, base: Retrieval) -> Retrieval:
    """Return the retrieval that `base` is, with what the options change."""
    given = {"k": options.k, "mode": options.mode, "whole_tokens": options.whole_tokens}
    changed = {key: value for key, value in given.items() if value is not None}
    return replace(base, indexing=indexing_of(options, base.indexing), **changed)


def _count(text: str) -> int:
    """Read a whole number from 0 up; argparse turns the error into a line of its own."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number
