"""What goes into a training file, and why the rest does not.

Examples come from train cases only, and each case gives at most one. A supervised example
(`sft`) is the case's prompt and one right answer: what the person expects, else the newest
answer that they passed; what is expected comes first, since it is what they wrote by hand, or
corrected, and it is worded alike from case to case. A preference (`dpo`) is the newest answer
that they passed beside the newest that they failed.

The prompt is the session's system prompt, the case's earlier messages and its prompt; no
documents and no passages, since knowing them is what is trained.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.limits import is_too_long
from lab.prompt import Message, assemble
from lab.tokens import Counter
from lab.tuning.examples.references import WHY, Wanted, expected, judged
from store.benchmarks import REPAIR
from store.records import Case
from store.training import JudgedAnswer, Material

Format = Literal["sft", "dpo"]
Source = Literal["expected", "passed"]
FORMATS: tuple[Format, ...] = ("sft", "dpo")
_LACKING: dict[Source, str] = {
    "expected": "it has no expectation; write one",
    "passed": "it has no passed answer; label one pass",
}
_ROLES = {"system", "developer", "user", "assistant"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How examples are made. `source` None takes what is expected, else what was passed.

    Tokens are counted for `model` of `provider`, and an example with more of them than its
    `window` is left out; None is a window that nobody knows.
    """

    format: Format = "sft"
    source: Source | None = None
    system: str = ""
    model: str = ""
    provider: str = ""
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """What a model is shown once: the prompt's messages and the right answer.

    `rejected` is the failed answer of a preference. `tokens` are those of the messages and
    the longer answer, `exact` whether they are counted or estimated.
    """

    case: Case
    messages: tuple[Message, ...]
    answer: str
    source: Source
    rejected: str = ""
    tokens: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A train case that gives no example. `kind` is stable, `reason` says what to do."""

    case: Case
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples and what is left out, both in the benchmark's order.

    `revision` names the benchmark, and `tests` are the cases that nothing may be trained on;
    `passed` are the answers to each case, by its id, that the person passed.
    """

    recipe: Recipe
    revision: str
    examples: tuple[Example, ...]
    left_out: tuple[LeftOut, ...]
    tests: tuple[Case, ...]
    passed: dict[int, tuple[str, ...]]


def build(material: Material, recipe: Recipe) -> Dataset:
    """Make the examples of a benchmark."""
    counter = Counter(recipe.model, recipe.provider)
    answers: dict[int, list[JudgedAnswer]] = defaultdict(list)
    for each in material.answers:
        answers[each.case_id].append(each)
    examples: list[Example] = []
    left_out: list[LeftOut] = []
    seen: dict[tuple[str, ...], Case] = {}
    for case in material.cases:
        if case.draft.split != "train":
            continue
        made = _made(case, answers[case.id], recipe, counter)
        if isinstance(made, Example):
            first = seen.setdefault(_content(made), case)
            if first is case:
                examples.append(made)
                continue
            made = LeftOut(case, "duplicate", f"it is the same example as “{first.key}”")
        left_out.append(made)
    return Dataset(
        recipe,
        material.revision,
        tuple(examples),
        tuple(left_out),
        tuple(case for case in material.cases if case.draft.split == "test"),
        {
            case_id: tuple(each.text for each in given if each.verdict == "pass")
            for case_id, given in answers.items()
        },
    )


def folded(text: str) -> str:
    """Return a text as it is told apart from others: NFKC, whatever its case and spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _made(
    case: Case, answers: Sequence[JudgedAnswer], recipe: Recipe, counter: Counter
) -> Example | LeftOut:
    if REPAIR in case.draft.tags:
        return LeftOut(case, "bad_case", "it is marked as bad; mend it, or take it out")
    messages = assemble(case.draft, system=recipe.system)
    if problem := _faulty(messages):
        return LeftOut(case, "messages", problem)
    chosen = _pair(case, answers) if recipe.format == "dpo" else _answer(case, answers, recipe)
    if isinstance(chosen, LeftOut):
        return chosen
    answer, source, rejected = chosen
    counted = [counter(message["content"]) for message in messages]
    counted.append(max(counter(answer), counter(rejected), key=lambda each: each.tokens))
    tokens, exact = sum(each.tokens for each in counted), all(each.exact for each in counted)
    if recipe.window is not None and is_too_long(tokens, recipe.window, exact=exact):
        about = "" if exact else "about "
        return LeftOut(
            case,
            "too_long",
            f"it has {about}{tokens:,} tokens and the window of {recipe.model} holds "
            f"{recipe.window:,}; shorten it",
        )
    return Example(case, tuple(messages), answer, source, rejected, tokens, exact)


def _answer(
    case: Case, answers: Sequence[JudgedAnswer], recipe: Recipe
) -> tuple[str, Source, str] | LeftOut:
    reasons: list[Wanted] = []
    if recipe.source != "passed":
        wanted = expected(case.expectation)
        if wanted.text:
            return wanted.text, "expected", ""
        reasons.append(wanted)
    if recipe.source != "expected":
        wanted = judged(each for each in answers if each.verdict == "pass")
        if wanted.text:
            return wanted.text, "passed", ""
        reasons.append(wanted)
    # That a passed answer is there and cannot be used says more than that there is none.
    for wanted in reversed(reasons):
        if wanted.why != "no_answer":
            return LeftOut(case, wanted.why, WHY[wanted.why])
    lacking = _LACKING[recipe.source] if recipe.source else WHY["no_answer"]
    return LeftOut(case, "no_answer", lacking)


def _pair(case: Case, answers: Sequence[JudgedAnswer]) -> tuple[str, Source, str] | LeftOut:
    right = judged(each for each in answers if each.verdict == "pass")
    wrong = judged(each for each in answers if each.verdict == "fail")
    if right.text and wrong.text:
        return right.text, "passed", wrong.text
    lacking = " and no ".join(
        name for name, wanted in (("passed", right), ("failed", wrong)) if not wanted.text
    )
    return LeftOut(
        case,
        "no_pair",
        f"it has no {lacking} answer that can be used; label one answer pass and another fail",
    )


def _faulty(messages: Sequence[Message]) -> str:
    """Say what keeps messages from being trained on; empty where nothing does."""
    for message in messages:
        if message["role"] not in _ROLES:
            return f"it has a message of “{message['role']}”, which no training file takes"
        if not message["content"].strip():
            return f"a message of “{message['role']}” is empty; write it, or take it out"
    return ""


def _content(example: Example) -> tuple[str, ...]:
    spoken = (part for message in example.messages for part in message.values())
    return tuple(map(folded, (*spoken, example.answer, example.rejected)))
