"""An expectation as a person types it: in a text box, or in the cell of a table."""

from __future__ import annotations

import json
import re
from typing import cast

from lab.grading.findings import ExpectationError
from lab.grading.kinds import (
    BARE,
    KINDS,
    LISTS,
    MEASURED,
    kind_of,
    takes_threshold,
    validate,
    written,
)
from lab.grading.lists import join_list, split_list
from lab.grading.numbers import parse_number
from store.records import Assertion, Expectation

# Names that promptfoo has and Litmus has not: a line with one is a check that would be lost.
_OTHERS_ALONE = ("is-xml", "contains-xml", "is-html", "contains-html", "is-sql", "contains-sql")
_OTHERS = "|".join(_OTHERS_ALONE) + (
    "|javascript|python|ruby|webhook"
    "|perplexity|perplexity-score|rouge-n|model-graded-closedqa|model-graded-factuality"
    "|factuality|g-eval|answer-relevance|context-faithfulness|context-recall|context-relevance"
    "|is-refusal|word-count|finish-reason|is-valid-openai-function-call"
    "|is-valid-openai-tools-call|is-valid-function-call"
)
_LINE = (
    rf"(?s)(?P<indent>\s*)(?P<escape>\\*)(?:threshold:(?P<whole>.*)"
    rf"|(?P<type>(?:not-)?(?:{'|'.join(KINDS)}|{_OTHERS}))"
    r"(?:\((?P<threshold>[^()]*)\))?(?:\s*\[weight (?P<weight>[^][]*)\])?(?:\s*|:(?P<value>.*)))"
)
# Without one of these a text has no such line, which most texts show at once.
_MARKS = (":", "\r", "is-", "contains-", "(", "[")
_NUMBER = r"(?a)\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*"
_TOLERANCE = r"(?s)(.*?)\s*(?:±|\+/?-)\s*(.*)"
_UNITS = {
    "latency": r"(?s)(.*?)\s*(?:ms)?",
    "cost": r"(?s)\$?\s*(.*?)\s*(?:USD)?",
}


def parse_lines(text: str) -> Expectation:
    """Read an expectation as it is typed.

    A line such as `contains: x`, `not-icontains-any: a, "b, c"` or `regex: x` is an
    assertion, and so are `numeric: 42 ± 0.5` (or `+-`), `is-json` alone, `is-json: {a schema}`,
    `latency: 2000` (milliseconds) and `cost: 0.002` (US dollars). A threshold stands in
    parentheses, as in `similar(0.8): x`, and a weight behind it, as in
    `contains [weight 2]: x`. A line `threshold: 0.7` is that of the whole expectation.

    Every other line is expected text, and so is one that begins with a backslash before such
    a name (the backslash is dropped). A value that is a JSON string, in double quotes, stands
    for what it spells, so that it can hold line breaks; a list keeps its quotes. Raises
    ExpectationError for what `validate` refuses.
    """
    if not any(mark in text for mark in _MARKS):
        return Expectation(text.strip())
    kept: list[str] = []
    assertions: list[Assertion] = []
    threshold: float | None = None
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _check_line(line)
        if not match:
            kept.append(line)
        elif match["escape"]:
            kept.append(match["indent"] + line[len(match["indent"]) + 1 :])
        elif match["whole"] is None:
            assertions.append(_read_assertion(match))
        elif threshold is None:
            threshold = _read_threshold(match["whole"])
        else:
            raise ExpectationError("The line threshold: stands there twice; keep one.")
    return Expectation("\n".join(kept).strip(), tuple(assertions), threshold)


def format_lines(expectation: Expectation) -> str:
    """Return an expectation as `parse_lines` reads it: its text, assertions and threshold."""
    lines = [_escaped(line) for line in expectation.text.split("\n") if expectation.text]
    lines += [_written(each) for each in expectation.assertions]
    if expectation.threshold is not None:
        lines.append(f"threshold: {written(expectation.threshold)}")
    return "\n".join(lines)


def _check_line(line: str) -> re.Match[str] | None:
    """Return the parts of a line that is an assertion or the threshold, or None."""
    match = re.fullmatch(_LINE, line)
    if not match or match["whole"] is not None:
        return match
    kind, bar = match["type"].removeprefix("not-"), match["threshold"]
    if bar is not None and not re.fullmatch(_NUMBER, bar):
        # In `equals(a, b): …` somebody writes of a function, in `similar(high): …` a bar.
        return match if kind in KINDS and takes_threshold(kind) else None
    if match["value"] is not None or bar is not None or match["weight"] is not None:
        return match
    alone = kind in BARE and kind not in MEASURED
    return match if alone or kind in _OTHERS_ALONE else None


def _read_assertion(match: re.Match[str]) -> Assertion:
    type, rest = match["type"], (match["value"] or "").strip()
    kind = kind_of(type)
    threshold = None
    if match["threshold"] is not None:
        threshold = _read_number(match["threshold"], f"The threshold of {type}")
    tolerance = 0.0
    if kind == "numeric":
        rest, tolerance = _read_tolerance(rest)
    if kind in MEASURED and rest and threshold is None:
        amount = cast("re.Match[str]", re.fullmatch(_UNITS[kind], rest))[1]
        rest, threshold = "", _read_number(amount, f"The bound of {type}")
    weight = 1.0
    if match["weight"] is not None:
        weight = _read_number(match["weight"], f"The weight of {type}")
    value = rest if kind in LISTS else _unquoted(rest)
    assertion = Assertion(type, value, tolerance, weight, threshold)
    validate(assertion)
    return assertion


def _read_threshold(text: str) -> float:
    threshold = _read_number(text, "The threshold")
    if not 0 <= threshold <= 1:
        raise ExpectationError("The threshold of all checks together must be 0 to 1.")
    return threshold


def _read_number(text: str, what: str) -> float:
    if not re.fullmatch(_NUMBER, text):
        raise ExpectationError(
            f"{what} is “{text.strip()}”, which is no number; for a line that is only text put a "
            "backslash in front."
        )
    return float(text)


def _read_tolerance(rest: str) -> tuple[str, float]:
    split = re.fullmatch(_TOLERANCE, rest)
    if not split:
        return rest, 0.0
    wide = parse_number(split[2])
    if wide is None or "%" in split[2]:
        raise ExpectationError(
            f"The tolerance “{split[2].strip()}” is not a plain number, such as 0.5."
        )
    return split[1], float(wide)


def _written(assertion: Assertion) -> str:
    kind, threshold = assertion.type.removeprefix("not-"), assertion.threshold
    head = assertion.type
    if threshold is not None and kind not in MEASURED:
        head += f"({written(threshold)})"
    if assertion.weight != 1:
        head += f" [weight {written(assertion.weight)}]"
    if kind in MEASURED:
        return f"{head}: {written(threshold or 0.0)}"
    if kind in BARE and not assertion.value:
        return head
    value = _one_line_list(assertion.value) if kind in LISTS else _quoted(assertion.value)
    tolerance = f" ± {written(assertion.tolerance)}" if assertion.tolerance else ""
    return f"{head}: {value}{tolerance}"


def _one_line_list(value: str) -> str:
    if "\n" in value or "\r" in value:
        return join_list(split_list(value))
    return value


def _quoted(value: str) -> str:
    if value != _unquoted(value.strip()) or not value or "\n" in value or "\r" in value:
        return json.dumps(value, ensure_ascii=False)
    return value


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return cast(str, json.loads(text))
        except ValueError:
            return text
    return text


def _escaped(line: str) -> str:
    match = _check_line(line)
    if not match:
        return line
    return f"{match['indent']}\\{line[len(match['indent']) :]}"
