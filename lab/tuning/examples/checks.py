"""What forbids training on a dataset, what makes it worth less, and what is good to know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.checking.findings import SEVERITIES, Severity, count
from lab.tuning.examples.dataset import Dataset, Example, folded
from lab.tuning.examples.leakage import Leak
from lab.tuning.examples.references import expected
from lab.tuning.examples.spans import common
from store.records import Case

FEWEST = 10
"""The examples below which hosted fine-tuning is refused, and a local one learns nothing."""
_LABEL_LENGTH, _LABEL_WORDS = 40, 6
_MOST_LABELS = 50
_EACH_LABEL = 2.0
_UNEVEN = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a dataset: what it is in a sentence, the cases, what repairs it.

    `kind` is a stable name in snake_case; `repair` is a command or what to do, and empty
    where nothing need be done.
    """

    kind: str
    severity: Severity
    sentence: str
    cases: tuple[Case, ...] = ()
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """An answer that many examples have, and how many of them."""

    answer: str
    examples: int


def check(dataset: Dataset, leaks: Sequence[Leak]) -> list[Finding]:
    """Return what is found, the gravest first."""
    examples = dataset.examples
    found = [
        *_size(dataset),
        *_leaks(leaks),
        *_conflicts(examples),
        *_roles(examples),
        *_classes(dataset),
        *_documents(dataset),
    ]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def shares(examples: Sequence[Example]) -> list[Share]:
    """Return the answers where they are few and short, as classes are; the most frequent first.

    Empty where they are not: more than 50 of them, longer than 40 characters or 6 words, or
    fewer than two examples for each.
    """
    often = Counter(folded(example.answer) for example in examples)
    if len(often) > _MOST_LABELS or len(examples) < _EACH_LABEL * len(often):
        return []
    if any(len(answer) > _LABEL_LENGTH or len(answer.split()) > _LABEL_WORDS for answer in often):
        return []
    spelt = {folded(example.answer): example.answer for example in reversed(examples)}
    return [Share(spelt[answer], times) for answer, times in often.most_common()]


def _size(dataset: Dataset) -> Iterator[Finding]:
    examples, left_out = len(dataset.examples), len(dataset.left_out)
    if examples < FEWEST:
        cases = examples + left_out
        repair = "label more answers of train cases, or write what is expected"
        if dataset.recipe.format == "dpo":
            repair = "label one answer of a train case pass and another fail"
        if cases < FEWEST:
            repair = "litmus bench set ID --split train"
        yield Finding(
            "too_few",
            "must",
            f"{count(examples, 'example')} from {count(cases, 'train case')}; training needs "
            f"at least {FEWEST}.",
            repair=repair,
        )
    if not dataset.tests:
        yield Finding(
            "no_tests",
            "should",
            "There are no test cases, so nothing would show whether training paid.",
            repair="litmus bench set ID --split test",
        )


def _leaks(leaks: Sequence[Leak]) -> Iterator[Finding]:
    if leaks:
        cases = {case.id: case for leak in leaks for case in (leak.train, leak.test)}
        tests = len({leak.test.id for leak in leaks})
        tested = "1 test case is" if tests == 1 else f"{tests:,} test cases are"
        yield Finding(
            "leak",
            "must",
            f"{tested} too much like an example, so a rate on them would say nothing.",
            tuple(cases.values()),
            "litmus bench set TRAIN_ID --split test, litmus bench set TEST_ID --split train, or "
            "litmus bench remove ID",
        )


def _conflicts(examples: Sequence[Example]) -> Iterator[Finding]:
    asked: dict[tuple[str, ...], list[Example]] = defaultdict(list)
    for example in examples:
        asked[tuple(folded(message["content"]) for message in example.messages)].append(example)
    for same in asked.values():
        if len({folded(example.answer) for example in same}) > 1:
            keys = ", ".join(f"“{example.case.key}”" for example in same[:3])
            yield Finding(
                "conflict",
                "should",
                f"{keys} ask the same and are given different answers.",
                tuple(example.case for example in same),
                "litmus bench edit ID",
            )


def _roles(examples: Sequence[Example]) -> Iterator[Finding]:
    """Tell of conversations that chat templates refuse: user and assistant must alternate."""
    odd = tuple(example.case for example in examples if not _alternates(example))
    if odd:
        yield Finding(
            "roles",
            "should",
            f"In {count(len(odd), 'example')} user and assistant do not take turns, or a system "
            "message stands amid the conversation; many chat templates refuse that.",
            odd,
            "litmus bench edit ID",
        )


def _alternates(example: Example) -> bool:
    roles = [message["role"] for message in example.messages]
    while roles and roles[0] in ("system", "developer"):
        roles.pop(0)
    turns = ("user", "assistant")
    return all(role == turns[place % 2] for place, role in enumerate(roles)) and (
        roles[-1:] == ["user"]
    )


def _classes(dataset: Dataset) -> Iterator[Finding]:
    found = shares(dataset.examples)
    if not found:
        return
    total = len(dataset.examples)
    most, least = found[0], found[-1]
    if len(found) == 1:
        yield Finding(
            "one_answer",
            "should",
            f"All examples have the answer “{most.answer}”, and that is all they teach.",
            repair="add train cases with other answers",
        )
        return
    uneven = most.examples >= _UNEVEN * least.examples
    yield Finding(
        "classes",
        "should" if uneven else "info",
        f"{len(found)} different answers: most often “{most.answer}” ({most.examples / total:.0%})"
        f", least often “{least.answer}” ({least.examples / total:.0%}).",
        repair="add train cases with the rare answers" if uneven else "",
    )
    known = {folded(share.answer) for share in found}
    untaught = [
        case
        for case in dataset.tests
        if (wanted := expected(case.expectation).text) and folded(wanted) not in known
    ]
    if untaught:
        yield Finding(
            "untaught",
            "should",
            f"{count(len(untaught), 'test case')} expect an answer that no example has.",
            tuple(untaught),
            "add train cases with these answers",
        )


def _documents(dataset: Dataset) -> Iterator[Finding]:
    trained = [example.case for example in dataset.examples]
    shared = common(trained, dataset.tests)
    if shared.tests:
        names = ", ".join(shared.documents[:3]) + (", …" if len(shared.documents) > 3 else "")
        overlap = (
            f", {shared.overlapping:,} on an overlapping passage" if shared.overlapping else ""
        )
        rest = "rests" if shared.tests == 1 else "rest"
        yield Finding(
            "shared_documents",
            "info",
            f"{count(shared.tests, 'test case')} {rest} on a document that examples rest on too "
            f"({names}){overlap}; that is no leak.",
        )
    own = tuple(case for case in trained if any(each.used for each in case.draft.documents))
    if own:
        has = "has" if len(own) == 1 else "have"
        yield Finding(
            "documents_left_out",
            "info",
            f"{count(len(own), 'example')} {has} documents of the case's own, which the training "
            "prompt does not hold.",
            own,
        )
