"""The one door through which untrusted text reaches the screen.

Model output, documents, file names and errors from servers are never markup and never
escape sequences: control characters and bidi controls become visible glyphs, and the
result is a `Content`, which Textual does not parse. What is made visible, and how, is
`lab.visible`'s to say, since reports are written by it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.visible import LONGER, one_line, visible

if TYPE_CHECKING:
    from textual.content import Content

__all__ = ["LONGER", "content", "one_line", "visible"]


def content(text: str, style: str = "") -> Content:
    """Return untrusted text as displayable content without markup."""
    # Here, since the command line shares this module and starts without Textual.
    from textual.content import Content

    return Content.styled(visible(text), style) if style else Content(visible(text))
