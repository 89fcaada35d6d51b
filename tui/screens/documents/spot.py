"""A place in a document, which the Documents screen is opened at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """A span of a document's text, in characters; of no length for its beginning.

    The document may have left the session, as answers rest on it still.
    """

    name: str
    sha256: str
    start: int = 0
    end: int = 0
