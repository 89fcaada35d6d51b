"""How keys are declared, once each; footer, help and palette are made from them."""

from __future__ import annotations

from textual.binding import Binding


def binding(
    place: str, keys: str, action: str, label: str, tooltip: str, *, show: bool = False, id: str
) -> Binding:
    """Return a key of a place, whose name its id begins with; `show` puts it into the footer."""
    return Binding(keys, action, label, show=show, id=f"{place}.{id}", tooltip=tooltip)
