"""The wording of texts, as far as it tells one question from another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from store.records import Case

Words = tuple[str, ...]

# A script without spaces is read sign by sign.
_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Marks that only punctuate are left out; any other sign, as + or <, may be the question.
_WORDS = re.compile(
    rf"[{_SIGNS}]|[^\W{_SIGNS}]+|[^\w\s.,;:!?¿¡\"'`´‘’“”„«»()\[\]…–—*#_。、，？！：；]"
)
_OPTION = re.compile(r"^\s*(?:[-*•]|\(?[A-Za-z1-9][).:])\s+(.+)$", re.MULTILINE)
_OR = frozenset(("or", "oder", "ou", "o", "eller", "of", "/", "|"))


def words(text: str) -> Words:
    """Return a text's words and signs whatever their case, without punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_WORDS.findall(folded))


def asked(case: Case) -> Words:
    """Return the words of all that a case asks, its earlier messages before the prompt."""
    earlier = [word for message in case.draft.messages for word in words(message["content"])]
    # Of a prompt without words its signs are all there is.
    return (*earlier, *(words(case.prompt) or (case.prompt.strip(),)))


def runs_in(text: Words, known: Mapping[str, Collection[Words]]) -> set[Words]:
    """Return which of the passages stand in a text; they are given by their first words."""
    found: set[Words] = set()
    for place, word in enumerate(text):
        for passage in known.get(word, ()):
            if text[place : place + len(passage)] == passage:
                found.add(passage)
    return found


def is_choice(value: Words, prompt: str) -> bool:
    """Tell whether a prompt offers a value for choice: in a list of options, or by an “or”."""
    options = [words(line[1]) for line in _OPTION.finditer(prompt)]
    if len(options) > 1 and any(runs_in(option, {value[0]: [value]}) for option in options):
        return True
    text = words(prompt)
    for place in range(len(text) - len(value) + 1):
        if text[place : place + len(value)] == value:
            beside = (*text[max(0, place - 1) : place], *text[place + len(value) :][:1])
            if _OR.intersection(beside):
                return True
    return False


def numbers(text: Words) -> Words:
    """Return the words that have digits in them, in their order."""
    return tuple(word for word in text if any(sign.isdigit() for sign in word))
