"""The formats that answers are read from, by the names of `litmus answers import --format`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from lab.interop.answers import AnswerFile
from lab.interop.files import ImportProblem, read_text
from lab.interop.source import Source

FORMATS = ("csv", "jsonl", "promptfoo", "inspect", "inspect-scores", "llm")
_SQLITE = b"SQLite format 3\0"
_ZIP = b"PK\x03\x04"
_RESULT = {"promptIdx", "testIdx", "vars"}


def read_answers(path: Path, format: str = "", *, scorer: str = "") -> AnswerFile:
    """Read a file of answers, whole or not at all; the format is guessed where none is named.

    `scorer` names the scores of an Inspect log that are a person's. Raises ImportProblem,
    naming the place and the reason, or StoreError for a database that is not llm's.
    """
    if format and format not in FORMATS:
        raise ImportProblem(f"“{format}” is no format; take one of {', '.join(FORMATS)}.")
    head = _head(path)
    if head.startswith(_SQLITE):
        kind = "llm"
    elif head.startswith(_ZIP):
        kind = "inspect"
    else:
        kind = ""
    if kind and format not in ("", kind):
        raise ImportProblem(f"{path.name} is not {format}; without --format it is read as {kind}.")
    found = _binary(path, kind, scorer) if kind else _text(path, format, scorer)
    if not found.rows:
        raise ImportProblem(f"{path.name} holds no answers.")
    return found


def holds_answers(source: Source) -> bool:
    """Tell whether a text is a log of answers, of promptfoo or Inspect, and no benchmark."""
    whole = _whole(source.text)
    return whole is not None and _guessed(source, whole) in ("promptfoo", "inspect")


def _binary(path: Path, kind: str, scorer: str) -> AnswerFile:
    if kind == "llm":
        from lab.interop.llm_logs import read_logs

        return read_logs(path)
    from lab.interop.inspect_answers import read_eval

    return read_eval(path, scorer)


def _text(path: Path, format: str, scorer: str) -> AnswerFile:
    source = Source(path, read_text(path))
    whole = _whole(source.text)
    kind = format or _guessed(source, whole)
    if kind == "llm":
        raise ImportProblem(f"{path.name} is no database, as llm's logs are.")
    if kind == "promptfoo":
        from lab.interop.promptfoo_results import read_results

        return AnswerFile(source.name, kind, tuple(read_results(source)))
    if kind == "inspect":
        from lab.interop.inspect_answers import read_log

        if whole is None or "eval" not in whole:
            raise ImportProblem(f"{path.name} is no eval log of Inspect: it has no “eval”.")
        return read_log(whole, source.name, scorer)
    if kind == "inspect-scores":
        from lab.interop.inspect_scores import read_scores

        return read_scores(source)
    from lab.interop.answer_rows import read_rows

    return read_rows(source, lined=kind == "jsonl")


def _guessed(source: Source, whole: dict[str, Any] | None) -> str:
    """Return the format that a text is of; what is particular is tried first."""
    from lab.interop.files import is_jsonl
    from lab.interop.inspect_scores import is_scores
    from lab.interop.rows import first_rows

    if whole is not None:
        if "eval" in whole and whole.keys() & {"samples", "plan", "status"}:
            return "inspect"
        if isinstance(whole.get("results"), dict | list):
            return "promptfoo"
    if not is_jsonl(source.text, source.name):
        return "csv"
    first = first_rows(source)[:1]
    if any(row.keys() >= _RESULT for row in first):
        return "promptfoo"
    return "inspect-scores" if any(map(is_scores, first)) else "jsonl"


def _whole(text: str) -> dict[str, Any] | None:
    """Return the one JSON object that a text is, or None; of JSONL only the first is parsed."""
    if text.lstrip()[:1] != "{":
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE))
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise ImportProblem(f"{path} cannot be read: {reason}.") from None
