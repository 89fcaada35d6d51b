"""Answers that are on their way, for whichever pane comes to show them."""

from __future__ import annotations


class Live:
    """What has streamed in so far, by (variant id, case id)."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[int, int], list[tuple[str, str]]] = {}

    def begin(self, variant_id: int, case_id: int) -> None:
        """Note that a case is being asked."""
        self._pieces[variant_id, case_id] = []

    def add(self, variant_id: int, case_id: int, text: str, reasoning: str) -> None:
        """Keep what has just come."""
        self._pieces.setdefault((variant_id, case_id), []).append((text, reasoning))

    def end(self, variant_id: int, case_id: int) -> None:
        """Forget an answer that is stored now."""
        self._pieces.pop((variant_id, case_id), None)

    def get(self, variant_id: int, case_id: int) -> tuple[str, str] | None:
        """Return text and reasoning so far, None when the case is not being asked."""
        pieces = self._pieces.get((variant_id, case_id))
        if pieces is None:
            return None
        return "".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)

    def __contains__(self, key: object) -> bool:
        return key in self._pieces
