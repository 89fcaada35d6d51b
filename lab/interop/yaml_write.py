"""JSON-ready values as YAML that a person can read: in blocks, and quoted where it must be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import cast

# Words that every YAML reads as texts: none is a number, a date, a yes or a null.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
_RESERVED = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_BLOCK = re.compile(
    r"(?![\s#])[^\r\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+(?<!\s)"
)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_LONGEST_PLAIN = 80


def dump(value: object) -> str:
    """Return a mapping or a list as YAML, ending in a line break."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: object) -> Iterator[str]:
    """Yield the lines of a value, of which nothing stands to the left yet."""
    held = _held(value)
    if isinstance(held, dict):
        for key, item in held.items():
            yield from _under(f"{_scalar(key)}:", item)
    elif held:
        for item in held:
            if _held(item):
                for number, line in enumerate(_lines(item)):
                    yield ("  " if number else "- ") + line if line else ""
            else:
                yield from _under("-", item)
    else:
        yield _inline(value)


def _under(head: str, value: object) -> Iterator[str]:
    """Yield what stands after a key or a dash."""
    if _held(value):
        yield head
        yield from (f"  {line}" if line else "" for line in _lines(value))
    elif isinstance(value, str) and "\n" in value and _BLOCK.fullmatch(value):
        yield f"{head} |-"
        yield from (f"  {line}" if line else "" for line in value.split("\n"))
    else:
        yield f"{head} {_inline(value)}"


def _held(value: object) -> dict[str, object] | list[object] | None:
    """Return what a mapping or a list holds; None for a single value."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    return list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else None


def _inline(value: object) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return json.dumps(value)


def _scalar(text: str) -> str:
    plain = len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text)
    if plain and text.casefold() not in _RESERVED:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
