"""The formats that a benchmark is read from and written to, by the names of `--format`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from lab.interop.files import ImportProblem, read_guessing
from lab.interop.source import Format, ImportResult, Note, Source, Wishes
from store.records import CaseDraft

# In the order in which they are tried: what is most particular comes first.
READERS = {
    "promptfoo": "promptfoo",
    "promptfoo-csv": "promptfoo_csv",
    "squad": "squad",
    "openai-evals": "openai_evals",
    "inspect": "inspect_samples",
    "ragas": "ragas",
    "deepeval": "deepeval",
    "jsonl": "jsonl",
    "csv": "tables",
}
WRITERS = {
    "jsonl": "jsonl",
    "csv": "tables",
    "promptfoo": "promptfoo_write",
    "openai-evals": "openai_evals",
    "inspect": "inspect_samples",
}
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".yaml": "promptfoo", ".yml": "promptfoo"}


def read(path: Path, format: str = "", wishes: Wishes | None = None) -> ImportResult:
    """Read a benchmark file, whole or not at all; the format is guessed where none is named.

    Raises ImportProblem, naming the line and the reason, and Stopped.
    """
    text, guessed = read_guessing(path)
    result = read_source(Source(path, text), format, wishes)
    if guessed:
        note = Note("the file is not UTF-8 and its encoding is guessed", None, len(result.cases))
        result = replace(result, notes=(note, *result.notes))
    return result


def read_source(source: Source, format: str = "", wishes: Wishes | None = None) -> ImportResult:
    """Read a benchmark from a file's text; see `read`."""
    wishes = wishes or Wishes()
    try:
        result = (_reader(format) if format else _guess(source)).read(source, wishes)
    except ImportProblem:
        from lab.interop.answer_formats import holds_answers

        if format or not holds_answers(source):
            raise
        raise ImportProblem(
            f"{source.name} holds answers, not cases: `litmus answers import` takes them in."
        ) from None
    if wishes.strict and result.unknown:
        raise ImportProblem(
            f"{source.name} has what is not used: {', '.join(result.unknown[:20])}; tell what it "
            "is with --map, or leave out --strict."
        )
    return result


def title(format: str) -> str:
    """Return what a format is called in a sentence."""
    return _reader(format).TITLE


def format_for(name: str) -> str:
    """Return the format in which a file of this name is written."""
    return SUFFIXES.get(Path(name).suffix.lower(), "jsonl")


def write(cases: Iterable[CaseDraft], format: str) -> str:
    """Return cases as the text of a file of a format that WRITERS names."""
    writer = cast(
        Callable[[Iterable[CaseDraft]], str],
        import_module(f"lab.interop.{WRITERS[format]}").write,
    )
    return writer(cases)


def _reader(format: str) -> Format:
    if format not in READERS:
        raise ImportProblem(f"“{format}” is no format; take one of {', '.join(READERS)}.")
    return cast(Format, import_module(f"lab.interop.{READERS[format]}"))


def _guess(source: Source) -> Format:
    for name in READERS:
        module = _reader(name)
        if module.matches(source):
            return module
    raise ImportProblem(f"{source.name} is of no format that Litmus knows; name one with --format.")
