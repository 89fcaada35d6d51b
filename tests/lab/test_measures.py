"""Recall, hit rate and MRR, against values worked out by hand and by their properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.rag.measures import DEPTHS, Scores, Span, measure, score, share_found
from lab.statistics.rates import wilson

TEXT = "Alpha beta gamma.\n\nDelta epsilon zeta."
TEXTS = {"d": TEXT, "e": "Alpha beta gamma."}


def span(words: str, document: str = "d") -> Span:
    start = TEXTS[document].index(words)
    return Span(document, start, start + len(words))


def test_a_span_across_two_chunks_counts_by_what_each_holds() -> None:
    first, second = span("Alpha beta gamma."), span("Delta epsilon zeta.")
    evidence = [span("gamma.\n\nDelta")]  # 6 + 5 characters, the line ends left out
    assert share_found(evidence, [first], TEXTS) == pytest.approx(6 / 11)
    assert share_found(evidence, [second], TEXTS) == pytest.approx(5 / 11)
    # The white space between the chunks is in neither, and lacks to nobody.
    assert share_found(evidence, [second, first], TEXTS) == 1.0


def test_what_is_named_twice_counts_once() -> None:
    evidence = [span("Alpha beta"), span("beta gamma"), span("zeta")]  # 14 + 4 characters
    chunks = [span("Alpha"), span("Alpha beta")]
    assert share_found(evidence, chunks, TEXTS) == pytest.approx(9 / 18)


def test_the_same_words_in_another_document_are_not_the_evidence() -> None:
    assert share_found([span("beta")], [span("beta", "e")], TEXTS) == 0.0


def test_a_ranked_list_is_measured_at_each_depth() -> None:
    evidence = [span("gamma."), span("zeta.")]  # 6 + 5
    chunks = [span("Delta"), span("gamma."), span("epsilon"), span("zeta.")]
    scores = score(evidence, chunks, TEXTS, (1, 2, 3, 4, 10))
    assert scores.recall == pytest.approx({1: 0, 2: 6 / 11, 3: 6 / 11, 4: 1, 10: 1})
    assert scores.hit == {1: 0, 2: 1, 3: 1, 4: 1, 10: 1}
    assert scores.reciprocal_rank == 0.5
    assert score(evidence, [], TEXTS).reciprocal_rank == 0.0


def test_the_means_have_the_questions_as_their_sample() -> None:
    found = Scores({1: 1.0, 5: 1.0, 10: 1.0}, dict.fromkeys(DEPTHS, 1.0), 1.0)
    late = Scores({1: 0.0, 5: 0.5, 10: 1.0}, {1: 0.0, 5: 1.0, 10: 1.0}, 0.25)
    measured = measure([found, late, late, late])
    assert measured.n == 4
    rates = {depth: rate for depth, rate in measured.recall.items() if rate}
    assert {depth: rate.rate for depth, rate in rates.items()} == {1: 0.25, 5: 0.625, 10: 1.0}
    assert (rates[5].low, rates[5].high) == pytest.approx(wilson(2.5, 4))
    hit, mrr = measured.hit[5], measured.mrr
    assert hit is not None and hit.rate == 1.0
    assert mrr is not None and mrr.rate == 0.4375


def test_no_question_gives_no_rate() -> None:
    assert measure([]).mrr is None
    assert measure([]).recall == dict.fromkeys(DEPTHS)


def test_evidence_of_white_space_only_is_refused() -> None:
    with pytest.raises(ValueError, match="white space"):
        share_found([span("\n\n")], [span("Alpha")], TEXTS)


@st.composite
def _spans(draw: st.DrawFn) -> list[Span]:
    pairs = st.lists(st.integers(0, len(TEXT)), min_size=2, max_size=2, unique=True).map(sorted)
    return [Span("d", start, end) for start, end in draw(st.lists(pairs, max_size=6))]


@settings(deadline=None)
@given(_spans(), _spans())
def test_the_share_is_what_counting_characters_gives(
    evidence: list[Span], chunks: list[Span]
) -> None:
    def places(spans: list[Span]) -> set[int]:
        return {
            at for each in spans for at in range(each.start, each.end) if not TEXT[at].isspace()
        }

    wanted = places(evidence)
    if not wanted:
        with pytest.raises(ValueError, match="white space"):
            share_found(evidence, chunks, TEXTS)
        return
    expected = len(wanted & places(chunks)) / len(wanted)
    assert share_found(evidence, chunks, TEXTS) == pytest.approx(expected)


@settings(deadline=None)
@given(_spans(), st.permutations([Span("d", at, at + 4) for at in range(0, len(TEXT), 4)]))
def test_recall_grows_with_depth_and_all_chunks_find_all(
    more: list[Span], chunks: list[Span]
) -> None:
    evidence = [span("beta"), *more]
    scores = score(evidence, chunks, TEXTS, range(1, len(chunks) + 1))
    shares = list(scores.recall.values())
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    first = next(depth for depth, hit in scores.hit.items() if hit)
    assert scores.reciprocal_rank == pytest.approx(1 / first)
