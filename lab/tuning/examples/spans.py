"""Documents and evidence that train and test cases have in common.

That both are answered from one document is as it should be where documents are given with the
question; it is a leak only where the very same span answers both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.checking.wording import words
from store.records import Case, Evidence

_SHORT = 300
"""The characters up to which a span is hardly more than the answer."""


@dataclass(frozen=True, slots=True)
class Common:
    """What train and test cases have in common: names of documents, and how many test cases
    rest on a document that a train case rests on too, or on a span of it that overlaps."""

    documents: tuple[str, ...]
    tests: int
    overlapping: int


def same_span(trained: Sequence[Case], tests: Sequence[Case]) -> Iterator[tuple[int, int, bool]]:
    """Yield the places of each pair of cases with the very same span as their evidence.

    The third value tells whether the span is short. Pairs of cases with several spans that
    are the same come once for each.
    """
    places: dict[object, list[int]] = defaultdict(list)
    for place, case in enumerate(trained):
        for key in {_key(each) for each in case.draft.evidence} - {None}:
            places[key].append(place)
    for partner, case in enumerate(tests):
        for each in case.draft.evidence:
            for place in places.get(_key(each), ()):
                yield place, partner, _length(each) <= _SHORT


def common(trained: Sequence[Case], tests: Sequence[Case]) -> Common:
    """Return what documents and spans the evidence of both splits has in common."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for case in trained:
        for each in case.draft.evidence:
            spans[each.document].append(_range(each))
    resting = overlapping = 0
    named: dict[str, None] = {}
    for case in tests:
        both = [each for each in case.draft.evidence if each.document in spans]
        named.update((each.document, None) for each in both)
        resting += bool(both)
        overlapping += any(
            start < end and first < last and start < last and first < end
            for each in both
            for start, end in [_range(each)]
            for first, last in spans[each.document]
        )
    return Common(tuple(named), resting, overlapping)


def _key(evidence: Evidence) -> object:
    """Return what names a span: its place, else its words; None where neither is known."""
    if evidence.start is not None and evidence.end is not None:
        return evidence.document, evidence.start, evidence.end
    quote = words(evidence.quote)
    return (evidence.document, quote) if quote else None


def _range(evidence: Evidence) -> tuple[int, int]:
    if evidence.start is None or evidence.end is None:
        return 0, 0
    return evidence.start, evidence.end


def _length(evidence: Evidence) -> int:
    start, end = _range(evidence)
    return end - start if end > start else len(evidence.quote)
