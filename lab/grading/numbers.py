"""Numbers as people and models write them, read from running text.

Each number has one reading, so that a thousand is not taken for a one by accident:

- `1,234.50`, `1'234.50`, `1.234,50`, `12,34,567` and groups set apart by a no-break or thin
  space are grouped. `1,234` is a thousand and `1.234` is one and a bit, as in English; a
  comma that cannot part thousands is a decimal comma (`12,5`, `0,125`).
- An ordinary space may part thousands or only words, so `1 234` counts as 1234, 1 and 234.
- A minus, a hyphen or an en dash directly before a number that begins a word makes it
  negative; `10-12` and `10–12` are ranges, and both their ends count.
- A currency sign or a per cent sign is left out of account: `$1,200` is 1200, `12 %` is 12.
- Digits inside a longer token do not count: `A-12`, `v2`, `12A`, `007`, dates and times in
  digits (`2024-03-15`, `15/03/2024`, `12:30`), fractions, powers, versions, addresses. Units
  (`5kg`), ordinals (`3rd`) and words after a hyphen (`12-month`) may follow a number.
- The numbering of a list (`1.`, `2.`) and citations after a word (`text [3]`) do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

_MOST_DIGITS = 100
_SAME = str.maketrans(
    {**dict.fromkeys("−–‑﹣－", "-"), "’": "'", **dict.fromkeys("\u2007\u2009\u202f", "\u00a0")}
)
# Patterns are kept as text: `re` compiles one at its first use, not before the first paint.
_CURRENCY = "$¢£¤¥\u20a0-\u20cf"
# Scripts that put no space between words, so that a letter beside a digit means nothing.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_UNITS = (
    "st|nd|rd|th|x|px|pt|mm|cm|dm|m|km|in|ft|mi|mg|g|kg|t|lb|lbs|oz|ml|cl|l|L|s|sec|ms|min|h|hr|hrs|"
    "d|y|yr|yrs|kB|KB|MB|GB|TB|bit|bits|V|kV|W|kW|MW|kWh|MWh|Hz|kHz|MHz|GHz|kJ|cal|kcal|"
    "Pa|hPa|kPa|bar|psi|kmh|mph|rpm|dB|am|pm"
)
_CORE = r"(?>(?<![\w.])\.\d+|\d+(?:[.,:/'\u00a0-]\d+)*(?:[eE][-+]?\d{1,3}(?!\d))?)"
_NOT_INSIDE = (
    rf"(?<!{_LETTER})(?<!\d)(?<![^\W_{_UNSPACED}][-/\\_])(?<![^\W_]__)(?<!\d[.,:'])(?<!\^)(?<!\^-)"
)
_ENDS = (
    rf"(?!\^|_{{1,3}}[^\W_]|-{_LETTER}(?!{_LETTER})|-{_LETTER}+\d|-\d)"
    rf"(?:(?=(?:{_UNITS})(?!\w))|(?!{_LETTER}))"
)
_BEGINS = rf"{_NOT_INSIDE}(?P<sign>(?<![^\W_])(?<![)\]%°-])[-+])?(?:[{_CURRENCY}]\ ?)?"
_NUMBER = rf"{_BEGINS}(?P<core>{_CORE}){_ENDS}"
_SPACED = (
    rf"{_BEGINS}(?P<core>(?>[1-9]\d{{0,2}}(?:\ \d{{3}}(?!\d))+(?:[.,]\d+)?))(?![.,:/'-]?\d){_ENDS}"
)
_ALONE = (
    rf"(?P<sign>[-+])?(?:[{_CURRENCY}]\ ?)?(?P<inner>(?<![-+])[-+])?(?P<core>{_CORE}"
    rf"|[1-9]\d{{0,2}}(?:\ \d{{3}})+(?:[.,]\d+)?)(?:\ ?[%{_CURRENCY}])?"
)
_POINT = r"(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|\.\d+"
_POINT_GROUPS = (
    r"[1-9]\d{0,2}([,'\u00a0 ])\d{3}(?:\1\d{3})*(?:\.\d+)?|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?"
)
_COMMA = (
    r"(?:0|[1-9]\d*),\d+|[1-9]\d{0,2}([.'\u00a0 ])\d{3}(?:\1\d{3})*,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}"
)
_RANGE = r"([^-]*[^-eE])-([^-]+)"
_LIST_MARK = r"(?m)^[ \t>*#]*(\d{1,3})[.)](?=[ \t])"
_CITATION = r"(?<=[^\s:=(\[])[ ]?\[\d{1,2}\]"


def parse_number(text: str) -> Decimal | None:
    """Return the number that the whole of `text` is, or None when it is anything else.

    A sign, grouping, a currency sign and a per cent sign may be part of it.
    """
    match = re.fullmatch(_ALONE, _plain(text.strip()))
    if not match or (match["sign"] and match["inner"]):
        return None
    value = _value(match["core"])
    return -value if value is not None and "-" in (match["sign"], match["inner"]) else value


def numbers_in(text: str) -> Iterator[tuple[Decimal, str]]:
    """Yield every number in running text with the characters that it was read from."""
    text = re.sub(_CITATION, "\n", _without_list_marks(_plain(text)))
    for pattern in (_NUMBER, _SPACED):
        for match in re.finditer(pattern, text):
            core = match["core"]
            ends = re.fullmatch(_RANGE, core)
            for place, part in enumerate(ends.groups() if ends else (core,)):
                value = _value(part)
                if value is not None:
                    minus = match["sign"] == "-" and place == 0
                    yield (-value, f"-{part}") if minus else (value, part)


def _plain(text: str) -> str:
    """Return text of the same length with one form of each dash, digit and thin space."""
    if text.isascii():
        return text
    return re.sub(r"\d", lambda m: str(unicodedata.decimal(m[0])), text.translate(_SAME))


def _without_list_marks(text: str) -> str:
    marks = {int(mark) for mark in re.findall(_LIST_MARK, text)}
    if len(marks) < 2:
        return text

    def blank(match: re.Match[str]) -> str:
        number = int(match[1])
        return "\n" if marks & {number - 1, number + 1} else match[0]

    return re.sub(_LIST_MARK, blank, text)


def _value(digits: str) -> Decimal | None:
    """Return the value of one unsigned number, or None where it is no number."""
    if len(digits) > _MOST_DIGITS:
        return None
    if re.fullmatch(_POINT, digits):
        return Decimal(digits)
    if re.fullmatch(_POINT_GROUPS, digits):
        return Decimal(re.sub(r"[^\d.]", "", digits))
    if re.fullmatch(_COMMA, digits):
        return Decimal(re.sub(r"[^\d,]", "", digits).replace(",", "."))
    return None
