"""The last line: the keys that work here, made from the bindings, in one widget."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static


class KeyBar(Static):
    """Shows each key with what it does; a click on one is that key.

    One widget for all keys: a widget for each would cost more than the rest of a screen.
    """

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom; height: 1; background: $footer-background; color: $footer-foreground;
        text-wrap: nowrap; text-overflow: ellipsis;
        link-style: none; link-color: $footer-foreground; link-background: transparent;
    }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._show)

    def _show(self, screen: Screen[object]) -> None:
        if screen is not self.screen:
            return
        keys: list[Content] = []
        shown: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or binding.action in shown:
                continue
            shown.add(binding.action)
            click = Style.from_meta({"@click": f"app.simulate_key('{binding.key}')"})
            key = Content.styled(
                f" {self.app.get_key_display(binding)}", "bold $footer-key-foreground"
            )
            text = Content(f" {binding.description} ")
            keys.append(Content.assemble(key, text).stylize(click))
        self.update(Content.assemble(*keys))
