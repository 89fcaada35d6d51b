"""Prompts that mean the same in other words: with vectors as they are told, and with MiniLM."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.checking.findings import Stopped, quiet
from lab.tuning.examples import meaning
from lab.tuning.examples.leakage import Firewall, Leak
from store.nearness import near_pairs
from tests.lab.tuning import corpora
from tests.lab.tuning.corpora import dataset, demo, halves


class Vectors:
    """Vectors as they are told, for texts that hold a word."""

    batch = 4
    tokens = 0
    cost_usd: float | None = 0.0

    def __init__(self, angles: dict[str, float]) -> None:
        self.angles = angles
        self.asked: list[str] = []

    def price(self, texts: Sequence[str]) -> float | None:
        return 0.0

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.asked += texts
        turns = [next((a for w, a in self.angles.items() if w in text), 2.0) for text in texts]
        return [struct.pack("<2f", math.cos(turn), math.sin(turn)) for turn in turns]


async def by_meaning(train: Sequence[Any], test: Sequence[Any], **angles: float) -> list[Leak]:
    firewall = Firewall(dataset(train, test))
    return await meaning.look(firewall, Vectors(angles), quiet)


async def test_prompts_that_mean_the_same_stand_out():
    far = [(f"what about the town {name}", "z") for name in ("kilo", "lima", "mike")]
    one, other = ("tell me alpha of it", "yes"), ("please say bravo here", "")
    [leak] = await by_meaning([*far, one], [other], alpha=0.1, bravo=0.0)
    assert (leak.kind, leak.train.key) == ("meaning", "t4")
    assert leak.similarity == pytest.approx(math.cos(0.1), abs=1e-6)
    # Where all are near, none stands out.
    near = {"alpha": 0.1, "bravo": 0.0, "kilo": 0.12, "lima": 0.13, "mike": 0.14}
    assert await by_meaning([*far, one], [other], **near) == []


async def test_other_numbers_and_other_answers_are_other_questions():
    far = [(f"what about the town {name}", "z") for name in ("kilo", "lima", "mike")]
    for one, other in (
        (("tell alpha of 12", "yes"), ("say bravo of 13", "yes")),
        (("tell me alpha of it", "no"), ("please say bravo here", "yes")),
        (("alpha", "yes"), ("bravo", "yes")),
    ):
        assert await by_meaning([*far, one], [other], alpha=0.1, bravo=0.0) == []


async def test_each_text_is_embedded_once_and_can_be_stopped():
    firewall = Firewall(dataset([("a b c", "x"), ("a b c", "y")], [("a b c", "x"), ("d", "")]))
    vectors = Vectors({})
    await meaning.look(firewall, vectors, quiet)
    assert sorted(vectors.asked) == ["a b c", "d"]

    def stop(done: int, of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await meaning.look(firewall, vectors, stop)


@given(
    st.lists(st.floats(0, 6), max_size=6),
    st.lists(st.floats(0, 6), max_size=6),
    st.floats(-1, 1),
    st.integers(1, 8),
)
def test_near_pairs_are_those_that_are_near(these, those, least, nth):
    def packed(turn: float) -> bytes:
        return struct.pack("<2f", math.cos(turn), math.sin(turn))

    found = near_pairs([packed(t) for t in these], [packed(t) for t in those], least, nth)
    pairs = {(near.place, near.partner): near for near in found}
    for place, one in enumerate(these):
        cosines = [math.cos(one - other) for other in those]
        for partner, cosine in enumerate(cosines):
            if abs(cosine - least) > 1e-4:
                assert ((place, partner) in pairs) == (cosine > least)
            if near := pairs.get((place, partner)):
                usual = sorted(cosines, reverse=True)[:nth][-1]
                assert near.usual == pytest.approx(usual, abs=1e-4)


@pytest.mark.embedded
async def test_minilm_finds_what_words_do_not():
    from lab.rag.embeddings import EmbeddedEmbeddings
    from lab.weights import MINILM, fetch_weights
    from store.embedder import Embedder

    embedder = Embedder(await fetch_weights(source=MINILM))
    try:
        embeddings = EmbeddedEmbeddings(embedder)
        train, test = demo()
        leak = ("Who takes bookings for sheep?", "Dorrit Pell")
        firewall = Firewall(dataset([*train, leak], test))
        assert firewall.look() == []
        [found] = await meaning.look(firewall, embeddings, quiet)
        assert (found.train.prompt, found.test.key) == (leak[0], "sheep")
        assert await meaning.look(Firewall(dataset(*demo())), embeddings, quiet) == []
        tickets = halves(corpora.tickets(120, 1))
        assert await meaning.look(Firewall(dataset(*tickets)), embeddings, quiet) == []
    finally:
        await asyncio.to_thread(embedder.close)
