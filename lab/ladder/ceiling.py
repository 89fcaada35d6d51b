"""How far perfect retrieval could bring the rung rag, as far as the oracle was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.ladder.words import percent
from lab.statistics.rates import Rate

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.ladder.reading import Ladder


async def oracle_ceiling(desk: Desk, ladder: Ladder) -> Rate | None:
    """Return the ceiling of the variant on the rung rag, None where no oracle was asked.

    See `lab.rag.oracle`, which is imported only where there is a rung rag.
    """
    facts = ladder.rung("rag")
    if facts is None:
        return None
    from lab.rag.oracle import diagnose, oracle_of

    variant = facts.standing.variant
    asked = await desk.stored_variant(oracle_of(variant))
    return (await diagnose(desk, variant)).ceiling if asked.id else None


def ceiling_text(ceiling: Rate) -> str:
    """Return the ceiling as a sentence."""
    return (
        f"With perfect retrieval rag would be right in {percent(ceiling.rate)} at best "
        f"({percent(ceiling.low)} to {percent(ceiling.high)}), by the oracle's answers."
    )
