"""The answers of test cases: where else they stand, and whether that says anything."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.checking.references import failed, looks_like_an_answer, of_text
from lab.checking.wording import Words, is_choice, runs_in, words
from lab.grading.assertions import effective
from store.records import Assertion, Case

# Whether a training answer is right for a test case too.
Relation = Literal["same", "other", "unknown"]

_VALUES = ("equals", "contains", "icontains", "starts-with")
_TRIVIAL = {"true", "false", "none", "null", "maybe", "unknown", "either", "neither", "both"}
_FEW, _SHARE = 3, 0.02
_DISTINCT = 0.4
_LEAST_LETTERS = 4
# What nobody writes by chance: a passage, or an identifier of letters and digits.
_PASSAGE_WORDS, _PASSAGE_LETTERS, _CODE_SIGNS = 4, 20, 6


@dataclass(frozen=True, slots=True)
class Told:
    """What a test case asks of an answer.

    `ways` are the answers that are known to be right: each is the passages that stand in
    such an answer. `checks` are those that an answer's words decide. Where `strict`, an
    answer that has no passage of any way is wrong.
    """

    case: Case
    ways: tuple[tuple[Words, ...], ...]
    checks: tuple[Assertion, ...]
    strict: bool

    def relation(self, answer: str) -> Relation:
        """Tell whether a training answer is right for the test case too."""
        if self.checks:
            return "other" if failed(self.checks, answer) else "same"
        there = words(answer)
        if any(_holds(there, way) for way in self.ways):
            return "same"
        return "other" if self.ways and self.strict else "unknown"


class Answers:
    """The answers of test cases, looked for in what is trained on."""

    def __init__(
        self,
        tests: Sequence[Case],
        passed: Mapping[int, Sequence[str]],
        answers: Sequence[str],
        prompts: Sequence[Words],
    ) -> None:
        """`answers` and `prompts` are those that are trained on, an index for each example."""
        self.told = [_told(case, passed.get(case.id, ())) for case in tests]
        self._known: dict[str, set[Words]] = defaultdict(set)
        for told in self.told:
            for passage in _passages(told):
                self._known[passage[0]].add(passage)
        self._in_prompts = [runs_in(prompt, self._known) for prompt in prompts]
        self._prompts_with = Counter(run for runs in self._in_prompts for run in runs)
        self._answers_with = Counter(
            run for answer in answers for run in runs_in(words(answer), self._known)
        )
        self._asked_for = Counter(passage for told in self.told for passage in set(_passages(told)))
        self._cases = len(tests) + len(answers)
        distinct = {answer for text in answers if (answer := words(text))}
        distinct.update(told.ways[0][0] for told in self.told if told.ways)
        # Where few answers are given again and again they are names of classes, all of them.
        self._classes = len(distinct) < _DISTINCT * self._cases
        self._holders: dict[Words, list[int]] = defaultdict(list)
        for place, runs in enumerate(self._in_prompts):
            for run in runs:
                self._holders[run].append(place)

    def surprise(self, told: Told) -> float:
        """Return how unlikely it is that another case has this answer by chance.

        It is the negative logarithm of the share of cases that have it; 0 where nothing is
        known of the answer.
        """
        often = [self._often(way) for way in told.ways]
        others = max(0.5, min(often, default=self._cases) - 2)  # but for the two that are held
        return max(0.0, math.log(self._cases / others))

    def is_rare(self, told: Told) -> bool:
        """Tell whether hardly any other case has this answer, which is no class's name."""
        return not self._classes and any(
            self._often(way) <= max(_FEW, _SHARE * self._cases) for way in told.ways
        )

    def in_prompts(self, told: Told) -> dict[int, tuple[Words, ...]]:
        """Return the training prompts in which the answer stands, by their places.

        The value is the passages that were found. An answer that is short, a class's name, or
        given by the test case's own prompt, is not looked for.
        """
        found: dict[int, tuple[Words, ...]] = {}
        own = words(told.case.prompt)
        for way in told.ways:
            if not way or not any(map(_is_telling, way)) or _holds(own, way):
                continue
            if self._often(way) > max(_FEW, _SHARE * self._cases):
                continue
            for place in self._holders[way[0]]:
                if self._in_prompts[place].issuperset(way):
                    found.setdefault(place, way)
        return found

    def is_singular(self, way: Iterable[Words]) -> bool:
        """Tell whether passages are such that nobody writes them by chance."""
        return any(
            _is_passage(each)
            and self._prompts_with[each] <= max(_FEW, _SHARE * len(self._in_prompts))
            for each in way
        )

    def _often(self, way: Iterable[Words]) -> int:
        return min(self._answers_with[each] + self._asked_for[each] for each in way)


def offered(way: Iterable[Words], prompt: str) -> bool:
    """Tell whether a prompt offers the passages as a choice, which tells nothing."""
    return any(is_choice(each, prompt) for each in way)


def _told(case: Case, passed: Sequence[str]) -> Told:
    wanted = case.expectation
    checks = () if wanted.threshold is not None else tuple(filter(of_text, effective(wanted)))
    ways: list[tuple[Words, ...]] = []
    if text := words(wanted.text):
        ways.append((text,))
    values = [words(each.value) for each in checks if each.type in _VALUES]
    if values := [value for value in values if value]:
        ways.append(tuple(values))
    ways += [(answer,) for text in passed if (answer := words(text))]
    # A long text can be said in other words.
    return Told(case, tuple(dict.fromkeys(ways)), checks, looks_like_an_answer(wanted.text))


def _passages(told: Told) -> Iterable[Words]:
    return (passage for way in told.ways for passage in way)


def _holds(text: Words, way: Sequence[Words]) -> bool:
    known: dict[str, set[Words]] = defaultdict(set)
    for passage in way:
        known[passage[0]].add(passage)
    return runs_in(text, known).issuperset(way)


def _is_telling(passage: Words) -> bool:
    text = "".join(passage)
    letters = sum(sign.isalpha() for sign in text)
    return text not in _TRIVIAL and (letters >= _LEAST_LETTERS or _is_passage(passage))


def _is_passage(passage: Words) -> bool:
    text = "".join(passage)
    if len(passage) >= _PASSAGE_WORDS and len(text) >= _PASSAGE_LETTERS:
        return True
    if len(text) < _CODE_SIGNS or not any(sign.isdigit() for sign in text):
        return False
    return "-" in passage or any(not (word.isalpha() or word.isdecimal()) for word in passage)
