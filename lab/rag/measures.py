"""How much of the evidence retrieval finds, and how early. Pure, and without any judge.

Evidence and chunks are spans of documents' texts. What counts of a span are its characters
that are no white space, since a cut between two chunks leaves out the white space there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.statistics.rates import Rate, rate_of

DEPTHS = (1, 5, 10)
"""The numbers of chunks at which recall is usually told."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end`, the last not included, of the text of a document.

    `document` is the sha256 of its file.
    """

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scores:
    """How well one question's chunks cover its evidence; each value is between 0 and 1.

    `recall` and `hit` are by depth, the number of first chunks that are looked at.
    """

    recall: Mapping[int, float]
    hit: Mapping[int, float]
    reciprocal_rank: float


@dataclass(frozen=True, slots=True)
class Measures:
    """The means over `n` questions, each with its interval; None where there is no question."""

    n: int
    recall: Mapping[int, Rate | None]
    hit: Mapping[int, Rate | None]
    mrr: Rate | None


def share_found(
    evidence: Iterable[Span], chunks: Iterable[Span], texts: Mapping[str, str]
) -> float:
    """Return the share, 0 to 1, of the evidence's characters that are in any of the chunks.

    A span that lies across two chunks is found as far as the chunks that are given hold it;
    characters in several spans or several chunks count once, and white space not at all.
    `texts` has the text of every document of the evidence, by its sha256. Raises ValueError
    where the evidence holds nothing but white space, KeyError for a text that is lacking.

    Source: the recall over tokens of Smith & Troynikov (2024), "Evaluating Chunking
    Strategies for Retrieval", Chroma Technical Report; here over characters, which every
    tokenizer agrees on.
    """
    wanted, there = joined(evidence), joined(chunks)
    whole = found = 0
    for document, spans in wanted.items():
        text = texts[document]
        whole += sum(_solid(text, span) for span in spans)
        found += sum(_solid(text, both) for both in _common(spans, there.get(document, [])))
    if not whole:
        raise ValueError("The evidence holds nothing but white space.")
    return found / whole


def score(
    evidence: Sequence[Span],
    chunks: Sequence[Span],
    texts: Mapping[str, str],
    depths: Sequence[int] = DEPTHS,
) -> Scores:
    """Measure one question's chunks, best first, against its evidence.

    Recall at a depth k is the share of the evidence that is in the first k chunks, and the
    hit rate is 1 where that is more than nothing. The reciprocal rank is 1/rank of the first
    chunk that holds any of the evidence, and 0 where none of those that are given does; so
    with ten chunks its mean is what is called MRR@10. Raises as `share_found` does.

    Sources: Manning, Raghavan & Schütze (2008), "Introduction to Information Retrieval",
    chapter 8 (recall of a ranked list); Voorhees (1999), "The TREC-8 Question Answering
    Track Report" (mean reciprocal rank).
    """
    recall = {depth: share_found(evidence, chunks[:depth], texts) for depth in depths}
    ranks = (
        rank
        for rank, chunk in enumerate(chunks, start=1)
        if share_found(evidence, [chunk], texts) > 0
    )
    first = next(ranks, None)
    return Scores(
        recall,
        {depth: float(share > 0) for depth, share in recall.items()},
        1 / first if first else 0.0,
    )


def measure(scores: Sequence[Scores], depths: Sequence[int] = DEPTHS) -> Measures:
    """Return the means of many questions' scores, each question counting once.

    The intervals are Wilson's, with the questions as the sample. A share between 0 and 1
    varies less than a yes or no of the same mean, so that they are at worst too wide.

    Source: as in `lab.statistics.rates.rate_of`; a variable on [0, 1] with mean p has a variance
    of at most p(1 - p), Bhatia & Davis (2000), "A Better Bound on the Variance", American
    Mathematical Monthly 107.
    """
    return Measures(
        len(scores),
        {depth: rate_of([each.recall[depth]] for each in scores) for depth in depths},
        {depth: rate_of([each.hit[depth]] for each in scores) for depth in depths},
        rate_of([each.reciprocal_rank] for each in scores),
    )


def joined(spans: Iterable[Span]) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of each document in order, those that overlap or adjoin as one."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        here = found[span.document]
        if here and span.start <= here[-1][1]:
            here[-1] = (here[-1][0], max(here[-1][1], span.end))
        else:
            here.append((span.start, span.end))
    return found


def _common(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yield what is in a span of both lists."""
    for start, end in one:
        for begins, ends in other:
            both = max(start, begins), min(end, ends)
            if both[0] < both[1]:
                yield both


def _solid(text: str, span: tuple[int, int]) -> int:
    """Return how many characters of a span are no white space."""
    return len("".join(text[span[0] : span[1]].split()))
