"""The keys of the bench; footer, help and palette are made from them."""

from __future__ import annotations

from functools import partial

from textual.binding import BindingType

from tui.bindings import binding

_key = partial(binding, "bench")

BINDINGS: list[BindingType] = [
    _key("enter", "ask", "Ask", "Ask this case", show=True, id="ask"),
    _key("r", "ask_all", "All", "Ask every test case not answered yet", show=True, id="all"),
    _key("R", "ask_all(True)", "All anew", "Ask every test case anew", id="all_anew"),
    _key("escape", "stop", "Stop", "Stop asking; else list all cases", show=True, id="stop"),
    _key("y,1", "label('pass')", "Pass", "Label the answer: pass", show=True, id="pass"),
    _key("p", "label('partial')", "Partial", "Label the answer: partial", show=True, id="partial"),
    _key("n,0", "label('fail')", "Fail", "Label the answer: fail", show=True, id="fail"),
    _key("s", "skip", "Skip", "Go on without a verdict", id="skip"),
    _key("u", "undo", "Undo", "Take the last label back", show=True, id="undo"),
    _key("l", "queue", "Queue", "Label what waits, one after the other", show=True, id="queue"),
    _key("J", "judge", "Judge the answers", "A model judges; your labels check it", id="judge"),
    _key("M", "choose_judge", "Choose the judge", "Choose who judges", id="choose_judge"),
    _key("slash,i", "prompt", "Prompt", "Type or paste a prompt", show=True, id="prompt"),
    _key("question_mark", "app.help", "Keys", "Show these keys", show=True, id="help"),
    _key("m", "model", "Model", "Choose who is asked", show=True, id="model"),
    _key("c", "rung", "Rung", "Bare, context, or what the store finds", show=True, id="rung"),
    _key("f3", "library", "Documents", "Read, promote and search", show=True, id="library"),
    _key("f4", "ladder", "Ladder", "Each rung and step, and what to do", show=True, id="ladder"),
    _key("f5", "tune", "Tune", "Train a model on the train cases", show=True, id="tune"),
    _key("d", "documents", "In the context", "Go to the documents", id="documents"),
    _key("C", "citations", "Citations", "Open what the answer was given", id="citations"),
    _key("v", "compare", "Compare", "Several variants side by side", show=True, id="compare"),
    _key("f", "filter", "Filter", "List only the cases with a word, a tag, …", id="filter"),
    _key("E", "edit_outside", "In your editor", "Edit the case in $EDITOR", id="edit_outside"),
    _key("H", "history", "Revisions", "See how the case changed; restore", id="history"),
    _key("B", "check", "Check the benchmark", "Look for the benchmark's own faults", id="check"),
    _key("e", "edit", "Edit", "Edit the case and what is expected", show=True, id="edit"),
    _key("plus", "add_variant", "Add a model", "Show another model beside this one", id="add"),
    _key("h", "blind", "Hide heads", "Hide which variant is which", id="blind"),
    _key("a", "system", "System prompt", "Change the system prompt", id="system"),
    _key("w", "show_sent", "What was sent", "Show exactly what is sent", id="sent"),
    _key("dollar_sign", "cap", "Cap", "Change what the session may spend", id="cap"),
    _key("b", "import", "Import a benchmark", "Read cases from a file", id="import"),
    _key("delete", "remove", "Remove", "Take the case out of the benchmark", id="remove"),
    _key("ctrl+z", "restore", "Bring back", "Bring the removed case back", id="restore"),
    _key("ctrl+t", "as_text", "As text", "Take what was dropped last as text", id="as_text"),
    _key("tab", "next_pane", "Next pane", "Go to the next pane", id="next"),
    _key("shift+tab", "next_pane(-1)", "Pane before", "Go to the pane before", id="before"),
]
