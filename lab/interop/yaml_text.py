"""YAML and JSON as promptfoo reads them: YAML 1.2's plain values, with the lines kept.

`yes`, `12:30` and `2024-01-01` are texts, as in the YAML that promptfoo's parser reads. The
values are built from the parser's events, without recursion, so that a hostile file can
neither nest nor unfold without end. No tag makes an object.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from math import isfinite
from typing import NoReturn, cast

from lab.interop.files import ImportProblem, at, is_writable

DEEPEST = 60
MOST_VALUES = 2_000_000  # what all aliases together unfold to, in values or 100 characters

_TAG = "tag:yaml.org,2002:"
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_POINT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_FIRSTS = frozenset("-+.0123456789~nNtTfF")
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_LONGEST_NUMBER = 300


class Lined(dict[str, object]):
    """A mapping that knows the line on which it begins, from 1; 0 where that is not known."""

    __slots__ = ("line",)

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line


@dataclass(slots=True)
class _Open:
    """A mapping or a list that has begun and not ended."""

    value: Lined | list[object]
    anchor: str | None
    size: int = 1
    key: str | None = None
    merged: list[Lined] = field(default_factory=list["Lined"])


def load(text: str, name: str) -> object:
    """Return what a YAML or JSON text holds; its mappings are Lined where it is YAML.

    Raises ImportProblem, naming the line, for what is no YAML, a key that is there twice, a
    second document, a tag of the file's own, and nesting or aliases without end.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            pass  # YAML's flow style looks the same, and its parser names the line
        else:
            if "\\u" in text and not is_writable(value):
                raise ImportProblem(f"{name} holds half a character (a lone \\ud800 to \\udfff).")
            if _is_deep(value):
                raise ImportProblem(f"{name} is nested more than {DEEPEST} deep.")
            return value
    return _Builder(name).build(text)


def plain(text: str) -> object:
    """Return the value that an unquoted YAML scalar stands for."""
    if text and text[0] not in _FIRSTS:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if len(text) <= _LONGEST_NUMBER and _POINT.fullmatch(text) and not text.endswith("_"):
        digits = text.replace("_", "")
        if _WHOLE.fullmatch(text):
            return int(digits)
        return float(digits) if isfinite(float(digits)) else text
    if len(text) <= _LONGEST_NUMBER and _WHOLE.fullmatch(text) and not text.endswith("_"):
        bare = text.lstrip("-+").replace("_", "")
        value = int(bare[2:], _BASES[bare[:2]])
        return -value if text[0] == "-" else value
    return text


class _Builder:
    """Builds the value of one document, event by event."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._documents = 0
        self._size = 0
        self._line = 1
        self.root: object = None

    def build(self, text: str) -> object:
        import yaml

        loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        try:
            for event in yaml.parse(text, Loader=loader):
                self._line = event.start_mark.line + 1 if event.start_mark else 1
                self._take(event)
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            last = text.rstrip().count("\n") + 1
            line = min(mark.line + 1, last) if mark else self._line
            why = str(problem.problem or problem.context)
            # Some builds of the parser have a limit of their own, far above ours.
            if "nesting depth" in why:
                self._refuse(f"nested more than {DEEPEST} deep", line)
            self._refuse(f"not whole YAML ({why})", line)
        except yaml.YAMLError as problem:
            reason = " ".join(str(problem).split("\n")[0].split())
            self._refuse(f"not YAML ({reason})")
        return self.root

    def _take(self, event: object) -> None:
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            size = 1 + len(event.value) // 100
            if event.anchor:
                self._anchors[event.anchor] = (value, size)
            self._add(value, size, merges=event.implicit[0] and event.value == "<<")
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._refuse(f"the alias *{event.anchor} names nothing that stands whole before it")
            self._add(*self._anchors[event.anchor])
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse("a second document begins; keep one in a file")

    def _scalar(self, event: object) -> object:
        import yaml

        assert isinstance(event, yaml.ScalarEvent)
        tag = event.tag.removeprefix(_TAG) if event.tag else ""
        if tag in ("", "!", "str"):
            return plain(event.value) if event.implicit[0] else event.value
        if tag not in ("int", "float", "bool", "null"):
            self._refuse(f"the tag {event.tag} is not read")
        return plain(event.value)

    def _begin(self, event: object) -> None:
        import yaml

        assert isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
        maps = isinstance(event, yaml.MappingStartEvent)
        if event.tag and event.tag not in (f"{_TAG}map", f"{_TAG}seq", "!"):
            self._refuse(f"the tag {event.tag} is not read")
        if len(self._open) >= DEEPEST:
            self._refuse(f"nested more than {DEEPEST} deep")
        if self._open and isinstance(self._open[-1].value, Lined) and self._open[-1].key is None:
            self._refuse("a key is a mapping or a list, and must be a text")
        value: Lined | list[object] = Lined(self._line) if maps else []
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # until it ends it cannot hold itself
        self._open.append(_Open(value, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        if isinstance(done.value, Lined):
            for mapping in done.merged:
                for key, value in mapping.items():
                    done.value.setdefault(key, value)
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        self._add(done.value, done.size)

    def _add(self, value: object, size: int, merges: bool = False) -> None:
        """Put a finished value into what is open, or make it the document's."""
        if not self._open:
            self.root = value
            return
        into = self._open[-1]
        into.size += size
        if into.size > MOST_VALUES:
            self._refuse("its aliases unfold to too much; write it out where it is needed")
        if isinstance(into.value, list):
            into.value.append(value)
        elif into.key is None:
            into.key = "<<" if merges else self._key(value, into.value)
        elif into.key == "<<" and (mappings := _mappings(value)) is not None:
            into.merged.extend(mappings)
            into.key = None
        else:
            into.value[into.key] = value
            into.key = None

    def _key(self, value: object, mapping: Lined) -> str:
        if isinstance(value, Lined | list):
            self._refuse("a key is a mapping or a list, and must be a text")
        key = value if isinstance(value, str) else json.dumps(value)
        if key in mapping:
            self._refuse(f"the key “{key[:40]}” is there twice")
        return key

    def _refuse(self, reason: str, line: int = 0) -> NoReturn:
        at(line or self._line, self._name, reason)


def _is_deep(value: object) -> bool:
    """Tell whether a JSON value nests deeper than is allowed; without recursion."""
    level: list[object] = [value]
    for _ in range(DEEPEST + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += cast("dict[str, object]", each).values()
            elif isinstance(each, list):
                below += cast("list[object]", each)
        if not below:
            return False
        level = below
    return True


def _mappings(value: object) -> list[Lined] | None:
    """Return what a merge key merges; None where it is an ordinary value."""
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    found = [each for each in listed if isinstance(each, Lined)]
    return found if len(found) == len(listed) else None
