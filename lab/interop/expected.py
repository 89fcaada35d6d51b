"""The right answers that a benchmark from elsewhere gives, as an expectation."""

from __future__ import annotations

from collections.abc import Sequence

from lab.grading.lists import join_list, split_list
from lab.interop.letters import is_letter, pattern_for
from lab.interop.notes import Notes
from store.records import Assertion, Expectation

_ALONE = ("equals", "contains", "icontains", "starts-with", "numeric")
_ONE_OF = ("contains-any", "icontains-any")


def any_of(answers: Sequence[str], notes: Notes) -> Expectation:
    """Return the expectation that any one of the answers satisfies.

    One answer is the expectation's text; of several, each is looked for. Capital letters
    alone are looked for where an answer names its choice, since a letter is in every text.
    """
    distinct = list(dict.fromkeys(answers))
    if not distinct:
        return Expectation()
    if all(is_letter(each.strip()) for each in distinct):
        notes.add("a letter alone is looked for at the beginning, or after “answer” or “is”")
        letters = [each.strip() for each in distinct]
        checks = pattern_for(letters[:1])
        if len(letters) > 1:
            checks = "|".join(pattern_for([each]) for each in letters)
        return Expectation(" or ".join(letters), (Assertion("regex", checks),))
    if len(distinct) == 1:
        return Expectation(distinct[0].strip())
    notes.add("of several right answers any one is looked for in the answer, whatever its case")
    return Expectation("", (Assertion("icontains-any", join_list(distinct)),))


def answers_of(expectation: Expectation) -> list[str]:
    """Return the right answers that an expectation names, for formats that know only those."""
    if expectation.text.strip():
        return [expectation.text]
    for each in expectation.assertions:
        if each.type in _ONE_OF:
            return list(split_list(each.value))
        if each.type in _ALONE:
            return [each.value]
    return []
