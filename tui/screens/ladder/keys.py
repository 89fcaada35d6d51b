"""The keys of the Ladder screen; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "ladder")

BINDINGS: list[BindingType] = [
    _key("escape,f2", "bench", "Bench", "Back to the bench", show=True, id="bench"),
    _key("l", "settle", "Settle", "Label what settles the step soonest", show=True, id="settle"),
    _key("dollar_sign,g", "cost", "Cost", "Cost against quality, drawn", show=True, id="cost"),
    _key("t", "trend", "Trend", "Each rung as the benchmark changed", show=True, id="trend"),
    _key("e", "economics", "Economics", "What right answers are worth", show=True, id="economics"),
    _key("x", "report", "Report", "Write the ladder to a file", show=True, id="report"),
    _key("o", "oracle", "Oracle", "Why the rung rag fails: retrieval or model", id="oracle"),
    _key("f3", "library", "Documents", "Read, promote and search", id="library"),
    _key("f5", "tune", "Tune", "Train a model on the train cases", id="tune"),
    _key("question_mark", "app.help", "Keys", "Show these keys", show=True, id="help"),
]
