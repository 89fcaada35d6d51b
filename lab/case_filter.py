"""A line in which a person says which cases to show."""

from __future__ import annotations

import re

from store.errors import PlainError
from store.filters import STATES, Field, Term
from store.records import SPLITS

HOW = (
    "words, tag:x, split:train, id:x, is:unlabelled (unasked, passed, partial, failed, error, "
    "empty, bad); - before one means not"
)
_PIECE = re.compile(r'(-?)(?:(tag|split|id|is):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_FIELDS: dict[str, Field] = {"tag": "tag", "split": "split", "id": "id", "is": "is"}
_ALSO = {"unlabeled": "unlabelled", "pass": "passed", "fail": "failed"}


class FilterProblem(PlainError):
    """The line says nothing that can be looked for; the message is one sentence."""


def read_filter(line: str) -> tuple[Term, ...]:
    """Return the conditions of a line such as `ferry tag:"by hand" -is:passed`.

    Words stand for themselves, several in quotes for their sequence. Raises FilterProblem
    for a split or a state that there is not.
    """
    terms: list[Term] = []
    for minus, field, quoted, bare in _PIECE.findall(line):
        name, value = _FIELDS.get(field.lower(), "word"), quoted or bare
        if name in ("split", "is"):
            value = _ALSO.get(value.lower(), value.lower())
            known = SPLITS if name == "split" else STATES
            if value not in known:
                raise FilterProblem(f"{name}:{value} is unknown; take one of {', '.join(known)}.")
        if value:
            terms.append(Term(name, value, not minus))
    return tuple(terms)
