"""Single values of foreign files: what they are in words, and texts and lists read from them."""

from __future__ import annotations

import ast
import json
import math
from typing import cast

from lab.interop.files import Refused


def kind(value: object) -> str:
    """Return what a JSON value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def missing(value: object) -> bool:
    """Tell whether a value says nothing: null, or NaN as data frames write it."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def text(value: object, name: str) -> str:
    """Return a text, or a number as text; empty where there is none. Raises Refused."""
    if isinstance(value, str):
        return value
    if missing(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Refused(f"{name} is {kind(value)}, and must be text or a number")


def texts(value: object, name: str) -> list[str]:
    """Return a list of texts, or one text alone, without those that are empty.

    Raises Refused for anything else.
    """
    if not isinstance(value, list):
        value = [value]
    found: list[str] = []
    for item in cast("list[object]", value):
        if isinstance(item, list | dict):
            held = kind(cast(object, item))
            raise Refused(f"{name} holds {held}, and must be text or a list of texts")
        if (each := text(item, name)).strip():
            found.append(each)
    return found


def literal(cell: str) -> object:
    """Return what a table's cell spells as JSON or as a Python literal; else the cell itself.

    Only what begins as a list or an object is looked at. Nothing is ever run.
    """
    if cell.lstrip()[:1] not in ("[", "{"):
        return cell
    try:
        return cast(object, json.loads(cell))
    except (ValueError, RecursionError):
        pass
    try:
        return cast(object, ast.literal_eval(cell.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return cell


def record(value: object, name: str) -> dict[str, object]:
    """Return an object; empty where there is none. Raises Refused."""
    if missing(value) or value == "":
        return {}
    if not isinstance(value, dict):
        raise Refused(f"{name} is {kind(value)}, and must be an object")
    return cast("dict[str, object]", value)
