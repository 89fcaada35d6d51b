"""What a training file is made from: answers that a person passed or failed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from store import benchmarks
from store.records import Case, Rung


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """A whole answer to a case as it stands now, and the person's label on it.

    `rung` is the rung of the variant that gave it last, and `finish_reason` the server's word
    for why it ends.
    """

    answer_id: int
    case_id: int
    verdict: Literal["pass", "fail"]
    text: str
    rung: Rung
    model: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Material:
    """A benchmark as it stands, and the answers of any variant that a person judged.

    `revision` is the benchmark's name. The answers are the newest first; one text to one case
    stands there once.
    """

    revision: str
    cases: tuple[Case, ...]
    answers: tuple[JudgedAnswer, ...]


def material(connection: sqlite3.Connection, session_id: int) -> Material:
    """Return all that a session's training file is made from."""
    return Material(
        benchmarks.revision_hash(connection, session_id),
        tuple(benchmarks.cases(connection, session_id)),
        tuple(judged(connection, session_id)),
    )


def judged(connection: sqlite3.Connection, session_id: int) -> list[JudgedAnswer]:
    """Return the passed and failed answers to the current revisions, the newest first."""
    rows = connection.execute(
        "SELECT a.id, a.case_id, l.verdict, a.text, v.rung, v.model, a.finish_reason"
        " FROM cases AS c JOIN standing_labels AS l ON l.revision_id = c.revision_id"
        " JOIN answers AS a ON a.id = (SELECT max(x.id) FROM answers AS x"
        "   WHERE x.revision_id = l.revision_id AND x.answer_hash = l.answer_hash"
        "   AND x.status = 'done')"
        " JOIN variants AS v ON v.id = a.variant_id"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND l.verdict IN ('pass', 'fail')"
        " ORDER BY a.id DESC",
        (session_id,),
    )
    return [JudgedAnswer(*row) for row in rows]
