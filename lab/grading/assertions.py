"""Assertions: what the machine checks in an answer, under promptfoo's names.

`equals` compares the whole answer but for outer white space; `contains` looks for a piece of
it, any white space counting as one space, and `icontains` does so whatever the case; these
three compare in Unicode's form NFC. `regex` looks for a match anywhere, `numeric` for any
number in the answer that is within `tolerance`. Each may have `not-` in front. An answer
passes when every assertion holds.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, cast

from lab.grading.numbers import numbers_in, parse_number
from lab.grading.patterns import Pattern, compiled
from store.errors import PlainError
from store.records import Assertion, Expectation

LONGEST_SHORT_TEXT = 80
SECONDS_FOR_A_PATTERN = 0.25
_SHOWN = 60


class ExpectationError(PlainError):
    """An expectation cannot be used; the message is one sentence that says why."""


class UnknownAssertion(ExpectationError):
    """The assertion's type is not one that Litmus can check."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one assertion. `got` says what came instead; it is empty when passed."""

    type: str
    value: str
    passed: bool
    got: str


@dataclass(frozen=True, slots=True)
class Grade:
    """The machine's score of an answer and the checks that it rests on."""

    verdict: Literal["pass", "fail"]
    checks: tuple[Check, ...]

    def rows(self) -> tuple[tuple[str, str, bool, str], ...]:
        """Return the checks as they are stored: (type, value, passed, got)."""
        return tuple((c.type, c.value, c.passed, c.got) for c in self.checks)


@dataclass(frozen=True, slots=True)
class _Finding:
    """Whether the thing was found (None: it could not be told), and what stands there."""

    found: bool | None
    there: str


def grade(expectation: Expectation, text: str) -> Grade | None:
    """Check an answer's text against an expectation.

    Returns None when there is nothing that the machine can check, so that a person judges.
    Raises ExpectationError for an assertion that `validate` would refuse.
    """
    assertions = effective(expectation)
    if not assertions:
        return None
    checks = tuple(_check(assertion, text) for assertion in assertions)
    return Grade("pass" if all(check.passed for check in checks) else "fail", checks)


def effective(expectation: Expectation) -> tuple[Assertion, ...]:
    """Return the assertions that `grade` checks.

    They are the expectation's own where it has any; its text is then for people. A text
    alone on one line of up to 80 characters is looked for in the answer: as a `numeric`
    when it is a plain number, else as an `icontains`. A longer one is for a person to judge.
    """
    text = expectation.text.strip()
    if expectation.assertions or not text:
        return expectation.assertions
    if len(text) > LONGEST_SHORT_TEXT or len(text.splitlines()) > 1:
        return ()
    return (Assertion("icontains" if parse_number(text) is None else "numeric", text),)


def validate(assertion: Assertion) -> None:
    """Raise ExpectationError, or UnknownAssertion, for one that can never be checked."""
    kind, value = kind_of(assertion.type), assertion.value
    if not value.isascii() and re.search("[\ud800-\udfff]", value):
        raise ExpectationError(f"The text after {assertion.type} holds half a character.")
    if kind != "equals" and not value.strip():
        raise ExpectationError(f"{assertion.type} needs something to look for after its colon.")
    if kind == "regex":
        _pattern(value)
    if kind == "numeric":
        _number(value)
    elif assertion.tolerance:
        raise ExpectationError(f"A tolerance belongs to numeric, not to {assertion.type}.")
    if not (math.isfinite(assertion.tolerance) and assertion.tolerance >= 0):
        raise ExpectationError("A tolerance must be zero or more.")


def value_text(assertion: Assertion) -> str:
    """Return what an assertion looks for as a person reads it, with its tolerance."""
    if not assertion.tolerance:
        return assertion.value
    return f"{assertion.value} ± {repr(assertion.tolerance).removesuffix('.0')}"


def _check(assertion: Assertion, text: str) -> Check:
    wanted = not assertion.type.startswith("not-")
    finding = _FINDERS[kind_of(assertion.type)](assertion, text)
    passed = finding.found is wanted
    return Check(assertion.type, value_text(assertion), passed, "" if passed else finding.there)


def kind_of(type: str) -> str:
    """Return an assertion's type without its `not-`; raises UnknownAssertion."""
    kind = type.removeprefix("not-")
    if kind not in _FINDERS:
        raise UnknownAssertion(
            f"Litmus cannot check “{type}”; it can check {', '.join(_FINDERS)}, "
            "each also with not- in front."
        )
    return kind


def _equals(assertion: Assertion, text: str) -> _Finding:
    return _Finding(_nfc(text).strip() == _nfc(assertion.value).strip(), _beginning(text))


def _contains(assertion: Assertion, text: str) -> _Finding:
    return _find(_folded(assertion.value), _folded(text))


def _icontains(assertion: Assertion, text: str) -> _Finding:
    return _find(_caseless(assertion.value), _caseless(text))


def _find(part: str, whole: str) -> _Finding:
    at = whole.find(part)
    if at < 0:
        return _Finding(False, _beginning(whole))
    return _Finding(True, _beginning(whole[max(0, at - 10) :]))


def _regex(assertion: Assertion, text: str) -> _Finding:
    try:
        match = _pattern(assertion.value).search(
            text, timeout=SECONDS_FOR_A_PATTERN, concurrent=True
        )
    except TimeoutError:
        return _Finding(None, f"no result within {SECONDS_FOR_A_PATTERN} s: simplify the pattern")
    return _Finding(match is not None, _beginning(match[0] if match else text))


def _numeric(assertion: Assertion, text: str) -> _Finding:
    value, tolerance = _number(assertion.value), Decimal(repr(assertion.tolerance))
    nearest = min(numbers_in(text), key=lambda found: abs(found[0] - value), default=None)
    if nearest is None:
        return _Finding(False, "no number")
    if abs(nearest[0] - value) <= tolerance:
        return _Finding(True, nearest[1])
    return _Finding(False, f"nearest number {nearest[1]}")


_FINDERS: dict[str, Callable[[Assertion, str], _Finding]] = {
    "equals": _equals,
    "contains": _contains,
    "icontains": _icontains,
    "regex": _regex,
    "numeric": _numeric,
}


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    return " ".join(_nfc(text).split())


def _caseless(text: str) -> str:
    return _nfc(_folded(text).casefold())


def _beginning(text: str) -> str:
    line = " ".join(text.lstrip()[: 4 * _SHOWN].split())
    if not line:
        return "an empty answer"
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _number(text: str) -> Decimal:
    value = parse_number(text)
    if value is None:
        raise ExpectationError(f"“{text.strip()}” is not a number that numeric can look for.")
    return value


def _pattern(text: str) -> Pattern:
    try:
        return compiled(text)
    except ValueError as problem:
        raise ExpectationError(str(problem)) from None


# --- an expectation as a person types it ---------------------------------------------

# Names that promptfoo has and Litmus has not: a line with one is a check that would be lost.
_OTHERS = (
    "starts-with|contains-any|contains-all|icontains-any|icontains-all|is-json|contains-json"
    "|json-schema|is-xml|contains-xml|is-sql|contains-sql|levenshtein|llm-rubric"
)
_CHECK_LINE = re.compile(
    rf"(\s*)(\\*)((?:not-)?(?:{'|'.join(_FINDERS)}|{_OTHERS})):(.*)", re.DOTALL
)
_TOLERANCE = re.compile(r"(.*?)\s*(?:±|\+/?-)\s*(.*)", re.DOTALL)


def parse_lines(text: str) -> Expectation:
    """Read an expectation as it is typed in a text box.

    A line `contains: x`, `not-icontains: x`, `equals: x`, `regex: x` or `numeric: 42 ± 0.5`
    is an assertion; `+-` stands for `±` too. Every other line is expected text, and so is
    one that begins with a backslash before such a name (the backslash is dropped). A value
    that is a JSON string, in double quotes, stands for what it spells, so that it can hold
    line breaks. Raises ExpectationError for what `validate` refuses.
    """
    if ":" not in text and "\r" not in text:
        return Expectation(text.strip())
    kept: list[str] = []
    assertions: list[Assertion] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _CHECK_LINE.fullmatch(line)
        if not match:
            kept.append(line)
        elif match[2]:
            kept.append(match[1] + line[len(match[1]) + 1 :])
        else:
            assertions.append(_read_assertion(match[3], match[4]))
    return Expectation("\n".join(kept).strip(), tuple(assertions))


def format_lines(expectation: Expectation) -> str:
    """Return an expectation as `parse_lines` reads it: its text, then its assertions."""
    lines = [_escaped(line) for line in expectation.text.split("\n") if expectation.text]
    lines += [f"{each.type}: {_written(each)}" for each in expectation.assertions]
    return "\n".join(lines)


def _read_assertion(kind: str, rest: str) -> Assertion:
    tolerance = 0.0
    split = _TOLERANCE.fullmatch(rest) if kind.endswith("numeric") else None
    if split:
        rest, wide = split[1], parse_number(split[2])
        if wide is None or "%" in split[2]:
            raise ExpectationError(
                f"The tolerance “{split[2].strip()}” is not a plain number, such as 0.5."
            )
        tolerance = float(wide)
    assertion = Assertion(kind, _unquoted(rest.strip()), tolerance)
    validate(assertion)
    return assertion


def _written(assertion: Assertion) -> str:
    value = assertion.value
    if value != _unquoted(value.strip()) or not value or "\n" in value or "\r" in value:
        value = json.dumps(value, ensure_ascii=False)
    return value_text(replace(assertion, value=value))


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return cast(str, json.loads(text))
        except ValueError:
            return text
    return text


def _escaped(line: str) -> str:
    match = _CHECK_LINE.fullmatch(line)
    return f"{match[1]}\\{line[len(match[1]) :]}" if match else line
