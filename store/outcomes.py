"""How each answer of a variant came out, one by one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store.benchmarks import SOUND
from store.grades import GRADERS, VERDICT
from store.records import Split, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole answer to a case as it is now, and its verdict, None where it has none yet.

    `sent_hash` names the messages that it answers.
    """

    case_id: int
    epoch: int
    answer_id: int
    verdict: Verdict | None
    sent_hash: str


def outcomes(
    connection: sqlite3.Connection, session_id: int, variant_id: int, split: Split = "test"
) -> list[Outcome]:
    """Return the newest whole answer of each case and epoch, in the benchmark's order.

    Bad cases, which wait for repair, are left out. A label goes before the verdict of a
    trusted judge, and that before the assertions'.
    """
    rows = connection.execute(
        f"SELECT a.case_id, a.epoch, a.id, {VERDICT}, a.sent_hash"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.variant_id = ?"
        f" {GRADERS}"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND r.split = ? AND a.status = 'done'"
        f" AND {SOUND} ORDER BY c.position, a.epoch, a.id",
        (variant_id, session_id, session_id, split),
    )
    newest = {(row[0], row[1]): Outcome(*row) for row in rows}
    return list(newest.values())
