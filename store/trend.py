"""The benchmark as it was when it was run, and what the answers to it are worth by now."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass

from store.benchmarks import SOUND
from store.grades import GRADERS, VERDICT
from store.records import Rung, Verdict


@dataclass(frozen=True, slots=True)
class Past:
    """A revision of the benchmark that was run, and the verdicts on its answers.

    `began` is when its first run began, in seconds since the epoch, and `cases` how many
    test cases it had. `verdicts` are by rung, variant id and case, one for each epoch.
    """

    benchmark: str
    began: float
    cases: int
    verdicts: dict[tuple[Rung, int], dict[int, list[Verdict]]]


def past(connection: sqlite3.Connection, session_id: int, limit: int = 12) -> list[Past]:
    """Return the newest revisions of the benchmark that were run, the oldest first."""
    rows = connection.execute(
        "SELECT benchmark, min(started_at), max(started_at) FROM runs WHERE session_id = ?"
        " GROUP BY benchmark ORDER BY max(id) DESC LIMIT ?",
        (session_id, limit),
    ).fetchall()
    return [_past(connection, session_id, *row) for row in reversed(rows)]


def _past(
    connection: sqlite3.Connection, session_id: int, benchmark: str, began: float, last: float
) -> Past:
    """Read the cases as they stood when a revision was last run, with today's verdicts."""
    of_then = (
        "SELECT c.id AS case_id, max(r.id) AS revision_id FROM cases AS c"
        " JOIN case_revisions AS r ON r.case_id = c.id AND r.created_at <= :last"
        " WHERE c.session_id = :session AND (c.removed_at IS NULL OR c.removed_at > :last)"
        " GROUP BY c.id"
    )
    values = {"session": session_id, "last": last}
    cases: int = connection.execute(
        f"SELECT count(*) FROM ({of_then}) AS t JOIN case_revisions AS r ON r.id = t.revision_id"
        f" WHERE r.split = 'test' AND {SOUND}",
        values,
    ).fetchone()[0]
    graders = GRADERS.replace("?", ":session")
    rows = connection.execute(
        f"SELECT v.rung, a.variant_id, a.case_id, a.epoch, {VERDICT} FROM ({of_then}) AS t"
        f" JOIN case_revisions AS r ON r.id = t.revision_id AND r.split = 'test' AND {SOUND}"
        " JOIN answers AS a ON a.revision_id = t.revision_id AND a.status = 'done'"
        " JOIN variants AS v ON v.id = a.variant_id"
        "  AND NOT coalesce(json_extract(v.retrieval, '$.oracle'), 0)"
        f" {graders} ORDER BY a.id",
        values,
    )
    newest = {(rung, variant, case, epoch): told for rung, variant, case, epoch, told in rows}
    found: dict[tuple[Rung, int], dict[int, list[Verdict]]] = defaultdict(dict)
    for (rung, variant, case, _), verdict in newest.items():
        if verdict is not None:
            found[rung, variant].setdefault(case, []).append(verdict)
    return Past(benchmark, began, cases, dict(found))
