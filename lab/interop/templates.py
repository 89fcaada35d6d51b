"""Templates such as `{{name}}` in the texts of a foreign benchmark, filled in with values.

The language is Nunjucks' and Jinja's common part: names, attributes and items of values,
texts and numbers, comparisons, `if`, `for` over a value up to two deep, comments, `raw`, and
some filters. Plain names are filled in here, all else by `lab.interop.template_sandbox`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

Values = Mapping[str, object]
Told = Callable[[str], None]

MOST_CHARACTERS = 10_000_000
_MARKS = ("{{", "{%", "{#")
_LITERALS = {"true", "false", "none", "null", "True", "False", "None"}
_PLAIN = re.compile(r"\{\{ *([A-Za-z_$][\w$]*)((?:\.[A-Za-z_]\w*)*) *\}\}")
_LINKED = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_PASSES = 5


class TemplateRefused(Exception):
    """A template is broken, or does what is not allowed; the message says what."""


def is_template(text: str) -> bool:
    """Tell whether a text has something to fill in."""
    return "{" in text and any(mark in text for mark in _MARKS)


def render(text: str, values: Values, told: Told) -> str:
    """Return a text with its templates filled in; `told` gets a phrase for what went otherwise.

    A name without a value leaves nothing, as in Nunjucks, and is told. A template that is
    broken or does more than is allowed leaves the text as it stands, and is told.
    """
    if not is_template(text):
        return text
    pieces = _pieces(text)
    if pieces is not None:
        return "".join(
            piece if isinstance(piece, str) else text_of(_found(piece, values, told))
            for piece in pieces
        )
    from lab.interop import template_sandbox as sandbox

    try:
        return sandbox.render(text, values, lambda name: told(_missing(name)))
    except TemplateRefused as problem:
        told(str(problem))
    return text


def linked(values: Mapping[str, object]) -> dict[str, object]:
    """Return values whose texts may name each other as `{{name}}`, with those filled in.

    As promptfoo does it, five times over at most.
    """
    done = dict(values)
    for _ in range(_PASSES):
        changed = False
        for name, value in done.items():
            if not isinstance(value, str) or "{{" not in value:
                continue
            match = _LINKED.search(value)
            if match and match[1] in done:
                filled = value.replace(match[0], text_of(done[match[1]]), 1)
                if len(filled) <= MOST_CHARACTERS:
                    done[name], changed = filled, True
        if not changed:
            break
    return done


def text_of(value: object) -> str:
    """Return a value as a template shows it: nothing for null, `true`, `3`, an object as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, list):
        items = cast("list[object]", value)
        if not any(isinstance(item, dict | list) for item in items):
            return ",".join(text_of(item) for item in items)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


# --- plain names, by far the commonest ------------------------------------------------


@lru_cache(maxsize=512)
def _pieces(text: str) -> tuple[str | tuple[str, ...], ...] | None:
    """Return texts and dotted names by turns; None where there is more than plain names."""
    pieces: list[str | tuple[str, ...]] = []
    at = 0
    for match in _PLAIN.finditer(text):
        if match[1] in _LITERALS:
            return None
        pieces += (text[at : match.start()], (match[1], *match[2].split(".")[1:]))
        at = match.end()
    pieces.append(text[at:])
    if any(is_template(piece) for piece in pieces if isinstance(piece, str)):
        return None
    return tuple(pieces)


def _found(path: tuple[str, ...], values: Values, told: Told) -> object:
    value: object = values.get(path[0])
    if path[0] not in values:
        told(_missing(path[0]))
        return None
    for name in path[1:]:
        value = attribute(value, name)
        if value is None:
            told(_missing(".".join(path)))
            return None
    return value


def attribute(value: object, name: str) -> object:
    """Return what stands under a name in a value, or its length; None where nothing does."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).get(name)
    if name == "length" and isinstance(value, str | list):
        return len(cast("str | list[object]", value))
    return None


def _missing(name: str) -> str:
    if name == "env" or name.startswith("env."):
        return "environment variables in a template are not read and leave nothing"
    if name == "_conversation":
        return "earlier answers of a conversation are not carried over into a prompt"
    return f"{{{{{name}}}}} has no value and leaves nothing"
