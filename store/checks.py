"""What the checks of a benchmark need to know of the answers that were given to it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from store.grades import GRADERS, LABEL
from store.records import Verdict


@dataclass(frozen=True, slots=True)
class Seen:
    """A variant's newest whole answer of one epoch to a case as it stands now.

    `label` is a person's verdict, `judged` the trusted judge's, `grade` the assertions' one,
    each None where there is none. `checks`, as (type, value, passed, got), are there only
    where label and grade differ.
    """

    case_id: int
    variant_id: int
    epoch: int
    label: Verdict | None
    judged: Verdict | None
    grade: Verdict | None
    checks: tuple[tuple[str, str, bool, str], ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """A person's label wins over a trusted judge, and that over the assertions' grade."""
        return self.label or self.judged or self.grade


def seen(connection: sqlite3.Connection, session_id: int) -> list[Seen]:
    """Return what was answered to the benchmark's current revisions, in its order."""
    rows = connection.execute(
        "SELECT case_id, variant_id, epoch, label, judged, grade,"
        " CASE WHEN label <> grade THEN checks END"
        f" FROM (SELECT a.case_id, a.variant_id, a.epoch, {LABEL} AS label, j.verdict AS judged,"
        "   g.verdict AS grade, g.checks, c.position, a.id"
        f"  FROM cases AS c JOIN answers AS a ON a.revision_id = c.revision_id {GRADERS}"
        "  WHERE c.session_id = ? AND c.removed_at IS NULL AND a.status = 'done')"
        " ORDER BY position, id",
        (session_id, session_id),
    )
    standing: dict[tuple[int, int, int], Seen] = {}
    for case_id, variant_id, epoch, label, judged, grade, checks in rows:
        standing[case_id, variant_id, epoch] = Seen(
            case_id,
            variant_id,
            epoch,
            label,
            judged,
            grade,
            tuple((kind, value, passed, got) for kind, value, passed, got in json.loads(checks))
            if checks
            else (),
        )
    return list(standing.values())
