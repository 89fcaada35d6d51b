"""From the bytes of a text file to its characters."""

from __future__ import annotations

import codecs
import re

# UTF-32 stands before UTF-16, whose little-endian mark is how UTF-32's begins.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The encodings in which files without a mark are still found. Left to all that it knows,
# charset-normalizer reads a French or Spanish line as hp_roman8 or cp1257.
_WITHOUT_MARK = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
_RARE = ["mac_roman", "cp850"]
_WIDE = ["utf_16_le", "utf_16_be"]
_NOT_TEXT = bytes([*range(0x07), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes) -> str | None:
    """Return the characters of a text file, or None when it is not text.

    A byte order mark decides; then UTF-8 where the bytes allow it; then the most likely
    of the older encodings. The mark is not part of the text, everything else is kept:
    control characters, CR LF and a stray NUL too. Bytes that fit nothing become U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _mostly(data[len(mark) :].decode(encoding, "replace"), 0.01)
    if data.count(0) > len(data) * 0.01:
        return _guess(data, _WIDE)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    damaged = data.decode("utf-8", "replace")
    if damaged.count("\ufffd") * 10 < len(damaged) - len(damaged.encode("ascii", "ignore")):
        return damaged  # UTF-8 with a few bad bytes, such as a file that was cut
    if len(data) - len(data.translate(None, _NOT_TEXT)) > len(data) * 0.01:
        return None
    return _guess(data, _WITHOUT_MARK) or _guess(data, _RARE) or _western(data)


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: surrogate pairs joined, lone ones as U+FFFD."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _mostly(text: str, share: float) -> str | None:
    """Return text unless more than a share of it could not be decoded or is NUL."""
    return text if text.count("\ufffd") + text.count("\0") <= len(text) * share else None


def _guess(data: bytes, encodings: list[str]) -> str | None:
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=encodings)
    best = matches.best()
    if best is None:
        return None
    for match in matches:
        # Western European is by far the commonest: it wins when it fits as well.
        if match.encoding == "cp1252" and match.coherence >= best.coherence:
            best = match
    return _mostly(str(best), 0.01)


def _western(data: bytes) -> str | None:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return None
