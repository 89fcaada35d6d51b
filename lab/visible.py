"""Untrusted text as text that nothing obeys: no terminal, no text layout, no reader's eye.

Model output, documents, file names and errors from servers may hold escape sequences and
bidi controls. Here they become glyphs that can be seen. What is then shown as HTML, Markdown
or `Content` is escaped there.
"""

from __future__ import annotations

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "␡",
    **{code: f"‹{code:02X}›" for code in range(0x80, 0xA0)},
    **{code: f"‹U+{code:04X}›" for code in _BIDI},
    **{code: f"‹U+{code:04X}›" for code in (0x2028, 0x2029, 0xFEFF)},
}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_TABLE = str.maketrans({**_VISIBLE, **_SURROGATES})
LONGER = "".join(chr(code) for code, glyph in _VISIBLE.items() if len(glyph) > 1)
"""The characters that `visible` shows as several."""


def visible(text: str) -> str:
    """Return text in which nothing is left that a terminal would obey.

    Newline and tab stay; CR LF counts as a newline. Every other C0 control, DEL, C1 and
    the bidi controls become glyphs that can be seen.
    """
    return text.replace("\r\n", "\n").translate(_TABLE)


def one_line(text: str, limit: int = 400) -> str:
    """Return `visible` text on a single line of at most `limit` characters.

    An ellipsis at its end says that there is more. Only the beginning of a long text is
    looked at, so that any text costs the same.
    """
    text = _stripped(text)
    head = " ".join(visible(text[: limit * 4]).split())
    whole = len(text) <= limit * 4 and len(head) <= limit
    return head if whole else head[: limit - 1] + "…"


def _stripped(text: str) -> str:
    """Return text without the blanks and line ends around it; CR LF is one line end."""
    start, end = 0, len(text)
    while start < end and (text[start] in " \t\n" or text.startswith("\r\n", start)):
        start += 2 if text[start] == "\r" else 1
    while start < end and text[end - 1] in " \t\n":
        end -= 2 if text[end - 2 : end] == "\r\n" else 1
    return text[start : max(start, end)]
