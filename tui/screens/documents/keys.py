"""The keys of the Documents screen; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "docs")

BINDINGS: list[BindingType] = [
    _key("escape", "back", "Back", "Drop, stop, else go back to the bench", show=True, id="back"),
    _key("f2", "bench", "Bench", "To the bench; what is promoted goes on", show=True, id="bench"),
    _key("f4", "ladder", "Ladder", "To the ladder; what is promoted goes on", id="ladder"),
    _key("f5", "tune", "Tune", "To the training; what is promoted goes on", id="tune"),
    _key("slash", "search", "Search", "Search in what is promoted", show=True, id="search"),
    _key("m", "mode", "Mode", "Search by vector, keyword or both", show=True, id="mode"),
    _key("plus", "more(1)", "One more", "One more result", id="more"),
    _key("minus", "more(-1)", "One fewer", "One result fewer", id="fewer"),
    _key("o", "only", "Only this", "Search only in this document, or all", show=True, id="only"),
    _key("p", "promote", "Promote", "Put the document into the store", show=True, id="promote"),
    _key("P", "promote_all", "All", "Put every document into the store", show=True, id="all"),
    _key("D", "demote", "Demote", "Take the document out of the store", show=True, id="demote"),
    _key("i", "settings", "Chunks", "How documents are cut and searched", show=True, id="set"),
    _key("C", "compare", "Compare", "Measure ways to cut and to search", show=True, id="compare"),
    _key("U", "use", "Use for rag", "Ask the rung rag with this mode and number", id="use"),
    _key("n", "case(1)", "Next case", "Pick evidence for the next case", id="next_case"),
    _key("N", "case(-1)", "Case before", "Pick evidence for the case before", id="case_before"),
    _key("x", "evidence", "Evidence", "Go to the case's next evidence", show=True, id="evidence"),
    _key("question_mark", "app.help", "Keys", "Show these keys", show=True, id="help"),
    _key("tab", "next_pane", "Next pane", "Go to the next pane", id="next"),
    _key("shift+tab", "next_pane(-1)", "Pane before", "Go to the pane before", id="before"),
]
