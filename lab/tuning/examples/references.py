"""The whole right answer to a case: as its expectation writes it, or as a person passed it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lab.checking.references import deciding, failed
from store.records import Expectation
from store.training import JudgedAnswer

Why = Literal["no_answer", "not_whole", "unlike_its_checks", "empty_answer", "cut", "cites"]

WHY: dict[Why, str] = {
    "no_answer": "it has no expectation and no passed answer; write one, or label an answer pass",
    "not_whole": (
        "nothing says what the whole answer is; label an answer pass, or write it as text"
    ),
    "unlike_its_checks": (
        "its expected text does not pass its own checks, so it is no answer; mend it, or label "
        "an answer pass"
    ),
    "empty_answer": "its answer is empty; write the expected text, or label another answer pass",
    "cut": "its passed answer was cut off at the answer's length; pass one that is whole",
    "cites": (
        "its passed answer cites passages as [1], which a training prompt has not; pass one "
        "of another rung"
    ),
}

_CITATION = re.compile(r"\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A whole right answer, or, where `text` is empty, why there is none."""

    text: str = ""
    why: Why = "no_answer"


def expected(expectation: Expectation) -> Wanted:
    """Return the whole answer that an expectation gives.

    That is what its one `equals` asks for, else its text, unless the text fails the
    expectation's own checks: then it describes an answer and is none. What `contains` and the
    like look for is a piece of an answer only.
    """
    exact = [each for each in expectation.assertions if each.type == "equals" and each.weight]
    deciders = deciding(expectation)
    if len(exact) == 1 and exact[0].value.strip() and not failed(deciders, exact[0].value):
        return Wanted(exact[0].value.strip())
    text = expectation.text.strip()
    if not text:
        return Wanted(why="not_whole" if expectation.assertions else "no_answer")
    return Wanted(why="unlike_its_checks") if failed(deciders, text) else Wanted(text)


def judged(answers: Iterable[JudgedAnswer]) -> Wanted:
    """Return the first of a case's answers, the newest first, that can be trained on.

    One that is empty, cut off, or cites passages cannot; what is told is why the newest
    could not.
    """
    why: Why | None = None
    for answer in answers:
        problem = _problem(answer)
        if problem is None:
            return Wanted(answer.text.strip())
        why = why or problem
    return Wanted(why=why or "no_answer")


def _problem(answer: JudgedAnswer) -> Why | None:
    if not answer.text.strip():
        return "empty_answer"
    if answer.finish_reason == "length":
        return "cut"
    return "cites" if answer.rung == "rag" and _CITATION.search(answer.text) else None
