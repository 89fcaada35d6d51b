"""A screen that shows only those keys that work, also while text is typed."""

from __future__ import annotations

from dataclasses import replace

from textual.keys import REPLACED_KEYS, key_to_character
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import TextArea


class KeyedScreen(Screen[ScreenResultType]):
    """A screen whose `active_bindings` leave out what the focused widget takes as text.

    Textual leaves out letters there, but not keys that it knows by a name, as `slash`. A key may
    be called by how much it would do now.
    """

    @property
    def active_bindings(self):  # type: ignore[override]
        found, focused = super().active_bindings, self.focused
        if focused is not None:
            found = {key: active for key, active in found.items() if not _is_typed(key, focused)}
        for key, active in found.items():
            if name := self.label_of(active.binding.id or ""):
                binding = replace(active.binding, description=name, show=True)
                found[key] = active._replace(binding=binding)
        return found

    def label_of(self, binding: str) -> str:
        """Return what a key is called by what it would do now, empty where that is always one."""
        return ""


def _is_typed(key: str, focused: Widget) -> bool:
    if key == "enter":
        return isinstance(focused, TextArea)
    return focused.check_consume_key(key, key_to_character(REPLACED_KEYS.get(key, key)))
