"""Templates that are more than plain names, in Jinja's sandbox and within limits.

What a template may do is a list of kinds of nodes and of filters; everything else (calls,
macros, includes, arithmetic) is refused before anything runs. Loops, time and results are
limited, and attributes are looked up in the values alone, so that no template can hang, fill
the memory or reach anything but its values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from time import thread_time
from typing import TYPE_CHECKING, Any, cast

from lab.interop.templates import (
    MOST_CHARACTERS,
    TemplateRefused,
    Values,
    attribute,
    text_of,
)

if TYPE_CHECKING:
    from jinja2 import Environment, Template, nodes

MOST_ITEMS = 1_000
DEEPEST_LOOP = 2
SECONDS = 1.0  # of processor time for one text
_LONGEST_TEMPLATE = 100_000
_TOO_LONG = "a template that makes too long a text stays as it stands"
_IN_WORDS = {
    **dict.fromkeys(("Call", "CallBlock", "Macro"), "a call in a template"),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "Mod"), "arithmetic in a template"),
    **dict.fromkeys(("Assign", "AssignBlock"), "a variable set in a template"),
    **dict.fromkeys(("Include", "Import", "FromImport", "Extends"), "a file in a template"),
}
_IN_LOOPS = ("index", "index0", "revindex", "revindex0", "first", "last", "length")


@dataclass(slots=True)
class _Run:
    """One filling in: who is told of a name without a value, and when time is up."""

    missing: Callable[[str], None]
    ends: float


_run: ContextVar[_Run] = ContextVar("_run")


def render(text: str, values: Values, missing: Callable[[str], None]) -> str:
    """Return a template filled in; `missing` gets each name that has no value.

    Raises TemplateRefused for a template that is broken, not allowed or over the limits.
    """
    from jinja2 import TemplateError

    template = _compiled(text)
    token = _run.set(_Run(missing, thread_time() + SECONDS))
    try:
        parts: list[str] = []
        length = 0
        for part in template.generate(values):
            length += len(part)
            if length > MOST_CHARACTERS:
                raise TemplateRefused(_TOO_LONG)
            parts.append(part)
        return "".join(parts)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        reason = " ".join(str(problem).split())[:80] or type(problem).__name__
        raise TemplateRefused(
            f"a template cannot be filled in and stays as it stands ({reason})"
        ) from None
    finally:
        _run.reset(token)


# --- what is allowed -------------------------------------------------------------------


@lru_cache(maxsize=512)
def _compiled(text: str) -> Template:
    """Return a template that is allowed, ready to be filled in. Raises TemplateRefused."""
    from jinja2 import TemplateSyntaxError

    if len(text) > _LONGEST_TEMPLATE:
        raise TemplateRefused("a template that is too long stays as it stands")
    env = _environment()
    try:
        tree = env.parse(text)
        _check(tree, 0)
        return env.from_string(tree)
    except TemplateSyntaxError as problem:
        reason = (problem.message or "").rstrip(".")
        raise TemplateRefused(f"a template is broken and stays as it stands ({reason})") from None
    except RecursionError:
        raise TemplateRefused("a template that nests too deeply stays as it stands") from None


def _check(node: nodes.Node, depth: int) -> None:
    """Raise TemplateRefused for a node that is not allowed; bound each loop."""
    from jinja2 import nodes

    allowed = (
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name),
        *(nodes.Getattr, nodes.Getitem, nodes.If, nodes.Compare, nodes.Operand, nodes.And),
        *(nodes.Or, nodes.Not, nodes.CondExpr, nodes.List, nodes.Tuple),
    )
    if isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            raise TemplateRefused(f"the filter {node.name} in a template is not read and stays")
    elif isinstance(node, nodes.For):
        depth += 1
        plain = isinstance(node.iter, nodes.Name | nodes.Getattr | nodes.Getitem)
        if depth > DEEPEST_LOOP or node.recursive or node.test or not plain:
            raise TemplateRefused("a loop in a template that is not plain is not read")
    elif not isinstance(node, allowed):
        what = _IN_WORDS.get(type(node).__name__, f"{type(node).__name__.lower()} in a template")
        raise TemplateRefused(f"{what} is not read and stays as it stands")
    for child in node.iter_child_nodes():
        _check(child, depth)
    if isinstance(node, nodes.For):
        each = _PAIRS if isinstance(node.target, nodes.Tuple) else _ITEMS
        node.iter = nodes.Filter(node.iter, each, [], [], None, None)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import ChainableUndefined, Undefined
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Missing(ChainableUndefined):
        """A name without a value: told when it is used, and then nothing."""

        def __str__(self) -> str:
            # Jinja keeps here the name that was looked for.
            if self._undefined_name:
                _run.get().missing(self._undefined_name)
            return ""

    class Sandbox(ImmutableSandboxedEnvironment):
        """Looks names up in values as Nunjucks does: in objects, lists and lengths alone."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, LoopContext):
                return getattr(obj, argument) if argument in _IN_LOOPS else self.undefined()
            found = _item(obj, argument)
            if found is not None:
                return found
            if isinstance(obj, Undefined):
                return obj
            return self.undefined(name=str(argument)[:80])

    env = Sandbox(keep_trailing_newline=True, undefined=Missing, finalize=_shown, cache_size=0)
    untyped = cast(Any, env)  # jinja2 does not say what these hold
    untyped.filters = {**FILTERS, _ITEMS: _items, _PAIRS: _pairs}
    untyped.globals, untyped.tests = {}, {}
    return env


def _item(value: object, name: object) -> object:
    if isinstance(name, str):
        return attribute(value, name)
    if isinstance(value, list | str) and isinstance(name, int):
        held = cast("list[object] | str", value)
        return held[name] if 0 <= name < len(held) else None
    return None


# --- loops and filters -----------------------------------------------------------------

_ITEMS, _PAIRS = "each item", "each pair"  # names that no template can write


class _Items(list[object]):
    """What a loop goes through, and no longer than there is time."""

    def __iter__(self) -> Iterator[object]:
        for item in super().__iter__():
            _in_time()
            yield item


def _in_time() -> None:
    if thread_time() > _run.get().ends:
        raise TemplateRefused("a template that takes too long stays as it stands")


def _items(value: object) -> _Items:
    if not isinstance(value, list | dict):
        _text(value)  # so that a missing one is told
        return _Items()
    held = list(cast("list[object]", value))
    if len(held) > MOST_ITEMS:
        raise TemplateRefused(f"a loop in a template over more than {MOST_ITEMS:,} is not read")
    return _Items(held)


def _pairs(value: object) -> _Items:
    if isinstance(value, dict):
        return _items([list(pair) for pair in cast("dict[str, object]", value).items()])
    return _items(value)


def _shown(value: object) -> object:
    from jinja2 import Undefined

    return value if isinstance(value, Undefined) else text_of(value)


def _text(value: object) -> str:
    from jinja2 import Undefined

    _in_time()
    return str(value) if isinstance(value, Undefined) else text_of(value)


def _upper(value: object) -> str:
    return _text(value).upper()


def _lower(value: object) -> str:
    return _text(value).lower()


def _trim(value: object) -> str:
    return _text(value).strip()


def _join(value: object, separator: object = "", *_: object) -> str:
    if not isinstance(value, list):
        return _text(value)
    between = _text(separator)
    items = [_text(item) for item in cast("list[object]", value)]
    if sum(map(len, items)) + len(items) * len(between) > MOST_CHARACTERS:
        raise TemplateRefused(_TOO_LONG)
    return between.join(items)


def _replace(value: object, old: object, new: object, *_: object) -> str:
    text, each, other = _text(value), _text(old), _text(new)
    if len(text) + (text.count(each) + 1) * len(other) > MOST_CHARACTERS:
        raise TemplateRefused(_TOO_LONG)
    return text.replace(each, other)


def _dump(value: object, *_: object) -> str:
    from jinja2 import Undefined

    _in_time()
    return str(value) if isinstance(value, Undefined) else json.dumps(value, ensure_ascii=False)


def _default(value: object, other: object = "", empty_too: object = False) -> object:
    from jinja2 import Undefined

    gone = isinstance(value, Undefined) or (bool(empty_too) and not value)
    return other if gone else value


def _length(value: object) -> int:
    return len(cast(Any, value)) if isinstance(value, str | list | dict) else 0


def _first(value: object) -> object:
    return cast(Any, value)[0] if isinstance(value, str | list) and value else None


def _last(value: object) -> object:
    return cast(Any, value)[-1] if isinstance(value, str | list) and value else None


def _round(value: object, digits: object = 0, *_: object) -> object:
    if not isinstance(value, int | float) or not isinstance(digits, int):
        return value
    return round(float(value), max(-20, min(20, digits)))


FILTERS: dict[str, Callable[..., object]] = {
    "upper": _upper,
    "lower": _lower,
    "trim": _trim,
    "join": _join,
    "dump": _dump,
    "tojson": _dump,
    "default": _default,
    "d": _default,
    "replace": _replace,
    "length": _length,
    "first": _first,
    "last": _last,
    "round": _round,
}
