"""The keys of a step's flips; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "flips")

BINDINGS: list[BindingType] = [
    _key("escape,q", "leave", "Back", "Back to the ladder", show=True, id="leave"),
    _key("n", "go(1)", "Next", "The next case", show=True, id="next"),
    _key("N", "go(-1)", "Before", "The case before", show=True, id="before"),
    _key("g", "bench", "On the bench", "Go to the case on the bench", show=True, id="bench"),
    _key("tab", "app.focus_next", "Next pane", "Go to the next pane", show=True, id="pane"),
    _key("question_mark", "app.help", "Keys", "Show these keys", show=True, id="help"),
]
