"""Rows of promptfoo's tables as tests: `__expected` and its like, and what a cell stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lab.grading.kinds import LISTS
from lab.grading.lists import split_list
from lab.interop.files import Refused
from lab.interop.folder import is_reference
from lab.interop.promptfoo_reading import Job, is_code

PROVIDER_OUTPUT = "__providerOutput"
_SINGLE = ("__prefix", "__suffix", "__description", "__threshold", PROVIDER_OUTPUT)
_CONFIG = re.compile(r"__config:__expected(\d*):(.+)")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")


_TYPES = (
    *("contains-all", "contains-any", "contains-html", "contains-json", "contains-sql"),
    *("contains-xml", "contains", "icontains-all", "icontains-any", "icontains", "equals"),
    *("starts-with", "regex", "is-json", "is-html", "is-sql", "is-xml", "is-refusal"),
    *("is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call"),
    *("levenshtein", "similar", "latency", "cost", "rouge-n", "bleu", "gleu", "meteor"),
    *("perplexity-score", "perplexity", "classifier", "moderation", "guardrails", "pi"),
    *("model-graded-closedqa", "model-graded-factuality", "factuality", "g-eval"),
    *("answer-relevance", "context-faithfulness", "context-recall", "context-relevance"),
    *("conversation-relevance", "llm-rubric", "agent-rubric", "search-rubric", "python", "ruby"),
    *("javascript", "webhook", "word-count", "finish-reason", "tool-call-f1", "skill-used"),
    *("trace-error-spans", "trace-span-count", "trace-span-duration"),
    *("numeric", "json-schema"),
)
_CELL = re.compile(
    rf"(not-)?({'|'.join(map(re.escape, _TYPES))})(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?", re.DOTALL
)


def from_cell(text: str) -> dict[str, object]:
    """Return the assertion that a cell such as `contains: x` or `similar(0.8): y` stands for.

    As promptfoo reads it: a text of no known type is what the answer must equal.
    """
    text = text.strip()
    for prefix, type in _PREFIXES.items():
        if text.startswith(prefix):
            return {"type": type, "value": text.removeprefix(prefix).strip()}
    if is_reference(text) and is_code(text):
        return {"type": "python" if ".py" in text else "javascript", "value": text}
    match = _CELL.fullmatch(text)
    if not match:
        return {"type": "equals", "value": text}
    type, value = (match[1] or "") + match[2], match[4]
    fields: dict[str, object] = {"type": type}
    if value is not None:
        fields["value"] = value.strip()
    if match[2] in LISTS and value:
        fields["value"] = [item.strip() for item in _listed(value)]
    if match[3]:
        fields["threshold"] = float(match[3])
    elif match[2] in _USUAL:
        fields["threshold"] = _USUAL[match[2]](value)
    return {name: given for name, given in fields.items() if given is not None}


_PREFIXES = {
    "javascript:": "javascript",
    "fn:": "javascript",
    "eval:": "javascript",
    "python:": "python",
    "grade:": "llm-rubric",
    "llm-rubric:": "llm-rubric",
}


def _listed(value: str) -> list[str]:
    return list(split_list(value)) if '"' in value else value.split(",")


def _bound(value: str | None) -> float | None:
    """Return the number that stands after `latency:`, which is meant as its threshold."""
    try:
        return float((value or "").strip())
    except ValueError:
        return None


_USUAL: dict[str, Callable[[str | None], float | None]] = {
    "similar": lambda _: 0.8,
    "levenshtein": lambda _: 0.75,
    "latency": _bound,
    "cost": _bound,
}


# --- a row ------------------------------------------------------------------------------


def is_special(column: str) -> bool:
    """Tell whether a column is one that promptfoo reads as something else than a variable."""
    return column in (*_SINGLE, "__metric", "__metadata") or column.startswith(
        ("__expected", "__metadata:", "__config:")
    )


def test_of(row: Mapping[str, str], job: Job) -> dict[str, object]:
    """Return the test that a row makes, with the keys that one in YAML has.

    Raises Refused for a number that is none.
    """
    variables: dict[str, object] = {}
    asserts: list[dict[str, object]] = []
    options: dict[str, object] = {}
    metadata: dict[str, object] = {}
    bounds: dict[int, float] = {}
    test: dict[str, object] = {"vars": variables, "assert": asserts}
    for name, cell in row.items():
        column = name.strip()
        if column.startswith("__expected"):
            if cell.strip():
                asserts.append(from_cell(cell))
        elif column in ("__prefix", "__suffix"):
            options[column[2:]] = cell
        elif column == "__description":
            test["description"] = cell
        elif column == "__threshold":
            if cell.strip():
                test["threshold"] = _number(cell, column)
        elif column.startswith("__metadata:"):
            _add_metadata(column.removeprefix("__metadata:"), cell, metadata)
        elif column.startswith("__config:"):
            _add_bound(column, cell, bounds)
        elif column == PROVIDER_OUTPUT:
            test["providerOutput"] = cell
        elif column in ("__metric", "__metadata"):
            job.unknown[column] = None
        else:
            variables[column] = cell
    for place, bound in bounds.items():
        if place < len(asserts):
            asserts[place]["threshold"] = bound
    return {**test, "options": options, "metadata": metadata}


def _add_metadata(key: str, cell: str, metadata: dict[str, object]) -> None:
    if not cell.strip():
        return
    if not key.endswith("[]"):
        metadata[key] = cell
        return
    items = (item.strip().replace("\\,", ",") for item in _UNESCAPED_COMMA.split(cell))
    metadata[key.removesuffix("[]")] = list(items)


def _add_bound(column: str, cell: str, bounds: dict[int, float]) -> None:
    """Keep the threshold of the assertion with a number from 1; none is the first."""
    match = _CONFIG.fullmatch(column)
    if not match or match[2] != "threshold" or match[1] == "0":
        raise Refused(f"the column {column} is not as in __config:__expected1:threshold")
    if cell.strip():
        bounds[int(match[1] or 1) - 1] = _number(cell, column)


def _number(cell: str, column: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise Refused(f"{column} is “{cell[:40]}”, and must be a number") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise Refused(f"{column} is “{cell[:40]}”, and must be a number")
    return value
