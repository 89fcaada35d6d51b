"""The leakage firewall: what is trained on must not be what is tested.

Every example is held against every test case. Two prompts that are the same, but for case,
spaces and marks, are a leak whatever their answers. Two that are only alike are one when they
share more than chance would bring about, and the more readily when the example's answer is
right for the test case too; where the answer is another they are two questions, unless hardly
a word differs but for a long passage that both have. Prompts with other numbers in them are
never taken for alike. An answer of a test case that stands in a training prompt is a leak
where that prompt is about the same.

Source: none is known for the rules as a whole; the parts are the inverse document frequency
(Spärck Jones 1972, "A statistical interpretation of term specificity", J. Documentation 28)
and, for the chance, an interpolated trigram model with absolute discounting (Ney, Essen &
Kneser 1994, Computer Speech & Language 8). The bars were set on tests/lab/tuning/corpora.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.checking.findings import Progress, quiet
from lab.checking.wording import Words, asked
from lab.tuning.examples.dataset import Dataset, Example
from lab.tuning.examples.likeness import Corpus, Text, figures_differ
from lab.tuning.examples.spans import same_span
from lab.tuning.examples.told import Answers, Relation, Told, offered
from store.records import Case

Kind = Literal["exact", "normalised", "near", "answer", "answer_in_prompt", "meaning", "evidence"]
KINDS: tuple[Kind, ...] = (
    *("exact", "normalised", "near", "answer", "answer_in_prompt", "meaning", "evidence"),
)
"""The gravest first; a pair is told once, by the first that it is."""

MEANING: dict[Kind, str] = {
    "exact": "the same prompt",
    "normalised": "the same prompt but for case, spaces and marks",
    "near": "nearly the same prompt",
    "answer": "a prompt that is alike, with the test case's answer",
    "answer_in_prompt": "the test case's answer stands in the training prompt",
    "meaning": "prompts that mean nearly the same",
    "evidence": "the very same span of a document answers both",
}

# What share of the wording must be the same, by what is known of the answers.
_HARDLY_DIFFERENT = 0.92
_BARS: dict[Relation, float] = {"same": 0.64, "unknown": 0.68}
_RARE_ANSWER, _BEYOND_DOUBT = 0.4, 0.52
_ABOUT = 0.5
_INSIDE = 5
_EVERY = 20
_FALSE_ALARMS = 0.1
_END_WORDS = 300


@dataclass(frozen=True, slots=True)
class Leak:
    """An example and a test case that are too alike; `similarity` is from 0 to 1."""

    kind: Kind
    train: Case
    test: Case
    similarity: float


@dataclass(frozen=True, slots=True)
class Pair:
    """An example and a test case as they are compared."""

    example: Example
    told: Told
    left: Text
    right: Text


class Firewall:
    """A dataset's examples beside its test cases. Looking takes some seconds for thousands."""

    def __init__(self, dataset: Dataset) -> None:
        self.examples, self.tests = dataset.examples, dataset.tests
        self._left = [asked(example.case) for example in self.examples]
        self._right = [asked(case) for case in self.tests]
        lefts, rights = map(_ends, self._left), map(_ends, self._right)
        prompts = [*lefts, *rights]
        self.corpus = Corpus(prompts)
        texts = [self.corpus.text(words) for words in prompts]
        self.lefts, self.rights = texts[: len(self.examples)], texts[len(self.examples) :]
        taught = [f"{example.answer}\n{example.rejected}" for example in self.examples]
        self.answers = Answers(self.tests, dataset.passed, taught, self._left)
        # So surprising are, of so many pairs, no more than these by chance.
        pairs = max(1, len(self.examples) * len(self.tests))
        self._chance = math.log(pairs / _FALSE_ALARMS)

    def look(self, progress: Progress = quiet) -> list[Leak]:
        """Return what leaks by its wording, answers or evidence; each pair once.

        `progress` may raise Stopped.
        """
        found: dict[tuple[int, int], Leak] = {}
        for place, partner, kind, likeness in self._found(progress):
            key = (place, partner)
            leak = Leak(kind, self.examples[place].case, self.tests[partner], likeness)
            before = found.get(key)
            if before is None or KINDS.index(kind) < KINDS.index(before.kind):
                found[key] = leak
        return sorted(found.values(), key=order)

    def pair(self, place: int, partner: int) -> Pair:
        """Return an example and a test case by their places."""
        told, right = self.answers.told[partner], self.rights[partner]
        return Pair(self.examples[place], told, self.lefts[place], right)

    def _found(self, progress: Progress) -> Iterator[tuple[int, int, Kind, float]]:
        yield from self._same()
        yield from self._answers_in_prompts()
        yield from self._evidence()
        done = -1
        for place, partner in self.corpus.pairs(self.lefts, self.rights):
            if place != done and place % _EVERY == 0:
                progress(place, len(self.examples))
            done = place
            judged = self._judged(self.pair(place, partner))
            if judged is not None:
                yield (place, partner, *judged)
        progress(len(self.examples), len(self.examples))

    def _same(self) -> Iterator[tuple[int, int, Kind, float]]:
        places: dict[Words, list[int]] = {}
        for partner, words in enumerate(self._right):
            places.setdefault(words, []).append(partner)
        for place, words in enumerate(self._left):
            for partner in places.get(words, ()):
                one, other = self.examples[place].case.draft, self.tests[partner].draft
                exact = (one.prompt, one.messages) == (other.prompt, other.messages)
                yield place, partner, "exact" if exact else "normalised", 1.0

    def _judged(self, pair: Pair) -> tuple[Kind, float] | None:
        """Tell whether a pair is a leak by its wording, and how alike it is."""
        left, right = pair.left, pair.right
        shared = self.corpus.shared(left, right)
        inside = self.corpus.is_inside(right, left, least=_INSIDE)
        if (shared < _RARE_ANSWER and not inside) or figures_differ(left, right):
            return None
        likeness = self.corpus.compare(left, right)
        relation = pair.told.relation(pair.example.answer)
        alike = likeness.in_order if relation != "other" else likeness.apart
        if alike >= _HARDLY_DIFFERENT:
            return "near", alike
        surprise = likeness.surprise
        if relation == "same":
            surprise += self.answers.surprise(pair.told)
        if surprise < self._chance:
            return None
        if inside:
            return "near", 1.0
        if relation == "other":
            return None
        rare = relation == "same" and self.answers.is_rare(pair.told)
        sure = surprise >= 2 * self._chance
        if not (rare or sure) and self.corpus.is_other_value(left, right):
            return None
        if alike >= (_BEYOND_DOUBT if sure else _BARS[relation]):
            return "near", alike
        return ("answer", shared) if rare and shared >= _RARE_ANSWER else None

    def _answers_in_prompts(self) -> Iterator[tuple[int, int, Kind, float]]:
        for partner, told in enumerate(self.answers.told):
            for place, way in self.answers.in_prompts(told).items():
                if offered(way, self.examples[place].case.prompt):
                    continue
                said = frozenset(word for passage in way for word in passage)
                about = self.corpus.covered(self.rights[partner], self.lefts[place], but=said)
                if about >= _ABOUT or self.answers.is_singular(way):
                    yield place, partner, "answer_in_prompt", about

    def _evidence(self) -> Iterator[tuple[int, int, Kind, float]]:
        for place, partner, short in same_span(
            [example.case for example in self.examples], self.tests
        ):
            relation = self.answers.told[partner].relation(self.examples[place].answer)
            if relation == "same" or (relation == "unknown" and short):
                yield place, partner, "evidence", 1.0


def order(leak: Leak) -> tuple[int, float, int, int]:
    """Return what leaks are sorted by: the gravest and most alike first."""
    return KINDS.index(leak.kind), -leak.similarity, leak.test.position, leak.train.position


def _ends(words: Words) -> Words:
    """Return a prompt without the middle of a very long one, which would take minutes."""
    return words if len(words) <= 2 * _END_WORDS else words[:_END_WORDS] + words[-_END_WORDS:]


def first_line(case: Case, most: int = 80) -> str:
    """Return the first line of a case's prompt that has words, at most so long."""
    lines: Sequence[str] = [line.strip() for line in case.prompt.splitlines() if line.strip()]
    line = lines[0] if lines else ""
    return line if len(line) <= most else f"{line[: most - 1]}…"
