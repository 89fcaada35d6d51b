"""Lists of texts on one line, as `contains-any: a, "b, c", d` is typed and kept.

A list is a line of CSV. Spaces around an item do not count, an item in double quotes keeps
its commas and spaces (a double quote in it is written twice), and nothing between two commas
is no item. A JSON array of texts is read too; a list with a line break in an item is written
as one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

_ITEM = r'\s*(?:"((?:[^"]++|"")*+)"\s*|([^,]*))(?:,|\Z)'


def split_list(text: str) -> tuple[str, ...]:
    """Return the items of a list that is written on a line."""
    listed = _from_json(text)
    if listed is not None:
        return listed
    items: list[str] = []
    at, item = 0, re.compile(_ITEM)
    while at < len(text):
        match = item.match(text, at)
        assert match is not None  # what is between two commas always matches
        quoted, plain = match.groups()
        if quoted is not None:
            items.append(quoted.replace('""', '"'))
        elif plain.strip():
            items.append(plain.strip())
        at = match.end()
    return tuple(items)


def join_list(items: Iterable[str]) -> str:
    """Return a list as one line that `split_list` reads back as the same items."""
    listed = list(items)
    if any("\n" in item or "\r" in item for item in listed):
        return json.dumps(listed, ensure_ascii=False)
    return ", ".join(_written(item) for item in listed)


def _written(item: str) -> str:
    plain = item and item == item.strip() and not item.startswith("[")
    if plain and "," not in item and '"' not in item:
        return item
    return '"' + item.replace('"', '""') + '"'


def _from_json(text: str) -> tuple[str, ...] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        listed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    items = cast("list[object]", listed)
    if not all(isinstance(item, str) for item in items):
        return None
    return tuple(cast("list[str]", items))
