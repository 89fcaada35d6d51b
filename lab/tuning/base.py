"""The base of a tuned model, asked under the same prompt: what training alone has brought."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from store.errors import NotFound
from store.records import Rung

if TYPE_CHECKING:
    from lab.setup import Setup

BASE_RUNG: Rung = "bare"
"""The rung that a base is asked on: no documents, as the tuned model gets none."""


def base_of(tuned: Setup) -> Setup:
    """Return what asks the base of a tuned model. Raises NotFound where it has none."""
    if tuned.tuned is None:
        raise NotFound(f"{tuned.model} is not known to be tuned from anything.")
    return replace(tuned, rung=BASE_RUNG, model=tuned.tuned.base_model, tuned=None)
