"""The split of a case: test or train, changed with a key."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui import glyphs


class SplitBox(Static, can_focus=True):
    """Shows a split, and changes it with space or the arrows."""

    DEFAULT_CSS = """
    SplitBox { width: auto; height: 1; padding: 0 1; &:focus { background: $primary 40%; } }
    """
    BINDINGS = [
        Binding(
            "space,left,right", "switch", "Other split", id="split.toggle", tooltip="Test or train"
        )
    ]

    train: reactive[bool] = reactive(False, layout=True)

    def __init__(self, train: bool) -> None:
        super().__init__()
        self.set_reactive(SplitBox.train, train)

    def render(self) -> Content:
        split, says = ("train", "not tested") if self.train else ("test", "space changes it")
        return Content.assemble(
            Content.styled("Split ", "bold"),
            f"‹ {split} ›",
            Content.styled(f" {says}", glyphs.MUTED),
        )

    def action_switch(self) -> None:
        self.train = not self.train

    async def on_click(self) -> None:
        self.action_switch()
