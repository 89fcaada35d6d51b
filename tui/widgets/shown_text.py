"""An untrusted text as it is displayed, and which place in it is which of the text."""

from __future__ import annotations

import re
from bisect import bisect_right

from tui import safe

_UNEVEN = re.compile(f"\r\n|[{re.escape(safe.LONGER)}]")


class ShownText:
    """A text in its visible form, `shown`, with offsets that go from one to the other.

    Making it takes time in proportion to the text's length: for a long one, use a thread.
    """

    def __init__(self, text: str) -> None:
        self.shown = safe.visible(text)
        self.length = len(text)
        # Behind each character that is shown longer or shorter than it is: where that is in
        # the text, and in what is shown.
        self._text, self._shown = [0], [0]
        shift = 0
        for found in _UNEVEN.finditer(text):
            shift += len(safe.visible(found[0])) - len(found[0])
            self._text.append(found.end())
            self._shown.append(found.end() + shift)

    def to_shown(self, offset: int) -> int:
        """Return where the character at an offset of the text is shown."""
        place = bisect_right(self._text, offset) - 1
        return min(self._shown[place] + offset - self._text[place], self._end(place))

    def to_text(self, offset: int) -> int:
        """Return the offset in the text of what is shown at an offset.

        Within a character that is shown as several it is that character's own.
        """
        place = bisect_right(self._shown, offset) - 1
        found = self._text[place] + offset - self._shown[place]
        if place + 1 < len(self._text):
            width = 2 if self._is_line_end(place + 1) else 1
            return min(found, self._text[place + 1] - width)
        return min(found, self.length)

    def _end(self, place: int) -> int:
        """Return the last offset in what is shown that lies before the next uneven place."""
        if place + 1 == len(self._shown):
            return len(self.shown)
        return self._shown[place + 1] - 1

    def _is_line_end(self, place: int) -> bool:
        return self.shown[self._shown[place] - 1] == "\n"
