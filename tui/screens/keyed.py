"""A screen that shows only those keys that work, also while text is typed."""

from __future__ import annotations

from textual.keys import REPLACED_KEYS, key_to_character
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget
from textual.widgets import TextArea


class KeyedScreen(Screen[ScreenResultType]):
    """A screen whose `active_bindings` leave out what the focused widget takes as text.

    Textual leaves out letters there, but not keys that it knows by a name, as `slash`.
    """

    @property
    def active_bindings(self):  # type: ignore[override]
        found, focused = super().active_bindings, self.focused
        if focused is None:
            return found
        return {key: active for key, active in found.items() if not _is_typed(key, focused)}


def _is_typed(key: str, focused: Widget) -> bool:
    if key == "enter":
        return isinstance(focused, TextArea)
    return focused.check_consume_key(key, key_to_character(REPLACED_KEYS.get(key, key)))
