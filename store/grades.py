"""Machine's grades of answers, and which verdict on an answer counts."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence

from store.records import Verdict

# Parts of queries in which `a` is an answer. A person's label goes before the verdict of a
# trusted judge, and that before the assertions' grade.
LABEL = (
    "(SELECT l.verdict FROM standing_labels AS l"
    " WHERE l.revision_id = a.revision_id AND l.answer_hash = a.answer_hash)"
)
VERDICT = f"coalesce({LABEL}, j.verdict, g.verdict)"
# Joins the two graders. Its one parameter is the session's id; a judge who is not trusted
# joins nothing.
GRADERS = (
    " LEFT JOIN judgements AS j ON j.revision_id = a.revision_id"
    " AND j.answer_hash = a.answer_hash"
    " AND j.judge_id = (SELECT judge_id FROM sessions WHERE id = ? AND judge_trusted)"
    " LEFT JOIN grades AS g ON g.answer_id = a.id AND g.grader = 'assertions' "
)


def keep_grade(
    connection: sqlite3.Connection,
    answer_id: int,
    grader: str,
    verdict: Verdict,
    checks: Sequence[tuple[str, str, bool, str]],
) -> None:
    """Store a grader's verdict on an answer, in place of an earlier one of the same grader."""
    connection.execute(
        "INSERT INTO grades (answer_id, grader, verdict, checks, created_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (answer_id, grader) DO UPDATE SET"
        " verdict = excluded.verdict, checks = excluded.checks, created_at = excluded.created_at",
        (answer_id, grader, verdict, json.dumps(checks), time.time()),
    )
