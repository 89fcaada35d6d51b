"""Checks that measure how far an answer is from a text, by rapidfuzz."""

from __future__ import annotations

from lab.grading.findings import Finding, Given, beginning, caseless, nfc
from store.records import Assertion

MOST_EDITS = 5.0
LEAST_LIKENESS = 0.75


def levenshtein(assertion: Assertion, given: Given) -> Finding:
    """Count the edits (Levenshtein 1966) from the whole answer to the text.

    An edit inserts, deletes or replaces one character; outer white space does not count.
    The threshold is the most that may be needed, 5 where none is given.
    """
    from rapidfuzz.distance import Levenshtein

    most = MOST_EDITS if assertion.threshold is None else assertion.threshold
    edits = Levenshtein.distance(nfc(given.text).strip(), nfc(assertion.value).strip())
    noun = "edit" if edits == 1 else "edits"
    return Finding(edits <= most, f"{edits:,} {noun}: {beginning(given.text)}")


def similar(assertion: Assertion, given: Given) -> Finding:
    """Measure the likeness of characters between the whole answer and the text, 0 to 1.

    It is 1 less the Levenshtein distance as a share of the longer text, whatever the case
    and the white space. promptfoo compares meaning by embeddings under this name; Litmus
    has none here, so that a paraphrase counts as unlike. The threshold is the least, 0.75
    where none is given; the likeness is the check's score.
    """
    from rapidfuzz.distance import Levenshtein

    least = LEAST_LIKENESS if assertion.threshold is None else assertion.threshold
    alike = Levenshtein.normalized_similarity(caseless(given.text), caseless(assertion.value))
    # Cut, not rounded, or else 0.7499 would be shown as the 0.75 that it missed.
    return Finding(alike >= least, f"{int(alike * 100)}%: {beginning(given.text)}", alike)
