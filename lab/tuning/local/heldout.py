"""How an answer to a held-back example is graded while a model is trained.

By its case's own assertions, as the lab grades the case's answers, where they tell right from
wrong by the answer alone; else it must be word for word the expected one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.grading.assertions import ExpectationError, grade
from lab.tuning.examples.dataset import Example
from store.records import Expectation


def assertions_of(examples: Iterable[Example]) -> list[dict[str, Any]]:
    """Return for each example its case's assertions, with their threshold; nothing where they
    cannot tell.

    They cannot where a judge would be needed, or a time or a price; where they refuse the
    example's own answer, which a person passed; and where they pass an empty one.
    """
    return [_content(each.case.expectation, each.answer) for each in examples]


def _content(expectation: Expectation, answer: str) -> dict[str, Any]:
    if not expectation.assertions:
        return {}
    try:
        own, empty = (grade(expectation, text) for text in (answer, ""))
    except ExpectationError:
        return {}
    # What only a judge can tell has no grade, and what nobody measured does not pass.
    if own is None or own.verdict != "pass" or (empty is not None and empty.verdict == "pass"):
        return {}
    content = expectation.content()
    del content["text"]
    return content
