"""Which cases of a benchmark a person looks for: by words, tag, split, and how they stand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from store.benchmarks import REPAIR
from store.grades import GRADERS, VERDICT

Field = Literal["word", "tag", "split", "id", "is"]
State = Literal["unasked", "unlabelled", "passed", "partial", "failed", "error", "empty", "bad"]
STATES: tuple[State, ...] = (
    *("unasked", "unlabelled", "passed", "partial", "failed", "error", "empty", "bad"),
)
_VERDICTS = {"passed": "pass", "partial": "partial", "failed": "fail"}


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: `field` is `word`, `tag`, `split`, `id` or `is`; not `wanted` negates it.

    A `word` is any text that stands in the prompt, the expectation or the id.
    """

    field: Field
    value: str
    wanted: bool = True


def matching(
    connection: sqlite3.Connection, session_id: int, variant_id: int, terms: Sequence[Term]
) -> list[int]:
    """Return the ids of the cases that meet every term, in their order.

    How a case stands is told by the newest answer of the variant.
    """
    # The answers are looked at only where a term asks about them: they cost the most.
    stands = any(term.field == "is" and term.value not in ("empty", "bad") for term in terms)
    answer = (
        "LEFT JOIN answers AS a ON a.id = (SELECT max(x.id) FROM answers AS x"
        f" WHERE x.variant_id = ? AND x.revision_id = c.revision_id) {GRADERS}"
    )
    rows = connection.execute(
        "SELECT c.id, c.key, r.prompt, r.expectation, r.tags, r.split,"
        f" {f'a.status, {VERDICT}' if stands else 'NULL, NULL'}"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        f" {answer if stands else ''}"
        " WHERE c.session_id = ? AND c.removed_at IS NULL ORDER BY c.position",
        (variant_id, session_id, session_id) if stands else (session_id,),
    )
    tests = [(_TESTS[term.field], term.value.casefold(), term.wanted) for term in terms]
    return [
        row[0] for row in rows if all(test(row, value) is wanted for test, value, wanted in tests)
    ]


def _word(row: Sequence[Any], value: str) -> bool:
    if value in row[2].casefold() or value in row[1].casefold():
        return True
    wanted = json.loads(row[3])
    texts = (wanted["text"], *(item["value"] for item in wanted["assertions"]))
    return any(value in text.casefold() for text in texts)


def _tag(row: Sequence[Any], value: str) -> bool:
    return value in (tag.casefold() for tag in json.loads(row[4]))


def _is(row: Sequence[Any], value: str) -> bool:
    status, verdict = row[6:]
    if value == "bad":
        return _tag(row, REPAIR)
    if value == "empty":
        wanted = json.loads(row[3])
        return not (wanted["text"] or wanted["assertions"])
    if value == "unasked":
        return status is None
    if value == "error":
        return status not in (None, "done", "asking")
    if value == "unlabelled":
        return status == "done" and verdict is None
    return status == "done" and verdict == _VERDICTS[value]


_TESTS: dict[str, Callable[[Sequence[Any], str], bool]] = {
    "word": _word,
    "tag": _tag,
    "split": lambda row, value: row[5] == value,
    "id": lambda row, value: row[1].casefold() == value,
    "is": _is,
}
