"""Prompts that mean nearly the same in other words, as far as MiniLM can tell.

Its cosines are high throughout where all prompts are about one thing, so a pair is a leak only
where it stands out: far nearer than the test case's other near neighbours are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab.tuning.examples.leakage import Firewall, Leak
from lab.tuning.examples.likeness import figures_differ
from store.nearness import Near, near_pairs

if TYPE_CHECKING:
    from lab.checking.findings import Progress
    from lab.rag.embeddings import Embeddings

LEAST = 0.9
"""The cosine from which on two prompts may mean the same."""
_SAME_ANSWER = 0.8
_STANDS_OUT, _NEIGHBOUR = 0.22, 6
_FEWEST_WORDS = 3


async def look(firewall: Firewall, embeddings: Embeddings, progress: Progress) -> list[Leak]:
    """Return the pairs of an example and a test case whose prompts mean nearly the same.

    What is common to many prompts is left out before. Raises what `embeddings` raises;
    `progress` is called with the texts embedded and their number, and may raise Stopped.
    """
    lefts = [" ".join(text.rest) for text in firewall.lefts]
    rights = [" ".join(text.rest) for text in firewall.rights]
    # Texts of one length together, since a batch takes as long as its longest.
    texts = sorted(dict.fromkeys([*lefts, *rights]), key=len)
    vectors: dict[str, bytes] = {}
    for at in range(0, len(texts), embeddings.batch):
        progress(at, len(texts))
        some = texts[at : at + embeddings.batch]
        vectors.update(zip(some, await embeddings.embed(some), strict=True))
    progress(len(texts), len(texts))
    found = await asyncio.to_thread(
        near_pairs,
        [vectors[text] for text in rights],
        [vectors[text] for text in lefts],
        _SAME_ANSWER,
        _NEIGHBOUR,
    )
    return [
        Leak(
            "meaning",
            firewall.examples[near.partner].case,
            firewall.tests[near.place],
            min(1.0, near.cosine),
        )
        for near in found
        if _is_leak(firewall, near)
    ]


def _is_leak(firewall: Firewall, near: Near) -> bool:
    pair = firewall.pair(near.partner, near.place)
    if min(len(pair.left.rest), len(pair.right.rest)) < _FEWEST_WORDS:
        return False
    relation = pair.told.relation(pair.example.answer)
    if relation == "other" or figures_differ(pair.left, pair.right):
        return False
    if relation == "same" and firewall.answers.is_rare(pair.told):
        return True
    if firewall.corpus.is_other_value(pair.left, pair.right):
        return False
    return near.cosine >= LEAST and 1 - near.cosine <= _STANDS_OUT * (1 - near.usual)
