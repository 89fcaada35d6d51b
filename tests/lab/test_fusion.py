"""Reciprocal rank fusion: the sums, their order, and what no ranking can do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.rag.fusion import fuse

RANKINGS = st.lists(st.lists(st.integers(0, 20), unique=True), min_size=1, max_size=4)


def test_sums_are_those_of_the_paper() -> None:
    fused = fuse([["a", "b", "c"], ["c", "d"]])
    sums = {"a": 1 / 61, "b": 1 / 62, "c": 1 / 63 + 1 / 61, "d": 1 / 62}
    assert dict(fused) == pytest.approx(sums)
    assert [item for item, _ in fused] == ["c", "a", "b", "d"]


def test_a_small_constant_lets_the_first_ranks_decide() -> None:
    rankings = [["best", "x", "y", "both"], ["other", "v", "w", "both"]]
    assert fuse(rankings, k=60)[0][0] == "both"
    assert [item for item, _ in fuse(rankings, k=1)[:2]] == ["best", "other"]


def test_weights_say_which_ranking_counts() -> None:
    rankings = [["a", "b"], ["b", "a"]]
    assert fuse(rankings, weights=[2, 1])[0][0] == "a"
    assert fuse(rankings, weights=[1, 2])[0][0] == "b"
    assert fuse(rankings)[0][0] == "a", "of two with the same sum the earlier ranking's is first"


def test_each_ranking_needs_its_weight() -> None:
    with pytest.raises(ValueError):
        fuse([["a"], ["b"]], weights=[1])


@given(RANKINGS)
def test_every_item_comes_once_with_falling_sums(rankings: list[list[int]]) -> None:
    fused = fuse(rankings)
    assert {item for item, _ in fused} == {item for ranking in rankings for item in ranking}
    assert len(fused) == len(dict(fused))
    sums = [score for _, score in fused]
    assert sums == sorted(sums, reverse=True)


@given(st.lists(st.integers(), unique=True))
def test_one_ranking_stays_as_it_is(ranking: list[int]) -> None:
    assert [item for item, _ in fuse([ranking, []])] == ranking
