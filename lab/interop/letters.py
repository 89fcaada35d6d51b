"""Multiple choice: the choices as lettered lines, and the pattern that finds the right letter."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789"
MOST = len(_SIGNS)

_ONE = "Answer with the letter of the right choice, in a last line such as “ANSWER: A”."
_MANY = "Answer with the letters of all right choices, in a last line such as “ANSWER: A, C”."
_BEFORE = r"(?:\A|\b(?i:answers?|is|are|boxed))[\W_]*"
# A and I are words too: they are letters after “answer”, elsewhere only where no word follows.
_NAMED = r"\b(?i:answers?|boxed)(?:[\W_]|\b(?i:is)\b)*"
_NO_WORD = r"(?!['’\-]|\s+[a-z])"
_NO_MORE = r"(?!\s*(?:[,;&/]|\band\b)\s*[A-Z]\b)"
_BETWEEN = r"(?:[\W_]|\band\b)*"


def lettered(choices: Sequence[str], *, several: bool = False) -> str:
    """Return up to 35 choices as lines `A) …`, and a line that says how to answer.

    After Z come the digits from 1 on, as in Inspect.
    """
    lines = [f"{_SIGNS[place]}) {choice}" for place, choice in enumerate(choices)]
    return "\n".join((*lines, "", _MANY if several else _ONE))


def signs_of(target: str, choices: Sequence[str]) -> list[str]:
    """Return the letters that a target names, in their order: `B`, `AC`, `A, C`, or a choice.

    Empty where it names something that is no choice.
    """
    target, signs = target.strip(), _SIGNS[: len(choices)]
    if target in choices and (len(target) > 1 or target.upper() not in signs):
        return [signs[choices.index(target)]]
    named = set(re.sub(r"[\s,;]+", "", target).upper())
    return sorted(named, key=signs.index) if named <= set(signs) else []


def readable(named: Sequence[str], choices: Sequence[str]) -> str:
    """Return the named choices for people, one a line: `B) Paris`."""
    return "\n".join(f"{sign}) {choices[_SIGNS.index(sign)]}" for sign in named)


def pattern_for(named: Sequence[str]) -> str:
    """Return the regular expression that finds exactly these letters, all of them, as answer.

    They are looked for at the beginning and after “answer” or “is”. A letter that begins a
    sentence, as in “A dog …”, is none.
    """
    spelled = _BETWEEN.join(named) + r"\b"
    if named[-1] not in "AI":
        return f"{_BEFORE}{spelled}{_NO_MORE}"
    return f"(?:{_NAMED}{spelled}|{_BEFORE}{spelled}{_NO_WORD}){_NO_MORE}"


def is_letter(text: str) -> bool:
    """Tell whether a text is one capital letter, as multiple-choice benchmarks expect it."""
    return len(text) == 1 and text in _SIGNS[:26]
