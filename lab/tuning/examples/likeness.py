"""How alike two prompts are, whatever the template that many of them share.

Words are weighed by their rarity. Words that only ever come together, as a template's or
those of one value in a form, weigh together what one of them would: of "Route this ticket to
one of … : …" only the ticket counts, and a ticket that is put together from four choices has
four parts, however many words they are.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.checking.wording import Words, numbers

_TOGETHER, _OF_ALL = 4, 0.02
"""In how many prompts, and what share of them, words must come together to be one part."""
_COMMON, _LEADS = 40, 0.1
"""Words of more prompts than this, and than this share, lead to no pair by themselves."""
_RUN, _OFTEN, _SHARE = 3, 8, 0.6
"""How many words in a row are a template's where they stand in so many prompts."""
_COPIES = 0.01
"""The share of prompts that may be copies of one."""
_PASSAGE = 25
"""How many words in a row are a passage about which several things may be asked."""
_TYPO = 80.0


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt's words, those of them that no template has, and what the words weigh."""

    words: Words
    rest: Words
    bag: frozenset[str]
    weight: float
    figures: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are.

    `in_order` is the share, 0 to 1, of both texts' weight that stands in both in the same
    order, and `apart` the same without passages that both have. `surprise` is how unlikely it
    is that they have it in common by chance: the negative logarithm of the chance that a
    prompt of this benchmark says the same.
    """

    in_order: float
    apart: float
    surprise: float


class Corpus:
    """Prompts that are compared with each other. What is common is counted over all of them."""

    def __init__(self, prompts: Iterable[Words]) -> None:
        distinct = dict.fromkeys(prompts)
        self._total = len(distinct)
        self._runs: Counter[Words] = Counter()
        self._times: Counter[Words] = Counter()
        self._left_out: dict[Words, float] = defaultdict(float)
        self._weights: dict[str, float] = {}
        self._most = math.log(self._total + 20)
        self._few = max(0.5, _COPIES * self._total - 1)
        self._template = max(_OFTEN, _SHARE * self._total)
        self._habit = max(_TOGETHER, _OF_ALL * self._total)
        self._lead = max(_COMMON, _LEADS * self._total)
        self._weigh(distinct)

    def _weigh(self, prompts: Iterable[Words]) -> None:
        places: dict[str, list[int]] = defaultdict(list)
        for place, words in enumerate(prompts):
            for word in set(words):
                places[word].append(place)
            for length in range(1, _RUN + 1):
                self._runs.update(set(_runs(words, length)))
        for run, often in self._runs.items():
            self._times[run[:-1]] += often
            self._left_out[run[:-1]] += min(often, self._few)
        together: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for word, found in places.items():
            if len(found) >= self._habit:
                together[tuple(found)].append(word)
        sizes = {word: len(group) for group in together.values() for word in group}
        # The inverse document frequency, held down where there are few texts to count in.
        for word, found in places.items():
            self._weights[word] = (self._most - math.log(len(found))) / sizes.get(word, 1)

    def text(self, words: Words) -> Text:
        """Return a prompt as it is compared."""
        bag = frozenset(words)
        rest = self._without_template(words)
        return Text(words, rest, bag, self.weigh(bag), frozenset(numbers(words)))

    def weigh(self, words: Iterable[str]) -> float:
        """Return what words weigh together, by their rarity."""
        return math.fsum(self._weights.get(word, self._most) for word in words)

    def pairs(self, these: Sequence[Text], those: Sequence[Text]) -> Iterator[tuple[int, int]]:
        """Yield the places of each pair that has a word in common which is not common."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(those):
            for word in text.bag:
                if self._runs[word,] <= self._lead:
                    places[word].append(place)
        for place, text in enumerate(these):
            partners = {partner for word in text.bag for partner in places.get(word, ())}
            yield from ((place, partner) for partner in sorted(partners))

    def shared(self, one: Text, other: Text) -> float:
        """Return what share of both texts' weight is in words that both have, 0 to 1."""
        both = one.weight + other.weight
        return 2 * self.weigh(one.bag & other.bag) / both if both else 0.0

    def covered(self, asked: Text, by: Text, *, but: frozenset[str]) -> float:
        """Return what share of a text's weight another has too; the words in `but` are left out."""
        words = asked.bag - but
        weight = self.weigh(words)
        return self.weigh(words & by.bag) / weight if weight else 0.0

    def is_other_value(self, one: Text, other: Text) -> bool:
        """Tell whether two texts differ only in words that recur among the prompts.

        A form's other value differs so; another wording brings in words of its own.
        """
        return all(self._runs[word,] >= self._habit for word in one.bag ^ other.bag)

    def compare(self, one: Text, other: Text) -> Likeness:
        """Hold two texts against each other word by word.

        A word and its misspelling count as one.
        """
        from rapidfuzz.distance import Levenshtein

        same = passages = different = surprise = 0.0
        for step in Levenshtein.opcodes(one.words, other.words):
            left = one.words[step.src_start : step.src_end]
            right = other.words[step.dest_start : step.dest_end]
            weight = self.weigh(left) + self.weigh(right)
            if step.tag == "equal" or is_misspelt(left, right):
                same += weight
                passages += weight if len(left) >= _PASSAGE else 0.0
                surprise += self._surprise(left)
            else:
                different += weight
        apart = same - passages
        return Likeness(
            same / (same + different) if same else 0.0,
            apart / (apart + different) if apart > 0 else 0.0,
            surprise,
        )

    def _surprise(self, passage: Words) -> float:
        """Return how unlikely a passage is, by how often each word follows the one before.

        The pair of prompts that has it, and a few more, are left out of the counting: what
        only they share is no habit of the benchmark's.
        """
        total = 0.0
        for place, word in enumerate(passage):
            there = chance = (self._beyond((word,)) + 0.5) / max(1, self._total - 1)
            for length in range(2, min(_RUN, place + 1) + 1):
                run = passage[place + 1 - length : place + 1]
                times = self._times[run[:-1]] - 2
                if times > 0:
                    guessed = min(times, self._left_out[run[:-1]])
                    chance = (self._beyond(run) + guessed * chance) / times
            # That a word of the template is there is no surprise, whatever stands before it.
            total -= math.log(min(1.0, max(there, chance)))
        return total

    def _beyond(self, run: Words) -> float:
        """Return how often a run stands in prompts other than a pair and its like."""
        return max(0.0, self._runs[run] - 2 - self._few)

    def is_inside(self, passage: Text, text: Text, *, least: int) -> bool:
        """Tell whether what is a passage's own stands in a text word for word.

        It must be most of the passage by weight, and have at least so many words.
        """
        own = passage.rest
        if not least <= len(own) <= len(text.words):
            return False
        return (
            2 * self.weigh(frozenset(own)) >= passage.weight
            and own[0] in text.bag
            and any(
                word == own[0] and text.words[place : place + len(own)] == own
                for place, word in enumerate(text.words)
            )
        )

    def _without_template(self, words: Words) -> Words:
        covered: set[int] = set()
        for place, run in enumerate(_runs(words, _RUN)):
            if self._runs[run] >= self._template:
                covered.update(range(place, place + _RUN))
        # Where nothing is left, the whole is what many prompts are.
        return tuple(word for place, word in enumerate(words) if place not in covered) or words


def figures_differ(one: Text, other: Text) -> bool:
    """Tell whether each of two texts has a number that the other has not."""
    return not (one.figures <= other.figures or other.figures <= one.figures)


def is_misspelt(left: Words, right: Words) -> bool:
    """Tell whether two passages differ only as a word does from its misspelling."""
    from rapidfuzz import fuzz

    together = zip(left, right, strict=False)
    return len(left) == len(right) and all(fuzz.ratio(*pair) >= _TYPO for pair in together)


def _runs(words: Words, length: int) -> Iterator[Words]:
    return (words[place : place + length] for place in range(len(words) - length + 1))
