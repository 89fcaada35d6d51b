"""Cases that ask the same twice, and those that stand in test and train alike."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from lab.checking.contradictions import conflict
from lab.checking.findings import Finding, Progress, count, quiet
from lab.checking.wording import Words, asked, numbers
from store.records import Case

ALIKE = 0.85
"""The share of its wording, weighted by rarity, that a near-duplicate has in common."""
# What of it a pair must have letter for letter; a misspelling is a large part of a short one.
_SHORT, _OF_SHORT, _OF_LONG = 10, 0.6, 0.8
_TYPO = 80.0
_EVERY = 200


@dataclass(frozen=True, slots=True)
class _Text:
    """The words of a prompt, the cases that ask it so, and what the words weigh."""

    words: Words
    cases: list[Case]
    bag: frozenset[str]
    weight: float

    @property
    def least(self) -> float:
        """The weight that a text must share with this one to be compared with it."""
        return self.weight * (_OF_SHORT if len(self.words) <= _SHORT else _OF_LONG)


def check_duplicates(cases: Sequence[Case], progress: Progress = quiet) -> Iterator[Finding]:
    """Tell which cases ask the same, or nearly so; between test and train it is a leak."""
    texts: dict[Words, list[Case]] = defaultdict(list)
    for case in cases:
        texts[asked(case)].append(case)
    for same in texts.values():
        if len(same) > 1 and (_in_both(same) or not _conflicting(same)):
            yield _same(same)
    for group in _near(texts, progress):
        yield _nearly(group)


def _conflicting(group: list[Case]) -> bool:
    """Tell whether the cases expect different answers, which is a finding of its own."""
    wanted = dict.fromkeys(case.expectation for case in group if case.expectation)
    return any(conflict(*pair) for pair in combinations(wanted, 2))


def _same(group: list[Case]) -> Finding:
    if _in_both(group):
        return Finding(
            "leak",
            "must",
            f"{_names(group)} ask the same in test and in train: what is trained on is tested.",
            tuple(group),
            ("remove", "train", "edit"),
        )
    return Finding(
        "duplicate",
        "should",
        f"{_names(group)} ask the same, so it counts {len(group)} times.",
        tuple(group),
        ("remove", "edit"),
    )


def _nearly(group: list[Case]) -> Finding:
    if _in_both(group):
        return Finding(
            "leak",
            "should",
            f"{_names(group)} ask nearly the same in test and in train.",
            tuple(group),
            ("remove", "train", "edit"),
        )
    return Finding(
        "near_duplicate",
        "should",
        f"{_names(group)} ask nearly the same.",
        tuple(group),
        ("remove", "edit"),
    )


def _in_both(group: list[Case]) -> bool:
    return len({case.draft.split for case in group}) > 1


def _names(group: list[Case]) -> str:
    shown = [f"“{case.key}”" for case in group[:3]]
    if len(group) > 3:
        return f"{', '.join(shown)} and {count(len(group) - 3, 'other')}"
    return " and ".join(shown) if len(shown) < 3 else f"{shown[0]}, {shown[1]} and {shown[2]}"


# --- nearly the same -----------------------------------------------------------------


def _near(texts: dict[Words, list[Case]], progress: Progress) -> Iterator[list[Case]]:
    """Yield groups of cases whose texts differ, but hardly."""
    weights = _weights(texts)
    known = [_text(wording, cases, weights) for wording, cases in texts.items()]
    leader = list(range(len(known)))

    def root(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for first, second in _candidates(known, weights, progress):
        if root(first) != root(second) and _alike(known[first], known[second], weights):
            leader[root(second)] = root(first)
    groups: dict[int, list[Case]] = defaultdict(list)
    sizes = Counter(root(place) for place in range(len(known)))
    for place, text in enumerate(known):
        if sizes[root(place)] > 1:
            groups[root(place)] += text.cases
    for group in groups.values():
        yield sorted(group, key=lambda case: case.position)


def _weights(texts: dict[Words, list[Case]]) -> dict[str, float]:
    """Weigh each word by its rarity, so that what a template repeats hardly counts.

    The inverse document frequency, held down where there are few texts to count in.
    """
    often = Counter(word for wording in texts for word in set(wording))
    return {word: math.log((len(texts) + 20) / seen) for word, seen in often.items()}


def _text(wording: Words, cases: list[Case], weights: dict[str, float]) -> _Text:
    bag = frozenset(wording)
    return _Text(wording, cases, bag, math.fsum(weights[word] for word in bag))


def _candidates(
    texts: Sequence[_Text], weights: dict[str, float], progress: Progress
) -> Iterator[tuple[int, int]]:
    """Yield each pair that may be alike: its numbers are the same, and so are rare words.

    Two texts with their `least` in common cannot differ in all of their rarest words, nor,
    of twice as many, in more than half by weight. So only rare words are looked up.

    Source: Chaudhuri, Ganti & Kaushik (2006), "A primitive operator for similarity joins
    in data cleaning", ICDE (prefix filter, here with a longer prefix).
    """
    places: dict[tuple[str, Words], list[int]] = defaultdict(list)
    bounds: list[float] = []
    for place, text in enumerate(texts):
        if place % _EVERY == 0:
            progress(place, len(texts))
        figures = numbers(text.words)
        rare, bound = _rarest(text, weights)
        bounds.append(bound * (1 - 1e-9))
        shared: dict[int, float] = defaultdict(float)
        for word in rare:
            posted, weight = places[word, figures], weights[word]
            for partner in posted:
                shared[partner] += weight
            posted.append(place)
        for partner, weight in shared.items():
            if weight >= min(bounds[place], bounds[partner]):
                yield partner, place
    progress(len(texts), len(texts))


def _rarest(text: _Text, weights: dict[str, float]) -> tuple[list[str], float]:
    """Return a text's rarest words, and what of their weight it shares with one alike."""
    left, rare = text.weight, list[str]()
    for word in sorted(text.bag, key=lambda word: (-weights[word], word)):
        rare.append(word)
        left -= weights[word]
        if left < 2 * text.least - text.weight:
            break
    return rare, text.least - left


def _alike(one: _Text, other: _Text, weights: dict[str, float]) -> bool:
    """Tell whether two texts are the same but for a little, word after word."""
    if sum(weights[word] for word in one.bag & other.bag) < max(one.least, other.least):
        return False
    from rapidfuzz.distance import Levenshtein

    same = different = 0.0
    for step in Levenshtein.opcodes(one.words, other.words):
        left = one.words[step.src_start : step.src_end]
        right = other.words[step.dest_start : step.dest_end]
        if step.tag == "equal" or _misspelt(left, right):
            same += sum(weights[word] for word in left)
        else:
            different += sum(weights[word] for word in (*left, *right))
    return same >= ALIKE * (same + different)


def _misspelt(left: Words, right: Words) -> bool:
    """Tell whether two passages differ only as a word does from its misspelling."""
    from rapidfuzz import fuzz

    together = zip(left, right, strict=False)
    return len(left) == len(right) and all(fuzz.ratio(*pair) >= _TYPO for pair in together)
