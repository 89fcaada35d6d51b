"""How each answer of a variant came out, one by one."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from store.benchmarks import SOUND
from store.grades import GRADERS
from store.records import Split, Verdict

Source = Literal["label", "judge", "checks"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole answer to a case as it is now, and its verdict, None where it has none yet.

    `sent_hash` names the messages that it answers, `source` says whose the verdict is, and
    `reason` why a person found it wrong: `m`, `f`, `r`, or empty where that is not told.
    `model` is what the server called itself. US dollars, seconds and tokens (sent and
    answered) are None where they are not known; `started_at` is in seconds since the epoch.
    """

    case_id: int
    epoch: int
    answer_id: int
    verdict: Verdict | None
    sent_hash: str
    revision_id: int = 0
    answer_hash: str = ""
    source: Source | None = None
    reason: str = ""
    model: str = ""
    cost_usd: float | None = None
    latency_s: float | None = None
    tokens: int | None = None
    started_at: float = 0.0


# Verdict and reason of the standing label in one look, since the view costs a search each.
_LABEL = (
    "(SELECT l.verdict || ' ' || l.reason FROM standing_labels AS l"
    " WHERE l.revision_id = a.revision_id AND l.answer_hash = a.answer_hash)"
)


def outcomes(
    connection: sqlite3.Connection,
    session_id: int,
    variant_id: int,
    split: Split = "test",
    before: float = math.inf,
) -> list[Outcome]:
    """Return the newest whole answer of each case and epoch, in the benchmark's order.

    Bad cases, which wait for repair, are left out. A label goes before the verdict of a
    trusted judge, and that before the assertions'. Only answers count that were asked for
    `before` a time, in seconds since the epoch.
    """
    rows = connection.execute(
        f"SELECT a.case_id, a.epoch, a.id, {_LABEL}, j.verdict, g.verdict, a.sent_hash,"
        " a.revision_id, a.answer_hash, a.model, a.cost_usd, a.latency_s,"
        " a.prompt_tokens + a.completion_tokens, a.started_at"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.variant_id = ?"
        f" {GRADERS}"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND r.split = ? AND a.status = 'done'"
        f" AND a.started_at < ? AND {SOUND} ORDER BY c.position, a.epoch, a.id",
        (variant_id, session_id, session_id, split, before),
    )
    newest = {(row[0], row[1]): row for row in rows}
    return [_outcome(row) for row in newest.values()]


def _outcome(row: Sequence[Any]) -> Outcome:
    case_id, epoch, answer_id, label, judged, grade, sent_hash, revision_id, hashed, *rest = row
    labelled: Verdict | None = None
    reason = ""
    if label:
        labelled, _, reason = label.partition(" ")
    found: Source | None = "label" if label else "judge" if judged else "checks" if grade else None
    return Outcome(
        case_id,
        epoch,
        answer_id,
        labelled or judged or grade,
        sent_hash,
        revision_id,
        hashed,
        found,
        reason,
        *rest,
    )
