"""The keys of the label queue; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "queue", show=True)

BINDINGS: list[BindingType] = [
    _key("enter", "go_on", "Go on", "Go on labelling", id="on"),
    _key("y,1", "judge('pass')", "Pass", "The answer is right", id="pass"),
    _key("p", "judge('partial')", "Partial", "The answer is right in part", id="partial"),
    _key("n,0", "judge('fail')", "Fail", "The answer is wrong", id="fail"),
    _key("m", "reason('m')", "Missing knowledge", "It did not know", show=False, id="missing"),
    _key("f", "reason('f')", "Format", "It has the wrong form", show=False, id="format"),
    _key("r", "reason('r')", "Reasoning", "It thought wrongly", show=False, id="reasoning"),
    _key("s", "skip", "Skip", "Go on without a verdict", id="skip"),
    _key("u", "undo", "Undo", "Take back what was done last", id="undo"),
    _key("x", "repair", "Bad case", "The case itself is wrong: send it to repair", id="bad"),
    _key("escape", "leave", "Leave", "Leave; every label is kept", id="leave"),
    _key("question_mark", "app.help", "Keys", "Show these keys", id="help"),
    _key("e", "evidence", "Evidence", "Pick what holds the answer in a document", id="evidence"),
    _key("w", "note", "Note", "Write a note that goes with the verdict", id="note"),
    _key("b", "blind", "Blind", "Hide whose answer it is, or show it", id="blind"),
    _key("a", "graded", "Checked too", "Also what the checks have graded, or not", id="graded"),
    _key("d", "settle", "Differing", "Settle what you judged differently", id="settle"),
]
