"""The keys of the Tune screen; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "tune")

BINDINGS: list[BindingType] = [
    _key("escape,f2", "bench", "Bench", "Back to the bench; a training goes on", show=True, id="b"),
    _key("s", "start", "Start", "Train on the examples", show=True, id="start"),
    _key("r", "resume", "Go on", "Go on with what was broken off", show=True, id="resume"),
    _key("t", "tests", "Ask tests", "Ask the tuned model and its base", show=True, id="tests"),
    _key("l", "settle", "Settle", "Label what settles the step soonest", show=True, id="settle"),
    _key("a", "allow", "Allow leaks", "Train in spite of leaks, or not", show=True, id="allow"),
    _key("tab", "page", "Training", "The training, or the dataset", show=True, id="page"),
    _key("x", "cancel", "Cancel", "Stop the training", show=True, id="cancel"),
    _key("b", "backend", "Backend", "Train here, or at a provider", show=True, id="backend"),
    _key("m", "base", "Base", "Choose the model to train", show=True, id="base"),
    _key("e", "settings", "Method", "Method, epochs, held back, seed", show=True, id="set"),
    _key("n", "job(1)", "Older", "The training before this one", id="older"),
    _key("N", "job(-1)", "Newer", "The training after this one", id="newer"),
    _key("f3", "library", "Documents", "Read, promote and search", id="library"),
    _key("f4", "ladder", "Ladder", "Each rung and step, and what to do", id="ladder"),
    _key("question_mark", "app.help", "Keys", "Show these keys", show=True, id="help"),
]
