"""JSON as the standard has it, read so that no text can make the program fail."""

from __future__ import annotations

import json
from typing import Any, NoReturn

_MOST_DIGITS = 300


def same_json(wanted: str, text: str) -> bool | None:
    """Return whether a text is the same JSON value; None when `wanted` is no JSON itself.

    The order of keys and white space do not count, and 1.0 is 1.
    """
    try:
        value = loads(wanted)
    except ValueError:
        return None
    try:
        return _canonical(value) == _canonical(loads(text))
    except ValueError:
        return False


def loads(text: str) -> Any:
    """Read JSON as the standard has it: no NaN, no numbers beyond a double's range.

    Raises ValueError with the reason in a few words.
    """
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as problem:
        raise ValueError(f"{problem.msg.lower()}, line {problem.lineno}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _canonical(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _number(digits: str) -> float | int:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number that is too large")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number that is too large")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(
    parse_float=_number, parse_int=_whole_number, parse_constant=_no_constant
)
