"""promptfoo's assertions as Litmus's. Code is never run; what Litmus has not is named.

The types that both have keep their names, values, weights and thresholds. A model-graded type
that is in effect a rubric becomes `llm-rubric`. An `assert-set` is taken apart where that
changes no verdict.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import cast

from lab.grading.assertions import ExpectationError, kind_of, takes_threshold, validate
from lab.grading.findings import UnknownAssertion
from lab.grading.kinds import BARE, LISTS, MEASURED, RUBRIC, SCHEMAS
from lab.grading.lists import join_list
from lab.interop.files import ImportProblem, Refused
from lab.interop.folder import is_reference
from lab.interop.promptfoo_reading import Job, Object, Place, a_list, an_object, is_code
from lab.interop.templates import Values, text_of
from lab.interop.values import kind
from lab.interop.yaml_text import load
from store.records import Assertion, Expectation

_CODE = ("javascript", "python", "ruby", "webhook")
_COMPARED = ("select-best", "max-score", "human")
_SET = "assert-set"
_DEEPEST_SET = 5
_RUBRICS: dict[str, str] = {
    "model-graded-closedqa": "{}",
    "g-eval": "{}",
    "factuality": "The answer agrees in its facts with this: {}",
    "model-graded-factuality": "The answer agrees in its facts with this: {}",
}
_KNOWN = frozenset(
    ("type", "value", "threshold", "weight", "metric", "provider", "rubricPrompt", "transform")
)
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_NAMED_BACK = re.compile(r"\\k<(\w+)>")

Listed = list[tuple[Assertion, float]]


def read_expectation(
    listed: object, threshold: object, values: Values, job: Job, place: Place
) -> Expectation:
    """Return the expectation that a test's `assert` and `threshold` make.

    Templates in the values are filled in with `values`. Raises Refused, ExpectationError or
    ImportProblem for what is no assertion at all.
    """
    bar = read_threshold(threshold)
    reader = _Reader(values, job, place)
    sets = _items(listed, job)
    alone = len(sets) == 1 and sets[0].get("type") == _SET
    if alone and bar is None:
        bar = read_threshold(sets[0].get("threshold"))
    found: list[Assertion] = []
    for item in sets:
        found += reader.read(item, keeps_score=bar is not None)
    return Expectation("", tuple(found), bar if found else None)


def read_threshold(value: object) -> float | None:
    """Return a test's threshold; None where it has none. Raises Refused."""
    bar = _number(value, "threshold", None)
    if bar is not None and not 0 <= bar <= 1:
        raise Refused(f"the threshold is {text_of(value)}, and must be from 0 to 1")
    return bar


def _items(listed: object, job: Job) -> list[Object]:
    """Return the assertions of a list, with those of a file that stands in their place."""
    items: list[Object] = []
    for item in a_list(job.opened(listed), "assert"):
        if is_reference(item):
            opened = job.opened(item)
            inner = cast("list[object]", opened) if isinstance(opened, list) else [opened]
            items += (an_object(each, "an assertion") for each in inner)
        elif item is not None:
            items.append(an_object(item, "an assertion"))
    return items


class _Reader:
    """Reads the assertions of one test."""

    def __init__(self, values: Values, job: Job, place: Place) -> None:
        self._values = values
        self._job = job
        self._place = place

    def read(self, fields: Object, keeps_score: bool, depth: int = 0) -> list[Assertion]:
        """Return what an assertion, or a set of them, becomes; none where it is left out."""
        type = fields.get("type")
        if not isinstance(type, str) or not type.strip():
            raise Refused("an assertion has no type")
        weight = _number(fields.get("weight"), f"the weight of {type}", 1.0)
        assert weight is not None
        if type == _SET:
            return self._read_set(fields, weight, keeps_score, depth)
        self._pass_over(fields, type)
        assertion = self._one(type, fields)
        if assertion is None:
            return []
        if weight != 1.0:
            assertion = replace(assertion, weight=weight)
        validate(assertion)
        return [assertion]

    def _read_set(
        self, fields: Object, weight: float, keeps_score: bool, depth: int
    ) -> list[Assertion]:
        """Take a set apart: its weight is shared out, so that the score stays the same.

        Without a score every member must pass, so that only a set with its own threshold,
        beside others, has a verdict that its members alone cannot give.
        """
        if depth >= _DEEPEST_SET:
            raise Refused(f"an assert-set is nested more than {_DEEPEST_SET} deep")
        if not keeps_score and fields.get("threshold") is not None:
            self._job.lose(self._place, "an assert-set with a threshold of its own is left out")
            return []
        members: list[Assertion] = []
        for item in _items(fields.get("assert"), self._job):
            members += self.read(item, keeps_score, depth + 1)
        whole = sum(member.weight for member in members)
        if not keeps_score and weight:
            return members
        share = weight / whole if whole else 0.0
        return [replace(member, weight=member.weight * share) for member in members]

    def _one(self, type: str, fields: Object) -> Assertion | None:
        kind_name = type.removeprefix("not-")
        value = fields.get("value")
        if kind_name in _CODE:
            self._job.lose_code(self._place, f"the {type} assertion", text_of(value))
            return None
        if isinstance(value, str) and is_reference(value):
            if is_code(value):
                self._job.lose_code(self._place, f"the value of a {type} assertion", value)
                return None
            value = self._file(value)
        else:
            value = self._filled(value)
        if kind_name.startswith("similar:"):
            kind_name = "similar"
        if kind_name in _RUBRICS:
            self._job.notes.add(f"{type} is read as llm-rubric: a judge decides it")
            asked = _RUBRICS[kind_name].format(_lines(value)) if _lines(value).strip() else ""
            kind_name, value = RUBRIC, asked
        elif kind_name in _COMPARED:
            self._job.lose(self._place, f"{type} is left out: it compares or waits for a person")
            return None
        try:
            kind_of(kind_name)
        except UnknownAssertion:
            self._job.lose(self._place, f"{type[:60]} is left out: Litmus has no such check")
            return None
        prefix = "not-" if type.startswith("not-") else ""
        return self._known(prefix, kind_name, value, fields)

    def _known(
        self, prefix: str, kind_name: str, value: object, fields: Object
    ) -> Assertion | None:
        """Return an assertion of a type that Litmus has."""
        type = prefix + kind_name
        threshold = _number(fields.get("threshold"), f"the threshold of {type}", None)
        if kind_name in MEASURED:
            if threshold is None:
                self._job.lose(self._place, f"{type} without a threshold is left out")
                return None
            return Assertion(type, "", threshold=threshold)
        if value is None and kind_name == RUBRIC:
            self._job.lose(self._place, f"{type} without a value is left out")
            return None
        if value is None and kind_name not in BARE:
            raise Refused(f"the assertion {type} has no value")
        if kind_name == "similar" and isinstance(value, list):
            self._job.lose(self._place, f"{type} with several texts is left out")
            return None
        if kind_name == "similar":
            self._job.notes.add("similar compares spelling here, not meaning by embeddings")
        text = _value_text(kind_name, value)
        if kind_name == "regex" and not self._is_pattern(type, text):
            return None
        if kind_name == "regex":
            text = python_pattern(text)
        return Assertion(type, text, threshold=threshold if takes_threshold(type) else None)

    def _is_pattern(self, type: str, text: str) -> bool:
        """Tell whether a pattern can be used; JavaScript's own syntax cannot always."""
        if not text.strip():
            return True  # `validate` says what is missing
        try:
            validate(Assertion(type, python_pattern(text)))
        except ExpectationError as problem:
            self._job.lose(self._place, f"a regex is left out: {str(problem).rstrip('.')}")
            return False
        return True

    def _filled(self, value: object) -> object:
        """Return a value with its templates filled in, as promptfoo does: texts and lists."""
        if isinstance(value, str):
            return self._job.render(value, self._values)
        if not isinstance(value, list):
            return value
        filled: list[object] = []
        for item in cast("list[object]", value):
            if isinstance(item, str) and is_reference(item) and not is_code(item):
                filled.append(self._file(item))
            else:
                filled.append(
                    self._job.render(item, self._values) if isinstance(item, str) else item
                )
        return filled

    def _file(self, reference: str) -> object:
        path = self._job.paths(reference)[0]
        if path.suffix.casefold() in (".json", ".yaml", ".yml"):
            return self._job.data(path)
        return self._job.text(path).strip()

    def _pass_over(self, fields: Object, type: str) -> None:
        """Note what stands with an assertion and changes what it means, and keys unknown."""
        if fields.get("transform"):
            self._job.notes.add("a transform of the answer is code: the answer is checked as it is")
        if fields.get("rubricPrompt"):
            self._job.notes.add("a rubricPrompt is passed over: the judge is asked as Litmus asks")
        for key in fields:
            if key not in _KNOWN and not (key == "config" and type in _CODE):
                self._job.unknown[f"assert.{key}"] = None


def python_pattern(text: str) -> str:
    """Return a JavaScript pattern with its named groups written as Python writes them."""
    return _NAMED_BACK.sub(r"(?P=\1)", _NAMED_GROUP.sub("(?P<", text))


def _value_text(kind_name: str, value: object) -> str:
    """Return a value as Litmus keeps it: a list on one line, an object as JSON."""
    if kind_name in LISTS and isinstance(value, list):
        return join_list(text_of(item) for item in cast("list[object]", value))
    if kind_name in SCHEMAS and isinstance(value, str) and value.strip():
        return _schema_text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value)


def _schema_text(value: str) -> str:
    """Return a schema as JSON; promptfoo lets it be YAML in a text."""
    try:
        read = load(value, "the schema")
    except ImportProblem as problem:
        raise Refused(str(problem)) from None
    return value if isinstance(read, str) else json.dumps(read, ensure_ascii=False)


def _lines(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(text_of(item) for item in cast("list[object]", value))
    return text_of(value)


def _number(value: object, name: str, default: float | None) -> float | None:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is {kind(value)}, and must be a number")
    return float(value)
