"""What it takes to do the same again: the variants whole, and the commands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from lab.context import page_words
from lab.ladder import words
from lab.ladder.telling import when
from lab.report.facts import Fact
from lab.report.receipt import Side
from lab.visible import one_line, visible
from store.library_records import Retrieval
from store.records import IMPORTED, Session, Variant

HIDDEN = "(not shown)"
# Names of parameters that hold a key, whoever wrote them; not those that count tokens.
_SECRET_NAME = re.compile(
    r"api.?key|(^|[._-])key$|secret|passw|authorization|credential|cookie|header"
    r"|(access|auth|api|bearer|refresh|session|id)[._-]?token$|^token$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:sk|gsk|pk|key|dapi)[-_][\w*.-]{6,}|\bdapi[0-9a-f]{8,}|\bBearer\s+\S+", re.IGNORECASE
)
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\\": "\\\\", "'": "\\'"}
_OPTIONS = {"temperature": "--temperature", "max_tokens": "--max-tokens"}


def variant_facts(side: Side) -> list[Fact]:
    """Return what was asked, of whom, with what, and when; no key is among it."""
    facts = side.facts
    variant = facts.standing.variant
    found = [
        Fact("Variant", variant.hash, "the hash of all that follows"),
        Fact("Model", variant.model, _provider(variant)),
    ]
    if facts.models:
        found.append(Fact("Model, as the server called it", ", ".join(facts.models)))
    if variant.tuned is not None:
        made = variant.tuned
        found.append(Fact("Tuned from", made.base_model, f"by {made.made_by}"))
        found.append(Fact("Trained on", made.training_sha256, "the SHA-256 of the training file"))
        if made.leaks:
            pairs = words.count(made.leaks, "pair")
            found.append(
                Fact("Leaks allowed", pairs, "an example and a test case that are too much alike")
            )
    if variant.base_url:
        found.append(Fact("Address", safe_url(variant.base_url)))
    found.append(Fact("System prompt", variant.system or "none", block=bool(variant.system)))
    if variant.parameters:
        text = json.dumps(safe_parameters(variant.parameters), ensure_ascii=False, sort_keys=True)
        found.append(Fact("Parameters", text))
    found += [_document(each) for each in variant.documents]
    if variant.retrieval is not None:
        found.append(Fact("Retrieval", _retrieval(variant.retrieval)))
    found.append(Fact("Prompts sent", facts.asked, "the hash of all messages"))
    answers = words.count(facts.answers, "answer")
    found.append(Fact("Answers", answers, f"up to {side.epochs} a case" if side.epochs > 1 else ""))
    if facts.first_at is not None and facts.last_at is not None:
        came = "imported" if variant.provider == IMPORTED else "asked"
        dates = dict.fromkeys((when(facts.first_at), when(facts.last_at)))
        found.append(Fact("Dates", " to ".join(dates), came))
    return found


def commands(session: Session, sides: Sequence[Side], first: str = "", second: str = "") -> str:
    """Return the commands that ask the same of the same again, a line each.

    `first` and `second` name the step of a receipt; without them it is the whole report.
    """
    name = session.name
    lines = [
        "# The cases and the labels, to take along:",
        _line("litmus bench export", name, "cases.jsonl"),
        _line("litmus label export", name, "labels.csv"),
    ]
    for side in sides:
        lines += ["", f"# {side.facts.rung}:", *_asking(name, side)]
    if first:
        lines += ["", "# The verdict:", _line("litmus receipt", name, first, second)]
    else:
        lines += ["", "# The verdicts:", _line("litmus ladder", name)]
    return "\n".join(lines)


def _asking(session: str, side: Side) -> list[str]:
    variant = side.facts.standing.variant
    if variant.provider == IMPORTED:
        return [
            "# These answers were made elsewhere; import the same file.",
            _line(
                "litmus answers import",
                session,
                "FILE",
                "--rung",
                variant.rung,
                "--model",
                variant.model,
            ),
        ]
    lines = _documents(session, variant)
    given: list[str] = ["--rung", variant.rung]
    if variant.tuned is not None:
        # The job says what is asked, and how.
        lines.append(f"# Made by {_comment(variant.tuned.made_by)}, with `litmus tune start`.")
        return [*lines, _line("litmus run", session, *given)]
    if variant.provider != "custom":
        given += ["--provider", variant.provider]
    if variant.base_url:
        given += ["--base-url", safe_url(variant.base_url)]
    given += ["--model", variant.model]
    if variant.system:
        given += ["--system", variant.system]
    for key, option in _OPTIONS.items():
        if key in variant.parameters:
            given += [option, f"{variant.parameters[key]}"]
    if variant.retrieval is not None:
        given += _retrieving(variant.retrieval)
    if side.epochs > 1:
        given += ["--epochs", str(side.epochs)]
    rest = sorted(set(variant.parameters) - set(_OPTIONS))
    if rest:
        lines.append(f"# No option sets {', '.join(map(_comment, rest))}; set it in the app.")
    return [*lines, _line("litmus run", session, *given)]


def _documents(session: str, variant: Variant) -> list[str]:
    names = [each[0] for each in variant.documents]
    if not names:
        return []
    lines = [_line("litmus docs add", session, *names)]
    if variant.rung == "context":
        lines += [
            _line("litmus docs attach", session, each[0], "--pages", each[2])
            for each in variant.documents
            if len(each) > 2 and each[2]
        ]
        if len(names) > 1:
            lines.append(_line("litmus docs order", session, *names))
    elif variant.retrieval is not None:
        how = _indexing(variant.retrieval)
        lines.append(_line("litmus docs promote", session, *names, *how))
    return lines


def _retrieving(retrieval: Retrieval) -> list[str]:
    given = ["-k", str(retrieval.k), "--mode", retrieval.mode]
    if retrieval.whole_tokens:
        given += ["--whole-tokens", str(retrieval.whole_tokens)]
    return given + _indexing(retrieval)


def _indexing(retrieval: Retrieval) -> list[str]:
    how = retrieval.indexing
    given = ["--chunk-tokens", str(how.chunk_tokens), "--overlap", str(how.overlap)]
    given += ["--embedder", how.embedder, "--embedding-model", how.model]
    return [*given, "--embedding-url", safe_url(how.base_url)] if how.base_url else given


def _line(verb: str, session: str, *arguments: str) -> str:
    return " ".join([verb, "--session", *map(_quoted, (session, *arguments))])


def _quoted(text: str) -> str:
    """Quote a text for a shell, on one line, and so that a page can show it as it is."""
    if text == one_line(text, len(text) + 1):
        return shlex.quote(text)
    shown = (
        _ESCAPES.get(char) or (char if visible(char) == char else _coded(char)) for char in text
    )
    return f"$'{''.join(shown)}'"


def _coded(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\u{ord(char):04x}"


def _comment(text: str) -> str:
    # A line end would let the rest stand as a command of its own.
    return one_line(text, 80)


def _provider(variant: Variant) -> str:
    if variant.provider == IMPORTED:
        served = variant.parameters.get("served_by")
        return f"imported, served by {served}" if served else "imported"
    return f"at {variant.provider}"


def _document(document: Sequence[str]) -> Fact:
    name, sha256, *chosen = document
    pages = page_words(chosen[0]) if chosen else ""
    return Fact("Document", f"{name}, {pages}" if pages else name, f"SHA-256 {sha256}")


def _retrieval(retrieval: Retrieval) -> str:
    values = asdict(retrieval)
    how: dict[str, Any] = values.pop("indexing")
    how["base_url"] = safe_url(how["base_url"])
    shown = {name: value for name, value in {**values, **how}.items() if value not in ("", False)}
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def safe_url(url: str) -> str:
    """Return an address without what may be secret in it: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    return _SECRET.sub("…", urlunsplit((parts.scheme, host, parts.path, "", "")))


def safe_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters in which what holds or looks like a key is not shown."""
    return {
        name: HIDDEN if _SECRET_NAME.search(name) else _without_secret(value)
        for name, value in parameters.items()
    }


def _without_secret(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET.sub("…", value)
    if isinstance(value, dict):
        return safe_parameters(cast(dict[str, Any], value))
    if isinstance(value, list):
        return [_without_secret(each) for each in cast(list[Any], value)]
    return value
